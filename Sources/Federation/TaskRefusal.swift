import Cryptography
import Ledger
import Quantities
import Wire

/// Why a platform does not run a task, or did not finish it.
///
/// Closed: every reason has a number on the wire, an explanation, and an answer to whether asking
/// the same platform later can help. The numbers in the payload say what was needed and what was there.
public enum TaskRefusal: Error, Hashable, Sendable {
    /// The signer's key is not known here.
    case unknownKey
    /// The signature is not valid.
    case badSignature
    /// The id is known with other content.
    case idReused
    /// The id is below the delegator's floor.
    case idDead
    /// The delegator in the id or the source is not the signer.
    case delegatorDiffers
    /// The target lives on another platform.
    case wrongPlatform
    /// Nothing here serves the operation.
    case operationNotServed
    /// The target's or the delegator's task type lacks a permission.
    case permissionMissing(MissingPermission)
    /// The chain of delegation is not in order.
    case hopChain(HopFault)
    /// Another horizon or a lower convergence is served here.
    case requirementNotMet
    /// More requests a minute than allowed; `wait` is how long until the next one is.
    case rateLimited(wait: TimeSpan)
    /// As many tasks of this type run as may.
    case tooManyTasks(running: Int64, limit: Int64)
    /// The budget is above what this platform takes on for others today.
    case budgetExhausted(needed: Energy, available: Energy)
    /// The lots run out too early.
    case lotsTooShort(needed: TimeSpan, found: TimeSpan)
    /// The lots are of an issuer that is not accepted, or beyond what its proofs cover.
    case lotsNotAccepted
    /// Not enough memory.
    case memoryShort(needed: ByteCount, free: ByteCount)
    /// Too hot: thermal headroom in thousandths of a degree.
    case tooHot(needed: Int64, headroom: Int64)
    /// The queue is full.
    case queueFull(length: Int64, limit: Int64)
    /// It would take longer than there is time.
    case deadlineUnreachable(expected: TimeSpan, remaining: TimeSpan)
    /// Quality is asked for on a basis that cannot be given.
    case acceptanceNotServed(QualityBasis)
    /// The input's bytes are not here or have another hash.
    case inputMissing
    /// The platforms' ledgers have to be reconciled first.
    case laneStopped
    /// The store takes no money work: full, read-only or damaged.
    case storeRefuses
    /// The agent shuts down.
    case shuttingDown
    /// The delegator withdrew the task.
    case cancelled
    /// The operation ended with an error of its own.
    case operationFailed(code: Int64)
    /// The worker process crashed, as often as it may.
    case workerCrashed(attempts: Int64)
    /// The run took longer than its timeout.
    case timedOut(after: TimeSpan)
    /// The run wanted more memory than its limit.
    case memoryLimit(limit: ByteCount)
    /// The operation cannot read its input or parameters.
    case badInput
    /// The certificate of the delegator or the target is not accepted.
    case identityNotAccepted(CertificateFaultKind, MissingPermission.Party)
    /// The delegator's role may not hand out so much today.
    case delegatorBudgetExhausted(needed: Energy, available: Energy)
    /// As many tasks of the delegator run as its role may have.
    case delegatorTooManyTasks(running: Int64, limit: Int64)
    /// The run was cut short, and what it does is not run a second time.
    case interrupted
}

/// Whether asking again can help.
public enum RetryAdvice: UInt8, Sendable {
    /// Not this task there.
    case never = 0
    /// Perhaps later.
    case later = 1
    /// Once a person has mended something.
    case afterRepair = 2
}

extension TaskRefusal {
    /// The reason's number on the wire.
    public var code: UInt8 { wire.code }

    /// Whether the platform refuses because of how it stands at present, as its next heartbeat will show.
    public var isOfState: Bool {
        switch self {
        case .rateLimited, .tooManyTasks, .memoryShort, .tooHot, .queueFull, .shuttingDown: true
        default: false
        }
    }

    /// Whether a run had begun, so that parts of what it does may have been done.
    public var isOfRun: Bool {
        switch self {
        case .operationFailed, .workerCrashed, .timedOut, .memoryLimit, .interrupted, .cancelled, .badInput: true
        // Given up at its deadline, in the queue or in a worker.
        case .deadlineUnreachable(let expected, _): expected == .zero
        default: false
        }
    }

    /// Whether the task itself may be to blame: then no other place does it either.
    public var mayLieInTask: Bool {
        switch self {
        case .badInput, .operationFailed, .workerCrashed, .timedOut, .memoryLimit: true
        default: false
        }
    }

    /// Whether asking the same platform again can help.
    public var retry: RetryAdvice {
        switch self {
        case .rateLimited, .tooManyTasks, .budgetExhausted, .memoryShort, .tooHot, .queueFull, .deadlineUnreachable,
            .inputMissing, .shuttingDown, .workerCrashed, .lotsNotAccepted, .delegatorBudgetExhausted,
            .delegatorTooManyTasks:
            .later
        case .unknownKey, .laneStopped, .storeRefuses, .identityNotAccepted: .afterRepair
        case .badSignature, .idReused, .idDead, .delegatorDiffers, .wrongPlatform, .operationNotServed,
            .permissionMissing, .hopChain, .requirementNotMet, .lotsTooShort, .acceptanceNotServed, .cancelled,
            .operationFailed, .timedOut, .memoryLimit, .badInput, .interrupted:
            .never
        }
    }

    /// What is wrong, for a person.
    public var explanation: String {
        switch self {
        case .unknownKey: "the delegator's key is not known there; exchange node records (peers add)"
        case .badSignature: "the signature is not valid"
        case .idReused: "the task's id is known with other content"
        case .idDead: "the task's id was used up long ago"
        case .delegatorDiffers: "the task names another delegator than the one that signed it"
        case .wrongPlatform: "the target lives on another platform"
        case .operationNotServed: "the operation is not served there"
        case .permissionMissing(let missing):
            (missing.of == .target ? "the target" : "the delegator") + " lacks " + missing.permission.name
        case .hopChain(let fault): "the chain of delegation " + fault.explanation
        case .requirementNotMet: "the platform states another horizon or a lower convergence"
        case .rateLimited(let wait): "too many requests; the next is welcome in \(wait.milliseconds) ms"
        case .tooManyTasks(let running, let limit): "\(running) of \(limit) tasks of this type run already"
        case .budgetExhausted(let needed, let available):
            "needs \(needed.millijoules) mJ of today's budget, \(available.millijoules) mJ are left"
        case .lotsTooShort(let needed, let found):
            "a lot lives \(found.milliseconds) ms, \(needed.milliseconds) ms are needed"
        case .lotsNotAccepted: "the offered lots are not accepted there"
        case .memoryShort(let needed, let free): "needs \(needed.bytes) bytes of memory, \(free.bytes) are free"
        case .tooHot(let needed, let headroom):
            "too hot: \(headroom) m°C below the limit, \(needed) are needed"
        case .queueFull(let length, let limit): "\(length) of \(limit) places in the queue are taken"
        case .deadlineUnreachable(let expected, let remaining):
            "would take \(expected.milliseconds) ms, \(remaining.milliseconds) ms are left"
        case .acceptanceNotServed(let basis): "results are not " + basis.name + " there"
        case .inputMissing: "the input is not there"
        case .laneStopped: "the two ledgers have to be reconciled first (ledger reconcile)"
        case .storeRefuses: "the store takes no money work at present"
        case .shuttingDown: "the agent is shutting down"
        case .cancelled: "cancelled by the delegator"
        case .operationFailed(let code): "the operation failed with code \(code)"
        case .workerCrashed(let attempts): "the worker crashed \(attempts) times"
        case .timedOut(let span): "not done after \(span.milliseconds) ms"
        case .memoryLimit(let limit): "wanted more than \(limit.bytes) bytes of memory"
        case .badInput: "the operation cannot read its input"
        case .identityNotAccepted(let kind, let party):
            "the certificate of the " + (party == .target ? "target " : "delegator ") + kind.explanation
        case .delegatorBudgetExhausted(let needed, let available):
            "needs \(needed.millijoules) mJ of what the delegator may hand out today, "
                + "\(available.millijoules) mJ are left"
        case .delegatorTooManyTasks(let running, let limit):
            "\(running) of \(limit) tasks of the delegator run already"
        case .interrupted: "interrupted; what it does is not run a second time"
        }
    }

    // MARK: Wire

    /// Code and two numbers, which every reason fits into.
    private var wire: (code: UInt8, first: Int64, second: Int64) {
        switch self {
        case .unknownKey: (1, 0, 0)
        case .badSignature: (2, 0, 0)
        case .idReused: (3, 0, 0)
        case .idDead: (4, 0, 0)
        case .delegatorDiffers: (5, 0, 0)
        case .wrongPlatform: (6, 0, 0)
        case .operationNotServed: (7, 0, 0)
        case .permissionMissing(let missing): (8, Int64(missing.permission.rawValue), Int64(missing.of.rawValue))
        case .hopChain(let fault): (9, Int64(fault.rawValue), 0)
        case .requirementNotMet: (10, 0, 0)
        case .rateLimited(let wait): (11, wait.milliseconds, 0)
        case .tooManyTasks(let running, let limit): (12, running, limit)
        case .budgetExhausted(let needed, let available): (13, needed.millijoules, available.millijoules)
        case .lotsTooShort(let needed, let found): (14, needed.milliseconds, found.milliseconds)
        case .lotsNotAccepted: (15, 0, 0)
        case .memoryShort(let needed, let free): (16, needed.bytes, free.bytes)
        case .tooHot(let needed, let headroom): (17, needed, headroom)
        case .queueFull(let length, let limit): (18, length, limit)
        case .deadlineUnreachable(let expected, let remaining): (19, expected.milliseconds, remaining.milliseconds)
        case .acceptanceNotServed(let basis): (20, Int64(basis.rawValue), 0)
        case .inputMissing: (21, 0, 0)
        case .laneStopped: (22, 0, 0)
        case .storeRefuses: (23, 0, 0)
        case .shuttingDown: (24, 0, 0)
        case .cancelled: (25, 0, 0)
        case .operationFailed(let code): (26, code, 0)
        case .workerCrashed(let attempts): (27, attempts, 0)
        case .timedOut(let span): (28, span.milliseconds, 0)
        case .memoryLimit(let limit): (29, limit.bytes, 0)
        case .badInput: (30, 0, 0)
        case .identityNotAccepted(let kind, let party): (40, Int64(kind.rawValue), Int64(party.rawValue))
        case .delegatorBudgetExhausted(let needed, let available): (41, needed.millijoules, available.millijoules)
        case .delegatorTooManyTasks(let running, let limit): (42, running, limit)
        case .interrupted: (43, 0, 0)
        }
    }

    private init?(code: UInt8, first: Int64, second: Int64) {
        switch code {
        case 1: self = .unknownKey
        case 2: self = .badSignature
        case 3: self = .idReused
        case 4: self = .idDead
        case 5: self = .delegatorDiffers
        case 6: self = .wrongPlatform
        case 7: self = .operationNotServed
        case 8:
            guard let raw = UInt8(exactly: first), let permission = Permission(rawValue: raw),
                let rawParty = UInt8(exactly: second), let party = MissingPermission.Party(rawValue: rawParty)
            else { return nil }
            self = .permissionMissing(MissingPermission(permission: permission, of: party))
        case 9:
            guard let raw = UInt8(exactly: first), let fault = HopFault(rawValue: raw) else { return nil }
            self = .hopChain(fault)
        case 10: self = .requirementNotMet
        case 11: self = .rateLimited(wait: .milliseconds(first))
        case 12: self = .tooManyTasks(running: first, limit: second)
        case 13:
            self = .budgetExhausted(needed: Energy(millijoules: first), available: Energy(millijoules: second))
        case 14: self = .lotsTooShort(needed: .milliseconds(first), found: .milliseconds(second))
        case 15: self = .lotsNotAccepted
        case 16: self = .memoryShort(needed: ByteCount(bytes: first), free: ByteCount(bytes: second))
        case 17: self = .tooHot(needed: first, headroom: second)
        case 18: self = .queueFull(length: first, limit: second)
        case 19: self = .deadlineUnreachable(expected: .milliseconds(first), remaining: .milliseconds(second))
        case 20:
            guard let raw = UInt8(exactly: first), let basis = QualityBasis(rawValue: raw) else { return nil }
            self = .acceptanceNotServed(basis)
        case 21: self = .inputMissing
        case 22: self = .laneStopped
        case 23: self = .storeRefuses
        case 24: self = .shuttingDown
        case 25: self = .cancelled
        case 26: self = .operationFailed(code: first)
        case 27: self = .workerCrashed(attempts: first)
        case 28: self = .timedOut(after: .milliseconds(first))
        case 29: self = .memoryLimit(limit: ByteCount(bytes: first))
        case 30: self = .badInput
        case 40:
            guard let raw = UInt8(exactly: first), let kind = CertificateFaultKind(rawValue: raw),
                let rawParty = UInt8(exactly: second), let party = MissingPermission.Party(rawValue: rawParty)
            else { return nil }
            self = .identityNotAccepted(kind, party)
        case 41:
            self = .delegatorBudgetExhausted(
                needed: Energy(millijoules: first), available: Energy(millijoules: second))
        case 42: self = .delegatorTooManyTasks(running: first, limit: second)
        case 43: self = .interrupted
        default: return nil
        }
    }

    /// Reads `[code, first, second]`; numbers that the code does not use are zero.
    init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        try reader.beginArray(of: 3)
        let code = UInt8(try reader.unsigned(atMost: 255))
        let first = try reader.integer()
        let second = try reader.integer()
        reader.endArray()
        guard let refusal = TaskRefusal(code: code, first: first, second: second), refusal.wire == (code, first, second)
        else { throw .invalidValue(at: start) }
        self = refusal
    }

    func write(to writer: inout CBORWriter) {
        let (code, first, second) = wire
        writer.array(3)
        writer.unsigned(UInt64(code))
        writer.integer(first)
        writer.integer(second)
    }
}

/// A platform's signed word that it will not deliver a proof for a task; signed as `refusal`.
public struct RefusalNotice: Hashable, SignedPayload {
    /// The task.
    public let task: TaskID
    /// The hash of the task's payload as the platform received it.
    public let taskHash: Bytes32
    /// Why.
    public let reason: TaskRefusal
    /// How long until it may be welcome, as far as the platform can tell; nil where it cannot, or never.
    public let again: TimeSpan?

    /// What its signature is for.
    public static let signatureType = SignatureType.refusal
    /// What its hash is for.
    public static let hashPurpose = HashPurpose.task

    /// Longest time that is told: who comes again then finds out more.
    public static let longestWait = TimeSpan.seconds(600)

    /// A notice.
    public init(task: TaskID, taskHash: Bytes32, reason: TaskRefusal, again: TimeSpan? = nil) {
        self.task = task
        self.taskHash = taskHash
        self.reason = reason
        self.again = again.map { min(max(.zero, $0), RefusalNotice.longestWait) }
    }

    /// Reads a notice: `{1: task, 2: task hash, 3: [code, first, second], 4: again?}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(1, of: &map)
        task = try reader.task()
        try reader.field(2, of: &map)
        taskHash = try reader.bytes32()
        try reader.field(3, of: &map)
        reason = try TaskRefusal(from: &reader)
        again = try reader.hasField(4, of: &map) ? try reader.span(atMost: RefusalNotice.longestWait) : nil
        try reader.endMap(&map)
    }

    /// Appends the notice's encoding.
    public func write(to writer: inout CBORWriter) {
        var fields = FieldWriter()
        fields.task(1, task)
        fields.bytes(2, taskHash)
        fields.nested(3) { reason.write(to: &$0) }
        if let again { fields.span(4, again) }
        fields.finish(into: &writer)
    }
}
