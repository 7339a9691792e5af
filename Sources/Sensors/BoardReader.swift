import Platform
import Quantities
import Telemetry

/// Reads one board: finds its devices once, then reads their files again and again.
///
/// Every file is tried once per sample, what changes slowly at most twice a second; what fails is listed with its
/// reason and tried again with the next sample. When a device goes away, or the rails of the total have not shown up
/// yet, the devices are searched anew, at most every `SensorLimits.searchPause`; while the total is not by the best
/// of the profile's rules, ever more seldom up to every `SensorLimits.longestSearchPause`.
///
/// A read of a power monitor takes about half a millisecond of bus time, so this belongs on a thread of its own.
public final class BoardReader {
    /// The profile in use; its throttle limit is lowered to the board's own where that is lower.
    public let profile: HardwareProfile
    /// How the readings are known: metered on a running machine, replayed from a recording.
    public let evidence: EvidenceClass
    private let tree: SysfsTree
    private let board: BoardIdentity
    private var choice: TotalRuleChoice
    private var devices: BoardDevices
    /// The meters that the board is read from, as of the last search.
    public private(set) var meters: BoardMeters
    let graphics: GraphicsBoards?
    /// The graphics boards that were heard of, whether they can be read or not.
    private var graphicsNames: [String] = []
    /// What was read of each processor's energy counter, by its rail; kept over searches.
    private var counters: [String: EnergyCounter] = [:]
    private var searched: BootTime?
    private var mustSearch = false
    /// Whether a better total may yet come, and how long the next search for it waits.
    private var maySearch = false
    private var searchPause = SensorLimits.searchPause
    private var slow = SlowReadings()
    /// Whether the batteries are what the total is made of, as soon as they alone feed the machine.
    private var isMeteredByBatteries = false
    /// What looks at the total since the last sample showed.
    private var looks: PowerLooks?
    /// What the rails of processors and graphics boards are limited to now.
    private var limits: [String: Power] = [:]
    private var buffer = [UInt8](repeating: 0, count: SensorLimits.fileBytes)

    /// A reader of the tree with the best fitting of `profiles`, which hold a generic one.
    ///
    /// Nil when not one profile fits.
    public convenience init?(tree: SysfsTree, profiles: [HardwareProfile]) {
        let facts = tree.facts()
        guard let profile = HardwareProfile.detect(facts, among: profiles) else { return nil }
        self.init(tree: tree, profile: profile, model: facts.model)
    }

    /// A reader of the tree with a profile that was chosen.
    ///
    /// - Parameter graphicsLibrary: NVIDIA's management library; by default the driver's on a running machine, and
    ///   none for a recording.
    public init(tree: SysfsTree, profile: HardwareProfile, model: String?, graphicsLibrary: String? = nil) {
        self.tree = tree
        var profile = profile
        profile.thermal.lower(to: tree.passiveTrips(profile))
        self.profile = profile
        evidence = tree.isLive ? .metered : .replayed
        board = BoardIdentity(profile: profile.family, model: model, l4t: tree.release())
        graphics = (graphicsLibrary ?? (tree.isLive ? GraphicsBoards.library : nil)).map { GraphicsBoards(library: $0) }
        choice = TotalRuleChoice(rules: [])
        devices = BoardDevices(tree, profile)
        meters = BoardMeters(devices, profile)
        chooseAmongRules()
    }

    /// Reads everything once.
    ///
    /// - Parameter now: the time that the sample carries.
    public func sample(at now: BootTime) -> TelemetrySample {
        searchAgainIfNeeded(at: now)
        let start = Clock.bootNanoseconds
        graphics?.ask(at: now)
        let isSlowDue = slow.isDue(at: now)
        if isSlowDue { tree.beginRound() }
        var sample = TelemetrySample(taken: now, board: board)
        // Before anything is waited for, which would make the counters newer than the sample.
        readRails(&sample, since: start)
        if isSlowDue { slow.read(devices, tree, profile, isJetson: isJetson, at: now, &buffer) }
        sample.powerMode = slow.powerMode
        sample.unavailable.insert(contentsOf: slow.missing.powerMode, at: 0)
        let look = graphics?.look(at: now) ?? GraphicsBoards.Look()
        readTotal(&sample, look)
        sample.zones += slow.zones
        sample.unavailable += slow.missing.zones
        sample.add(zonesOf: look)
        sample.hottest = profile.hottest(of: sample.zones)
        sample.gpu = slow.gpu
        sample.unavailable += slow.missing.gpu
        sample.add(loadOf: look)
        sample.memory = slow.memory
        sample.unavailable += slow.missing.memory
        sample.throttle += slow.throttle
        sample.unavailable += slow.missing.throttle
        sample.add(throttlingOf: look)
        addSources(&sample)
        // Graphics boards alone are a total for want of a better one.
        let isWanting = sample.total == nil || sample.total?.scope == .gpuBoard
        mustSearch = devices.mayBeOthers || isWanting && !profile.totals.isEmpty
        maySearch = !isByBestRule
        return sample
    }

    /// Looks at the total between two samples; the next one tells how far its power ranged.
    ///
    /// Only a total of power monitors can be looked at: they show another value as soon as they are read again.
    public func look() {
        guard let chosen = choice.chosen else { return }
        let rule = choice.rules[chosen]
        let rails = devices.rails.filter { rule.rails.contains($0.name) }.compactMap { probe in
            var unavailable: [Unavailable] = []
            return probe.read(&buffer, &unavailable).value
        }
        guard let total = TotalRuleChoice.total(of: rails, by: rule), total.isComplete, let power = total.power
        else { return }
        looks = PowerLooks(looks, and: power)
    }

    /// Whether a later sample will show what `sample` could not yet: the power behind a counter that was read once,
    /// graphics boards that were not heard of.
    public func tellsMoreLater(than sample: TelemetrySample) -> Bool {
        sample.rails.contains { $0.power == nil } || graphics?.isStarting == true
    }

    /// Searches for devices where that is due; so that a sample whose time is taken afterwards need not.
    public func searchAgainIfNeeded(at now: BootTime) {
        guard let last = searched else {
            searched = now
            return
        }
        let pause = mustSearch ? SensorLimits.searchPause : searchPause
        guard mustSearch || maySearch, !(now.since(last) < pause) else { return }
        let names = railNames
        devices = BoardDevices(tree, profile)
        meters = BoardMeters(devices, profile)
        slow.forget()
        chooseAmongRules()
        searched = now
        // What may never come is looked for ever more seldom.
        let isNews = railNames != names
        searchPause =
            isNews ? SensorLimits.searchPause : min(searchPause + searchPause, SensorLimits.longestSearchPause)
    }

    /// Whether a board of this kind has power modes.
    private var isJetson: Bool { !profile.powerModes.isEmpty || board.l4t != nil }

    private var railNames: [String] { devices.railNames + graphicsNames }

    /// Makes the profile's rules out of the rails that are there; the rule in use stays so.
    private func chooseAmongRules() {
        let names = railNames
        choice = choice.among(profile.totals.compactMap { $0.resolved(among: names) })
    }

    /// Whether the total is by the first of the profile's rules.
    private var isByBestRule: Bool {
        guard let best = profile.totals.first else { return true }
        guard let chosen = choice.chosen else { return false }
        return choice.rules[chosen] == best.resolved(among: railNames)
    }

    private func readRails(_ sample: inout TelemetrySample, since start: Int64) {
        sample.unavailable += devices.unreadRails
        for probe in devices.counters {
            var counter = counters[probe.name] ?? EnergyCounter(range: probe.range)
            let reading = probe.read(&counter, at: sample.taken, &buffer)
            counters[probe.name] = counter
            // Whoever is not let run between two reads is late.
            let passed = TimeSpan.milliseconds((Clock.bootNanoseconds - start) / 1_000_000)
            let time = ReadingTime(earliest: sample.taken, latest: sample.taken + passed)
            note(reading, probe.name, &sample, at: time)
        }
        for probe in devices.rails {
            note(probe.read(&buffer, &sample.unavailable), probe.name, &sample)
        }
        for probe in devices.hwmon.powers { note(probe.rail(&buffer), probe.name, &sample) }
        for probe in devices.hwmon.energies {
            var counter = counters[probe.name] ?? EnergyCounter(range: nil)
            note(probe.rail(&counter, at: sample.taken, &buffer), probe.name, &sample)
            counters[probe.name] = counter
        }
        for probe in devices.supplies.batteries { note(probe.read(&buffer), probe.name, &sample) }
    }

    /// Adds the rails of graphics boards, and the total of all rails.
    private func readTotal(_ sample: inout TelemetrySample, _ look: GraphicsBoards.Look) {
        if let reason = look.refusal { sample.unavailable.append(Unavailable("nvml", reason)) }
        // On a Jetson the library shows what a rail of the GPU shows too.
        let isRail = !profile.rails.contains { $0.role == .gpu && !TotalRule.isPattern($0.name) }
        if isRail { readBoards(&sample, look) }
        guard !look.isOpen else { return sample.unavailable.append(Unavailable("total", .timeout)) }
        sample.total = choice.total(of: sample.rails)
        isMeteredByBatteries = choice.chosen == nil
        // Once a rule was in use, what its sum covers is not exchanged for something else.
        if choice.chosen == nil { sample.total = devices.supplies.total(of: sample.rails, &buffer) }
        // What a graphics board alone may draw, only its own limit says: a rating is that of the machine around it.
        let isUnlimited = sample.total?.scope == .gpuBoard && graphicsNames.contains { limits[$0] == nil }
        if isUnlimited { sample.total = nil }
        // A rail that was not found may be one of those that could not be looked at.
        let missing = devices.unreadRails.first?.reason ?? .absent
        if let chosen = choice.chosen {
            for name in choice.rules[chosen].rails where !railNames.contains(name) {
                sample.unavailable.append(Unavailable(name, missing))
            }
        }
        if sample.total == nil {
            let failed = sample.unavailable.first { entry in
                choice.rules.contains { $0.rails.contains(entry.what) } && railNames.contains(entry.what)
            }
            sample.unavailable.append(
                Unavailable(
                    "total", choice.rules.isEmpty || isUnlimited ? .notSupported : failed?.reason ?? missing))
        }
    }

    /// The power of graphics boards, and what their counters gained.
    private func readBoards(_ sample: inout TelemetrySample, _ look: GraphicsBoards.Look) {
        let names = look.boards.filter { !$0.lacks(.power) || !$0.lacks(.energy) }.map { $0.name }
        if names != graphicsNames {
            graphicsNames = names
            chooseAmongRules()
        }
        for board in look.boards where names.contains(board.name) {
            let power = board.values[.power].map { Power(milliwatts: $0) } ?? board.counter?.power
            guard power != nil || board.counter != nil else {
                sample.unavailable.append(Unavailable(board.name, board.reason(for: [.power, .energy], look)))
                continue
            }
            sample.rails.append(
                RailReading(
                    name: board.name, role: profile.rail(board.name)?.role ?? .gpu,
                    counter: board.counter?.register, power: power, time: board.time, source: .nvml))
            limits[board.name] = board.values[.limit].map { Power(milliwatts: $0) }
        }
    }

    private func note(
        _ reading: Reading<RailReading>, _ name: String, _ sample: inout TelemetrySample, at time: ReadingTime? = nil
    ) {
        switch reading {
        case .value(var reading):
            reading.time = time
            sample.rails.append(reading)
        case .unavailable(let reason): sample.unavailable.append(Unavailable(name, reason))
        }
    }

    /// The board first, where its total is known, then the batteries.
    private func addSources(_ sample: inout TelemetrySample) {
        defer { looks = nil }
        for probe in devices.counters { limits[probe.name] = slow.limits[probe.name] }
        if sample.total != nil {
            sample.sources = [
                EnergySource(boardIn: sample, profile: profile, evidence: evidence, limits: limits)
            ]
            sample.sources[0].looks = looks
        }
        for battery in devices.supplies.batteries {
            var traits = SourceTraits(method: "power_supply:" + battery.name, direction: .netOutput)
            traits.step = Power(milliwatts: 1)
            // One meter charges once: what the batteries charge, the board that they are the total of does not.
            if isMeteredByBatteries { traits.parent = SourceDeclaration.boardName }
            let source = EnergySource(
                name: battery.source, kind: .battery, evidence: evidence, power: sample.power(ofRail: battery.name),
                traits: traits)
            if !sample.sources.contains(where: { $0.name == source.name }) { sample.sources.append(source) }
        }
    }
}
