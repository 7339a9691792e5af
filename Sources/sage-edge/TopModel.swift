import Gateway
import Telemetry

/// What `top` shows: the last sample with what came before it, and the agent's own state.
struct TopModel: Equatable {
    /// Rails and zones whose past is kept.
    static let seriesLimit = 64
    /// The length of time over which the flow of credits is told.
    static let flowMilliseconds: Int64 = 60_000

    var sample = SampleView()
    /// From here on capacity falls; nil where nobody says it.
    var softMillidegrees: Int64?
    /// Here the board slows itself down.
    var throttleMillidegrees: Int64?
    /// The board's rated power, in milliwatts.
    var ratedMilliwatts: Int64?
    /// Whether nobody rated it, and that is the profile's guess.
    var isRatedByGuess = false
    /// The agent's state; nil where none runs.
    var agent: Agent?
    /// Where the sample is from, where it is from no agent.
    var files: String?
    var tasks: [Task] = []
    var peers: [Peer] = []
    /// What keeps the view from being of now.
    var message: String?
    var wallMilliseconds: Int64 = 0
    var intervalSeconds: Int64 = 1
    var isPaused = false
    var showsHelp = false

    private(set) var total = Series()
    private(set) var heat = Series()
    private(set) var rails: [String: Series] = [:]
    private(set) var flows: [Flow] = []

    struct Agent: Equatable {
        var platform: String
        var state: String
        var uptimeMilliseconds: Int64
        var isReplayed: Bool
        var storeFault: String?
        var memoryForTasks: Int64?
        var registerMillijoules: Int64?
        var credits: Credits?
        var running: Int64
        var queued: Int64
        var elsewhere: Int64
        var forOthers: Int64
        var peersUp: Int64
        var peersKnown: Int64
        var pages: Int64
        var chargeRefusal: String?
        /// What slows, or slowed, the board down since its start.
        var causes: [ToldCause]
        /// The sources of energy, the board first.
        var sources: [ToldSource]
        var decisions: [Decision]
    }

    struct Credits: Equatable {
        var available: Int64
        var locked: Int64
        var reserved: Int64
        var adp: Int64
        var supply: Int64
        var nextExpiry: Int64?
        var nextExpiryMilliseconds: Int64?
    }

    struct Decision: Equatable {
        var agoMilliseconds: Int64
        var operation: String
        var text: String
    }

    struct Task: Equatable {
        var id: String
        var role: String
        var operation: String
        var state: String
        var platform: String
        var budget: Int64?
        var paid: Int64?
    }

    struct Peer: Equatable {
        var name: String
        var address: String?
        var isUp: Bool
        var heardMillisecondsAgo: Int64?
        var roundTripMilliseconds: Int64?
        var freeMemory: Int64?
        var available: Int64?
        var loadBasisPoints: Int64?
        var moneyStoppedBecause: String?
    }

    /// What has gone through the account since the ledger began, at one time.
    struct Flow: Equatable {
        var bootMilliseconds: Int64
        var charged: Int64
        var received: Int64
        var sent: Int64
        var discharged: Int64
        var expired: Int64
    }

    /// The sources beside the board, as the agent tells them, or else as the sample shows them.
    var furtherSources: [ToldSource] {
        if let agent { return Array(agent.sources.dropFirst()) }
        let isBoardFirst = sample.sources.first?.kind == "compute"
        return sample.sources.dropFirst(isBoardFirst ? 1 : 0).map { source in
            // Nobody keeps a register without an agent; a battery's power is its rail's.
            let rail = sample.rails.first {
                source.name == "battery:" + $0.name || source.name.hasPrefix("battery:" + $0.name + "-")
            }
            return ToldSource(
                source: source.name, name: source.name, evidence: EvidenceClass(name: source.evidence),
                isReporting: sample.reason(of: source.name) == nil, milliwatts: rail.map { $0.microwatts / 1000 },
                chargedMillijoules: 0)
        }
    }

    // MARK: Taking in

    /// Takes in a sample, as the newest.
    mutating func take(_ sample: SampleView) {
        self.sample = sample
        total.append(sample.total?.microwatts)
        heat.append(sample.hottest?.millidegrees)
        for rail in sample.rails where rails[rail.name] == nil && rails.count < TopModel.seriesLimit {
            rails[rail.name] = Series()
        }
        for name in rails.keys { rails[name]?.append(sample.rails.first { $0.name == name }?.microwatts) }
    }

    /// Takes in a `status` answer that came at `now`; nil where no agent runs.
    mutating func take(status: JSONValue?, at now: Int64) {
        guard let status else {
            agent = nil
            flows = []
            tasks = []
            peers = []
            return
        }
        let board = status["board"] ?? .null
        let ledger = status["ledger"]
        softMillidegrees = board["soft_millidegrees"]?.number
        throttleMillidegrees = board["throttle_millidegrees"]?.number
        ratedMilliwatts = board["rated_mw"]?.number
        isRatedByGuess = board["rated_guessed"] == .boolean(true)
        agent = Agent(
            platform: status.word("platform"), state: status.word("state"),
            uptimeMilliseconds: status["uptime_ms"]?.number ?? 0, isReplayed: board["replayed"] == .boolean(true),
            storeFault: status["store_fault"]?.text, memoryForTasks: board["memory_for_tasks_bytes"]?.number,
            registerMillijoules: status["energy"]?.amount("register_mj"), credits: ledger.map { Credits($0) },
            running: status.count("tasks", "running"), queued: status.count("tasks", "queued"),
            elsewhere: status.count("tasks", "elsewhere"), forOthers: status.count("tasks", "for_others"),
            peersUp: status.count("peers", "up"), peersKnown: status.count("peers", "known"),
            pages: status.count("energy", "pages"), chargeRefusal: status["energy"]?["charge_refused"]?.text,
            causes: ToldCause.all(status), sources: ToldSource.all(status),
            decisions: (status["decisions"]?.elements ?? []).map { decision in
                Decision(
                    agoMilliseconds: decision["ago_ms"]?.number ?? 0, operation: decision.word("operation"),
                    text: decision.word("decision"))
            })
        guard let ledger else { return flows = [] }
        let flow = Flow(
            bootMilliseconds: now, charged: ledger.amount("charged_mj") ?? 0,
            received: ledger.amount("received_mj") ?? 0, sent: ledger.amount("sent_mj") ?? 0,
            discharged: ledger.amount("discharged_mj") ?? 0, expired: ledger.amount("expired_mj") ?? 0)
        flows.append(flow)
        // One from before the span stays, so that the whole span is covered.
        while flows.count > 2, flows[1].bootMilliseconds <= now - TopModel.flowMilliseconds { flows.removeFirst() }
        if flows.count > Series.limit { flows.removeFirst() }
    }

    /// Takes in a `tasks` answer.
    mutating func take(tasks answer: JSONValue) {
        tasks = (answer["tasks"]?.elements ?? []).map { task in
            Task(
                id: String(task.word("task").prefix(8)), role: task.word("role"), operation: task.word("operation"),
                state: task.word("state"), platform: task.word("platform"), budget: task.amount("budget_mj"),
                paid: task.amount("paid_mj"))
        }
    }

    /// Takes in a `peers` answer.
    mutating func take(peers answer: JSONValue) {
        peers = (answer["peers"]?.elements ?? []).map { peer in
            Peer(
                name: peer.word("peer"), address: peer["address"]?.text, isUp: peer["up"] == .boolean(true),
                heardMillisecondsAgo: peer["heard_ms_ago"]?.number,
                roundTripMilliseconds: peer["round_trip_ms"]?.number,
                freeMemory: peer["free_memory_bytes"]?.number, available: peer.amount("available_mj"),
                loadBasisPoints: peer["load_bp"]?.number,
                moneyStoppedBecause: peer["money_stopped_because"]?.text)
        }
    }

    /// What has gone through the account within the span that is told, and how long that is.
    var flow: (moved: Flow, milliseconds: Int64)? {
        guard let first = flows.first, let last = flows.last, last.bootMilliseconds > first.bootMilliseconds else {
            return nil
        }
        let moved = Flow(
            bootMilliseconds: last.bootMilliseconds, charged: last.charged &- first.charged,
            received: last.received &- first.received, sent: last.sent &- first.sent,
            discharged: last.discharged &- first.discharged, expired: last.expired &- first.expired)
        return (moved, last.bootMilliseconds - first.bootMilliseconds)
    }
}

extension TopModel.Credits {
    init(_ ledger: JSONValue) {
        available = ledger.amount("available_mj") ?? 0
        locked = ledger.amount("locked_mj") ?? 0
        reserved = ledger.amount("reserved_mj") ?? 0
        adp = ledger.amount("adp_mj") ?? 0
        supply = ledger.amount("supply_mj") ?? 0
        nextExpiry = ledger.amount("next_expiry_mj")
        nextExpiryMilliseconds = ledger["next_expiry_ms"]?.number
    }
}

extension JSONValue {
    /// A count within a member of the object; 0 where it is not there.
    fileprivate func count(_ member: String, _ name: String) -> Int64 { self[member]?[name]?.number ?? 0 }
}
