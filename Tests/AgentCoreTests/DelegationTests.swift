import AgentCore
import Cryptography
import Federation
import Foundation
import Ledger
import Quantities
import Simulation
import Testing

/// What an operator's request comes to on boards on which nothing goes wrong but what the test does.
@Suite struct DelegationTests {
    init() throws { try #require(prepareCryptography()) }

    @Test func `a frame that runs here is paid with its measured energy`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        let before = fleet.ledger(of: 0).balances
        let outcome = try ask(&fleet, 0, request(placement: .local))
        #expect(outcome.string("platform") == "Sprout")
        let paid = try #require(outcome.amount("paid_mj"))
        // Measured energy beyond what the ticket reserved is the board's own.
        let decision = try #require(outcome["decision"] as? [String: Any])
        let candidate = try #require((decision["candidates"] as? [[String: Any]])?.first)
        #expect(paid == min(try #require(outcome.amount("energy_mj")), try #require(candidate.amount("lock_mj"))))
        #expect(try finished(outcome, in: fleet.ledger(of: 0)) == .completed(discharged: paid))
        let (first, last) = (
            try #require(before?.accounts.first), try #require(fleet.ledger(of: 0).balances?.accounts.first)
        )
        #expect(last.discharged == first.discharged + paid)
        #expect(fleet.ledger(of: 1).finished.isEmpty)
    }

    @Test func `a frame goes to the peer when memory is short here, and both ledgers agree`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        fleet.setMemory(of: 0, mebibytes: 400)
        fleet.pass(milliseconds: 2_000)
        let outcome = try ask(&fleet, 0, request(placement: .any))
        #expect(outcome.string("platform") == "Thor")
        let paid = try #require(outcome.amount("paid_mj"))
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
        #expect(try finished(outcome, in: fleet.ledger(of: 0)) == .posted(paid))
        #expect(try finished(outcome, in: fleet.ledger(of: 1)) == .settled(received: paid, discharged: paid))
        #expect(fleet.ledger(of: 0).balances?.ownAbroad == .zero)
        #expect(fleet.ledger(of: 1).balances?.owed == .zero)
    }

    @Test func `a peer that has meanwhile run out of memory refuses, and the next one runs the frame`() throws {
        var fleet = try ScriptedFleet(boards: 3)
        fleet.setMemory(of: 0, mebibytes: 400)
        fleet.pass(milliseconds: 6_000)
        var trial = request(placement: .any)
        trial.isTrial = true
        let decision = try #require(try ask(&fleet, 0, trial)["decision"] as? [String: Any])
        let first = try #require(decision["platform"] as? String)
        fleet.setMemory(of: first == "Thor" ? 1 : 2, mebibytes: 300)
        fleet.pass(milliseconds: 1_100)
        let outcome = try ask(&fleet, 0, request(placement: .any))
        #expect(outcome.string("platform") == (first == "Thor" ? "Legion" : "Thor"))
        let attempts = try #require(outcome["attempts"] as? [[String: Any]])
        #expect(attempts.compactMap { $0["platform"] as? String } == [first])
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
    }

    @Test func `heat here sends the frame away`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        fleet.setHeat(of: 0, millidegrees: 84_000)
        fleet.pass(milliseconds: 2_000)
        #expect(try ask(&fleet, 0, request(placement: .any)).string("platform") == "Thor")
    }

    @Test func `a board that does not delegate by itself sends only what it is told to send`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        fleet.setMemory(of: 0, mebibytes: 400)
        fleet.restart(0) { $0.placement = .local }
        #expect(try ask(&fleet, 0, request(placement: nil)).string("outcome") == "refused")
        let thor = Placement.platform(try #require(PlatformName("Thor")))
        #expect(try ask(&fleet, 0, request(placement: thor)).string("platform") == "Thor")
        #expect(try ask(&fleet, 0, request(placement: .any)).string("platform") == "Thor")
    }

    @Test(arguments: [16_000, 40_000] as [Int64])
    func `a payer that starts again owing many receipts tells the worker of them all`(silence: Int64) throws {
        var fleet = try ScriptedFleet(boards: 2)
        let thor = Placement.platform(try #require(PlatformName("Thor")))
        fleet.setCut(true, between: 0, and: 1)
        // Whoever owes an answer for two seconds gets no more.
        for _ in 0..<45 {
            var request = request(placement: thor)
            request.timeout = .seconds(60)
            _ = fleet.ask(0, .delegate(request))
            fleet.pass(milliseconds: 40)
        }
        fleet.pass(milliseconds: 60_000)
        // Were all sent for the sake of each, the question how far the lanes stand would find no room.
        #expect(try #require(fleet.figures(of: 0)).outbox > 30)
        fleet.crash(0)
        fleet.pass(milliseconds: silence)
        fleet.crash(1)
        fleet.setCut(false, between: 0, and: 1)
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
        #expect(fleet.ledger(of: 0).balances?.accounts.first?.locked == .zero)
    }

    @Test func `a peer that has fallen silent gets nothing, and nothing stays locked`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        fleet.setCut(true, between: 0, and: 1)
        let outcome = try ask(&fleet, 0, request(placement: .platform(try #require(PlatformName("Thor")))))
        #expect(outcome.string("outcome") == "refused")
        fleet.setCut(false, between: 0, and: 1)
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
        #expect(fleet.ledger(of: 0).balances?.accounts.first?.sent == .zero)
        #expect(fleet.ledger(of: 0).balances?.accounts.first?.locked == .zero)
    }

    /// Beyond the fifteen seconds in which a silence is noticed, what was said before it is said anew.
    @Test(arguments: [5, 14, 30, 600]) func `a payment that waits out a silence lengthens no lot`(seconds: Int64)
        throws
    {
        var fleet = try ScriptedFleet(boards: 2)
        // What a fixed price leaves the worker stays with it as a lot.
        fleet.restart(0) { $0.pricing = .fixed }
        let thor = Placement.platform(try #require(PlatformName("Thor")))
        let command = fleet.ask(0, .delegate(request(placement: thor)))
        while fleet.latestLedger(of: 0).finished.isEmpty { fleet.pass(milliseconds: 1) }
        fleet.setCut(true, between: 0, and: 1)
        fleet.pass(milliseconds: seconds * 1_000)
        #expect(fleet.ledger(of: 1).lots.values.allSatisfy { $0.origin.issuer != fleet.id(of: 0) })
        fleet.setCut(false, between: 0, and: 1)
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
        #expect(fleet.reply(to: command)?.refusal == nil)
        let received = try #require(fleet.ledger(of: 1).lots.values.first { $0.origin.issuer == fleet.id(of: 0) })
        let sent = try #require(
            fleet.ledger(of: 0).abroad.keys.first { $0.origin.proof == received.origin.proof })
        let (here, there) = (try #require(fleet.ledgerTime(of: 0)), try #require(fleet.ledgerTime(of: 1)))
        let longer = received.origin.expires.since(there) - sent.origin.expires.since(here)
        #expect((-100...15_100).contains(longer.milliseconds))
    }

    @Test func `a result that does not come in time is answered in time, and nothing stays locked`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        var asked = request(placement: .platform(try #require(PlatformName("Thor"))))
        asked.timeout = .seconds(3)
        fleet.setCut(true, between: 0, and: 1)
        let command = fleet.ask(0, .delegate(asked))
        fleet.pass(milliseconds: 3_100)
        let reply = try #require(fleet.reply(to: command))
        #expect(reply.refusal == .failed)
        fleet.setCut(false, between: 0, and: 1)
        #expect(fleet.rest() == nil)
        #expect(fleet.ledger(of: 0).balances?.accounts.first?.locked == .zero)
    }

    @Test func `a part of the whole charges nothing`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        let before = try energy(&fleet)
        #expect(before.amount("last_chargeable_mj") != .zero)
        fleet.setTotal(of: 0, isComplete: false)
        fleet.pass(milliseconds: 30_000)
        let after = try energy(&fleet)
        #expect(after.amount("last_chargeable_mj") == .zero)
        // The window in which the rail vanished still holds what was drawn before.
        fleet.pass(milliseconds: 30_000)
        #expect(try energy(&fleet).amount("register_mj") == after.amount("register_mj"))
    }

    @Test(arguments: [0, 1]) func `after one side has lost its store, both operators can let money move again`(
        victim: Int
    ) throws {
        var fleet = try ScriptedFleet(boards: 2)
        fleet.restart(0) { $0.pricing = .fixed }
        let thor = Placement.platform(try #require(PlatformName("Thor")))
        #expect(try ask(&fleet, 0, request(placement: thor)).string("outcome") == "done")
        fleet.loseStore(victim)
        let refused = try ask(&fleet, 0, request(placement: thor))
        let attempts = try #require(refused["attempts"] as? [[String: Any]])
        let reason = try #require(attempts.last?["reason"] as? String, "\(refused)")
        #expect(reason.hasPrefix("no money moves with it any more: "), "\(reason)")
        for board in [victim, 1 - victim] {
            let other = try #require(PlatformName(board == 0 ? "Thor" : "Sprout"))
            let shown = try answer(&fleet, board, .reconcile(name: other.text, accepts: false))
            #expect(shown["accepted"] as? Bool == false)
            #expect(shown["here"] != nil && shown["there"] != nil)
            _ = try answer(&fleet, board, .reconcile(name: other.text, accepts: true))
            fleet.pass(milliseconds: 2_000)
        }
        // A board that has lost its store has to charge first.
        fleet.pass(milliseconds: 30_000)
        let done = try ask(&fleet, 0, request(placement: thor))
        #expect(done.string("outcome") == "done", "\(done)")
        #expect(fleet.ledger(of: 0).violations.isEmpty)
        #expect(fleet.ledger(of: 1).violations.isEmpty)
    }

    // MARK: Many tasks

    @Test func `a peer that sends more tasks than it may is told when the next is welcome`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        fleet.restart(1) { $0.tasksPerMinute = 2 }
        let thor = Placement.platform(try #require(PlatformName("Thor")))
        for _ in 0..<2 { #expect(try ask(&fleet, 0, request(placement: thor)).string("outcome") == "done") }
        let refused = try ask(&fleet, 0, request(placement: thor))
        let error = try #require(refused["error"] as? [String: Any])
        #expect(try #require(error["message"] as? String).hasPrefix("too many requests; the next is welcome in "))
        fleet.pass(milliseconds: 30_000)
        #expect(try ask(&fleet, 0, request(placement: thor)).string("outcome") == "done")
    }

    @Test func `a board that spends a little in every window keeps few lots`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        for _ in 0..<1_200 {
            _ = fleet.ask(0, .delegate(request(placement: .local)))
            fleet.pass(milliseconds: 10_000)
        }
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
        let spent = try #require(fleet.ledger(of: 0).balances?.accounts.first?.discharged)
        #expect(spent > Energy(joules: 100))
        #expect(fleet.ledger(of: 0).lots.count <= Int(AgentLimits.chargesToTarget) + 2)
    }

    @Test func `a board that draws nearly what it is rated for charges what little is left, in a few lots`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        // A window of a second allows a sixth of what a charge should have.
        fleet.restart(0) {
            $0.energy.window = .seconds(1)
            $0.chargeTarget = Energy(joules: 4_900)
        }
        let before = try #require(fleet.ledger(of: 0).balances?.accounts.first?.available)
        fleet.pass(milliseconds: 60_000)
        let soon = try #require(fleet.ledger(of: 0).balances?.accounts.first?.available)
        #expect(soon > before + Energy(joules: 200))
        fleet.pass(milliseconds: 900_000)
        #expect(fleet.ledger(of: 0).lots.count <= Int(AgentLimits.chargesToTarget) + 2)
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
    }

    @Test func `more tasks than a ledger remembers are served one after the other, and it stays small`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        var commands: [CommandID] = []
        let most = AgentLimits.rememberedTasks + AgentLimits.forgottenTasks
        for number in 0..<(most + 10) {
            commands.append(fleet.ask(0, .delegate(request(placement: .local))))
            fleet.pass(milliseconds: 3_000)
            // Perception's ATP of a day are enough for some sixty of these.
            guard number % 50 == 49 else { continue }
            fleet.pass(milliseconds: 10_000)
            fleet.sleep(milliseconds: 86_400_000)
            fleet.pass(milliseconds: 30_000)
        }
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
        for command in commands {
            let reply = fleet.reply(to: command)
            #expect(reply?.refusal == nil, "\(reply?.json ?? "no reply")")
        }
        // Those beyond are forgotten all at once.
        #expect((AgentLimits.rememberedTasks..<most).contains(fleet.ledger(of: 0).finished.count))
    }

    // MARK: Crashes

    /// The payer or the worker is killed before each of its effects, one after the other.
    @Test(arguments: [0, 1]) func `whoever is killed wherever, the task is settled alike on both sides`(victim: Int)
        throws
    {
        // The whole exchange takes either side about a dozen effects; the later crashes come after it.
        for count in 0..<16 {
            var fleet = try ScriptedFleet(boards: 2, seed: UInt64(100 + count))
            fleet.setMemory(of: 0, mebibytes: 400)
            fleet.pass(milliseconds: 2_000)
            fleet.crash(victim, afterEffects: count)
            _ = fleet.ask(0, .delegate(request(placement: .any)))
            for _ in 0..<60 where fleet.isCrashDue { fleet.pass(milliseconds: 1_000) }
            #expect(!fleet.isCrashDue)
            #expect(fleet.rest() == nil, "killed before effect \(count)")
            #expect(fleet.finding == nil, "killed before effect \(count)")
            let (payer, worker) = (fleet.ledger(of: 0), fleet.ledger(of: 1))
            for (task, row) in payer.finished {
                guard case .posted(let paid) = row.outcome else { continue }
                #expect(worker.finished[task]?.outcome == .settled(received: paid, discharged: paid))
            }
            #expect(payer.balances?.accounts.first?.sent == worker.balances?.accounts.first?.received)
            #expect(payer.balances?.accounts.first?.locked == .zero)
        }
    }

    // MARK: Asking

    /// What the first board says of its energy.
    private func energy(_ fleet: inout ScriptedFleet) throws -> [String: Any] {
        try #require(try answer(&fleet, 0, .status)["energy"] as? [String: Any])
    }

    /// The reply to a command that is answered at once.
    private func answer(_ fleet: inout ScriptedFleet, _ board: Int, _ command: AgentCommand) throws -> [String: Any] {
        let asked = fleet.ask(board, command)
        fleet.pass(milliseconds: 200)
        let reply = try #require(fleet.reply(to: asked))
        return try #require(try JSONSerialization.jsonObject(with: Data(reply.json.utf8)) as? [String: Any])
    }

    @Test(arguments: [(run: 3, expected: 3), (run: 400, expected: 2)])
    func `a short task is stored with its proof alone, a longer one soon after it began`(
        run: Int64, expected: Int
    ) throws {
        let (acquainted, before) = try acquaintedFleet(workMilliseconds: run)
        var fleet = acquainted
        func records(_ fleet: ScriptedFleet) -> Int { fleet.tasks(of: 1).count { !before.contains($0.key) } }
        let command = fleet.ask(0, .delegate(try requestToThor()))
        for _ in 0..<5_000 where records(fleet) == 0 { fleet.pass(milliseconds: 1) }
        // The signed task and where it stands; with the proof and its result where that is known by then.
        #expect(records(fleet) == expected)
        #expect((fleet.workers(of: 1) == 0) == (expected == 3))
        for _ in 0..<120 where fleet.reply(to: command) == nil { fleet.pass(milliseconds: 500) }
        #expect(try #require(fleet.reply(to: command)).refusal == nil)
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
    }

    @Test func `a board that goes down in a short task has heard nothing of it, and does it when it is back`() throws {
        let (acquainted, before) = try acquaintedFleet(workMilliseconds: 8)
        var fleet = acquainted
        func records(_ fleet: ScriptedFleet) -> Int { fleet.tasks(of: 1).count { !before.contains($0.key) } }
        let command = fleet.ask(0, .delegate(try requestToThor()))
        for _ in 0..<5_000 where fleet.workers(of: 1) == 0 { fleet.pass(milliseconds: 1) }
        fleet.crash(1)
        #expect(records(fleet) == 0)
        for _ in 0..<120 where fleet.reply(to: command) == nil { fleet.pass(milliseconds: 500) }
        let reply = try #require(fleet.reply(to: command))
        #expect(reply.refusal == nil)
        #expect(reply.json.contains(#""platform":"Thor""#))
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
    }

    private func requestToThor() throws -> DelegationRequest {
        request(placement: .platform(try #require(PlatformName("Thor"))))
    }

    /// Two boards whose second runs everything for so long, and what it has stored of tasks before.
    ///
    /// Greetings are past, and the worker has seen the page that the credits are of.
    private func acquaintedFleet(workMilliseconds: Int64) throws -> (ScriptedFleet, stored: Set<[UInt8]>) {
        var fleet = try ScriptedFleet(boards: 2)
        fleet.setWorkTime(of: 1, milliseconds: workMilliseconds)
        #expect(try ask(&fleet, 0, requestToThor()).string("platform") == "Thor")
        fleet.pass(milliseconds: 3_300)
        return (fleet, Set(fleet.tasks(of: 1).map(\.key)))
    }

    private func request(placement: Placement?) -> DelegationRequest {
        guard let operation = Operation(SimulatedOperation.name) else { preconditionFailure("a good name") }
        return DelegationRequest(
            operation: operation, input: [UInt8](1...100), placement: placement, timeout: .seconds(20))
    }

    /// The reply to a request, which must come within a minute.
    private func ask(_ fleet: inout ScriptedFleet, _ board: Int, _ request: DelegationRequest) throws -> [String: Any] {
        let command = fleet.ask(board, .delegate(request))
        for _ in 0..<120 where fleet.reply(to: command) == nil { fleet.pass(milliseconds: 500) }
        // The reply is out before the next effects are; these belong to it.
        fleet.pass(milliseconds: 50)
        let reply = try #require(fleet.reply(to: command))
        return try #require(try JSONSerialization.jsonObject(with: Data(reply.json.utf8)) as? [String: Any])
    }

    /// How the ledger says that the task of a reply ended.
    private func finished(_ outcome: [String: Any], in ledger: LedgerImage) throws -> TaskOutcome? {
        let text = try #require(outcome.string("task"))
        return ledger.finished.first { $0.key.text == text }?.value.outcome
    }
}

extension [String: Any] {
    fileprivate func string(_ key: String) -> String? { self[key] as? String }
    fileprivate func amount(_ key: String) -> Energy? {
        string(key).flatMap { Int64($0) }.map { Energy(millijoules: $0) }
    }
}
