import Cryptography
import Ledger
import Quantities
import Wire

/// One task above a task in its chain of delegation, first delegator first.
///
/// The signature is the one the delegator put under that task; whoever disputes a hop asks its
/// signer for the envelope with this hash.
public struct Hop: Hashable, Sendable {
    /// The id of the task above.
    public let task: TaskID
    /// The hash of its payload.
    public let hash: Bytes32
    /// Who delegated it.
    public let delegator: LCT
    /// The key that signed it.
    public let signer: KeyID
    /// Its budget.
    public let budget: Energy
    /// What may be done in its name.
    public let scope: PermissionSet
    /// The signature under it.
    public let signature: Signature

    /// A hop.
    public init(
        task: TaskID, hash: Bytes32, delegator: LCT, signer: KeyID, budget: Energy, scope: PermissionSet,
        signature: Signature
    ) {
        self.task = task
        self.hash = hash
        self.delegator = delegator
        self.signer = signer
        self.budget = budget
        self.scope = scope
        self.signature = signature
    }

    /// Reads `[task, hash, delegator, signer, budget, scope, signature]`.
    init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 7)
        task = TaskID(bytes: try reader.bytes16())
        hash = try reader.bytes32()
        delegator = try LCT(from: &reader)
        signer = KeyID(bytes: try reader.bytes32())
        budget = try reader.amount()
        let scopeStart = reader.offset
        guard let scope = PermissionSet(numbered: try reader.unsigned32()) else { throw .invalidValue(at: scopeStart) }
        self.scope = scope
        let signatureStart = reader.offset
        let signatureBytes = try reader.byteString(limit: 64)
        guard let signature = Signature(signatureBytes) else { throw .invalidValue(at: signatureStart) }
        self.signature = signature
        reader.endArray()
    }

    func write(to writer: inout CBORWriter) {
        writer.array(7)
        writer.byteString(task.bytes)
        writer.byteString(hash)
        writer.text(delegator.text)
        writer.byteString(signer.bytes)
        writer.integer(budget.millijoules)
        writer.unsigned(UInt64(scope.bits))
        writer.byteString(signature.array)
    }
}

/// What is wrong with a chain of delegation.
public enum HopFault: UInt8, Sendable, CaseIterable {
    /// More than `FederationLimits.maximumHops` tasks above.
    case tooDeep = 1
    /// A platform or a task stands in it twice.
    case cycle = 2
    /// A budget is larger than the one above it.
    case budgetGrows = 3
    /// A scope holds what the one above it does not.
    case scopeWidens = 4

    /// What is wrong, in words.
    public var explanation: String {
        switch self {
        case .tooDeep: "more than \(FederationLimits.maximumHops) delegations deep"
        case .cycle: "comes back to a platform it has passed"
        case .budgetGrows: "asks for more credits than the task above it has"
        case .scopeWidens: "asks for more than the task above it may do"
        }
    }
}

extension FederationTask {
    /// What is wrong with this task's place under the tasks above it, or nil.
    ///
    /// Platforms and task ids must differ all along the chain, budgets must not grow and scopes
    /// must not widen on the way down.
    public var hopFault: HopFault? {
        guard hops.count <= FederationLimits.maximumHops else { return .tooDeep }
        let platforms = hops.map { $0.delegator.context } + (hops.isEmpty ? [] : [source.context, target.context])
        let tasks = hops.map { $0.task } + [id]
        guard Set(platforms).count == platforms.count, Set(tasks).count == tasks.count else { return .cycle }
        let budgets = hops.map { $0.budget } + [budget]
        guard zip(budgets, budgets.dropFirst()).allSatisfy({ $0 >= $1 }) else { return .budgetGrows }
        let scopes = hops.map { $0.scope } + [scope]
        guard zip(scopes, scopes.dropFirst()).allSatisfy({ $1.isSubset(of: $0) }) else { return .scopeWidens }
        return nil
    }
}

extension Signed where Payload == FederationTask {
    /// This task as a hop above the tasks that its executor hands on.
    public var asHop: Hop {
        Hop(
            task: payload.id, hash: hash, delegator: payload.source, signer: signer, budget: payload.budget,
            scope: payload.scope, signature: envelope.signature)
    }
}
