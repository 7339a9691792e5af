import JSON

/// One task that may be planned.
public struct PlannedTask: Hashable, Sendable {
    /// What it is called.
    public let name: String
    /// How long it takes, in milliseconds.
    public let time: Int64
    /// Energy that it takes, in millijoules.
    public let energy: Int64
    /// When it has to be done, in milliseconds from the same moment as the plan's start.
    public let deadline: Int64
    /// What doing it in time is worth.
    public let value: Int64
}

/// What `planning` takes: tasks, and the energy that may be spent on them (docs/planning.md).
public struct PlanRequest: Hashable, Sendable {
    /// The tasks, in the order in which they were given.
    public let tasks: [PlannedTask]
    /// Energy that may be spent, in millijoules.
    public let budget: Int64
    /// When the first task may begin, in milliseconds.
    public let start: Int64

    /// A request of its parts, which are within `PlanLimits`.
    init(tasks: [PlannedTask], budget: Int64, start: Int64 = 0) {
        self.tasks = tasks
        self.budget = budget
        self.start = start
    }

    /// The request in a JSON text: `{"budget_mj": …, "start_ms": …, "tasks": [{"name": …, "time_ms": …,
    /// "energy_mj": …, "deadline_ms": …, "value": …}, …]}`, with `start_ms` 0 and `value` 1 where they are left out.
    public init(parsing text: [UInt8]) throws(WorkerRefusal) {
        let value: JSONValue
        do throws(JSONError) { value = try JSONValue(parsing: text) } catch {
            throw WorkerRefusal(.badInput, "line \(error.line): " + error.message)
        }
        try PlanRequest.check(value, "the request", keys: ["budget_mj", "start_ms", "tasks"])
        budget = try PlanRequest.number(value, "budget_mj", in: 0...PlanLimits.maximumEnergy)
        start = try PlanRequest.number(value, "start_ms", in: 0...PlanLimits.maximumTime, otherwise: 0)
        guard case .array(let elements) = value["tasks"], elements.count <= PlanLimits.maximumTasks else {
            throw WorkerRefusal(.badInput, "tasks is a list of at most \(PlanLimits.maximumTasks)")
        }
        var tasks: [PlannedTask] = []
        var names: Set<[UInt8]> = []
        for element in elements {
            let place = "task \(tasks.count + 1)"
            try PlanRequest.check(
                element, place, keys: ["name", "time_ms", "energy_mj", "deadline_ms", "value"])
            guard let name = element["name"]?.text, PlanRequest.isName(name) else {
                throw WorkerRefusal(
                    .badInput,
                    place + ": name has 1 to \(PlanLimits.maximumNameBytes) characters of A-Z a-z 0-9 . _ : - /")
            }
            guard names.insert(Array(name.utf8)).inserted else {
                throw WorkerRefusal(.badInput, place + ": another task is called " + name)
            }
            let times = 0...PlanLimits.maximumTime
            tasks.append(
                PlannedTask(
                    name: name, time: try PlanRequest.number(element, "time_ms", in: times),
                    energy: try PlanRequest.number(element, "energy_mj", in: 0...PlanLimits.maximumEnergy),
                    deadline: try PlanRequest.number(element, "deadline_ms", in: times),
                    value: try PlanRequest.number(element, "value", in: 0...PlanLimits.maximumValue, otherwise: 1)))
        }
        self.tasks = tasks
    }

    private static func check(_ value: JSONValue, _ place: String, keys: [String]) throws(WorkerRefusal) {
        guard case .object(let members) = value else { throw WorkerRefusal(.badInput, place + " is no object") }
        for member in members where !keys.contains(member.key) {
            throw WorkerRefusal(.badInput, place + " has a member that is not known: " + member.key)
        }
    }

    private static func number(
        _ value: JSONValue, _ key: String, in range: ClosedRange<Int64>, otherwise standard: Int64? = nil
    ) throws(WorkerRefusal) -> Int64 {
        let found = value[key] == nil ? standard : value[key]?.number
        guard let found, range.contains(found) else {
            throw WorkerRefusal(
                .badInput, key + " is a whole number, \(range.lowerBound) … \(range.upperBound)")
        }
        return found
    }

    private static func isName(_ name: String) -> Bool {
        guard (1...PlanLimits.maximumNameBytes).contains(name.utf8.count) else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: ":"),
                UInt8(ascii: "-"), UInt8(ascii: "/"):
                true
            default: false
            }
        }
    }
}

/// Limits of what `planning` takes.
public enum PlanLimits {
    /// Most tasks of a request, so that its result fits one message.
    public static let maximumTasks = 256
    /// Most tasks for which the best plan is found for certain.
    public static let exactTasks = 12
    /// Longest name of a task.
    public static let maximumNameBytes = 64
    /// Latest time in milliseconds: 365 days.
    public static let maximumTime: Int64 = 31_536_000_000
    /// Most energy in millijoules: a thousand kilowatt-hours.
    public static let maximumEnergy: Int64 = 3_600_000_000_000
    /// Largest value of a task.
    public static let maximumValue: Int64 = 1_000_000_000
}
