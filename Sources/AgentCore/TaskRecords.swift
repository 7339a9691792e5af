import Cryptography
import Federation
import Ledger
import Quantities
import Wire

/// The stored form of a result.
func encoded(_ result: TaskResult) -> [UInt8] {
    var writer = CBORWriter(capacity: result.result.count + 512)
    result.write(to: &writer)
    return writer.bytes
}

/// The parts of a task's stored state; a part is written only when it changes.
enum TaskPart: UInt8 {
    /// `PayerRecord`.
    case payerLife = 1
    /// The signed task that a payer sent.
    case payerTask = 2
    /// The proof and result that a payer got.
    case payerResult = 3
    /// `WorkerRecord`.
    case workerLife = 4
    /// The signed task that a worker took.
    case workerTask = 5
    /// The proof and result that a worker made.
    case workerResult = 6
    /// `DisputeRecord`.
    case dispute = 7

    /// The key of this part of `task`.
    func key(_ task: TaskID) -> [UInt8] { [rawValue] + task.bytes.array }

    /// Part and task of a stored key, or nil.
    static func parse(_ key: [UInt8]) -> (TaskPart, TaskID)? {
        guard let first = key.first, let part = TaskPart(rawValue: first), let id = Bytes16(Array(key.dropFirst()))
        else { return nil }
        return (part, TaskID(bytes: id))
    }
}

/// What is asked of a worker.
struct WantedWork {
    let operation: Operation
    let input: [UInt8]
    let parameters: [UInt8]
    /// Longest run, where the own offer does not say less.
    let timeout: TimeSpan
    /// Until when the proof must be there.
    let remaining: TimeSpan
    let minimumQuality: BasisPoints
    /// How its quality must be known.
    let acceptance: QualityBasis
    /// What it costs; nil for what the settings say.
    var pricing: Pricing?
    /// The result whose quality is asked for; nil for an ordinary task.
    var subject: WitnessSubject?
    /// Time for settling; nil for what the settings say.
    var grace: TimeSpan?
    /// What is asked of the platform.
    var requirement = Requirement.none
    /// The passes of the tasks above.
    var hops: [Hop] = []
    /// What may be done further down.
    var scope = PermissionSet.none
    /// How often it may be handed on.
    var depth = 0
}

/// A task that this board pays for.
struct PayingTask {
    var life: PayerLife
    /// What its id is made of.
    let reference: TaskReference
    let operation: Operation
    /// When the task was signed, on the ledger's clock.
    var signedAt: LedgerTime
    /// The signed task.
    var task: SignedEnvelope?
    /// What the worker proved, and its result.
    var result: TaskResult?
    /// When the lock ended.
    var endedAt: LedgerTime?
    /// The command that waits for the outcome.
    var errand: CommandID?
    /// What this side's own check of the result found.
    var verified: VerifiedQuality?
    /// The worker's word on why it does not run it.
    var refusal: TaskRefusal?
    /// Whether its result is to be found out by running it again; nil before that is drawn.
    var isDrawn: Bool?
    /// The task that it runs again; nil for an ordinary one.
    var replicaOf: TaskID?
    /// The peer's task that is handed on as this one; nil for an own one.
    var parent: TaskID?
    /// The tasks below, where the worker has handed it on and proven that.
    var below: [BelowLink] = []
    /// What is asked of the worker, until it is signed.
    var wanted: WantedWork?
    /// When the worker said that it may be welcome again; nil where it said nothing.
    var again: TimeSpan?
    /// How long it is expected to run there.
    var expected: TimeSpan = .zero
    /// Whether there was less time for it than a run there was expected to take at most.
    var isTight = false
    /// How often it was sent in this process.
    var timesSent = 0
    /// When it was first sent, until the worker has said that it has it.
    var sentAt: BootTime?
    /// Whether whoever asked for it had no proof in time.
    var isLate = false
    /// The most that it may take by the worker's word when it was handed out; nil where it gave none.
    var stated: StatedCost?
    /// Whether less was locked than a run is expected to take, for that word.
    var isLockCut = false

    /// Whether nothing more can happen to it.
    var isOver: Bool {
        switch life.state {
        case .unfunded, .settled(_, .none), .settled(_, .delivered): true
        default: false
        }
    }

    /// Whether it waits or runs at the worker, as far as is known.
    var isRunning: Bool {
        switch life.state {
        case .sent, .accepted, .running: true
        default: false
        }
    }

    /// Whether the worker may have begun to run it, ended without pay as it has.
    ///
    /// Only a lock that was never had, or a worker that says so, tells that nothing was run.
    var mayHaveRun: Bool {
        switch life.state {
        case .created, .unfunded: false
        default: refusal.map { $0.isOfRun } ?? true
        }
    }

    /// Lets go of the messages once nothing more can happen; the store keeps them.
    mutating func dropMessages() {
        if isOver { (task, result) = (nil, nil) }
    }

    /// Reads `{1: life, 2: operation, 3: signed at, 4: ended at?, 5: reference, 6: drawn?, 7: replica of?, 8: parent?,
    /// 9: [task below]?, 10: worker's word?, 11: true where its lock is cut for that}`.
    init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(1, of: &map)
        life = try PayerLife(from: &reader)
        try reader.field(2, of: &map)
        let start = reader.offset
        guard let operation = Operation(try reader.text(limit: FederationLimits.maximumOperationLength)) else {
            throw .invalidValue(at: start)
        }
        self.operation = operation
        try reader.field(3, of: &map)
        signedAt = LedgerTime(milliseconds: try reader.integer())
        endedAt = try reader.hasField(4, of: &map) ? LedgerTime(milliseconds: try reader.integer()) : nil
        try reader.field(5, of: &map)
        reference = try TaskReference(from: &reader)
        isDrawn = try reader.hasField(6, of: &map) ? try reader.boolean() : nil
        replicaOf = try reader.hasField(7, of: &map) ? TaskID(bytes: try reader.bytes16()) : nil
        parent = try reader.hasField(8, of: &map) ? TaskID(bytes: try reader.bytes16()) : nil
        if try reader.hasField(9, of: &map) {
            for _ in 0..<(try reader.beginArray(limit: FederationLimits.maximumHops)) {
                below.append(try BelowLink(from: &reader))
            }
            reader.endArray()
        }
        stated = try reader.hasField(10, of: &map) ? try StatedCost(from: &reader) : nil
        if try reader.hasField(11, of: &map) { isLockCut = try reader.boolean() }
        try reader.endMap(&map)
    }

    /// A task whose life begins.
    init(life: PayerLife, reference: TaskReference, operation: Operation, signedAt: LedgerTime, errand: CommandID?) {
        self.life = life
        self.reference = reference
        self.operation = operation
        self.signedAt = signedAt
        self.errand = errand
    }

    /// The stored form of everything but the messages.
    var encoded: [UInt8] {
        var writer = CBORWriter()
        let optional = [
            endedAt != nil, isDrawn != nil, replicaOf != nil, parent != nil, !below.isEmpty, stated != nil, isLockCut,
        ]
        writer.map(4 + optional.count { $0 })
        writer.unsigned(1)
        life.write(to: &writer)
        writer.unsigned(2)
        writer.text(operation.name)
        writer.unsigned(3)
        writer.integer(signedAt.milliseconds)
        if let endedAt {
            writer.unsigned(4)
            writer.integer(endedAt.milliseconds)
        }
        writer.unsigned(5)
        reference.write(to: &writer)
        if let isDrawn {
            writer.unsigned(6)
            writer.boolean(isDrawn)
        }
        if let replicaOf {
            writer.unsigned(7)
            writer.byteString(replicaOf.bytes)
        }
        if let parent {
            writer.unsigned(8)
            writer.byteString(parent.bytes)
        }
        if !below.isEmpty {
            writer.unsigned(9)
            writer.array(below.count)
            for link in below { link.write(to: &writer) }
        }
        if let stated {
            writer.unsigned(10)
            stated.write(to: &writer)
        }
        if isLockCut {
            writer.unsigned(11)
            writer.boolean(true)
        }
        return writer.bytes
    }
}

/// A task that this board runs for a peer.
struct WorkingTask {
    var life: WorkerLife
    /// The signed task; nil where only a cancellation or a receipt was seen, and once nothing needs it.
    var task: Signed<FederationTask>? { didSet { operation = task?.payload.operation ?? operation } }
    /// What is to be done.
    private(set) var operation: Operation?
    /// What was proven, and the result.
    var result: TaskResult?
    /// When it ended here.
    var endedAt: LedgerTime?
    /// The run that is not paid for yet, as it is kept.
    var run: NumberedRun?
    /// The decision where it is done, where there was one and it is open; in memory alone.
    var decision: OpenDecision?
    /// Whether all that happened to it was that it was taken on, and perhaps begun; in memory alone.
    var isNew = false
    /// The platforms above its delegator, where it was handed on, first delegator first.
    var chain: [ChainLink] = []

    /// Whether it runs or waits for its turn, here or further down.
    var isAtWork: Bool {
        switch life.state {
        case .accepted, .running, .handedOn: true
        case .unseen, .refused, .proven, .presumed, .settled: false
        }
    }

    /// What its payer locked for it.
    var budget: Energy { life.terms?.budget ?? .zero }

    /// Whether nothing more can happen to it.
    var isOver: Bool {
        switch life.state {
        case .refused, .settled, .presumed: true
        case .unseen, .accepted, .running, .handedOn, .proven: false
        }
    }

    /// Lets go of what is only needed while the task may still be paid; the store keeps it.
    mutating func dropMessages() {
        switch life.state {
        case .refused, .settled: (task, result) = (nil, nil)
        case .unseen, .accepted, .running, .handedOn, .proven, .presumed: break
        }
    }

    /// A task of which nothing was heard before.
    init(life: WorkerLife) { self.life = life }

    /// Reads `{1: life, 2: ended at?, 3: number of the run?, 4: the run?, 5: [platform above]?}`; 3 comes with 4.
    init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(1, of: &map)
        life = try WorkerLife(from: &reader)
        endedAt = try reader.hasField(2, of: &map) ? LedgerTime(milliseconds: try reader.integer()) : nil
        if try reader.hasField(3, of: &map) {
            let number = try reader.unsigned(atMost: UInt64(Int64.max))
            try reader.field(4, of: &map)
            run = NumberedRun(number: number, run: try RunRecord(from: &reader))
        }
        if try reader.hasField(5, of: &map) {
            for _ in 0..<(try reader.beginArray(limit: FederationLimits.maximumHops)) {
                chain.append(try ChainLink(from: &reader))
            }
            reader.endArray()
        }
        try reader.endMap(&map)
    }

    /// The stored form of everything but the messages.
    var encoded: [UInt8] {
        var writer = CBORWriter()
        writer.map((endedAt == nil ? 1 : 2) + (run == nil ? 0 : 2) + (chain.isEmpty ? 0 : 1))
        writer.unsigned(1)
        life.write(to: &writer)
        if let endedAt {
            writer.unsigned(2)
            writer.integer(endedAt.milliseconds)
        }
        if let run {
            writer.unsigned(3)
            writer.unsigned(run.number)
            writer.unsigned(4)
            run.run.write(to: &writer)
        }
        if !chain.isEmpty {
            writer.unsigned(5)
            writer.array(chain.count)
            for link in chain { link.write(to: &writer) }
        }
        return writer.bytes
    }
}

/// A money message that stays until its peer has applied it.
struct OutboxRow: Hashable {
    /// Who gets it.
    let peer: PlatformID
    /// Its number in the lane to that peer.
    let sequence: UInt64
    /// What it is.
    let content: Content
    /// When it was signed.
    let signedAt: LedgerTime

    /// What a money message is.
    enum Content: Hashable {
        /// A receipt for a task.
        case receipt(TaskID, SignedEnvelope)
        /// A notice of returned tokens.
        case returned(SignedEnvelope)
    }

    /// The message as it is sent at `now`.
    func message(at now: LedgerTime) -> PeerMessage {
        switch content {
        case .receipt(_, let envelope): .settlement(AgedEnvelope(envelope, age: now.since(signedAt)))
        case .returned(let envelope): .tokensReturned(envelope)
        }
    }

    /// The row's key: peer, then number.
    var key: [UInt8] {
        var key = peer.bytes.array
        for shift in stride(from: 56, through: 0, by: -8) {
            key.append(UInt8(truncatingIfNeeded: sequence >> UInt64(shift)))
        }
        return key
    }

    /// A row of its parts.
    init(peer: PlatformID, sequence: UInt64, content: Content, signedAt: LedgerTime) {
        self.peer = peer
        self.sequence = sequence
        self.content = content
        self.signedAt = signedAt
    }

    /// Reads `{1: peer, 2: sequence, 3: signed at, 4: task?, 5: envelope}`; with a task it is a receipt.
    init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(1, of: &map)
        peer = KeyID(bytes: try reader.bytes32())
        try reader.field(2, of: &map)
        sequence = try reader.unsigned()
        try reader.field(3, of: &map)
        signedAt = LedgerTime(milliseconds: try reader.integer())
        let task = try reader.hasField(4, of: &map) ? TaskID(bytes: try reader.bytes16()) : nil
        try reader.field(5, of: &map)
        let envelope = try SignedEnvelope(from: &reader)
        content = task.map { .receipt($0, envelope) } ?? .returned(envelope)
        try reader.endMap(&map)
    }

    /// The stored form.
    var encoded: [UInt8] {
        var writer = CBORWriter()
        let envelope: SignedEnvelope
        var task: TaskID?
        switch content {
        case .receipt(let id, let signed): (task, envelope) = (id, signed)
        case .returned(let signed): envelope = signed
        }
        writer.map(task == nil ? 4 : 5)
        writer.unsigned(1)
        writer.byteString(peer.bytes)
        writer.unsigned(2)
        writer.unsigned(sequence)
        writer.unsigned(3)
        writer.integer(signedAt.milliseconds)
        if let task {
            writer.unsigned(4)
            writer.byteString(task.bytes)
        }
        writer.unsigned(5)
        envelope.write(to: &writer)
        return writer.bytes
    }
}
