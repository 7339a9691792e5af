import AgentCore
import Cryptography
import Federation
import Foundation
import Ledger
import Quantities
import Simulation
import Testing

/// Tasks that Sprout hands to Thor, and Thor to a further board.
@Suite struct HandingOnTests {
    init() throws { try #require(prepareCryptography()) }

    /// So long that sending it takes something.
    private static let input = (0..<40_000).map { UInt8(truncatingIfNeeded: $0) }

    /// Boards of which those in `handing` hand on, and say of themselves that they take long; the last one is quick.
    private func makeFleet(
        _ boards: Int = 3, handing: [Int] = [1], milliseconds: [Int64] = [1_000, 1_500, 300], seed: UInt64 = 1,
        changing: (inout AgentSettings) -> Void = { _ in }
    ) throws -> ScriptedFleet {
        var fleet = try ScriptedFleet(boards: boards, seed: seed)
        for board in 0..<boards {
            fleet.restart(board) {
                $0.handsOn = handing.contains(board)
                $0.operations[0].typicalTime = .milliseconds(board == boards - 1 ? 50 : milliseconds[board])
                changing(&$0)
            }
        }
        fleet.pass(milliseconds: 10_000)
        return fleet
    }

    private func request(hops: Int = 1, timeout: TimeSpan = .seconds(60)) throws -> DelegationRequest {
        var request = DelegationRequest(
            operation: try #require(Operation(SimulatedOperation.name)), input: Self.input,
            placement: .platform(try #require(PlatformName("Thor"))), timeout: timeout)
        request.hops = hops
        return request
    }

    private func ask(_ fleet: inout ScriptedFleet, _ request: DelegationRequest) throws -> [String: Any] {
        let command = fleet.ask(0, .delegate(request))
        for _ in 0..<700 where fleet.reply(to: command) == nil { fleet.pass(milliseconds: 100) }
        return try object(fleet.reply(to: command))
    }

    private func object(_ reply: CommandReply?) throws -> [String: Any] {
        let reply = try #require(reply)
        return try #require(try JSONSerialization.jsonObject(with: Data(reply.json.utf8)) as? [String: Any])
    }

    /// The tasks that `board` lists, by their role.
    private func tasks(_ board: Int, _ role: String, _ fleet: inout ScriptedFleet) throws -> [[String: Any]] {
        let command = fleet.ask(board, .tasks)
        fleet.pass(milliseconds: 100)
        let answer = try object(fleet.reply(to: command))
        let all = try #require(answer["tasks"] as? [[String: Any]])
        return all.filter { $0["role"] as? String == role }
    }

    private func amount(_ object: [String: Any]?, _ name: String) throws -> Energy {
        let text = try #require(object?[name] as? String)
        return Energy(millijoules: try #require(Int64(text)))
    }

    /// Whatever went on, no credits are frozen and every check of the fleet holds.
    private func expectRest(_ fleet: inout ScriptedFleet, _ note: Comment = "") {
        #expect(fleet.rest() == nil, note)
        #expect(fleet.finding == nil, note)
    }

    // MARK: What it comes to

    @Test func `a task is handed on, proven and paid on both ways`() throws {
        var fleet = try makeFleet()
        let outcome = try ask(&fleet, try request())
        #expect(outcome["outcome"] as? String == "done", "\(outcome)")
        #expect(outcome["platform"] as? String == "Thor")
        #expect(outcome["result"] as? String == Base64.encode(SimulatedOperation.result(of: Self.input)))
        let below = try #require((outcome["below"] as? [[String: Any]])?.first, "\(outcome)")
        #expect(below["platform"] as? String == "Legion")
        #expect(below["proof"] as? String == "signed")
        expectRest(&fleet)
        // What was paid below is less than what was paid above, by what sending took.
        let above = try amount(outcome, "paid_mj")
        #expect(try amount(below, "paid_mj") < above)
        #expect(try amount(outcome, "energy_mj") >= above)
        #expect(outcome["energy_class"] as? String == "modeled")
        // Thor is worker above and payer below; Legion knows where it comes from.
        let (uppers, lowers) = (try tasks(1, "worker", &fleet), try tasks(1, "payer", &fleet))
        let (upper, lower) = (try #require(uppers.first), try #require(lowers.first))
        #expect(lower["handed_on_from"] as? String == upper["task"] as? String)
        #expect(lower["task"] as? String == below["task"] as? String)
        let handed = try #require((upper["handed_on_as"] as? [[String: Any]])?.first)
        #expect(handed["platform"] as? String == "Legion")
        #expect(handed["state"] as? String == "posted")
        let lasts = try tasks(2, "worker", &fleet)
        let last = try #require(lasts.first)
        let chain = try #require(last["chain"] as? [[String: Any]])
        #expect(chain.map { $0["platform"] as? String } == ["Sprout"])
        #expect(chain.first?["key_known"] as? Bool == true)
        #expect(try tasks(0, "payer", &fleet).first?["below"] != nil)
        // All of it outlives a restart.
        for board in 0..<3 { fleet.stop(board) }
        #expect((try tasks(0, "payer", &fleet).first?["below"] as? [Any])?.count == 1)
        #expect((try tasks(2, "worker", &fleet).first?["chain"] as? [Any])?.count == 1)
        #expect(try tasks(1, "payer", &fleet).first?["handed_on_from"] as? String == upper["task"] as? String)
        expectRest(&fleet)
    }

    @Test(arguments: [(false, 1), (true, 0)]) func `nothing is handed on unless both sides allow it`(
        handsOn: Bool, hops: Int
    ) throws {
        var fleet = try makeFleet(handing: handsOn ? [1] : [])
        let outcome = try ask(&fleet, try request(hops: hops))
        #expect(outcome["outcome"] as? String == "done")
        #expect(outcome["below"] == nil)
        #expect(try tasks(1, "payer", &fleet).isEmpty)
        expectRest(&fleet)
    }

    @Test func `a board above that is not known is vouched for, and told as not known`() throws {
        var fleet = try makeFleet()
        _ = fleet.ask(2, .removePeer(name: "Sprout"))
        _ = fleet.ask(0, .removePeer(name: "Legion"))
        fleet.pass(milliseconds: 500)
        let outcome = try ask(&fleet, try request())
        let below = try #require((outcome["below"] as? [[String: Any]])?.first, "\(outcome)")
        #expect(below["platform"] as? String == "Legion")
        #expect(below["proof"] as? String == "unknown_key")
        let chain = try #require(try tasks(2, "worker", &fleet).first?["chain"] as? [[String: Any]])
        #expect(chain.first?["platform"] as? String == "Sprout")
        #expect(chain.first?["key_known"] as? Bool == false)
        expectRest(&fleet)
    }

    @Test func `a board that is too hot for a task takes it for another that is not`() throws {
        for handsOn in [false, true] {
            var fleet = try makeFleet(handing: handsOn ? [1] : [])
            // Sprout has heard that all is well; only then does Thor heat up.
            fleet.setHeat(of: 1, millidegrees: 84_000)
            fleet.pass(milliseconds: 1_100)
            let outcome = try ask(&fleet, try request())
            #expect(outcome["outcome"] as? String == (handsOn ? "done" : "refused"), "\(outcome)")
            #expect((outcome["below"] as? [Any])?.count == (handsOn ? 1 : nil))
            expectRest(&fleet)
        }
    }

    @Test func `with a fixed price what is left over stays with who handed it on`() throws {
        var fleet = try makeFleet { $0.pricing = .fixed }
        let outcome = try ask(&fleet, try request())
        let below = try #require((outcome["below"] as? [[String: Any]])?.first, "\(outcome)")
        #expect(try amount(below, "paid_mj") < (try amount(outcome, "paid_mj")))
        expectRest(&fleet)
    }

    // MARK: What goes wrong

    @Test func `what is cancelled above is cancelled below, and nobody pays`() throws {
        var fleet = try makeFleet()
        let command = fleet.ask(0, .delegate(try request()))
        for _ in 0..<10_000 where fleet.workers(of: 2) == 0 { fleet.pass(milliseconds: 1) }
        try #require(fleet.workers(of: 2) == 1)
        let task = try #require(fleet.latestLedger(of: 0).holds.keys.first)
        _ = fleet.ask(0, .cancel(task: task))
        fleet.pass(milliseconds: 2_000)
        #expect(try object(fleet.reply(to: command))["outcome"] as? String == "cancelled")
        #expect(fleet.workers(of: 2) == 0)
        expectRest(&fleet)
        for board in 0..<3 { #expect(fleet.ledger(of: board).balances?.accounts.first?.sent == .zero) }
        #expect(try tasks(1, "payer", &fleet).first?["state"] as? String == "cancelled")
    }

    @Test(arguments: Conduct.Cheat.falseResults + [.understated])
    func `what is false below is not paid, and done by who handed it on`(cheat: Conduct.Cheat) throws {
        var fleet = try makeFleet()
        fleet.setConduct(of: 2, Conduct(cheat))
        let outcome = try ask(&fleet, try request())
        #expect(outcome["outcome"] as? String == "done", "\(outcome)")
        if cheat == .madeUp {
            #expect(outcome["below"] == nil)
            #expect(fleet.ledger(of: 1).balances?.accounts.first?.sent == .zero)
        }
        #expect(outcome["result"] as? String == Base64.encode(SimulatedOperation.result(of: Self.input)))
        expectRest(&fleet)
    }

    @Test func `a further board that falls silent is waited for no longer than there is time to do it here`() throws {
        var fleet = try makeFleet()
        fleet.setCut(true, between: 1, and: 2)
        let outcome = try ask(&fleet, try request())
        #expect(outcome["outcome"] as? String == "done", "\(outcome)")
        #expect(outcome["below"] == nil)
        fleet.setCut(false, between: 1, and: 2)
        expectRest(&fleet)
        #expect(fleet.ledger(of: 1).balances?.accounts.first?.sent == .zero)
    }

    @Test func `a further board that crashes in the middle takes it up again`() throws {
        var fleet = try makeFleet()
        let command = fleet.ask(0, .delegate(try request()))
        for _ in 0..<10_000 where fleet.workers(of: 2) == 0 { fleet.pass(milliseconds: 1) }
        try #require(fleet.workers(of: 2) == 1)
        fleet.crash(2)
        fleet.pass(milliseconds: 50_000)
        #expect(try object(fleet.reply(to: command))["outcome"] as? String == "done")
        expectRest(&fleet)
    }

    /// Before every effect of a board while a task is handed on: each lock ends once, and nobody is paid twice.
    @Test(arguments: [1, 2]) func `it is handed on as often as it may be and no more`(hops: Int) throws {
        var fleet = try makeFleet(4, handing: [1, 2], milliseconds: [1_000, 6_000, 700])
        // Waiting for a peer costs five times what a run takes, so that each has to be much quicker than the one above.
        // Thor does not know the last board, so that it goes by Legion.
        _ = fleet.ask(1, .removePeer(name: "Willow"))
        fleet.pass(milliseconds: 500)
        let outcome = try ask(&fleet, try request(hops: hops))
        #expect(outcome["outcome"] as? String == "done", "\(outcome)")
        let below = try #require(outcome["below"] as? [[String: Any]])
        #expect(below.map { $0["platform"] as? String } == (hops == 1 ? ["Legion"] : ["Legion", "Willow"]))
        let paid = try below.map { try amount($0, "paid_mj") }
        #expect(zip([try amount(outcome, "paid_mj")] + paid, paid).allSatisfy { $0 >= $1 })
        if hops == 2 {
            let chain = try #require(try tasks(3, "worker", &fleet).first?["chain"] as? [[String: Any]])
            #expect(chain.map { $0["platform"] as? String } == ["Sprout", "Thor"])
        }
        expectRest(&fleet)
    }

    @Test(arguments: [1, 2]) func `a board may crash at any step of a task that is handed on`(board: Int) throws {
        let prepared = try makeFleet()
        var steps = 0
        for step in stride(from: 0, through: 60, by: 2) {
            var fleet = prepared
            fleet.crash(board, afterEffects: step)
            let command = fleet.ask(0, .delegate(try request(timeout: .seconds(20))))
            fleet.pass(milliseconds: 25_000)
            #expect(fleet.reply(to: command) != nil, "no answer when board \(board) crashes before effect \(step)")
            expectRest(&fleet, "board \(board) crashes before effect \(step)")
            let outcomes = fleet.ledger(of: 1).finished.values.map { $0.outcome }
            let paid = outcomes.count { if case .posted = $0 { true } else { false } }
            #expect(paid <= 1, "before effect \(step)")
            steps = step
            if fleet.isCrashDue { break }
        }
        #expect(steps > 20)
    }
}
