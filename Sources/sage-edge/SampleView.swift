import Gateway
import Quantities
import Telemetry

/// A sample as the telemetry commands print it, member by member; what is `null` or missing there is nil or left out.
///
/// The agent's samples and those of this machine's own files come in the same form.
struct SampleView: Equatable {
    struct Rail: Equatable {
        var name: String
        var role: String
        var microwatts: Int64
        var source: String
    }

    struct Total: Equatable {
        var microwatts: Int64
        var isComplete: Bool
        /// The rails that it adds.
        var rails: [String]
        var scope: String

        /// The rails in words.
        var rule: String { power.rule }
        /// Whether the whole draws at least this, and perhaps more.
        var isLowerBound: Bool { !isComplete || scope == "module-lower-bound" }

        /// The total as telemetry has it.
        var power: TotalPower {
            TotalPower(
                power: Power(microwatts: microwatts), isComplete: isComplete, rails: rails,
                scope: TotalScope(rawValue: scope) ?? .internalRails)
        }
    }

    struct Mode: Equatable {
        var number: Int64
        var name: String?
        var ratedMilliwatts: Int64?
    }

    struct Zone: Equatable {
        var name: String
        var millidegrees: Int64
    }

    struct GPU: Equatable {
        var loadPermille: Int64?
        var kilohertz: Int64?
        var maximumKilohertz: Int64?
    }

    struct Cause: Equatable {
        var name: String
        var state: Int64
        /// The highest step; nil for a counter.
        var maximum: Int64?

        /// Whether the board is slowed down by it now.
        var isActive: Bool { maximum != nil && state > 0 }
    }

    struct Source: Equatable {
        var name: String
        var kind: String
        var evidence: String
    }

    struct Missing: Equatable {
        var what: String
        var reason: String
        /// Which source has the meter instead.
        var by: String?
    }

    var profile = ""
    var model: String?
    var release: String?
    var mode: Mode?
    var rails: [Rail] = []
    var total: Total?
    /// Whether the total is known by energy counters alone so far, of which one look tells no power.
    var isCounted = false
    var zones: [Zone] = []
    var hottest: Zone?
    var gpu: GPU?
    var totalMemory: Int64?
    var availableMemory: Int64?
    var throttle: [Cause] = []
    var sources: [Source] = []
    var unavailable: [Missing] = []

    /// A sample in which nothing was read.
    init() {}

    /// The sample that `value` is.
    init(_ value: JSONValue) {
        let board = value["board"] ?? .null
        profile = board["profile"]?.text ?? ""
        model = board["model"]?.text
        release = board["l4t"]?.text
        if let mode = value["power_mode"], let number = mode["id"]?.number {
            self.mode = Mode(number: number, name: mode["name"]?.text, ratedMilliwatts: mode["rated_mw"]?.number)
        }
        rails = (value["rails"]?.elements ?? []).compactMap { rail in
            guard let name = rail["name"]?.text, let microwatts = rail["uw"]?.number else { return nil }
            return Rail(
                name: name, role: rail["role"]?.text ?? "other", microwatts: microwatts,
                source: rail["source"]?.text ?? "")
        }
        unavailable = (value["unavailable"]?.elements ?? []).compactMap { entry in
            guard let what = entry["what"]?.text, let reason = entry["reason"]?.text else { return nil }
            return Missing(what: what, reason: reason, by: entry["by"]?.text)
        }
        if let total = value["total"], let microwatts = total["uw"]?.number {
            self.total = Total(
                microwatts: microwatts, isComplete: total["complete"] == .boolean(true),
                rails: TotalRule.rails(
                    joinedIn: total["rule"]?.text ?? "", among: rails.map { $0.name } + unavailable.map { $0.what }),
                scope: total["scope"]?.text ?? "")
        }
        if let total = value["total"], total != .null { isCounted = total["uw"]?.number == nil }
        zones = (value["zones"]?.elements ?? []).compactMap { SampleView.zone($0) }
        hottest = value["hottest"].flatMap { SampleView.zone($0) }
        if let gpu = value["gpu"], gpu != .null {
            self.gpu = GPU(
                loadPermille: gpu["load_permille"]?.number, kilohertz: gpu["frequency_khz"]?.number,
                maximumKilohertz: gpu["max_khz"]?.number)
        }
        totalMemory = value["memory"]?["total_bytes"]?.number
        availableMemory = value["memory"]?["available_bytes"]?.number
        throttle = (value["throttle"]?.elements ?? []).compactMap { cause in
            guard let name = cause["cause"]?.text, let state = cause["state"]?.number else { return nil }
            return Cause(name: name, state: state, maximum: cause["max"]?.number)
        }
        sources = (value["sources"]?.elements ?? []).compactMap { source in
            guard let name = source["name"]?.text else { return nil }
            return Source(
                name: name, kind: source["kind"]?.text ?? "", evidence: source["class"]?.text ?? "")
        }
    }

    private static func zone(_ value: JSONValue) -> Zone? {
        guard let name = value["name"]?.text, let millidegrees = value["millidegrees"]?.number else { return nil }
        return Zone(name: name, millidegrees: millidegrees)
    }

    /// The rails as telemetry has them.
    var readings: [RailReading] {
        rails.compactMap { rail in
            guard let source = ReadingSource(rawValue: rail.source) else { return nil }
            return RailReading(
                name: rail.name, role: RailRole(rawValue: rail.role) ?? .other,
                power: Power(microwatts: rail.microwatts), source: source)
        }
    }

    /// The names of what is unavailable for `reason`, in their order.
    func names(unavailableFor reason: String) -> [String] { unavailable.filter { $0.reason == reason }.map { $0.what } }

    /// Why `what` is unavailable; nil where it is not.
    func reason(of what: String) -> String? { unavailable.first { $0.what == what }?.reason }

    /// Why the source `name` is not read from a meter that is there; nil where it is another reason.
    func refusal(of name: String) -> String? {
        guard let entry = unavailable.first(where: { $0.what == name }),
            let reason = UnavailableReason(rawValue: entry.reason)
        else { return nil }
        return Unavailable(name, reason, by: entry.by).refusal
    }
}
