/// One family of metrics: what it counts, in base units.
///
/// docs/http.md lists them all; a test holds it to this table.
public struct MetricFamily: Hashable, Sendable {
    /// What kind of numbers it has.
    public enum Kind: String, Sendable {
        /// Only rises; its samples end in `_total`.
        case counter
        /// Rises and falls.
        case gauge
        /// How many values were up to each bound.
        case histogram
        /// Labels alone; its samples end in `_info`.
        case info
    }

    /// Its name, without the end that its kind gives to samples.
    public let name: String
    /// Its kind.
    public let kind: Kind
    /// The names of its labels.
    public let labels: [String]
    /// What it says, for a person.
    public let help: String

    init(_ name: String, _ kind: Kind, _ labels: [String] = [], _ help: String) {
        self.name = name
        self.kind = kind
        self.labels = labels
        self.help = help
    }

    /// The name of its samples, in queries.
    public var sampleName: String {
        switch kind {
        case .counter: name + "_total"
        case .info: name + "_info"
        case .gauge, .histogram: name
        }
    }

    /// The unit that its name ends in; nil where it has none.
    var unit: String? {
        MetricFamily.units.first { name.hasSuffix("_" + $0) }
    }

    private static let units = [
        "joules", "watts", "volts", "amperes", "celsius", "bytes", "seconds", "hertz", "ratio",
    ]
}

extension MetricFamily {
    static let buildInfo = MetricFamily("sage_edge_build", .info, ["version"], "The program.")
    static let boardInfo = MetricFamily(
        "sage_edge_board", .info, ["platform", "profile", "model", "l4t"], "The board and its hardware profile.")
    static let powerModeInfo = MetricFamily(
        "sage_edge_power_mode", .info, ["mode"], "The power mode that is set, where there is one.")
    static let reloadSuccessful = MetricFamily(
        "sage_edge_config_last_reload_successful", .gauge, [], "Whether the configuration was read last without fault.")
    static let storeOpen = MetricFamily("sage_edge_store_open", .gauge, [], "Whether the ledger's store can be used.")

    static let hostEnergy = MetricFamily(
        "sage_edge_host_energy_joules", .counter, [],
        "Energy of the whole board since the agent began, by its profile's total.")
    static let hostPower = MetricFamily(
        "sage_edge_host_power_watts", .gauge, ["scope"],
        "Power of the whole, by the profile's total, and what it covers.")
    static let hostRated = MetricFamily(
        "sage_edge_host_rated_watts", .gauge, [], "Power that the board is rated for in its mode.")
    static let sourceEnergy = MetricFamily(
        "sage_edge_source_energy_joules", .counter, ["source", "kind", "class"],
        "Energy of a source since the agent began.")
    static let sourcePower = MetricFamily(
        "sage_edge_source_power_watts", .gauge, ["source"], "Power of a source, where the last sample shows it.")
    static let railEnergy = MetricFamily(
        "sage_edge_rail_energy_joules", .counter, ["rail"], "Energy of a rail since the agent began.")
    static let railPower = MetricFamily("sage_edge_rail_power_watts", .gauge, ["rail"], "Power of a rail.")
    static let railVoltage = MetricFamily("sage_edge_rail_voltage_volts", .gauge, ["rail"], "Voltage of a rail.")
    static let railCurrent = MetricFamily("sage_edge_rail_current_amperes", .gauge, ["rail"], "Current of a rail.")
    static let temperature = MetricFamily(
        "sage_edge_temperature_celsius", .gauge, ["zone"], "Temperature of a thermal zone.")
    static let temperatureLimit = MetricFamily(
        "sage_edge_temperature_limit_celsius", .gauge, ["limit"],
        "Temperatures at which the profile takes no more tasks (soft) and the board slows down (throttle).")
    static let throttled = MetricFamily(
        "sage_edge_throttled", .gauge, ["cause"], "Whether the board is slowed down for this cause now.")
    static let throttleState = MetricFamily(
        "sage_edge_throttle_state", .gauge, ["cause"], "The step in force for this cause; 0 is none.")
    static let throttleMaximum = MetricFamily(
        "sage_edge_throttle_max_state", .gauge, ["cause"], "The highest step that this cause has.")
    static let throttledTime = MetricFamily(
        "sage_edge_throttled_seconds", .counter, ["cause"],
        "For how long the board has been slowed down for this cause.")
    static let throttleEvents = MetricFamily(
        "sage_edge_throttle_events", .counter, ["cause"],
        "How often the board began to be slowed down for this cause, or how many events its counter counted.")
    static let memoryAvailable = MetricFamily(
        "sage_edge_memory_available_bytes", .gauge, [], "Memory that could be given to new work without swapping.")
    static let memoryTotal = MetricFamily(
        "sage_edge_memory_total_bytes", .gauge, [], "Memory that the kernel manages; on a Jetson the GPU shares it.")
    static let gpuUtilization = MetricFamily("sage_edge_gpu_utilization_ratio", .gauge, [], "Load of the GPU.")
    static let gpuFrequency = MetricFamily(
        "sage_edge_gpu_frequency_hertz", .gauge, [], "Clock of the GPU; 0 while it is powered down.")

    static let samples = MetricFamily("sage_edge_samples", .counter, [], "Samples of the board that were taken.")
    static let samplesMissed = MetricFamily(
        "sage_edge_samples_missed", .counter, [], "Samples that were due while the last one was still being taken.")
    static let sampleDuration = MetricFamily(
        "sage_edge_sample_duration_seconds", .gauge, [], "How long the last sample took.")
    static let sampleAge = MetricFamily("sage_edge_sample_age_seconds", .gauge, [], "How old the last sample is.")
    static let collectorSuccess = MetricFamily(
        "sage_edge_collector_success", .gauge, ["collector"],
        "Whether a part of the sample was read; none for what the board does not have.")
    static let unavailable = MetricFamily(
        "sage_edge_readings_unavailable", .gauge, ["reason"], "Readings that the last sample could not get, by reason.")

    static let pages = MetricFamily(
        "sage_edge_energy_proofs", .counter, ["result"], "Energy pages made, by what the charging gate said to them.")
    static let credits = MetricFamily(
        "sage_edge_atp_joules", .gauge, ["state"], "Credits of the board's account; one ATP is one joule.")
    static let pool = MetricFamily(
        "sage_edge_adp_joules", .gauge, [], "The pool of tokens that no proof has charged yet.")
    static let tasks = MetricFamily(
        "sage_edge_tasks", .counter, ["outcome"], "Tasks that ended, own ones and those of peers (work_…).")
    static let handedOn = MetricFamily(
        "sage_edge_tasks_handed_on", .counter, ["outcome"], "Tasks of peers that were handed on to a further board.")
    static let activeTasks = MetricFamily("sage_edge_tasks_active", .gauge, ["state"], "Tasks under way.")
    static let taskDuration = MetricFamily(
        "sage_edge_task_duration_seconds", .histogram, ["where"], "Execution time of runs that gave a result.")
    static let taskEnergy = MetricFamily(
        "sage_edge_task_energy_joules", .histogram, ["where"], "Energy of runs that gave a result.")
    static let decisions = MetricFamily(
        "sage_edge_decisions", .counter, ["outcome", "reason"], "Decisions where a task is to run, and why.")
    static let taskProcessor = MetricFamily(
        "sage_edge_task_processor_seconds", .counter, ["where"], "Processor time of workers, user and system.")
    static let taskGraphicsClaimed = MetricFamily(
        "sage_edge_task_gpu_claimed_seconds", .counter, ["where"], "Time of graphics processors that workers claim.")
    static let words = MetricFamily(
        "sage_edge_peer_words", .counter, ["result"], "Paid tasks of peers, by whether they took what the peer says.")

    static let peerUp = MetricFamily(
        "sage_edge_peer_up", .gauge, ["peer"], "Whether a peer was heard within three heartbeats.")
    static let peerRoundTrip = MetricFamily(
        "sage_edge_peer_round_trip_seconds", .gauge, ["peer"], "Smoothed round trip to a peer.")
    static let peerSent = MetricFamily(
        "sage_edge_link_peer_datagrams_sent", .counter, ["peer"], "Datagrams sent in sessions with a peer.")
    static let peerReceived = MetricFamily(
        "sage_edge_link_peer_datagrams_received", .counter, ["peer"], "Authentic datagrams received from a peer.")
    static let peerLost = MetricFamily(
        "sage_edge_link_peer_datagrams_lost", .counter, ["peer"], "Datagrams to a peer that were found lost.")
    static let peerSessions = MetricFamily(
        "sage_edge_link_peer_sessions", .counter, ["peer"], "Sessions established with a peer.")
    static let peerWaiting = MetricFamily(
        "sage_edge_peer_waiting_messages", .gauge, ["peer"], "Money messages that wait for a peer's answer.")
    static let linkSent = MetricFamily("sage_edge_link_datagrams_sent", .counter, [], "Datagrams sent.")
    static let linkReceived = MetricFamily(
        "sage_edge_link_datagrams_received", .counter, ["verdict"], "Datagrams received, by what became of them.")

    static let httpRequests = MetricFamily(
        "sage_edge_http_requests", .counter, ["code"],
        "Requests answered over HTTP, by the class of their status, but for malformed ones.")
    static let httpConnections = MetricFamily(
        "sage_edge_http_connections", .gauge, [], "Connections over HTTP at present.")

    static let loopTurn = MetricFamily(
        "sage_edge_loop_turn_seconds", .histogram, [],
        "Time from one wait of the agent's loop to the next, in which nobody else is served.")

    static let processorTime = MetricFamily(
        "process_cpu_seconds", .counter, [], "Processor time of the agent, its workers not included.")
    static let residentMemory = MetricFamily(
        "process_resident_memory_bytes", .gauge, [], "Memory of the agent that is resident.")
    static let openDescriptors = MetricFamily("process_open_fds", .gauge, [], "Descriptors that the agent has open.")
    static let startTime = MetricFamily(
        "process_start_time_seconds", .gauge, [], "When the agent began, in seconds since 1970.")

    /// Every family, in the order in which they are told.
    public static let all = [
        buildInfo, boardInfo, powerModeInfo, reloadSuccessful, storeOpen, hostEnergy, hostPower, hostRated,
        sourceEnergy,
        sourcePower, railEnergy, railPower, railVoltage, railCurrent, temperature, temperatureLimit, throttled,
        throttleState, throttleMaximum, throttledTime, throttleEvents, memoryAvailable, memoryTotal, gpuUtilization,
        gpuFrequency, samples, samplesMissed,
        sampleDuration, sampleAge, collectorSuccess, unavailable, pages, credits, pool, tasks, handedOn, activeTasks,
        taskDuration, taskEnergy, taskProcessor, taskGraphicsClaimed, decisions, words, peerUp, peerRoundTrip, peerSent,
        peerReceived, peerLost, peerSessions,
        peerWaiting, linkSent, linkReceived, httpRequests, httpConnections, loopTurn, processorTime, residentMemory,
        openDescriptors, startTime,
    ]
}
