import Quantities
import Telemetry

/// What a register showed at the beginning and at the end of something.
public struct RegisterSpan: Hashable, Sendable {
    /// The register's epoch.
    public let epoch: UInt64
    /// The register at the beginning.
    public let start: Energy
    /// The register at the end.
    public let end: Energy

    /// A span of its parts; nil where the register would be below zero, or fall.
    public init?(epoch: UInt64, start: Energy, end: Energy) {
        guard start >= .zero, end >= start else { return nil }
        self.epoch = epoch
        self.start = start
        self.end = end
    }

    /// What the register advanced by.
    public var energy: Energy { end - start }
}

/// How much of a register's span signed pages cover.
public enum PageCoverage: UInt8, Sendable, CaseIterable {
    /// None of it.
    case no = 0
    /// Some of it.
    case partly = 1
    /// All of it.
    case yes = 2

    /// The answer in the words of output.
    public var name: String {
        switch self {
        case .no: "no"
        case .partly: "partly"
        case .yes: "yes"
        }
    }
}

/// The stretches of registers that signed pages say something about.
public struct SignedRegisters: Sendable {
    private struct Stretch: Sendable {
        let evidence: EvidenceClass
        let epoch: UInt64
        let start: Energy
        var end: Energy
    }

    private var stretches: [SourceID: [Stretch]] = [:]
    private var count = 0

    /// No stretch yet.
    public init() {}

    /// Adds a page that was verified; those of a source come in their order.
    ///
    /// - Throws: `EnergyReportError.tooManyEntries` beyond `EnergyProofLimits.reportEntries` stretches.
    public mutating func add(_ proof: EnergyCapacityProof) throws(EnergyReportError) {
        var known = stretches[proof.source] ?? []
        if let last = known.indices.last, known[last].evidence == proof.evidence, known[last].epoch == proof.epoch,
            known[last].end == proof.registerStart
        {
            known[last].end = proof.registerEnd
        } else {
            guard count < EnergyProofLimits.reportEntries else {
                throw .tooManyEntries(limit: EnergyProofLimits.reportEntries)
            }
            count += 1
            known.append(
                Stretch(
                    evidence: proof.evidence, epoch: proof.epoch, start: proof.registerStart, end: proof.registerEnd))
        }
        stretches[proof.source] = known
    }

    /// How much of `span` of the register of `source` pages of class `evidence` cover.
    public func coverage(of span: RegisterSpan, _ source: SourceID, _ evidence: EvidenceClass) -> PageCoverage {
        var covered = Energy.zero
        for stretch in stretches[source] ?? [] where stretch.epoch == span.epoch && stretch.evidence == evidence {
            if stretch.start <= span.start, stretch.end >= span.end { return .yes }
            covered = covered + (min(stretch.end, span.end) - max(stretch.start, span.start)).clampedToZero
        }
        // Stretches of one register do not overlap.
        if covered >= span.energy, span.energy > .zero { return .yes }
        return covered > .zero ? .partly : .no
    }
}
