import AgentCore
import EnergyProofs
import Link
import Quantities
import Telemetry
import Wire

/// What the program around the core knows of itself.
public struct ProgramMetrics: Sendable {
    /// The program's version.
    public var version: String
    /// Whether the configuration was read last without fault.
    public var isConfigurationGood: Bool
    /// Samples that were taken.
    public var samples: UInt64
    /// Samples that were due while the last one was still being taken.
    public var missedSamples: UInt64
    /// How long the last sample took, in microseconds.
    public var sampleMicroseconds: Int64?
    /// Answers by the first digit of their status, 2 to 5.
    public var answers: [UInt64]
    /// Connections at present.
    public var connections: Int
    /// Turns of the loop, in microseconds.
    public var turns: Histogram
    /// Processor time in microseconds; nil where the kernel does not tell.
    public var processorMicroseconds: Int64?
    /// Memory that is resident; nil where the kernel does not tell.
    public var residentMemory: ByteCount?
    /// Descriptors that are open; nil where the kernel does not tell.
    public var openDescriptors: Int?
    /// When the process began.
    public var started: WallTime

    /// A program that has just begun.
    public init(version: String, started: WallTime) {
        self.version = version
        self.started = started
        isConfigurationGood = true
        samples = 0
        missedSamples = 0
        answers = [0, 0, 0, 0]
        connections = 0
        turns = Histogram(bounds: [100, 500, 1000, 5000, 20_000, 100_000, 1_000_000])
    }

    /// Counts an answer with `status`.
    public mutating func count(status: UInt32) {
        let row = Int(status / 100) - 2
        if answers.indices.contains(row) { answers[row] += 1 }
    }
}

/// The page of metrics: the agent's figures, then the program's.
public struct MetricsPage {
    private let agent: AgentMetrics
    private let program: ProgramMetrics
    private var page: MetricsText

    /// The page in `format`.
    ///
    /// - Complexity: O(rails + zones + peers).
    public static func text(_ agent: AgentMetrics, _ program: ProgramMetrics, _ format: MetricsFormat) -> String {
        var page = MetricsPage(agent, program, format)
        page.writeIdentity()
        page.writePower()
        page.writeBoard()
        page.writeSampling()
        page.writeCredits()
        page.writeTasks()
        page.writePeers()
        page.writeProgram()
        page.page.end()
        return page.page.text
    }

    private init(_ agent: AgentMetrics, _ program: ProgramMetrics, _ format: MetricsFormat) {
        self.agent = agent
        self.program = program
        page = MetricsText(format)
    }

    private mutating func writeIdentity() {
        page.sample(.buildInfo, [program.version], MetricValue(1))
        if let board = agent.sample?.board {
            page.sample(
                .boardInfo, [agent.platform, board.profile, board.model ?? "", board.l4t ?? ""], MetricValue(1))
        }
        if let mode = agent.sample?.powerMode {
            page.sample(.powerModeInfo, [mode.name ?? "\(mode.identifier)"], MetricValue(1))
        }
        page.sample(.reloadSuccessful, MetricValue(program.isConfigurationGood))
        page.sample(.storeOpen, MetricValue(agent.storeFault == nil))
    }

    private mutating func writePower() {
        let sample = agent.sample
        page.sample(.hostEnergy, agent.measured.map { MetricValue($0.microjoules, digits: 6) })
        // What is not believed of the board is no power.
        if let total = sample?.total, total.isComplete, !agent.isTotalMissing {
            if let power = total.power {
                page.sample(.hostPower, [total.scope.rawValue], MetricValue(power.microwatts, digits: 6))
            }
        }
        page.sample(.hostRated, MetricValue(agent.rated.microwatts, digits: 6))
        for source in agent.sources {
            page.sample(
                .sourceEnergy, [source.source.text, source.source.kind.name, source.evidence?.name ?? "unknown"],
                source.measured.map { MetricValue($0.microjoules, digits: 6) })
        }
        for source in agent.sources where source.isReporting {
            page.sample(.sourcePower, [source.source.text], source.power.map { MetricValue($0.microwatts, digits: 6) })
        }
        let rails = named(agent.rails) { $0.name }
        for ((name, _), energy) in zip(rails, agent.railMicrojoules) {
            page.sample(.railEnergy, [name], energy.map { MetricValue($0, digits: 6) })
        }
        for (name, rail) in rails {
            guard let power = rail.power else { continue }
            page.sample(.railPower, [name], MetricValue(power.microwatts, digits: 6))
        }
        for (name, rail) in rails {
            page.sample(.railVoltage, [name], rail.voltage.map { MetricValue($0.millivolts, digits: 3) })
        }
        for (name, rail) in rails {
            page.sample(.railCurrent, [name], rail.current.map { MetricValue($0.milliamperes, digits: 3) })
        }
    }

    private mutating func writeBoard() {
        guard let sample = agent.sample else { return }
        for (name, zone) in named(sample.zones, { $0.name }) {
            page.sample(.temperature, [name], MetricValue(zone.temperature.millidegrees, digits: 3))
        }
        page.sample(.temperatureLimit, ["soft"], MetricValue(agent.limits.soft.millidegrees, digits: 3))
        page.sample(.temperatureLimit, ["throttle"], MetricValue(agent.limits.throttle.millidegrees, digits: 3))
        let causes = named(sample.throttle) { $0.cause }
        for (name, cause) in causes where cause.maximum != nil {
            page.sample(.throttled, [name], MetricValue(cause.isActive))
        }
        for (name, cause) in causes where cause.maximum != nil {
            page.sample(.throttleState, [name], MetricValue(cause.state))
        }
        for (name, cause) in causes {
            page.sample(.throttleMaximum, [name], cause.maximum.map { MetricValue($0) })
        }
        let known = zip(causes, agent.throttle)
        // That a counter rises is a signal and no throttling, so it has events and no time.
        for ((name, cause), told) in known where cause.maximum != nil {
            page.sample(.throttledTime, [name], MetricValue(told?.time.milliseconds ?? 0, digits: 3))
        }
        for ((name, _), told) in known { page.sample(.throttleEvents, [name], MetricValue(told?.events ?? 0)) }
        page.sample(.memoryAvailable, sample.memory.available.map { MetricValue($0.bytes) })
        page.sample(.memoryTotal, sample.memory.total.map { MetricValue($0.bytes) })
        page.sample(.gpuUtilization, sample.gpu?.loadPermille.map { MetricValue($0, digits: 3) })
        page.sample(.gpuFrequency, sample.gpu?.frequencyKilohertz.map { MetricValue(Int128($0) * 1000) })
    }

    private mutating func writeSampling() {
        page.sample(.samples, MetricValue(program.samples))
        page.sample(.samplesMissed, MetricValue(program.missedSamples))
        page.sample(.sampleDuration, program.sampleMicroseconds.map { MetricValue($0, digits: 6) })
        page.sample(.sampleAge, agent.sampleAge.map { MetricValue($0.milliseconds, digits: 3) })
        guard let sample = agent.sample else { return }
        for (name, succeeded) in sample.collectors(isTotalMissing: agent.isTotalMissing) {
            page.sample(.collectorSuccess, [name], MetricValue(succeeded))
        }
        for reason in UnavailableReason.allCases {
            let count = sample.unavailable.count { $0.reason == reason }
            page.sample(.unavailable, [reason.rawValue], count == 0 ? nil : MetricValue(count))
        }
    }

    private mutating func writeCredits() {
        for result in AgentCounters.PageResult.allCases {
            page.sample(.pages, [result.rawValue], MetricValue(agent.counters.pages[result, default: 0]))
        }
        guard let credits = agent.credits else { return }
        page.sample(.credits, ["available"], MetricValue(credits.available.millijoules, digits: 3))
        page.sample(.credits, ["locked"], MetricValue(credits.locked.millijoules, digits: 3))
        page.sample(.credits, ["reserved"], MetricValue(credits.reserved.millijoules, digits: 3))
        page.sample(.pool, MetricValue(credits.pool.millijoules, digits: 3))
    }

    private mutating func writeTasks() {
        let counters = agent.counters
        for end in AgentCounters.TaskEnd.allCases {
            page.sample(.tasks, [end.rawValue], MetricValue(counters.tasks[end, default: 0]))
        }
        for handing in AgentCounters.Handing.allCases {
            page.sample(.handedOn, [handing.rawValue], MetricValue(counters.handings[handing, default: 0]))
        }
        page.sample(.activeTasks, ["running"], MetricValue(agent.figures.active))
        page.sample(.activeTasks, ["queued"], MetricValue(agent.figures.queued))
        page.sample(.activeTasks, ["elsewhere"], MetricValue(agent.figures.paying))
        page.sample(.activeTasks, ["for_peers"], MetricValue(agent.figures.working))
        for place in AgentCounters.Place.allCases {
            page.histogram(
                .taskDuration, [place.rawValue], counters.durations[place, default: AgentCounters.emptyDurations],
                digits: 3)
        }
        for place in AgentCounters.Place.allCases {
            page.histogram(
                .taskEnergy, [place.rawValue], counters.energies[place, default: AgentCounters.emptyEnergies], digits: 3
            )
        }
        for place in AgentCounters.Place.allCases where place != .elsewhere {
            page.sample(
                .taskProcessor, [place.rawValue], MetricValue(counters.processors[place, default: 0], digits: 3))
        }
        for place in AgentCounters.Place.allCases where place != .elsewhere {
            page.sample(
                .taskGraphicsClaimed, [place.rawValue],
                MetricValue(counters.claimedGraphics[place, default: 0], digits: 3))
        }
        for (verdict, count) in counters.decisions.sorted(by: { $0.key < $1.key }) {
            page.sample(.decisions, [verdict.outcome, verdict.reason], MetricValue(count))
        }
        for word in AgentCounters.Word.allCases {
            page.sample(.words, [word.rawValue], MetricValue(counters.words[word, default: 0]))
        }
    }

    private mutating func writePeers() {
        let peers = named(agent.peers) { $0.name }
        for (name, peer) in peers { page.sample(.peerUp, [name], MetricValue(peer.isUp)) }
        for (name, peer) in peers {
            page.sample(.peerRoundTrip, [name], peer.link?.roundTrip.map { MetricValue($0.milliseconds, digits: 3) })
        }
        for (name, peer) in peers { page.sample(.peerSent, [name], peer.link.map { MetricValue($0.datagramsSent) }) }
        for (name, peer) in peers {
            page.sample(.peerReceived, [name], peer.link.map { MetricValue($0.datagramsReceived) })
        }
        for (name, peer) in peers { page.sample(.peerLost, [name], peer.link.map { MetricValue($0.datagramsLost) }) }
        for (name, peer) in peers { page.sample(.peerSessions, [name], peer.link.map { MetricValue($0.sessions) }) }
        for (name, peer) in peers { page.sample(.peerWaiting, [name], MetricValue(peer.waiting)) }
        page.sample(.linkSent, MetricValue(agent.link.sent))
        for (verdict, count) in agent.link.received { page.sample(.linkReceived, [verdict], MetricValue(count)) }
    }

    private mutating func writeProgram() {
        for (row, count) in program.answers.enumerated() {
            page.sample(.httpRequests, ["\(row + 2)xx"], MetricValue(count))
        }
        page.sample(.httpConnections, MetricValue(program.connections))
        page.histogram(.loopTurn, [], program.turns, digits: 6)
        page.sample(.processorTime, program.processorMicroseconds.map { MetricValue($0, digits: 6) })
        page.sample(.residentMemory, program.residentMemory.map { MetricValue($0.bytes) })
        page.sample(.openDescriptors, program.openDescriptors.map { MetricValue($0) })
        page.sample(.startTime, MetricValue(program.started.milliseconds, digits: 3))
    }

    /// `things` with names that differ.
    private func named<Thing>(_ things: [Thing], _ name: (Thing) -> String) -> [(String, Thing)] {
        var names = UniqueNames()
        return things.map { (names.name(name($0)), $0) }
    }
}

extension TelemetrySample {
    /// The parts of a sample that are read apart, and whether they were; none of those that the board does not have.
    func collectors(isTotalMissing: Bool) -> [(String, Bool)] {
        let parts: [(key: String, isThere: Bool)] = [
            ("total", total?.isComplete == true && !isTotalMissing), ("zones", !zones.isEmpty), ("gpu", gpu != nil),
            ("memory", memory.available != nil), ("power_mode", powerMode != nil),
        ]
        return parts.compactMap { part in
            if part.isThere { return (part.key, true) }
            if part.key == "total", isTotalMissing { return (part.key, false) }
            switch unavailable.first(where: { $0.what == part.key || $0.what.hasPrefix(part.key + ".") })?.reason {
            case nil, .absent, .disabled, .notSupported: return nil
            default: return (part.key, false)
            }
        }
    }
}

extension LinkCounters {
    /// Received datagrams, by what became of them.
    var received: [(String, UInt64)] {
        [
            ("accepted", accepted), ("malformed", malformed), ("bad_authenticator", badAuthenticator),
            ("unknown_peer", unknownPeer), ("unknown_session", unknownSession), ("not_authentic", notAuthentic),
            ("replayed", replayed), ("challenged", challenged), ("yielded", yielded),
            ("malformed_frames", malformedFrames), ("no_room", noRoom), ("busy", busy),
        ]
    }
}
