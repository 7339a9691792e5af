import Cryptography
import Quantities
import Wire

/// Why a journal is not the history of a ledger.
public enum JournalError: Error, Equatable, Sendable {
    /// A line is missing or stands twice.
    case wrongSequence(expected: UInt64, found: UInt64)
    /// A line does not follow the one before it.
    case brokenChain(at: UInt64)
    /// The stored hash of a line is not that of its content.
    case wrongHash(at: UInt64)
    /// An event cannot be read.
    case malformed(at: UInt64, CBORError)
    /// An event is refused.
    case refused(at: UInt64, LedgerError)
    /// An event changed nothing, and so was never written.
    case withoutEffect(at: UInt64)
    /// An event moves something else than its line says.
    case otherEntries(at: UInt64)

    /// What is wrong, for a person, in one line.
    public var explanation: String {
        switch self {
        case .wrongSequence(let expected, let found): "line \(expected) of the journal is due, found \(found)"
        case .brokenChain(let at): "line \(at) of the journal does not follow the one before it"
        case .wrongHash(let at): "line \(at) of the journal has another hash than its content"
        case .malformed(let at, let error): "line \(at) of the journal: " + error.explanation
        case .refused(let at, let error): "line \(at) of the journal is refused: " + error.explanation
        case .withoutEffect(let at): "line \(at) of the journal changes nothing"
        case .otherEntries(let at): "line \(at) of the journal moves something else than it says"
        }
    }
}

extension LedgerMachine {
    /// Applies a line of the journal that follows the last one, and holds it to what it says.
    ///
    /// `storedHash` is the hash that was stored beside it. Throws `JournalError` by what is wrong.
    public mutating func replay(_ record: JournalRecord, storedHash: Bytes32) throws(JournalError) {
        let at = record.sequence
        guard at == image.head.sequence + 1 else {
            throw .wrongSequence(expected: image.head.sequence + 1, found: at)
        }
        guard record.previousHash == image.head.hash else { throw .brokenChain(at: at) }
        guard record.hash == storedHash else { throw .wrongHash(at: at) }
        let event: LedgerEvent
        do throws(CBORError) { event = try record.decodedEvent() } catch { throw .malformed(at: at, error) }
        let outcome: LedgerOutcome
        do throws(LedgerError) { outcome = try apply(event, at: record.at) } catch { throw .refused(at: at, error) }
        guard let commit = outcome.commit else { throw .withoutEffect(at: at) }
        guard commit.record == record else { throw .otherEntries(at: at) }
    }
}
