import EnergyProofs
import Quantities
import Telemetry

/// A run as a report tells it.
public struct ReportedRun: Hashable, Sendable {
    /// The run.
    public let kept: NumberedRun
    /// Whether signed pages show what the run's energy was measured from.
    public let coverage: PageCoverage
    /// Whether the signed pages whose windows end in the report's time do so alone.
    let isOfTime: Bool

    /// What is kept of it.
    public var run: RunRecord { kept.run }
}

/// What the runs of one source and class come to, beside the signed pages of that time.
public struct RunTotal: Hashable, Sendable {
    /// The source.
    public let source: SourceID
    /// How the energy is known.
    public let evidence: EvidenceClass
    /// How many runs there were.
    public private(set) var runs = 0
    /// Their lengths, added.
    public private(set) var duration: TimeSpan = .zero
    /// Their energy.
    public private(set) var energy: Energy = .zero
    /// The error bounds of those that have one, added.
    public private(set) var errorBound: Energy = .zero
    /// Runs whose error is not bounded, since no meter resolved them.
    public private(set) var unboundedRuns = 0
    /// What was asked for them.
    public private(set) var charged: Energy = .zero
    /// What was paid of that.
    public private(set) var paid: Energy = .zero
    /// Runs of which it is not known yet whether they are paid.
    public private(set) var openRuns = 0
    /// Runs whose registers signed pages cover wholly.
    public private(set) var signedRuns = 0
    /// The energy of those.
    public private(set) var signedEnergy: Energy = .zero
    /// The energy of the runs that `pages` cover wholly.
    public private(set) var energyInPages: Energy = .zero
    /// The signed pages of the same source and class whose windows end in the report's time; nil where there are none.
    public let pages: SourceSummary?

    init(source: SourceID, evidence: EvidenceClass, pages: SourceSummary?) {
        self.source = source
        self.evidence = evidence
        self.pages = pages
    }

    /// The share of the energy of `pages` that runs were whose registers they cover wholly; nil where there are no
    /// pages, or ones without energy.
    public var share: BasisPoints? {
        guard let pages, pages.energy > .zero else { return nil }
        return BasisPoints(energyInPages.millijoules, of: pages.energy.millijoules)
    }

    /// Adds a run; sums stop at the largest representable energy.
    mutating func add(_ reported: ReportedRun) {
        let run = reported.run
        runs += 1
        duration = duration + run.duration
        energy = energy.adding(run.energy) ?? energy
        if let bound = run.errorBound {
            errorBound = errorBound.adding(bound) ?? errorBound
        } else {
            unboundedRuns += 1
        }
        charged = charged.adding(run.charged) ?? charged
        if let amount = run.paid { paid = paid.adding(amount) ?? paid } else { openRuns += 1 }
        guard reported.coverage == .yes else { return }
        signedRuns += 1
        signedEnergy = signedEnergy.adding(run.energy) ?? signedEnergy
        guard reported.isOfTime else { return }
        energyInPages = energyInPages.adding(run.energy) ?? energyInPages
    }
}

/// The runs of a time, one by one and by class; nothing is summed across sources or classes.
public struct RunReport: Sendable {
    /// The runs, in the order in which they are kept.
    public let runs: [ReportedRun]
    /// The sum of each source and class, in the order in which they first appear.
    public let totals: [RunTotal]

    /// The report on `runs`.
    ///
    /// - Parameters:
    ///   - pages: what the signed pages of the time come to.
    ///   - ofTime: what those cover.
    ///   - registers: what signed pages of the time and around it cover.
    public init(
        _ runs: [NumberedRun], pages: [SourceSummary], ofTime: SignedRegisters, registers: SignedRegisters
    ) {
        var reported: [ReportedRun] = []
        var totals: [RunTotal] = []
        for kept in runs {
            let entry = ReportedRun(
                kept: kept, coverage: RunReport.coverage(of: kept.run, registers),
                isOfTime: RunReport.coverage(of: kept.run, ofTime) == .yes)
            reported.append(entry)
            let (source, evidence) = (kept.run.source, kept.run.evidence)
            var index = totals.count
            if let known = totals.firstIndex(where: { $0.source == source && $0.evidence == evidence }) {
                index = known
            } else {
                let pages = pages.first { $0.source == source && $0.evidence == evidence }
                totals.append(RunTotal(source: source, evidence: evidence, pages: pages))
            }
            totals[index].add(entry)
        }
        self.runs = reported
        self.totals = totals
    }

    /// Energy that no meter resolved comes from no register, and rests on no page.
    private static func coverage(of run: RunRecord, _ registers: SignedRegisters) -> PageCoverage {
        guard run.errorBound != nil, let span = run.span else { return .no }
        return registers.coverage(of: span, run.source, run.evidence)
    }
}
