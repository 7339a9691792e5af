import Cryptography
import Ledger
import Quantities
import Wire

/// A signed leave to hand a task on, as it travels in the task and in those below it; its signature is unchecked.
public struct Hop: Hashable, Sendable {
    /// The pass as it was signed.
    public let envelope: SignedEnvelope
    /// What it says.
    public let pass: TaskPass

    /// A pass that was signed here, or checked.
    public init(_ signed: Signed<TaskPass>) {
        envelope = signed.envelope
        pass = signed.payload
    }

    /// Reads the envelope of a pass; anything else is refused as another type or as `invalidValue`.
    init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        let envelope = try reader.envelope(.taskPass)
        do throws(EnvelopeError) { self.init(try Signed(stored: envelope)) } catch { throw .invalidValue(at: start) }
    }

    func write(to writer: inout CBORWriter) { envelope.write(to: &writer) }

    /// Upper bound of its length in bytes.
    var length: Int { envelope.payload.count + 128 }
}

/// What is wrong with a chain of delegation.
public enum HopFault: UInt8, Sendable, CaseIterable {
    /// More than `FederationLimits.maximumHops` tasks above.
    case tooDeep = 1
    /// A platform, a key or a task stands in it twice.
    case cycle = 2
    /// A budget is larger than the one above it.
    case budgetGrows = 3
    /// A scope holds what the one above it does not.
    case scopeWidens = 4
    /// A task is handed on by somebody else than the one who had it.
    case broken = 5
    /// A pass is not signed by the delegator that it names.
    case badSignature = 6
    /// A delegator of a known platform has another key than that.
    case keyDiffers = 7
    /// Another operation, input or parameters than the task above.
    case workDiffers = 8
    /// It is handed on more often than a task above allows.
    case depthExceeded = 9
    /// More time than the task above has.
    case deadlineGrows = 10
    /// A lower quality than the task above asks for.
    case qualityFalls = 11
    /// A scope lacks the leave to hand on, or what the operation needs.
    case scopeLacking = 12

    /// What is wrong, in words.
    public var explanation: String {
        switch self {
        case .tooDeep: "more than \(FederationLimits.maximumHops) delegations deep"
        case .cycle: "comes back to a platform it has passed"
        case .budgetGrows: "asks for more credits than the task above it has"
        case .scopeWidens: "asks for more than the task above it may do"
        case .broken: "is handed on by somebody who did not have it"
        case .badSignature: "holds a pass that its delegator did not sign"
        case .keyDiffers: "names a known platform with another key"
        case .workDiffers: "asks for other work than the task above it"
        case .depthExceeded: "goes further than a task above it allows"
        case .deadlineGrows: "ends later than the task above it"
        case .qualityFalls: "asks for less quality than the task above it"
        case .scopeLacking: "lacks the permission to hand on, or that of the operation"
        }
    }
}

/// The terms that may only narrow from a task to those below it.
private struct NarrowingTerms {
    let operation: Operation
    let work: Bytes32
    let budget: Energy
    let scope: PermissionSet
    let remaining: TimeSpan
    let minimumQuality: BasisPoints

    init(_ pass: TaskPass) {
        operation = pass.operation
        work = pass.work
        budget = pass.budget
        scope = pass.scope
        remaining = pass.remaining
        minimumQuality = pass.minimumQuality
    }

    init(_ task: FederationTask) {
        operation = task.operation
        work = task.workHash
        budget = task.budget
        scope = task.scope
        remaining = task.remaining
        minimumQuality = task.minimumQuality
    }

    /// What is wider here than in the task `above`, or nil.
    func fault(under above: NarrowingTerms) -> HopFault? {
        guard operation == above.operation, work == above.work else { return .workDiffers }
        guard budget <= above.budget else { return .budgetGrows }
        guard scope.isSubset(of: above.scope) else { return .scopeWidens }
        guard scope.contains(operation.family.permission) else { return .scopeLacking }
        guard remaining <= above.remaining else { return .deadlineGrows }
        guard minimumQuality >= above.minimumQuality else { return .qualityFalls }
        return nil
    }
}

extension FederationTask {
    /// What is wrong with this task's place under the tasks above it, or with its own pass; nil where nothing is.
    ///
    /// Platforms, keys and task ids must differ all along the chain; who hands on must be the one who had it; the work
    /// is the same throughout; budget, scope, time, depth and leniency must not grow on the way down. Keys and
    /// signatures are checked by `chainFault`.
    /// - Complexity: O(hops²) comparisons, and one hash of the input where there is a chain.
    public var hopFault: HopFault? {
        guard !hops.isEmpty || pass != nil else { return nil }
        guard hops.count <= FederationLimits.maximumHops else { return .tooDeep }
        let passes = hops.map { $0.pass }
        if let last = passes.last {
            let platforms = passes.map { $0.source.context } + [source.context, target.context]
            let tasks = passes.map { $0.reference.id } + [id]
            let keys = passes.map { $0.key } + [last.executorKey]
            guard FederationTask.areDistinct(platforms), FederationTask.areDistinct(tasks),
                FederationTask.areDistinct(keys)
            else { return .cycle }
        }
        let own = NarrowingTerms(self)
        for (index, above) in passes.enumerated() {
            guard above.scope.contains(.federationDelegate) else { return .scopeLacking }
            let next = index + 1 < passes.count ? passes[index + 1] : nil
            guard above.target.context == (next?.source ?? source).context else { return .broken }
            if let next, next.depth >= above.depth { return .depthExceeded }
            if let fault = (next.map { NarrowingTerms($0) } ?? own).fault(under: NarrowingTerms(above)) { return fault }
        }
        guard let pass = pass?.pass else { return nil }
        guard pass.reference == reference, pass.source == source, pass.target == target else { return .broken }
        if let last = passes.last, pass.depth >= last.depth { return .depthExceeded }
        guard pass.scope.contains(.federationDelegate) else { return .scopeLacking }
        return NarrowingTerms(pass).fault(under: own)
    }

    private static func areDistinct<Element: Hashable>(_ elements: [Element]) -> Bool {
        Set(elements).count == elements.count
    }
}

/// By what the keys in a chain of delegation are judged.
public struct ChainJudge {
    /// The federation.
    let domain: SignatureDomain
    /// How signatures are checked.
    let scheme: any SignatureScheme
    /// The key of a platform that is known by name; nil for one that is not.
    let known: (PlatformName) -> PublicKey?
    /// Whether two keys are one holder's, as far as successions tell.
    let isSameHolder: (PublicKey, PublicKey) -> Bool

    /// A judge.
    public init(
        domain: SignatureDomain, scheme: any SignatureScheme, known: @escaping (PlatformName) -> PublicKey?,
        isSameHolder: @escaping (PublicKey, PublicKey) -> Bool
    ) {
        self.domain = domain
        self.scheme = scheme
        self.known = known
        self.isSameHolder = isSameHolder
    }
}

extension FederationTask {
    /// What is wrong with the keys and signatures of the passes above this task, and of its own; nil where nothing is.
    ///
    /// `sender` is the key by which the task itself was signed, and is known; `own` is that of the platform that asks.
    /// From the sender up each pass must be signed by the key it carries, and be for the key of the next: so a
    /// delegator that is not known here is vouched for by those below it, and one that is known cannot be replaced.
    /// - Complexity: one signature for each pass.
    public func chainFault(from sender: PublicKey, to own: PublicKey, _ judge: ChainJudge) -> HopFault? {
        for (index, hop) in hops.enumerated() {
            if let fault = hop.fault(judge) { return fault }
            let next = index + 1 < hops.count ? hops[index + 1].pass.key : sender
            guard judge.isSameHolder(hop.pass.executorKey, next) else { return .broken }
            guard !judge.isSameHolder(hop.pass.key, own) else { return .cycle }
        }
        guard let pass else { return nil }
        if let fault = pass.fault(judge) { return fault }
        guard judge.isSameHolder(pass.pass.key, sender), judge.isSameHolder(pass.pass.executorKey, own) else {
            return .broken
        }
        return nil
    }
}

extension Hop {
    /// What is wrong with its signature, or with the key that it carries.
    fileprivate func fault(_ judge: ChainJudge) -> HopFault? {
        do throws(EnvelopeError) {
            try envelope.verify(as: .taskPass, by: pass.key, in: judge.domain, using: judge.scheme)
        } catch { return .badSignature }
        guard let key = judge.known(pass.source.context) else { return nil }
        return judge.isSameHolder(key, pass.key) ? nil : .keyDiffers
    }
}
