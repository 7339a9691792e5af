import Cryptography
import Quantities
import Telemetry

/// One page about one source: what its register did in one window, and what that lets its owner charge.
///
/// Powers are whole milliwatts and energies whole millijoules in the encoding. A page that exists is
/// well formed; whether it is consistent and continues its source is `EnergyProofVerifier`'s to say.
public struct EnergyCapacityProof: Hashable, Sendable {
    /// The federation the page is for.
    public var federation: Bytes32
    /// The source's identity.
    public var source: SourceID
    /// The source's kind.
    public var kind: SourceKind
    /// How the energy is known.
    public var evidence: EvidenceClass
    /// The register's epoch.
    public var epoch: UInt64
    /// Why that epoch began.
    public var epochReason: MeterEpochReason
    /// The page's number: one more than the page before it, across epochs.
    public var page: UInt64
    /// The boot whose timeline the window is on.
    public var bootID: Bytes16
    /// Where the window begins in boot time.
    public var windowStart: BootTime
    /// Where the window ends in boot time.
    public var windowEnd: BootTime
    /// Where the window begins in wall time.
    public var wallStart: WallTime
    /// Where the window ends in wall time.
    public var wallEnd: WallTime
    /// How far the wall times can be trusted.
    public var timeStatus: TimeStatus
    /// The register at the window's start, floored to millijoules.
    public var registerStart: Energy
    /// The register at the window's end, floored to millijoules.
    public var registerEnd: Energy
    /// Power the source is made or set for.
    public var rated: Power
    /// Power the source could give to work: `rated` less heat and throttling.
    public var capacity: Power
    /// Power the source draws without work.
    public var baseline: Power
    /// Highest power seen.
    public var peak: Power
    /// Measured energy of tasks, during the part of their run inside the window.
    public var work: Energy
    /// What this page allows to be charged in all.
    public var chargeable: Energy
    /// Highest temperature of the die; nil where none is known.
    public var hottest: Temperature?
    /// What throttled the source in the window.
    public var throttle: ThrottleReasons
    /// Name of the active power mode; nil where there is none.
    public var powerMode: ProofText?
    /// Readings in the window.
    public var samples: UInt64
    /// Readings that there should have been.
    public var expected: UInt64
    /// Time within the window that was not measured.
    public var gap: TimeSpan
    /// How far the true energy may be from the register's difference, in thousandths of it.
    public var errorBoundPermille: UInt32
    /// How capacity was known, in words.
    public var validationMethod: ProofText
    /// Hash of the page before; nil on page 0 alone.
    public var previousHash: Bytes32?

    /// The window's length.
    public var window: TimeSpan { windowEnd.since(windowStart) }

    /// Whether there are no readings, and nothing but the operator's word.
    public var isUnmeasured: Bool { evidence == .declared && expected == 0 }

    /// The window's length less its gaps.
    public var covered: TimeSpan { window - gap }

    /// The register's difference.
    public var drawn: Energy { registerEnd - registerStart }

    /// The covered share of the window.
    public var coverage: BasisPoints { BasisPoints(covered.milliseconds, of: window.milliseconds) }

    /// The register's difference over the covered time, in whole milliwatts rounded down; zero where nothing was
    /// covered.
    public var mean: Power {
        guard let mean = drawn.meanPower(over: covered) else { return .zero }
        return Power(milliwatts: mean.milliwatts)
    }
}
