import Cryptography
import Ledger
import Quantities
import Wire

/// The link's class of a message, by the link's numbers.
public enum PeerMessageClass: UInt8, Sendable, CaseIterable {
    /// Votes and what must not wait.
    case control = 0
    /// The latest wins; may be lost.
    case heartbeat = 1
    /// Tasks, proofs, settlements.
    case task = 2
    /// Reports for people.
    case report = 3
    /// Frames and other large things.
    case bulk = 4
}

/// Where a task stands with its executor.
public enum TaskStage: UInt8, Sendable, CaseIterable {
    /// Taken on, waiting for its turn.
    case accepted = 1
    /// Running.
    case running = 2
}

/// A signed task or receipt on its way, and how long ago it was signed.
///
/// What remains of deadlines and lots inside is counted from the signature; the age lets the
/// receiver count on from there however often the same bytes are sent.
public struct AgedEnvelope: Hashable, Sendable {
    /// What was signed.
    public let envelope: SignedEnvelope
    /// Time from its signature to this sending.
    public let age: TimeSpan

    /// An envelope of `age`.
    public init(_ envelope: SignedEnvelope, age: TimeSpan) {
        self.envelope = envelope
        self.age = max(.zero, min(age, FederationLimits.longestTaskTime))
    }
}

/// Everything that agents say to each other over the link.
public enum PeerMessage: Hashable, Sendable {
    /// How the sender is doing.
    case heartbeat(Heartbeat)
    /// Delegator to executor: a signed task.
    case task(AgedEnvelope)
    /// Executor to delegator: where the task with this hash stands.
    case taskStage(TaskID, taskHash: Bytes32, TaskStage)
    /// Executor to delegator: a signed `RefusalNotice`.
    case taskRefused(SignedEnvelope)
    /// Executor to delegator: a signed proof and the result.
    case taskResult(TaskResult)
    /// Delegator to executor: the proof with this hash is stored here, a decision follows.
    case proofStored(TaskID, proofHash: Bytes32)
    /// Delegator to executor: the task with this hash is not wanted any more.
    case cancel(TaskReference, taskHash: Bytes32)
    /// Payer to worker: a signed `SettlementReceipt`.
    case settlement(AgedEnvelope)
    /// Holder to whom it had the lots from: a signed `TokenReturn`.
    case tokensReturned(SignedEnvelope)
    /// Both lanes as the sender sees them; acknowledges the lane messages it has applied.
    case laneHeads(LaneHeads)
    /// Asks for the energy page with this hash.
    case energyPageRequest(Bytes32)
    /// A signed energy page.
    case energyPage(SignedEnvelope)
    /// Asks where both lanes stand; the random bytes are echoed in every statement from then on.
    case laneQuestion(Bytes16)

    /// The link's class of this message.
    public var messageClass: PeerMessageClass {
        switch self {
        case .heartbeat: .heartbeat
        case .energyPageRequest, .energyPage: .report
        default: .task
        }
    }

    /// The message's encoding, `[number, body …]`.
    public var encoded: [UInt8] {
        var writer = CBORWriter(capacity: 512)
        write(to: &writer)
        return writer.bytes
    }

    /// The message that `bytes` encode; envelopes inside are well formed and unchecked.
    ///
    /// At most `FederationLimits.maximumMessageLength` bytes.
    public init(decoding bytes: Span<UInt8>) throws(CBORError) {
        var reader = try CBORReader(bytes, limit: FederationLimits.maximumMessageLength)
        self = try PeerMessage(from: &reader)
        try reader.finish()
    }

    /// The message that `bytes` encode.
    public init(decoding bytes: [UInt8]) throws(CBORError) { try self.init(decoding: bytes.span) }

    private init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        let count = try reader.beginArray(limit: 4)
        guard count > 0 else { throw .wrongCount(at: start, expected: 2, found: 0) }
        let numberStart = reader.offset
        let number = try reader.unsigned()
        let expected: Int
        switch number {
        case 1:
            self = .heartbeat(try Heartbeat(from: &reader))
            expected = 2
        case 3:
            self = .task(try AgedEnvelope(from: &reader, type: .task))
            expected = 3
        case 4:
            let task = try reader.task()
            self = .taskStage(task, taskHash: try reader.bytes32(), try reader.choice(TaskStage.self))
            expected = 4
        case 5:
            self = .taskRefused(try reader.envelope(.refusal))
            expected = 2
        case 6:
            self = .taskResult(try TaskResult(from: &reader))
            expected = 2
        case 7:
            let task = try reader.task()
            self = .proofStored(task, proofHash: try reader.bytes32())
            expected = 3
        case 8:
            let task = try TaskReference(from: &reader)
            self = .cancel(task, taskHash: try reader.bytes32())
            expected = 3
        case 9:
            self = .settlement(try AgedEnvelope(from: &reader, type: .ledgerSettle))
            expected = 3
        case 10:
            self = .tokensReturned(try reader.envelope(.ledgerReturn))
            expected = 2
        case 11:
            self = .laneHeads(try LaneHeads(from: &reader))
            expected = 2
        case 12:
            self = .energyPageRequest(try reader.bytes32())
            expected = 2
        case 13:
            self = .energyPage(try reader.envelope(.energyProof))
            expected = 2
        case 14:
            self = .laneQuestion(try reader.bytes16())
            expected = 2
        default: throw .invalidValue(at: numberStart)
        }
        guard count == expected else { throw .wrongCount(at: start, expected: expected, found: count) }
        reader.endArray()
    }

    private func write(to writer: inout CBORWriter) {
        switch self {
        case .heartbeat(let heartbeat):
            writer.begin(1, items: 1)
            heartbeat.write(to: &writer)
        case .task(let aged):
            writer.begin(3, items: 2)
            aged.write(to: &writer)
        case .taskStage(let task, let hash, let stage):
            writer.begin(4, items: 3)
            writer.byteString(task.bytes)
            writer.byteString(hash)
            writer.unsigned(UInt64(stage.rawValue))
        case .taskRefused(let envelope):
            writer.begin(5, items: 1)
            envelope.write(to: &writer)
        case .taskResult(let result):
            writer.begin(6, items: 1)
            result.write(to: &writer)
        case .proofStored(let task, let hash):
            writer.begin(7, items: 2)
            writer.byteString(task.bytes)
            writer.byteString(hash)
        case .cancel(let task, let hash):
            writer.begin(8, items: 2)
            task.write(to: &writer)
            writer.byteString(hash)
        case .settlement(let aged):
            writer.begin(9, items: 2)
            aged.write(to: &writer)
        case .tokensReturned(let envelope):
            writer.begin(10, items: 1)
            envelope.write(to: &writer)
        case .laneHeads(let heads):
            writer.begin(11, items: 1)
            heads.write(to: &writer)
        case .energyPageRequest(let hash):
            writer.begin(12, items: 1)
            writer.byteString(hash)
        case .energyPage(let envelope):
            writer.begin(13, items: 1)
            envelope.write(to: &writer)
        case .laneQuestion(let question):
            writer.begin(14, items: 1)
            writer.byteString(question)
        }
    }
}

extension AgedEnvelope {
    fileprivate init(from reader: inout CBORReader, type: SignatureType) throws(CBORError) {
        envelope = try reader.envelope(type)
        age = try reader.span(atMost: FederationLimits.longestTaskTime)
    }

    fileprivate func write(to writer: inout CBORWriter) {
        envelope.write(to: &writer)
        writer.integer(age.milliseconds)
    }
}

extension CBORReader {
    /// The next item, an envelope signed as `type`.
    mutating func envelope(_ type: SignatureType) throws(CBORError) -> SignedEnvelope {
        let start = offset
        let envelope = try SignedEnvelope(from: &self)
        guard envelope.type == type else { throw .invalidValue(at: start) }
        return envelope
    }
}

extension CBORWriter {
    fileprivate mutating func begin(_ number: UInt64, items: Int) {
        array(1 + items)
        unsigned(number)
    }
}
