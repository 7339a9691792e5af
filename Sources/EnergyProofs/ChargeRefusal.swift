import Cryptography
import Quantities
import Telemetry
import Wire

/// Why the charging gate refuses; nothing has changed then.
///
/// Where several refusals of a charge hold, the first in this order is given.
public enum ChargeRefusal: Error, Equatable, Sendable {
    // MARK: Registering a source
    /// The source belongs to another key.
    case ownedByAnother(SourceID, owner: KeyID)
    /// As many sources are registered as the gate can hold.
    case tooManySources(limit: Int)
    /// The parent is itself part of another source, or the source is itself a parent.
    case nestedParent(SourceID)
    /// What the source charges is not a registered battery.
    case feedsNoBattery(SourceID)
    /// The source's links cannot change while a page that was charged from is remembered.
    case linkInUse(SourceID)

    // MARK: Accepting a page
    /// The source is not registered.
    case unknownSource(SourceID)
    /// The page does not verify, or does not continue its source.
    case notVerified(EnergyProofError)
    /// The page gives more rated power than the source is registered with.
    case ratedAboveRegistration(Power, registered: Power)

    // MARK: Charging
    /// Zero or less was asked for.
    case amountNotPositive(Energy)
    /// The page is not known, or not remembered any more.
    case unknownProof(Bytes32)
    /// The page's window ended too long ago.
    case tooOld(TimeSpan, limit: TimeSpan)
    /// Too little of the page's window was measured.
    case coverageTooLow(BasisPoints, least: BasisPoints)
    /// The policy lets nothing be charged from this class.
    case classNotAllowed(EvidenceClass)
    /// More than the page still allows.
    case exceedsProof(Energy, left: Energy)
    /// More than is left after what was charged from parts of this source in the same window.
    case chargedByChildren(Energy, left: Energy)
    /// More than is left after what was charged from the source that this one is a part of.
    case chargedByParent(Energy, left: Energy)
    /// More than is left of a battery after what its own society charged for filling it.
    case fedBySociety(Energy, left: Energy)
    /// More than the source's rating gives over the time that has passed in blocks.
    case fasterThanRated(Energy, left: Energy)
    /// More than the society has to charge.
    case poolTooSmall(Energy, pool: Energy)

    /// What is wrong, for a person.
    public var explanation: String {
        switch self {
        case .ownedByAnother(let source, let owner): "\(source.text) belongs to key \(owner.text)"
        case .tooManySources(let limit): "\(limit) sources are registered, which is the most"
        case .nestedParent(let source): "\(source.text) cannot be both a part and a parent"
        case .feedsNoBattery(let source): "\(source.text) is not a registered battery of the same owner"
        case .linkInUse(let source): "\(source.text) was charged from lately; its parent and battery cannot change now"
        case .unknownSource(let source): "\(source.text) is not registered"
        case .notVerified(let error): error.explanation
        case .ratedAboveRegistration(let rated, let registered):
            "rated \(rated.text), registered with \(registered.text)"
        case .amountNotPositive(let amount): "\(amount.text) cannot be charged"
        case .unknownProof(let hash): "no page \(hexadecimal(hash.array)) to charge from"
        case .classNotAllowed(let evidence): "\(evidence.name) sources do not charge here"
        case .tooOld(let age, let limit):
            "the window ended \(age.milliseconds) ms ago; at most \(limit.milliseconds) ms are allowed"
        case .coverageTooLow(let coverage, let least):
            "\(coverage.percent) of the window was measured; \(least.percent) are needed"
        case .exceedsProof(let amount, let left): "\(amount.text) asked for, the page has \(left.text) left"
        case .chargedByChildren(let amount, let left):
            "\(amount.text) asked for, \(left.text) left beside what its parts charged"
        case .chargedByParent(let amount, let left):
            "\(amount.text) asked for, \(left.text) left beside what the whole charged"
        case .fedBySociety(let amount, let left):
            "\(amount.text) asked for, \(left.text) left beside what filled the battery"
        case .fasterThanRated(let amount, let left):
            "\(amount.text) asked for, the source's rating allows \(left.text) by now"
        case .poolTooSmall(let amount, let pool): "\(amount.text) asked for, the pool holds \(pool.text)"
        }
    }
}
