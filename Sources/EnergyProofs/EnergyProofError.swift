import Cryptography
import Quantities
import Telemetry
import Wire

/// Why a page is not accepted; numbers are what was found and what should have been.
public enum EnergyProofError: Error, Equatable, Sendable {
    // MARK: The bytes
    /// The payload is not a page's.
    case malformed(CBORError)
    /// The envelope is not one, or its signature does not hold.
    case envelope(EnvelopeError)
    /// The page is for another federation.
    case otherFederation(found: Bytes32)

    // MARK: The page by itself
    /// The source's identity begins with another kind than the page names.
    case kindMismatch(SourceKind, SourceID)
    /// The window ends at or before its start.
    case emptyWindow(TimeSpan)
    /// More time is missing than the window has.
    case gapLongerThanWindow(gap: TimeSpan, window: TimeSpan)
    /// The register ends below its start.
    case registerBackwards(start: Energy, end: Energy)
    /// More samples than expected.
    case tooManySamples(UInt64, expected: UInt64)
    /// More energy than the peak power gives over the covered time.
    case drawnAbovePeak(Energy, most: Energy)
    /// Tasks used more than was drawn, or a source that does no work shows some.
    case workExceedsDrawn(Energy, drawn: Energy)
    /// More capacity than the rating.
    case capacityAboveRated(Power, rated: Power)
    /// More capacity than the measured mean while something throttled.
    case capacityAboveMean(Power, mean: Power)
    /// A declared source shows a register that moved, or samples.
    case declaredButMeasured
    /// A person's power that is not declared.
    case humanNotDeclared(EvidenceClass)
    /// A person's power outside `EnergyProofLimits.humanPower`.
    case humanPowerOutOfRange(Power)
    /// The page claims more than its fields allow.
    case chargeableOverstated(Energy, allowed: Energy)
    /// The page claims less than its fields allow: its maker reckons otherwise.
    case chargeableUnderstated(Energy, allowed: Energy)
    /// Page 0 names a page before it, or a later page names none.
    case firstPageMismatch(page: UInt64)

    // MARK: The page after the one before it
    /// The page is not after the last one: it was seen, or stands in for one that was.
    case replay(page: UInt64, last: UInt64)
    /// Pages between the last one and this one are missing.
    case missingPages(expected: UInt64, found: UInt64)
    /// The epoch is neither that of the page before nor the next.
    case wrongEpoch(UInt64, last: UInt64)
    /// The page names another page before it.
    case wrongPreviousHash(expected: Bytes32, found: Bytes32)
    /// The register begins below where it ended: energy would count twice.
    case registerWentBack(expected: Energy, found: Energy)
    /// The register begins above where it ended: energy is unaccounted for.
    case registerJumped(expected: Energy, found: Energy)
    /// The window begins before the last one ended.
    case overlap(TimeSpan)
    /// The window begins after the last one ended.
    case hole(TimeSpan)

    /// What is wrong, for a person.
    public var explanation: String {
        switch self {
        case .malformed(let error): "malformed page: " + error.explanation
        case .envelope(.malformed(let error)): "malformed envelope: " + error.explanation
        case .envelope(let error): error.explanation
        case .otherFederation(let found): "made for another federation, \(hexadecimal(found.array))"
        case .kindMismatch(let kind, let source): "kind \(kind.name) does not fit the source \(source.text)"
        case .emptyWindow(let span): "a window of \(span.milliseconds) ms"
        case .gapLongerThanWindow(let gap, let window):
            "\(gap.milliseconds) ms missing from a window of \(window.milliseconds) ms"
        case .registerBackwards(let start, let end): "the register falls from \(start.text) to \(end.text)"
        case .tooManySamples(let samples, let expected): "\(samples) samples where \(expected) were expected"
        case .drawnAbovePeak(let drawn, let most): "\(drawn.text) drawn, but its peak power gives at most \(most.text)"
        case .workExceedsDrawn(let work, let drawn): "\(work.text) of work out of \(drawn.text) drawn"
        case .capacityAboveRated(let capacity, let rated): "capacity \(capacity.text) above the rated \(rated.text)"
        case .capacityAboveMean(let capacity, let mean):
            "capacity \(capacity.text) above the mean \(mean.text) while throttled"
        case .declaredButMeasured: "a declared source that shows measurements"
        case .humanNotDeclared(let evidence): "a person's power called \(evidence.name)"
        case .humanPowerOutOfRange(let power): "a person's power of \(power.text)"
        case .chargeableOverstated(let claimed, let allowed):
            "claims \(claimed.text) chargeable where its fields allow \(allowed.text)"
        case .chargeableUnderstated(let claimed, let allowed):
            "claims only \(claimed.text) chargeable where its fields give \(allowed.text)"
        case .firstPageMismatch(let page): "page \(page) with the link of \(page == 0 ? "a later" : "a first") page"
        case .replay(let page, let last): "page \(page) again or late; the last one was \(last)"
        case .missingPages(let expected, let found): "page \(expected) is missing; this is page \(found)"
        case .wrongEpoch(let epoch, let last): "epoch \(epoch) after epoch \(last)"
        case .wrongPreviousHash(let expected, let found):
            "follows page \(hexadecimal(found.array)), not \(hexadecimal(expected.array))"
        case .registerWentBack(let expected, let found):
            "the register begins at \(found.text), before the \(expected.text) it had reached"
        case .registerJumped(let expected, let found):
            "the register begins at \(found.text), beyond the \(expected.text) it had reached"
        case .overlap(let span): "the window overlaps the one before by \(span.milliseconds) ms"
        case .hole(let span): "\(span.milliseconds) ms are missing between this window and the one before"
        }
    }
}

extension Energy {
    /// The energy in millijoules, for messages.
    var text: String { "\(millijoules) mJ" }
}

extension Power {
    /// The power in milliwatts, for messages.
    var text: String { "\(milliwatts) mW" }
}
