import Cryptography
import Quantities
import Wire

/// Where a journal stands.
public struct LedgerHead: Hashable, Sendable {
    /// Number of the last event; zero before genesis.
    public let sequence: UInt64
    /// Hash of the chain up to it; zero before genesis.
    public let hash: Bytes32
    /// When it happened.
    public let at: LedgerTime

    /// The head of an empty journal.
    public static let start = LedgerHead(sequence: 0, hash: .zero, at: .origin)

    /// The head after event `sequence`.
    public init(sequence: UInt64, hash: Bytes32, at: LedgerTime) {
        self.sequence = sequence
        self.hash = hash
        self.at = at
    }
}

/// One line of the journal: an event, when it happened, what it moved, and its link in the chain.
public struct JournalRecord: Hashable, Sendable {
    /// The event's number, from 1.
    public let sequence: UInt64
    /// When it happened.
    public let at: LedgerTime
    /// Hash of the line before.
    public let previousHash: Bytes32
    /// The event's encoding.
    public let event: [UInt8]
    /// The encoding of the array of its entries.
    public let entries: [UInt8]
    /// Hash of this line: of the CBOR array `[sequence, at, previous hash, event, entries]`.
    public let hash: Bytes32

    /// The line that follows `previousHash`.
    public init(sequence: UInt64, at: LedgerTime, previousHash: Bytes32, event: [UInt8], entries: [UInt8]) {
        self.sequence = sequence
        self.at = at
        self.previousHash = previousHash
        self.event = event
        self.entries = entries
        var writer = CBORWriter(capacity: event.count + entries.count + 64)
        writer.array(5)
        writer.unsigned(sequence)
        writer.integer(at.milliseconds)
        writer.byteString(previousHash)
        writer.byteString(event)
        writer.byteString(entries)
        self.hash = Hashing.hash(writer.bytes, for: .journal)
    }

    /// The head of a journal that ends with this line.
    public var head: LedgerHead { LedgerHead(sequence: sequence, hash: hash, at: at) }

    /// The event.
    public func decodedEvent() throws(CBORError) -> LedgerEvent {
        try LedgerEvent(decoding: event, limit: LedgerLimits.eventBytes)
    }

    /// The entries.
    public func decodedEntries() throws(CBORError) -> [LedgerEntry] {
        let span = entries.span
        var reader = try CBORReader(span, limit: LedgerLimits.entriesBytes)
        var decoded: [LedgerEntry] = []
        for _ in 0..<(try reader.beginArray(limit: .max)) { decoded.append(try LedgerEntry(from: &reader)) }
        reader.endArray()
        try reader.finish()
        return decoded
    }

    static func encode(_ entries: [LedgerEntry]) -> [UInt8] {
        var writer = CBORWriter(capacity: 128 * entries.count + 4)
        writer.array(entries.count)
        for entry in entries { entry.write(to: &writer) }
        return writer.bytes
    }
}

/// What applying an event did: the line for the journal, and the rows that changed.
///
/// A store writes all of it in one transaction.
public struct LedgerCommit: Hashable, Sendable {
    /// The journal's new line.
    public let record: JournalRecord
    /// What moved.
    public let entries: [LedgerEntry]
    /// The rows that changed, in the order of their keys.
    public let changes: [LedgerChange]
    /// What the caller wants to know.
    public let result: LedgerResult
}

/// What applying an event came to.
public enum LedgerOutcome: Hashable, Sendable {
    /// It took effect; the commit must be stored before anything that depends on it leaves.
    case committed(LedgerCommit)
    /// It took effect before, with the same content, or there was nothing to do.
    case unchanged(LedgerResult)

    /// What the caller wants to know.
    public var result: LedgerResult {
        switch self {
        case .committed(let commit): commit.result
        case .unchanged(let result): result
        }
    }

    /// What must be stored, if anything.
    public var commit: LedgerCommit? {
        switch self {
        case .committed(let commit): commit
        case .unchanged: nil
        }
    }
}

/// What an event tells its caller.
public enum LedgerResult: Hashable, Sendable {
    /// Nothing besides that it took effect.
    case done
    /// So much has been charged on the proof by now.
    case charged(Energy)
    /// These parts of lots are frozen.
    case frozen([LotSlice])
    /// The task has ended; a posted lock names the lots that left, which the receipt lists.
    case ended(TaskOutcome, [LotSlice])
    /// What became of a receipt's lots.
    case received(ReceivedLots)
    /// The notice to send to the peer.
    case returnNotice(ReturnNotice)
    /// So much of a notice came home, and so much of it was not known to be there.
    case returned(accepted: Energy, unmatched: Energy)
    /// What a sweep did.
    case swept(LedgerSweep)
    /// Where the lane with a peer stands.
    case lane(stop: LaneStop?)
    /// What stands between this ledger and a peer whose lane was opened again.
    case reconciled(Reconciliation)
}

/// What became of the lots of a receipt: `paid = discharged + kept + given back + unmatched`.
public struct ReceivedLots: Hashable, Sendable {
    /// What the receipt says was paid.
    public let paid: Energy
    /// Discharged at once.
    public internal(set) var discharged: Energy = .zero
    /// Credited to the account.
    public internal(set) var kept: Energy = .zero
    /// Given back at once, because it had run out or found no room.
    public internal(set) var givenBack: Energy = .zero
    /// Own tokens that were not abroad, and so are worth nothing.
    public internal(set) var unmatched: Energy = .zero

    init(paid: Energy) { self.paid = paid }
}

/// What stands between this ledger and a peer whose lane was opened again.
public struct Reconciliation: Hashable, Sendable {
    /// Credits held here that the peer's lost store had issued; they have run out now.
    public internal(set) var ended: Energy = .zero
    /// What the peer was sent and has not returned; own tokens return after their lifetime and the grace.
    public internal(set) var abroad: Energy = .zero
    /// Used-up tokens that are still to be returned to the peer.
    public internal(set) var owed: Energy = .zero
}

/// What a sweep of lots that have run out did.
public struct LedgerSweep: Hashable, Sendable {
    /// Lots that expired.
    public internal(set) var lots = 0
    /// Their amount.
    public internal(set) var expired: Energy = .zero
    /// Tokens that came back from abroad without a notice.
    public internal(set) var reclaimed: Energy = .zero
    /// Whether the next sweep has more to do at once.
    public internal(set) var more = false
}
