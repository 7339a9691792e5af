import Gateway

/// A cause of throttling as an agent's `status` tells it: since when, how deep, how often.
struct ToldCause: Equatable {
    var name: String
    var isActive: Bool
    /// How long ago it began, the last time.
    var sinceMilliseconds: Int64?
    /// How long ago it ended; nil while it acts.
    var endedMilliseconds: Int64?
    /// The step in force, or the counter's value since the board's start.
    var state: Int64
    /// The highest step; nil for a counter.
    var maximum: Int64?
    /// The highest step since it began, or the events counted since then.
    var depth: Int64
    /// How often it began since the agent's start; of a counter, the events counted.
    var events: Int64
    /// For how long it acted since the agent's start.
    var milliseconds: Int64

    /// Whether the board is slowed down by it now; a counter that rises is a signal, and slows nothing down.
    var isThrottling: Bool { isActive && maximum != nil }

    /// Whether it acted since the agent's start.
    var hasActed: Bool { events > 0 }

    /// How deep it is, or was: `1 of 2, max 2`, or `15 events`.
    var depthText: String {
        guard let maximum else { return counted(isActive || hasActed ? depth : 0, "event") }
        return isActive ? "\(state) of \(maximum)" + (depth > state ? ", max \(depth)" : "") : "\(depth) of \(maximum)"
    }

    /// Since when it acts, or how long ago it ended: `for 12.3 s`, or `12.3 s ago`.
    var timeText: String {
        if isActive { return "for " + (sinceMilliseconds.map { duration(milliseconds: $0) } ?? "?") }
        return endedMilliseconds.map { duration(milliseconds: $0) + " ago" } ?? "never"
    }

    /// What it came to since the agent's start: `3 times, 1 min 4 s`, or `4711 in all`.
    var oftenText: String {
        maximum == nil ? "\(events) in all" : counted(events, "time") + ", " + duration(milliseconds: milliseconds)
    }
}

extension ToldCause {
    /// The causes in a `status` answer: those that slow the board down first, then by how lately they acted.
    static func all(_ status: JSONValue) -> [ToldCause] {
        let causes = (status["throttle"]?.elements ?? []).compactMap { ToldCause($0) }
        let order = causes.indices.sorted { (causes[$0].rank, $0) < (causes[$1].rank, $1) }
        return order.map { causes[$0] }
    }

    private var rank: Int64 { isThrottling ? -2 : isActive ? -1 : endedMilliseconds ?? .max }

    private init?(_ value: JSONValue) {
        guard let name = value["cause"]?.text else { return nil }
        self.init(
            name: name, isActive: value["active"] == .boolean(true), sinceMilliseconds: value["since_ms_ago"]?.number,
            endedMilliseconds: value["ended_ms_ago"]?.number, state: value["state"]?.number ?? 0,
            maximum: value["max"]?.number, depth: value["depth"]?.number ?? 0, events: value["events"]?.number ?? 0,
            milliseconds: value["time_ms"]?.number ?? 0)
    }
}

/// A number of things, `1 event` or `15 events`.
func counted(_ number: Int64, _ word: String) -> String { "\(number) \(word)" + (number == 1 ? "" : "s") }
