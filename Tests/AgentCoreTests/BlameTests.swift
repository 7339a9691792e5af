import AgentCore
import Cryptography
import Federation
import Foundation
import Ledger
import Quantities
import Simulation
import Testing
import Wire

/// What is held against a peer that was given work and has not done it, or not as it should.
@Suite struct BlameTests {
    init() throws { try #require(prepareCryptography()) }

    /// Boards of which each takes longer than the one before, by its own word; the first one takes longest.
    private func makeFleet(
        _ boards: Int, seed: UInt64 = 1, changing: (inout AgentSettings) -> Void = { _ in }
    ) throws -> ScriptedFleet {
        var fleet = try ScriptedFleet(boards: boards, seed: seed)
        for board in 0..<boards {
            fleet.restart(board) {
                $0.operations[0].typicalTime = .milliseconds(board == 0 ? 2_000 : Int64(board) * 100)
                if board == 0 { changing(&$0) }
            }
        }
        fleet.pass(milliseconds: 10_000)
        return fleet
    }

    private func request(
        _ number: UInt8 = 1, _ placement: Placement = .any, timeout: TimeSpan = .seconds(20)
    ) throws -> DelegationRequest {
        DelegationRequest(
            operation: try #require(Operation(SimulatedOperation.name)), input: [number] + [UInt8](1...100),
            placement: placement, timeout: timeout)
    }

    private func thor() throws -> Placement { .platform(try #require(PlatformName("Thor"))) }

    private func ask(_ fleet: inout ScriptedFleet, _ request: DelegationRequest) throws -> [String: Any] {
        let command = fleet.ask(0, .delegate(request))
        for _ in 0..<400 where fleet.reply(to: command) == nil { fleet.pass(milliseconds: 250) }
        fleet.pass(milliseconds: 100)
        return try object(fleet.reply(to: command))
    }

    private func object(_ reply: CommandReply?) throws -> [String: Any] {
        let reply = try #require(reply)
        return try #require(try JSONSerialization.jsonObject(with: Data(reply.json.utf8)) as? [String: Any])
    }

    /// Reputation and verified tasks of the peer called `name`.
    private func reputation(_ name: String, _ fleet: inout ScriptedFleet) throws -> [Int] {
        let command = fleet.ask(0, .peers)
        fleet.pass(milliseconds: 200)
        let peers = try #require(try object(fleet.reply(to: command))["peers"] as? [[String: Any]])
        let peer = try #require(peers.first { $0["peer"] as? String == name })
        let reputations = try #require(peer["reputations"] as? [[String: Any]])
        guard let entry = reputations.first else { return [5_000, 0] }
        return [try #require(entry["reputation_bp"] as? Int), try #require(entry["verified"] as? Int)]
    }

    private func reasons(_ outcome: [String: Any]) -> [String] {
        (outcome["attempts"] as? [[String: Any]] ?? []).compactMap { $0["reason"] as? String }
    }

    private static let untried = [5_000, 0]
    private static let blamedOnce = [4_500, 1]

    private func checkEnd(_ fleet: inout ScriptedFleet) {
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
        #expect(fleet.ledger(of: 0).balances?.accounts.first?.locked == .zero)
    }

    // MARK: Proofs

    @Test func `a proof of another result counts against its worker where this board checks results itself`() throws {
        var fleet = try makeFleet(2)
        let command = fleet.ask(0, .delegate(try request(1, try thor(), timeout: .seconds(120))))
        // The worker's proof is stored and does not get away; its result is not the same when it does.
        let isResult: (StoredRecord) -> Bool = { $0.key.first == 6 }
        for _ in 0..<8_000 where fleet.workers(of: 1) == 0 { fleet.pass(milliseconds: 1) }
        fleet.setCut(true, between: 0, and: 1)
        for _ in 0..<8_000 where !fleet.tasks(of: 1).contains(where: isResult) { fleet.pass(milliseconds: 1) }
        let record = try #require(fleet.tasks(of: 1).first(where: isResult))
        var reader = try CBORReader(record.value.span, limit: 1 << 20)
        let proven = try TaskResult(from: &reader)
        var writer = CBORWriter()
        TaskResult(proof: proven.proof, result: proven.result.reversed()).write(to: &writer)
        fleet.crash(1)
        fleet.put([.put(.task, key: record.key, value: writer.bytes)], of: 1)
        fleet.setCut(false, between: 0, and: 1)
        fleet.pass(milliseconds: 60_000)
        let outcome = try object(fleet.reply(to: command))
        #expect(reasons(outcome) == ["the result is not the one the proof names"], "\(outcome)")
        #expect(try reputation("Thor", &fleet) == Self.blamedOnce)
        #expect(fleet.ledger(of: 0).balances?.accounts.first?.sent == .zero)
        checkEnd(&fleet)
    }

    // MARK: Inputs

    @Test func `who alone cannot read an input ends no task, and is blamed once another place has done it`() throws {
        for boards in [2, 3] {
            var fleet = try makeFleet(boards)
            fleet.setWorkOutcome(of: 1, .failure("not a frame"))
            let outcome = try ask(&fleet, try request())
            #expect(outcome["outcome"] as? String == "done", "\(outcome)")
            #expect(outcome["platform"] as? String == (boards == 2 ? "Sprout" : "Legion"))
            #expect(reasons(outcome) == ["the operation cannot read its input"])
            #expect(try reputation("Thor", &fleet) == Self.blamedOnce)
            checkEnd(&fleet)
        }
    }

    @Test func `an input that two peers cannot read is given up, and held against nobody`() throws {
        var fleet = try makeFleet(4)
        for board in [1, 2] { fleet.setWorkOutcome(of: board, .failure("not a frame")) }
        let outcome = try ask(&fleet, try request())
        let error = try #require(outcome["error"] as? [String: Any])
        #expect(error["kind"] as? String == "invalid")
        #expect(error["message"] as? String == "the operation cannot read its input")
        #expect(reasons(outcome).count == 2)
        #expect(fleet.conduct(of: 3).runs == 0)
        for name in ["Thor", "Legion"] { #expect(try reputation(name, &fleet) == Self.untried) }
        checkEnd(&fleet)
    }

    @Test func `an input that this board cannot read either is given up, and held against nobody`() throws {
        var fleet = try makeFleet(2)
        for board in [0, 1] { fleet.setWorkOutcome(of: board, .failure("not a frame")) }
        let outcome = try ask(&fleet, try request())
        #expect((outcome["error"] as? [String: Any])?["kind"] as? String == "invalid")
        #expect(reasons(outcome).count == 2)
        #expect(try reputation("Thor", &fleet) == Self.untried)
        checkEnd(&fleet)
    }

    /// The bound of docs/delegation.md: ten tasks.
    @Test func `who can never read an input is given ten tasks, each of which is done elsewhere`() throws {
        var fleet = try makeFleet(3)
        fleet.setWorkOutcome(of: 1, .failure("not a frame"))
        for number in 0..<30 {
            #expect(try ask(&fleet, try request(UInt8(number)))["outcome"] as? String == "done")
        }
        print("blame: bad input: \(fleet.conduct(of: 1).runs) of 30 tasks, \(try reputation("Thor", &fleet))")
        #expect((1...10).contains(fleet.conduct(of: 1).runs))
        #expect(try reputation("Thor", &fleet)[0] < 6_000)
        checkEnd(&fleet)
    }

    @Test func `whoever hands on blames a board below that alone cannot read an input`() throws {
        var fleet = try makeFleet(3)
        fleet.restart(1) {
            $0.handsOn = true
            $0.operations[0].typicalTime = .milliseconds(1_500)
        }
        fleet.restart(2) { $0.operations[0].typicalTime = .milliseconds(50) }
        fleet.pass(milliseconds: 10_000)
        fleet.setWorkOutcome(of: 2, .failure("not a frame"))
        var request = try request(1, try thor(), timeout: .seconds(60))
        request.hops = 1
        #expect(try ask(&fleet, request)["outcome"] as? String == "done")
        #expect(fleet.conduct(of: 2).runs == 1)
        let command = fleet.ask(1, .peers)
        fleet.pass(milliseconds: 200)
        let peers = try #require(try object(fleet.reply(to: command))["peers"] as? [[String: Any]])
        let peer = try #require(peers.first { $0["peer"] as? String == "Legion" })
        let shown = try #require((peer["reputations"] as? [[String: Any]])?.first)
        #expect(shown["reputation_bp"] as? Int == 4_500)
        checkEnd(&fleet)
    }

    // MARK: Work that never comes

    /// The workers of the second board run past their time: it takes every task, and proves none.
    private func makeSlow(_ fleet: inout ScriptedFleet) { fleet.setConduct(of: 1, Conduct(.endless)) }

    @Test func `a peer that takes tasks and never delivers is left after the first, and tried again later`() throws {
        var fleet = try makeFleet(3)
        makeSlow(&fleet)
        var done = 0
        for number in 0..<10
        where try ask(&fleet, try request(UInt8(number), timeout: .seconds(4)))["outcome"]
            as? String == "done"
        {
            done += 1
        }
        #expect(fleet.conduct(of: 1).runs == 1)
        #expect(done >= 9)
        #expect(try reputation("Thor", &fleet) == Self.blamedOnce)
        // It may have been an outage.
        fleet.setConduct(of: 1, Conduct())
        fleet.pass(milliseconds: 70_000)
        #expect(try ask(&fleet, try request(99))["platform"] as? String == "Thor")
        #expect(try reputation("Thor", &fleet)[0] > Self.blamedOnce[0])
        checkEnd(&fleet)
    }

    @Test func `a known peer that begins never to deliver is left within six tasks`() throws {
        var fleet = try makeFleet(3)
        for number in 0..<12 { _ = try ask(&fleet, try request(UInt8(number), try thor())) }
        let before = try reputation("Thor", &fleet)
        #expect(before[1] == 12)
        makeSlow(&fleet)
        for number in 0..<40 {
            _ = try ask(&fleet, try request(UInt8(100 + number), try thor(), timeout: .seconds(6)))
            fleet.pass(milliseconds: 20_000)
        }
        let after = try reputation("Thor", &fleet)
        print("blame: endless: \(fleet.conduct(of: 1).runs) of 40 tasks, reputation \(before) to \(after)")
        #expect((2...6).contains(fleet.conduct(of: 1).runs))
        #expect(after[0] < 6_000)
        checkEnd(&fleet)
    }

    @Test func `what was under way in one outage counts once`() throws {
        var fleet = try makeFleet(2)
        makeSlow(&fleet)
        let commands = try (0..<4).map { number in
            fleet.ask(0, .delegate(try request(UInt8(number), try thor(), timeout: .seconds(8))))
        }
        fleet.pass(milliseconds: 20_000)
        for command in commands { #expect(try object(fleet.reply(to: command))["outcome"] as? String == "refused") }
        checkEnd(&fleet)
        #expect(try reputation("Thor", &fleet) == Self.blamedOnce)
    }

    @Test func `nobody is blamed for a way that is cut, for what is taken back, nor for this board's own restart`()
        throws
    {
        var fleet = try makeFleet(2)
        makeSlow(&fleet)
        func begin(_ number: UInt8) throws -> CommandID {
            let command = fleet.ask(0, .delegate(try request(number, try thor(), timeout: .seconds(20))))
            for _ in 0..<4_000 where fleet.workers(of: 1) == 0 { fleet.pass(milliseconds: 1) }
            return command
        }
        _ = try begin(1)
        _ = fleet.ask(0, .cancel(task: try #require(fleet.latestLedger(of: 0).holds.keys.first)))
        checkEnd(&fleet)
        #expect(try reputation("Thor", &fleet) == Self.untried)
        _ = try begin(2)
        fleet.crash(0)
        fleet.pass(milliseconds: 120_000)
        checkEnd(&fleet)
        #expect(try reputation("Thor", &fleet) == Self.untried)
        _ = try begin(3)
        fleet.setCut(true, between: 0, and: 1)
        fleet.pass(milliseconds: 200_000)
        fleet.setCut(false, between: 0, and: 1)
        checkEnd(&fleet)
        #expect(try reputation("Thor", &fleet) == Self.untried)
    }

    // MARK: Work that nobody else can find out

    /// Boards of which the first can neither check a result nor run anything; Thor takes every task and proves none.
    private func makeFleetWithSlow(dearer: Bool, seed: UInt64) throws -> ScriptedFleet {
        var fleet = try makeFleet(3, seed: seed)
        fleet.stopChecking()
        fleet.restart(0) { #expect($0.acceptance == .checked) }
        // Thor says less than Legion, or more.
        if dearer { fleet.restart(1) { $0.operations[0].typicalTime = .milliseconds(1_900) } }
        fleet.restart(2) { $0.operations[0].typicalTime = .milliseconds(1_500) }
        fleet.setMemory(of: 0, mebibytes: 400)
        makeSlow(&fleet)
        fleet.pass(milliseconds: 10_000)
        return fleet
    }

    /// The bound of docs/delegation.md: a task as a worker, or one as the one to run a result again.
    @Test(arguments: [false, true])
    func `a peer that never delivers does not starve another that only it could find out`(dearer: Bool) throws {
        for seed in 1...3 as ClosedRange<UInt64> {
            var fleet = try makeFleetWithSlow(dearer: dearer, seed: seed)
            var done = 0
            for number in 0..<20 {
                let outcome = try ask(&fleet, try request(UInt8(number), timeout: .seconds(14)))
                if outcome["outcome"] as? String == "done" {
                    done += 1
                    #expect(outcome["platform"] as? String == "Legion")
                }
            }
            let runs = (fleet.conduct(of: 1).runs, fleet.conduct(of: 2).runs)
            fleet.setConduct(of: 1, Conduct())
            checkEnd(&fleet)
            let paid = fleet.ledger(of: 2).balances?.accounts.first?.received ?? .zero
            print("blame: only replica, seed \(seed): \(done) of 20 tasks done, runs \(runs), \(paid.millijoules) mJ")
            #expect(done >= 17)
            #expect(paid > .zero)
            // That a run is cut short where it is to find out another's may lie in the task, as far as anybody knows.
            if !dearer { #expect(try reputation("Thor", &fleet)[0] < Self.untried[0]) }
            #expect(try reputation("Legion", &fleet)[0] >= Self.untried[0])
        }
    }

    @Test func `a peer that says it cannot read what another has done does not starve it`() throws {
        for seed in 1...3 as ClosedRange<UInt64> {
            var fleet = try makeFleetWithSlow(dearer: true, seed: seed)
            fleet.setConduct(of: 1, Conduct(.refusing))
            var done = 0
            for number in 0..<20 {
                let outcome = try ask(&fleet, try request(UInt8(number), timeout: .seconds(14)))
                if outcome["outcome"] as? String == "done", outcome["platform"] as? String == "Legion" { done += 1 }
            }
            checkEnd(&fleet)
            #expect(done >= 14, "\(done) of 20, seed \(seed)")
            #expect(fleet.ledger(of: 2).balances?.accounts.first?.received ?? .zero > .zero)
            #expect(try reputation("Legion", &fleet)[0] >= Self.untried[0])
        }
    }

    @Test func `who was found false is not taken at its word for nobody else bringing anything`() throws {
        var fleet = try makeFleet(3)
        fleet.setConduct(of: 2, Conduct(.madeUp))
        // This board checks the first one itself.
        let first = try ask(&fleet, try request(1, .platform(try #require(PlatformName("Legion")))))
        #expect(first["outcome"] as? String == "refused")
        fleet.stopChecking()
        fleet.setMemory(of: 0, mebibytes: 400)
        makeSlow(&fleet)
        fleet.pass(milliseconds: 10_000)
        for number in 0..<10 {
            let outcome = try ask(&fleet, try request(UInt8(number), timeout: .seconds(8)))
            #expect(outcome["outcome"] as? String == "refused", "\(outcome)")
        }
        fleet.setConduct(of: 1, Conduct())
        fleet.setConduct(of: 2, Conduct())
        fleet.setMemory(of: 0, mebibytes: 4_096)
        checkEnd(&fleet)
        #expect(fleet.ledger(of: 2).balances?.accounts.first?.received ?? .zero == .zero)
    }
}
