import Wire

/// Tasks in the order in which they are best done, one after another.
public struct Plan: Hashable, Sendable {
    /// The tasks to be done, by their place in the request, in the order in which they are done.
    public let order: [Int]
    /// Whether no plan is better.
    public let isExact: Bool
    /// What the plan is worth.
    public let value: Int64
    /// Energy that it takes.
    public let energy: Int64
    /// What no plan is worth more than.
    public let upperBound: Int64

    /// The best plan for `request` that is found.
    ///
    /// Tasks are done in the order of their deadlines, which is feasible wherever any order is. Which are done: those
    /// of the greatest value together; of equal ones those of the least energy, then of the least time, then those
    /// that come first in that order. Up to `PlanLimits.exactTasks` tasks all choices are looked at. Beyond, the best
    /// of four greedy choices is taken, and `upperBound` says how far from the best it is at most.
    /// - Complexity: O(2ⁿ) up to `PlanLimits.exactTasks` tasks, O(n²) beyond.
    public init(for request: PlanRequest) {
        let planner = Planner(request)
        let isExact = request.tasks.count <= PlanLimits.exactTasks
        let chosen = isExact ? planner.exact() : planner.greedy()
        order = planner.indices(of: chosen)
        value = chosen.value
        energy = chosen.energy
        self.isExact = isExact || chosen.value == planner.upperBound
        upperBound = isExact ? chosen.value : planner.upperBound
    }

    /// The plan for `request` as `planning` answers it, in JSON.
    public func json(of request: PlanRequest) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.member("exact", isExact)
        json.member("value", value)
        json.member("upper_bound", upperBound)
        json.member("energy_mj", energy)
        json.key("order")
        json.beginArray()
        var time = request.start
        for index in order {
            let task = request.tasks[index]
            json.beginObject()
            json.member("name", task.name)
            json.member("start_ms", time)
            time += task.time
            json.member("end_ms", time)
            json.endObject()
        }
        json.endArray()
        json.key("left_out")
        json.beginArray()
        for index in request.tasks.indices where !order.contains(index) { json.string(request.tasks[index].name) }
        json.endArray()
        json.endObject()
        return json.text
    }
}

/// A choice of tasks that can all be done, and what decides between choices.
private struct Choice {
    /// Of the tasks in the order of their deadlines, which ones.
    var isChosen: [Bool]
    var value: Int64 = 0
    var energy: Int64 = 0
    var time: Int64 = 0

    init(of count: Int) { isChosen = Array(repeating: false, count: count) }

    mutating func add(_ place: Int, _ task: PlannedTask) {
        isChosen[place] = true
        value += task.value
        energy += task.energy
        time += task.time
    }

    func isBetter(than other: Choice) -> Bool {
        if value != other.value { return value > other.value }
        if energy != other.energy { return energy < other.energy }
        if time != other.time { return time < other.time }
        for (own, others) in zip(isChosen, other.isChosen) where own != others { return own }
        return false
    }
}

private struct Planner {
    private let request: PlanRequest
    /// Places in the request, in the order of the deadlines.
    private let places: [Int]
    private let tasks: [PlannedTask]

    init(_ request: PlanRequest) {
        self.request = request
        let places = request.tasks.indices.sorted { left, right in
            let (first, second) = (request.tasks[left], request.tasks[right])
            if first.deadline != second.deadline { return first.deadline < second.deadline }
            if first.energy != second.energy { return first.energy < second.energy }
            return left < right
        }
        self.places = places
        tasks = places.map { request.tasks[$0] }
    }

    func indices(of choice: Choice) -> [Int] { zip(places, choice.isChosen).filter { $0.1 }.map { $0.0 } }

    // MARK: All choices

    func exact() -> Choice {
        var best = Choice(of: tasks.count)
        // What is left to be won from a place on.
        var rest = [Int64](repeating: 0, count: tasks.count + 1)
        for place in tasks.indices.reversed() { rest[place] = rest[place + 1] + tasks[place].value }
        search(0, Choice(of: tasks.count), rest, &best)
        return best
    }

    private func search(_ place: Int, _ choice: Choice, _ rest: [Int64], _ best: inout Choice) {
        if choice.isBetter(than: best) { best = choice }
        guard place < tasks.count, choice.value + rest[place] >= best.value else { return }
        let task = tasks[place]
        if choice.energy + task.energy <= request.budget, request.start + choice.time + task.time <= task.deadline {
            var with = choice
            with.add(place, task)
            search(place + 1, with, rest, &best)
        }
        search(place + 1, choice, rest, &best)
    }

    // MARK: Greedy choices

    func greedy() -> Choice {
        let orders: [(PlannedTask, PlannedTask) -> Bool] = [
            { $0.value > $1.value },
            { Planner.isDenser($0, $1, by: { $0.time }) },
            { Planner.isDenser($0, $1, by: { $0.energy }) },
            { [request] in Planner.isDenser($0, $1) { Planner.share($0, of: request) } },
        ]
        var best = Choice(of: tasks.count)
        for isBefore in orders {
            let sorted = tasks.indices.sorted { left, right in
                if isBefore(tasks[left], tasks[right]) { return true }
                return !isBefore(tasks[right], tasks[left]) && left < right
            }
            var choice = Choice(of: tasks.count)
            for place in sorted where canAdd(place, to: choice) { choice.add(place, tasks[place]) }
            if choice.isBetter(than: best) { best = choice }
        }
        return best
    }

    /// Whether a task can be done besides those of `choice`, all by their deadlines and within the budget.
    private func canAdd(_ place: Int, to choice: Choice) -> Bool {
        guard choice.energy + tasks[place].energy <= request.budget else { return false }
        var time = request.start
        for other in tasks.indices where choice.isChosen[other] || other == place {
            time += tasks[other].time
            if time > tasks[other].deadline { return false }
        }
        return true
    }

    /// Whether `first` is worth more than `second` for what it takes.
    private static func isDenser(_ first: PlannedTask, _ second: PlannedTask, by size: (PlannedTask) -> Int64) -> Bool {
        Int128(first.value) * Int128(size(second)) > Int128(second.value) * Int128(size(first))
    }

    /// What a task takes of the time there is and of the budget, together, in millionths.
    private static func share(_ task: PlannedTask, of request: PlanRequest) -> Int64 {
        let latest = request.tasks.reduce(1) { max($0, $1.deadline - request.start) }
        let time = Int128(task.time) * 1_000_000 / Int128(latest)
        let energy = Int128(task.energy) * 1_000_000 / Int128(max(1, request.budget))
        return Int64(clamping: time + energy)
    }

    // MARK: What no plan is worth more than

    /// The lesser of what could be won with parts of tasks were there no deadlines, and were there no budget.
    var upperBound: Int64 {
        let possible = tasks.indices.filter {
            tasks[$0].energy <= request.budget && request.start + tasks[$0].time <= tasks[$0].deadline
        }
        return min(withoutDeadlines(possible), withoutBudget(possible))
    }

    private func byDensity(_ possible: [Int], _ size: (PlannedTask) -> Int64) -> [Int] {
        possible.sorted { left, right in
            if Planner.isDenser(tasks[left], tasks[right], by: size) { return true }
            return !Planner.isDenser(tasks[right], tasks[left], by: size) && left < right
        }
    }

    /// The most that parts of tasks are worth whose energy together is within the budget.
    private func withoutDeadlines(_ possible: [Int]) -> Int64 {
        var left = request.budget
        var sum = FractionalSum()
        for place in byDensity(possible, { $0.energy }) {
            let part = min(left, tasks[place].energy)
            left -= part
            sum.add(tasks[place].value, part, of: tasks[place].energy)
        }
        return sum.whole
    }

    /// The most that parts of tasks are worth that can be done by the deadlines: what is densest first, as much of it
    /// as the time up to its own and every later deadline has room for.
    private func withoutBudget(_ possible: [Int]) -> Int64 {
        var used = [Int64](repeating: 0, count: tasks.count)
        var sum = FractionalSum()
        for place in byDensity(possible, { $0.time }) {
            var part = tasks[place].time
            var before: Int64 = 0
            for other in tasks.indices {
                before += used[other]
                let isLast = other + 1 == tasks.count || tasks[other + 1].deadline > tasks[other].deadline
                if isLast, tasks[other].deadline >= tasks[place].deadline {
                    part = min(part, tasks[other].deadline - request.start - before)
                }
            }
            used[place] = max(0, part)
            sum.add(tasks[place].value, used[place], of: tasks[place].time)
        }
        return sum.whole
    }
}

/// A sum of parts of values, never below the true one and less than a millionth for each part above it.
private struct FractionalSum {
    private var millionths: Int128 = 0

    /// Adds `part` of `whole` of `value`; all of it where `whole` is nothing.
    mutating func add(_ value: Int64, _ part: Int64, of whole: Int64) {
        guard part < whole else { return millionths += Int128(value) * 1_000_000 }
        millionths += (Int128(value) * 1_000_000 * Int128(part) + Int128(whole) - 1) / Int128(whole)
    }

    /// The sum without its fraction.
    var whole: Int64 { Int64(clamping: millionths / 1_000_000) }
}
