import Foundation
import TestKit
import Testing

@testable import Workers

private func plan(_ text: String) throws -> String {
    String(decoding: try WorkerOperation.planning.result(for: Array(text.utf8)), as: UTF8.self)
}

/// A request of `count` tasks that compete for time and energy.
private func request(_ count: Int, _ random: inout SeededRandom) -> PlanRequest {
    let tasks = (0..<count).map { index in
        PlannedTask(
            name: "t\(index)", time: Int64.random(in: 0...100, using: &random),
            energy: Int64.random(in: 0...100, using: &random),
            deadline: Int64.random(in: 0...Int64(30 * count), using: &random),
            value: Bool.random(using: &random) ? 1 : Int64.random(in: 0...20, using: &random))
    }
    return PlanRequest(
        tasks: tasks, budget: Int64.random(in: 0...Int64(40 * count), using: &random),
        start: Int64.random(in: 0...20, using: &random))
}

/// Every plan, by brute force over all orders of all subsets: the oracle, in another language.
private let oracle = """
    import itertools, json, sys
    for line in sys.stdin:
        r = json.loads(line)
        best = None
        for n in range(len(r["tasks"]) + 1):
            for chosen in itertools.combinations(range(len(r["tasks"])), n):
                tasks = [r["tasks"][i] for i in chosen]
                energy = sum(t["energy_mj"] for t in tasks)
                if energy > r["budget_mj"]: continue
                def fits(order):
                    time = r["start_ms"]
                    for t in order:
                        time += t["time_ms"]
                        if time > t["deadline_ms"]: return False
                    return True
                if not any(fits(o) for o in itertools.permutations(tasks)): continue
                key = (-sum(t["value"] for t in tasks), energy)
                if best is None or key < best: best = key
        print(-best[0], best[1])
    """

private func json(_ request: PlanRequest) -> String {
    let tasks = request.tasks.map {
        #"{"name":"\#($0.name)","time_ms":\#($0.time),"energy_mj":\#($0.energy),"deadline_ms":\#($0.deadline),"#
            + #""value":\#($0.value)}"#
    }
    return #"{"budget_mj":\#(request.budget),"start_ms":\#(request.start),"tasks":[\#(tasks.joined(separator: ","))]}"#
}

@Suite struct `planning` {
    @Test func `orders by deadline within the budget, and says what is left out`() throws {
        let text = """
            {"budget_mj": 900, "start_ms": 100, "tasks": [
              {"name": "map", "time_ms": 500, "energy_mj": 400, "deadline_ms": 2000, "value": 3},
              {"name": "detect", "time_ms": 200, "energy_mj": 300, "deadline_ms": 400},
              {"name": "describe", "time_ms": 900, "energy_mj": 700, "deadline_ms": 1500, "value": 3}]}
            """
        #expect(
            try plan(text)
                == #"{"exact":true,"value":4,"upper_bound":4,"energy_mj":700,"#
                + #""order":[{"name":"detect","start_ms":100,"end_ms":300},"#
                + #"{"name":"map","start_ms":300,"end_ms":800}],"#
                + #""left_out":["describe"]}"#)
        let same = try WorkerOperation.planning.result(for: [], parameters: Array(text.utf8))
        #expect(String(decoding: same, as: UTF8.self) == (try plan(text)))
    }

    @Test func `finds the best plan of few tasks, as trying every order does`() throws {
        var random = SeededRandom(seed: 71)
        let requests = (0..<300).map { _ in request(Int.random(in: 0...6, using: &random), &random) }
        let found = try PythonTool.lines(oracle, input: requests.map(json))
        for (request, line) in zip(requests, found) {
            let plan = Plan(for: request)
            #expect("\(plan.value) \(plan.energy)" == line, "\(json(request))")
            #expect(plan.isExact)
        }
    }

    @Test func `stays feasible, and within its own bound of the best, whatever the number of tasks`() {
        var random = SeededRandom(seed: 72)
        for _ in 0..<300 {
            let request = request(Int.random(in: 13...18, using: &random), &random)
            let plan = Plan(for: request)
            var time = request.start
            for index in plan.order {
                time += request.tasks[index].time
                #expect(time <= request.tasks[index].deadline)
            }
            #expect(plan.order.reduce(0) { $0 + request.tasks[$1].energy } == plan.energy)
            #expect(plan.order.reduce(0) { $0 + request.tasks[$1].value } == plan.value)
            #expect(plan.energy <= request.budget)
            let best = best(of: request)
            #expect(plan.value <= best && best <= plan.upperBound)
            #expect(!plan.isExact || plan.value == best)
            // What docs/planning.md says of such lists.
            #expect(plan.value * 2 >= best)
        }
    }

    /// The greatest value, by a table over the energy that is spent: the least time for every value and energy.
    private func best(of request: PlanRequest) -> Int64 {
        struct Spent: Hashable {
            let value: Int64
            let energy: Int64
        }
        var times = [Spent(value: 0, energy: 0): request.start]
        for task in request.tasks.sorted(by: { $0.deadline < $1.deadline }) {
            for (spent, time) in times {
                let next = Spent(value: spent.value + task.value, energy: spent.energy + task.energy)
                guard next.energy <= request.budget, time + task.time <= task.deadline else { continue }
                times[next] = min(times[next] ?? .max, time + task.time)
            }
        }
        return times.keys.map(\.value).max() ?? 0
    }

    @Test func `takes as many tasks as it says, and its result fits a message`() throws {
        let name = String(repeating: "n", count: 61)
        let tasks = (0..<PlanLimits.maximumTasks).map {
            PlannedTask(name: name + "\($0)", time: 1, energy: 1, deadline: PlanLimits.maximumTime, value: 1)
        }
        let request = PlanRequest(tasks: tasks, budget: PlanLimits.maximumEnergy, start: 1_000_000_000)
        let plan = Plan(for: request)
        #expect(plan.order == Array(tasks.indices))
        #expect(plan.isExact, "the bound is reached")
        #expect(plan.json(of: request).utf8.count <= WorkerLimits.maximumResultBytes)
    }

    @Test(arguments: [
        ("", "line 1: unexpected token near end of file"), ("[]", "the request is no object"),
        (#"{"tasks":[]}"#, "budget_mj is a whole number, 0 … 3600000000000"),
        (#"{"budget_mj":1.5,"tasks":[]}"#, "budget_mj is a whole number, 0 … 3600000000000"),
        (#"{"budget_mj":1}"#, "tasks is a list of at most 256"),
        (#"{"budget_mj":1,"tasks":[],"goal":1}"#, "the request has a member that is not known: goal"),
        (#"{"budget_mj":1,"tasks":[1]}"#, "task 1 is no object"),
        (
            #"{"budget_mj":1,"tasks":[{"name":"a b"}]}"#,
            "task 1: name has 1 to 64 characters of A-Z a-z 0-9 . _ : - /"
        ),
        (#"{"budget_mj":1,"tasks":[{"name":"a"}]}"#, "time_ms is a whole number, 0 … 31536000000"),
        (
            #"{"budget_mj":1,"tasks":[{"name":"a","time_ms":1,"energy_mj":-1,"deadline_ms":1}]}"#,
            "energy_mj is a whole number, 0 … 3600000000000"
        ),
        (
            #"{"budget_mj":1,"tasks":[{"name":"a","time_ms":1,"energy_mj":1,"deadline_ms":1},{"name":"a"}]}"#,
            "task 2: another task is called a"
        ),
    ])
    func `refuses what is no request`(text: String, why: String) {
        #expect(throws: WorkerRefusal(.badInput, why)) {
            try WorkerOperation.planning.result(for: Array(text.utf8))
        }
    }

    @Test func `refuses a request in both places`() {
        #expect(throws: WorkerRefusal.self) { try WorkerOperation.planning.result(for: [1], parameters: [1]) }
    }
}
