import Cryptography
import Ledger
import Quantities
import Wire

/// Why a task is not paid.
public enum VoidReason: UInt8, Sendable, CaseIterable {
    /// The platform refused it.
    case refused = 1
    /// The platform took it and could not finish it.
    case failed = 2
    /// The platform did not answer in time.
    case noAnswer = 3
    /// The delegator withdrew it.
    case cancelled = 4
    /// No proof had come by the deadline.
    case expired = 5
    /// The proof came after the deadline.
    case late = 6
    /// The result does not have the hash that the proof names.
    case resultDiffers = 7
    /// The proof speaks of another task, another executor or asks for more than was offered.
    case proofDiffers = 8
    /// The quality is below what the task asks for.
    case qualityTooLow = 9
    /// The quality is not known on the basis the task asks for.
    case basisTooWeak = 10
    /// The check of the result found something else than the proof says.
    case checkFailed = 11
    /// Nobody decided in time, and the task's silence rule says that nothing is paid.
    case silence = 13

    /// The reason, for a person.
    public var explanation: String {
        switch self {
        case .refused: "refused by the platform"
        case .failed: "the platform could not finish it"
        case .noAnswer: "the platform did not answer in time"
        case .cancelled: "cancelled"
        case .expired: "no proof by the deadline"
        case .late: "the proof came after the deadline"
        case .resultDiffers: "the result is not the one the proof names"
        case .proofDiffers: "the proof does not fit the task"
        case .qualityTooLow: "the quality is too low"
        case .basisTooWeak: "the quality is not known well enough"
        case .checkFailed: "the result failed its check"
        case .silence: "not decided in time"
        }
    }

    /// The reason in the ledger's terms.
    public var release: ReleaseReason {
        switch self {
        case .refused: .refused
        case .failed: .failed
        case .noAnswer: .unreachable
        case .cancelled: .cancelled
        case .expired, .late, .silence: .timedOut
        case .resultDiffers, .proofDiffers, .qualityTooLow, .basisTooWeak, .checkFailed:
            .proofRejected
        }
    }
}

/// How a task ended.
public enum SettlementOutcome: Hashable, Sendable {
    /// Paid, this much.
    case posted(Energy)
    /// Not paid.
    case voided(VoidReason)

    /// Reads `[0, amount]` or `[1, reason]`.
    init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 2)
        switch try reader.unsigned(atMost: 1) {
        case 0: self = .posted(try reader.amount())
        default: self = .voided(try reader.choice(VoidReason.self))
        }
        reader.endArray()
    }

    func write(to writer: inout CBORWriter) {
        writer.array(2)
        switch self {
        case .posted(let amount):
            writer.unsigned(0)
            writer.integer(amount.millijoules)
        case .voided(let reason):
            writer.unsigned(1)
            writer.unsigned(UInt64(reason.rawValue))
        }
    }
}

/// A payer's receipt for a task: paid or not; signed by the payer as `ledgerSettle`.
public struct SettlementReceipt: Hashable, LanePayload {
    /// What the task's id is made of, so that the worker's ledger can take the payment whatever the worker still
    /// knows of the task.
    public let reference: TaskReference
    /// The task.
    public let task: TaskID
    /// The hash of the proof it answers; nil where none had come.
    public let proofHash: Bytes32?
    /// How the task ended.
    public let outcome: SettlementOutcome
    /// The lots that move to the worker, together the posted amount.
    public let lots: [LotTransfer]
    /// Its place in the payer's lane to the worker.
    public let lane: LanePosition

    /// What its signature is for.
    public static let signatureType = SignatureType.ledgerSettle
    /// What its hash is for.
    public static let hashPurpose = HashPurpose.lane

    private enum Field {
        static let task: UInt64 = 1
        static let proofHash: UInt64 = 2
        static let outcome: UInt64 = 3
        static let lots: UInt64 = 4
        static let sequence: UInt64 = 5
        static let previous: UInt64 = 6
    }

    /// A receipt; nil where the lots are not together the posted amount or are too many.
    public init?(
        reference: TaskReference, proofHash: Bytes32?, outcome: SettlementOutcome, lots: [LotTransfer],
        lane: LanePosition
    ) {
        guard lots.count <= FederationLimits.maximumLots,
            lots.allSatisfy({ $0.amount > .zero && $0.amount <= .largest })
        else { return nil }
        let moved = lots.reduce(Energy.zero) { $0 + $1.amount }
        switch outcome {
        case .posted(let amount): guard moved == amount, proofHash != nil else { return nil }
        case .voided: guard lots.isEmpty else { return nil }
        }
        self.reference = reference
        self.task = reference.id
        self.proofHash = proofHash
        self.outcome = outcome
        self.lots = lots
        self.lane = lane
    }

    /// Reads a receipt: `{1: task reference, 2: proof hash?, 3: [0, amount] or [1, reason], 4: [lot], 5: sequence,
    /// 6: previous}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        var map = try reader.beginMap()
        try reader.field(Field.task, of: &map)
        let reference = try TaskReference(from: &reader)
        let proofHash = try reader.hasField(Field.proofHash, of: &map) ? try reader.bytes32() : nil
        try reader.field(Field.outcome, of: &map)
        let outcome = try SettlementOutcome(from: &reader)
        try reader.field(Field.lots, of: &map)
        let lots = try reader.lots(limit: FederationLimits.maximumLots)
        let lane = try LanePosition(from: &reader, at: Field.sequence, of: &map)
        try reader.endMap(&map)
        guard
            let receipt = SettlementReceipt(
                reference: reference, proofHash: proofHash, outcome: outcome, lots: lots, lane: lane)
        else { throw .invalidValue(at: start) }
        self = receipt
    }

    /// Appends the receipt's encoding.
    public func write(to writer: inout CBORWriter) {
        var fields = FieldWriter()
        fields.nested(Field.task) { reference.write(to: &$0) }
        if let proofHash { fields.bytes(Field.proofHash, proofHash) }
        fields.nested(Field.outcome) { outcome.write(to: &$0) }
        fields.array(Field.lots, count: lots.count) { for lot in lots { lot.write(to: &$0) } }
        fields.unsigned(Field.sequence, lane.sequence)
        fields.bytes(Field.previous, lane.previous)
        fields.finish(into: &writer)
    }
}
