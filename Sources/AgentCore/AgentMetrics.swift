import EnergyProofs
import Federation
import Ledger
import Link
import Quantities
import Telemetry
import Wire

/// How the HTTP gateway around an agent stands.
public enum GatewayState: Hashable, Sendable {
    /// None is wanted.
    case off
    /// Requests are taken at this address.
    case listening(String)
    /// None are taken there, and why.
    case failed(String, fault: String)
}

/// Everything about an agent that can be counted, as it was after the last event.
///
/// Reading it changes nothing and asks no sensor. It may be ahead of what is durable by the writes under way.
public struct AgentMetrics: Sendable {
    /// The platform's name.
    public let platform: String
    /// Why nothing can be stored; nil in ordinary life.
    public let storeFault: String?
    /// How long the agent has been running.
    public let uptime: TimeSpan
    /// The last sample; nil before the first.
    public let sample: TelemetrySample?
    /// How old that is.
    public let sampleAge: TimeSpan?
    /// Whether the last sample lacks a total that the board should have.
    public let isTotalMissing: Bool
    /// What was measured of the board since the agent's start; nil where it is not metered.
    public let measured: EnergyRegister?
    /// The sources that are metered here, the board first.
    public let sources: [SourceView]
    /// The rails of the sample that are parts of the whole, none of them inside another.
    public let rails: [RailReading]
    /// What each of them has drawn, in their order; nil where it is not known.
    public let railMicrojoules: [UInt64?]
    /// What is known of each cause of the sample, in the order of the sample; nil of one that never acted.
    public let throttle: [ThrottleCause?]
    /// Power that the board is rated for now.
    public let rated: Power
    /// The temperatures that matter on this board.
    public let limits: HardwareProfile.Thermal
    /// What has happened since the start.
    public let counters: AgentCounters
    /// Credits of the home account; nil while the store cannot be used.
    public let credits: Credits?
    /// Tasks under way.
    public let figures: AgentFigures
    /// The peers, in the order of their keys.
    public let peers: [Peer]
    /// What became of received datagrams.
    public let link: LinkCounters

    /// What the ledger holds.
    public struct Credits: Sendable {
        /// Can be spent.
        public let available: Energy
        /// Set aside for tasks of others.
        public let locked: Energy
        /// Set aside for tasks here.
        public let reserved: Energy
        /// The pool that nothing was charged from yet.
        public let pool: Energy
        /// All own tokens.
        public let supply: Energy
    }

    /// How a peer does.
    public struct Peer: Sendable {
        /// Its platform's name.
        public let name: String
        /// Whether it was heard within three heartbeats.
        public let isUp: Bool
        /// Its link; nil where it has none.
        public let link: LinkPeerStatus?
        /// Money messages that wait for it.
        public let waiting: Int
    }
}

extension AgentMachine {
    /// What can be counted now, at `now`.
    ///
    /// Complexity: O(tasks + peers + rails).
    public func metrics(at now: BootTime) -> AgentMetrics {
        let sample = shownSample
        let parts = sample.map { settings.profile.parts(in: $0) } ?? []
        var credits: AgentMetrics.Credits?
        if storeFault == nil, let summary = ledger.image.summary {
            let row = ledger.image.account(account)
            credits = AgentMetrics.Credits(
                available: row.available, locked: row.locked, reserved: row.reserved, pool: summary.adp,
                supply: summary.supply)
        }
        return AgentMetrics(
            platform: identity.platform.text, storeFault: storeFault ?? storeDoubt, uptime: now.since(startedAt),
            sample: sample,
            sampleAge: sample.map { now.since($0.taken) }, isTotalMissing: sensors.isTotalMissing,
            measured: energy.measured, sources: sourceViews,
            rails: parts, railMicrojoules: parts.map { rails.microjoules(of: $0.name) },
            throttle: sample?.throttle.map { reading in
                throttleCauses.first { $0.cause == reading.cause }
            } ?? [], rated: energy.rated,
            limits: settings.profile.thermal, counters: counters, credits: credits, figures: figures,
            peers: peers.keys.sorted().compactMap { id in
                peers[id].map {
                    AgentMetrics.Peer(
                        name: $0.name.text, isUp: isUp($0), link: link.status(of: $0.linkID),
                        waiting: outbox[id]?.count ?? 0)
                }
            }, link: link.counters)
    }

    /// The last sample with the registers of its sources.
    var shownSample: TelemetrySample? {
        guard var sample = energy.sample else { return nil }
        let hasBoard = sample.boardSource != nil
        for index in sample.sources.indices {
            let isBoard = hasBoard && index == 0
            let name = sample.sources[index].name
            let source = isBoard ? nil : further.sources.first { $0.name == name }
            if let register = isBoard ? energy.register : source?.meter.register {
                sample.sources[index].register = register
            }
            sample.sources[index].hasRegister = source?.declaredPower == nil
        }
        return sample
    }

    /// Whether it is ready to be asked: its store is open and it has seen its board; else why not.
    public var unreadiness: [String] {
        var reasons: [String] = []
        if let fault = storeFault ?? storeDoubt { reasons.append("the store cannot be used: " + fault) }
        if energy.sample == nil { reasons.append("no sample has been taken yet") }
        if isStopping { reasons.append("the agent is shutting down") }
        return reasons
    }

    /// The agent's health as federation clients read it: `status` is `healthy` or `degraded`.
    ///
    /// One that does not read what it should can be asked all the same, and is degraded.
    public func healthJSON(at now: BootTime) -> String {
        let reasons = unreadiness + sensorFaults
        let completed = [AgentCounters.TaskEnd.done, .workPaid, .clientDone].reduce(UInt64(0)) {
            $0 + counters.tasks[$1, default: 0]
        }
        return AgentViews.object { json in
            json.member("active_tasks", active.count + queue.count)
            json.member("completed_tasks", completed)
            json.member("delegation_open", settings.opensDelegation)
            json.member("peers_known", peers.count)
            json.member("peers_up", peers.values.filter { isUp($0) }.count)
            json.member("platform", identity.platform.text)
            json.key("reasons")
            json.beginArray()
            for reason in reasons { json.string(reason) }
            json.endArray()
            json.member("signatures_verified", settings.verifiesSignatures)
            json.member("status", reasons.isEmpty ? "healthy" : "degraded")
            json.member("uptime_ms", now.since(startedAt).milliseconds)
        }
    }

    /// How the HTTP gateway stands, as `status` shows it.
    func writeGateway(to json: inout JSONWriter) {
        json.beginObject()
        switch gateway {
        case .off: json.member("state", "off")
        case .listening(let address):
            json.member("state", "listening")
            json.member("address", address)
        case .failed(let address, let fault):
            json.member("state", "failed")
            json.member("address", address)
            json.member("fault", fault)
        }
        json.member("signatures_verified", settings.verifiesSignatures)
        json.member("delegation_open", settings.opensDelegation)
        json.endObject()
    }

    /// The board's sources of energy: registers, classes, and the newest pages that are in memory, newest first.
    var energyJSON: String {
        AgentViews.object { json in
            json.member("platform", identity.platform.text)
            json.member("sample_ms_ago", energy.sample.map { now.boot.since($0.taken).milliseconds })
            json.member("power_mw", boardPower?.milliwatts)
            json.member("rated_mw", energy.rated.milliwatts)
            json.key("sources")
            json.beginArray()
            for view in sourceViews { view.write(to: &json, now: now.boot) }
            json.endArray()
            json.key("pages")
            json.beginArray()
            for page in recentPages.suffix(AgentLimits.shownPages).reversed() { page.write(to: &json) }
            json.endArray()
        }
    }
}
