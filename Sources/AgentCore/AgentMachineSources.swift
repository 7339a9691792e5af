import Cryptography
import EnergyProofs
import Quantities
import Telemetry

// The sources of this society: who they are to the charging gate, and how they do.
extension AgentMachine {
    // MARK: Registration

    /// Registers every source that is known by now; parts and what fills a battery after what they hang on.
    mutating func registerSources() {
        register(settings.energy.source)
        // A source hangs on one that hangs on none, so that two rounds find everything.
        for isLast in [false, true] { for source in further.sources { register(source.id, tells: isLast) } }
        staging.delay = min(Staging.delayPerSource * Int64(1 + further.sources.count), Staging.longestDelay)
    }

    /// Registers `source`, or changes what is registered of it, where that is not what it is now.
    ///
    /// One that cannot be registered goes on making pages, from which nothing is charged, and is tried again with
    /// every page.
    ///
    /// - Parameter tells: whether a refusal is logged; not where what it hangs on may only be registered next.
    mutating func register(_ source: SourceID, tells: Bool = true) {
        guard let wanted = registration(of: source) else { return }
        let registered = gate.sources.first { $0.source == source }
        guard wanted != registered || chains[source]?.registrationRefusal != nil else { return }
        switch gate.register(wanted) {
        case .success:
            chains[source, default: PageChain()].registrationRefusal = nil
        case .failure(let refusal):
            guard tells else { return }
            if chains[source]?.registrationRefusal != refusal {
                log(
                    .warning, "\(source.text) is not registered for charging: " + refusal.explanation,
                    kind: .sourceRefused)
            }
            chains[source, default: PageChain()].registrationRefusal = refusal
        }
    }

    private func registration(of source: SourceID) -> SourceRegistration? {
        let owner = identity.signing.publicKey
        guard source != settings.energy.source else {
            // The most that any of its modes allows.
            var rated = max(settings.energy.rated, settings.profile.moduleRating ?? .zero, energy.rated)
            for mode in settings.profile.powerModes { rated = max(rated, mode.rated) }
            return SourceRegistration(source, owner: owner, rated: rated)
        }
        guard let found = further.source(source) else { return nil }
        let parent = found.parent.flatMap { further.identity(of: $0) }
        let battery = found.feeds.flatMap { further.identity(of: $0) }
        // Without a link that it should have, the same energy could be charged twice.
        guard (parent == nil) == (found.parent == nil), (battery == nil) == (found.feeds == nil) else { return nil }
        return SourceRegistration(source, owner: owner, rated: found.registeredPower, parent: parent, feeds: battery)
    }

    // MARK: Views

    /// Every source that is metered here, the board first; the board is among them even without power.
    public var sourceViews: [SourceView] {
        [boardView] + further.sources.map { view(of: $0) }
    }

    /// What slows, or slowed, the board down since the agent's start.
    public var throttleCauses: [ThrottleCause] { energy.throttle.causes }

    /// What the parts of the last sample's total leave unexplained; nil where there are no parts.
    public var residual: TotalResidual? { energy.sample.flatMap { settings.profile.residual(of: $0) } }

    /// The board's power as the last sample shows it; nil where it does not, or where that is not believed.
    var boardPower: Power? {
        guard energy.contradiction == nil, let power = energy.sample?.totalPower else { return nil }
        return SourceLimits.isUnbelievable(power, rated: energy.judgedRating) ? nil : power
    }

    private var boardView: SourceView {
        let source = energy.sample?.boardSource
        var view = SourceView(settings.energy.source, name: source?.name ?? SourceDeclaration.boardName)
        view.evidence = energy.evidence
        view.method = energy.meter.way
        view.register = energy.register
        view.measured = energy.measured
        let power = energy.contradiction == nil ? source?.power ?? energy.sample?.totalPower : nil
        view.show(power, rated: energy.judgedRating)
        view.isReporting = view.power != nil || view.unbelieved != nil
        view.readAt = energy.meter.meter?.lastReadingAt
        view.tally = energy.meter.tally
        complete(&view)
        return view
    }

    private func view(of source: FurtherSource) -> SourceView {
        var view = SourceView(source.id, name: source.name)
        view.evidence = source.shown == nil && source.declaration == nil ? nil : source.evidence
        view.method = source.declaredPower == nil ? source.meter.way : "declared"
        view.register = source.meter.register
        view.measured = source.meter.measured
        view.show(source.declaredPower ?? source.shown?.power, rated: source.rated)
        view.isReporting = source.declaredPower != nil || source.readAt.map { $0 == energy.sample?.taken } ?? false
        view.readAt = source.readAt
        view.tally = source.meter.tally
        view.parent = source.parent.flatMap { further.identity(of: $0) }
        view.feeds = source.feeds.flatMap { further.identity(of: $0) }
        complete(&view)
        return view
    }

    private func complete(_ view: inout SourceView) {
        guard let chain = chains[view.source] else { return }
        view.pages = chain.nextNumber
        view.lastPage = chain.newest
        view.charged = chain.charged
        view.refusal = chain.registrationRefusal ?? chain.refusal
    }
}
