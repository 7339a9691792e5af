import AgentCore
import Cryptography
import Federation
import Foundation
import Ledger
import Quantities
import Simulation
import Testing

/// Finding out what a peer has proven by running it again.
@Suite struct ReplicaTests {
    init() throws { try #require(prepareCryptography()) }

    /// Boards of which the first asks for replication; memory is short there where it cannot run anything itself.
    private func makeFleet(_ boards: Int, short: Bool, seed: UInt64 = 1) throws -> ScriptedFleet {
        var fleet = try ScriptedFleet(boards: boards, seed: seed)
        fleet.restart(0) {
            $0.acceptance = .replicated
            $0.grace = .seconds(30)
        }
        if short { fleet.setMemory(of: 0, mebibytes: 400) }
        fleet.pass(milliseconds: 6_000)
        return fleet
    }

    private func request(_ number: UInt8 = 1, at platform: String = "Thor") throws -> DelegationRequest {
        DelegationRequest(
            operation: try #require(Operation(SimulatedOperation.name)), input: [number] + [UInt8](1...100),
            placement: .platform(try #require(PlatformName(platform))), timeout: .seconds(30))
    }

    private func ask(_ fleet: inout ScriptedFleet, _ request: DelegationRequest) throws -> [String: Any] {
        let command = fleet.ask(0, .delegate(request))
        for _ in 0..<120 where fleet.reply(to: command) == nil { fleet.pass(milliseconds: 500) }
        fleet.pass(milliseconds: 50)
        return try object(fleet.reply(to: command))
    }

    private func object(_ reply: CommandReply?) throws -> [String: Any] {
        let reply = try #require(reply)
        return try #require(try JSONSerialization.jsonObject(with: Data(reply.json.utf8)) as? [String: Any])
    }

    /// What the first board says of the peer called `name`.
    private func peer(_ name: String, _ fleet: inout ScriptedFleet) throws -> [String: Any] {
        let command = fleet.ask(0, .peers)
        fleet.pass(milliseconds: 200)
        let peers = try #require(try object(fleet.reply(to: command))["peers"] as? [[String: Any]])
        return try #require(peers.first { $0["peer"] as? String == name })
    }

    private func reputation(_ name: String, _ fleet: inout ScriptedFleet) throws -> [Int] {
        let list = try #require(try peer(name, &fleet)["reputations"] as? [[String: Any]])
        guard let entry = list.first else { return [5_000, 0] }
        return [try #require(entry["reputation_bp"] as? Int), try #require(entry["verified"] as? Int)]
    }

    private func keptDisputes(_ name: String, _ fleet: inout ScriptedFleet) throws -> [[String: Any]] {
        try #require(try peer(name, &fleet)["disputes"] as? [[String: Any]])
    }

    // MARK: Here

    @Test func `a worker that uses its half of the time is paid, whatever the grace`() throws {
        var (paid, long) = (0, 0)
        for seed in 1...8 as ClosedRange<UInt64> {
            var fleet = try makeFleet(2, short: false, seed: seed)
            fleet.restart(0) { $0.grace = .seconds(1) }
            fleet.setConduct(of: 1, Conduct(.understated))
            var request = try request()
            request.timeout = .seconds(7)
            let command = fleet.ask(0, .delegate(request))
            var milliseconds = 0
            while fleet.reply(to: command) == nil, milliseconds < 20_000 {
                fleet.pass(milliseconds: 50)
                milliseconds += 50
            }
            let outcome = try object(fleet.reply(to: command))
            #expect(fleet.rest() == nil)
            #expect(fleet.finding == nil)
            let reasons = (outcome["attempts"] as? [[String: Any]] ?? []).compactMap { $0["reason"] as? String }
            #expect(!reasons.contains("not decided in time"), "seed \(seed): \(outcome)")
            guard outcome["platform"] as? String == "Thor" else { continue }
            paid += 1
            // Both runs together take more than half of the time and the grace.
            if milliseconds > 4_250 { long += 1 }
        }
        print("replicas: \(paid) of 8 paid, \(long) of them after more than half of the time and the grace")
        #expect(paid >= 6 && long > 0)
    }

    @Test func `the result of a newcomer is run again here, and both runs are accounted for`() throws {
        var fleet = try makeFleet(2, short: false)
        let outcome = try ask(&fleet, try request())
        #expect(outcome["platform"] as? String == "Thor")
        #expect(outcome["quality_basis"] as? String == "replicated")
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
        let outcomes = fleet.ledger(of: 0).finished.values.map { $0.outcome }
        #expect(outcomes.count { if case .posted = $0 { true } else { false } } == 1)
        #expect(outcomes.count { if case .completed = $0 { true } else { false } } == 1)
        #expect(try reputation("Thor", &fleet) == [5_500, 1])
        #expect(try keptDisputes("Thor", &fleet).isEmpty)
    }

    @Test(arguments: Conduct.Cheat.falseResults)
    func `a false result is not paid, and the own one is the answer`(cheat: Conduct.Cheat) throws {
        var fleet = try makeFleet(2, short: false)
        // Something stale has to be there before.
        if cheat == .stale { _ = try ask(&fleet, try request(9)) }
        fleet.setConduct(of: 1, Conduct(cheat, after: cheat == .stale ? 1 : 0))
        if cheat == .stale { _ = try ask(&fleet, try request(8)) }
        let outcome = try ask(&fleet, try request(cheat == .overstated ? 0xEE : 1))
        if cheat == .overstated {
            // The result is right, and worth half of what was said.
            #expect(outcome["outcome"] as? String == "refused")
        } else {
            #expect(outcome["platform"] as? String == "Sprout")
            #expect(outcome["result"] as? String == Base64.encode(SimulatedOperation.result(of: try request().input)))
        }
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
        let disputes = try keptDisputes("Thor", &fleet)
        #expect(disputes.count == 1)
        let dispute = try #require(disputes.last)
        #expect(dispute["verified_bp"] as? Int == (cheat == .overstated ? 5_000 : 0))
        #expect(dispute["claimed_bp"] as? Int == 10_000)
        #expect(dispute["basis"] as? String == "replicated")
        #expect(try #require(dispute["proof"] as? String).count > 300)
        #expect(try #require(try peer("Thor", &fleet)["anomaly_bp"] as? Int) > 0)
        // It outlives a restart.
        fleet.stop(0)
        #expect(try keptDisputes("Thor", &fleet).count == 1)
    }

    @Test(arguments: [nil, .madeUp, .overstated] as [Conduct.Cheat?])
    func `a program that can tell is asked how good a result is`(cheat: Conduct.Cheat?) throws {
        var fleet = try ScriptedFleet(boards: 2)
        fleet.stopChecking()
        fleet.restart(0) { $0.operations[0].verifies = true }
        fleet.setConduct(of: 1, Conduct(cheat))
        fleet.pass(milliseconds: 6_000)
        let outcome = try ask(&fleet, try request(cheat == .overstated ? 0xEE : 1))
        if cheat == nil {
            #expect(outcome["quality_basis"] as? String == "checked")
            #expect(outcome["platform"] as? String == "Thor")
        } else {
            #expect(outcome["outcome"] as? String == "refused")
            let dispute = try #require(try keptDisputes("Thor", &fleet).first)
            #expect(dispute["verified_bp"] as? Int == (cheat == .overstated ? 5_000 : 0))
            #expect(dispute["basis"] as? String == "checked")
        }
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
        #expect(try reputation("Thor", &fleet)[1] == 1)
    }

    @Test func `what this board cannot check is run again where its settings want it checked`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        fleet.stopChecking()
        fleet.restart(0) { #expect($0.acceptance == .checked) }
        fleet.pass(milliseconds: 6_000)
        #expect(try ask(&fleet, try request())["quality_basis"] as? String == "replicated")
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
    }

    @Test func `where nobody else could run it, nothing is handed out`() throws {
        var fleet = try makeFleet(2, short: true)
        let outcome = try ask(&fleet, try request())
        let error = try #require(outcome["error"] as? [String: Any])
        #expect(error["message"] as? String == "nobody else could tell how good its result is")
        #expect(fleet.ledger(of: 0).finished.isEmpty)
    }

    @Test func `a board that runs out of memory while it has to run again waits, and nothing is left over`() throws {
        var fleet = try makeFleet(2, short: false)
        let command = fleet.ask(0, .delegate(try request()))
        fleet.setMemory(of: 0, mebibytes: 400)
        fleet.pass(milliseconds: 8_000)
        #expect(fleet.reply(to: command) == nil)
        fleet.setMemory(of: 0, mebibytes: 4_096)
        fleet.pass(milliseconds: 20_000)
        #expect(try object(fleet.reply(to: command))["platform"] as? String == "Thor")
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
    }

    // MARK: At peers

    @Test func `a peer that runs it again is paid as well, and both have proven themselves`() throws {
        var fleet = try makeFleet(3, short: true)
        let outcome = try ask(&fleet, try request())
        #expect(outcome["platform"] as? String == "Thor")
        #expect(outcome["quality_basis"] as? String == "replicated")
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
        for name in ["Thor", "Legion"] { #expect(try reputation(name, &fleet) == [5_500, 1]) }
        for board in 1...2 { #expect(fleet.ledger(of: board).balances?.accounts.first?.received != .zero) }
    }

    @Test(arguments: [1, 2], [false, true])
    func `where two peers differ a third decides, and only the false one loses`(liar: Int, crashes: Bool) throws {
        var fleet = try makeFleet(4, short: true)
        fleet.setConduct(of: liar, Conduct(.madeUp))
        // Which of the others runs it again is drawn: all of them but the liar are right.
        var rounds = 0
        while fleet.conduct(of: liar).cheats == 0, rounds < 12 {
            let command = fleet.ask(0, .delegate(try request(UInt8(rounds))))
            if crashes {
                fleet.pass(milliseconds: 2_500)
                fleet.crash(0)
            }
            fleet.pass(milliseconds: 100_000)
            if !crashes { #expect(fleet.reply(to: command) != nil) }
            rounds += 1
        }
        #expect(fleet.conduct(of: liar).cheats > 0)
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
        #expect(fleet.ledger(of: liar).balances?.accounts.first?.received == .zero)
        let names = ["Thor", "Legion", "Willow"]
        let value = try reputation(names[liar - 1], &fleet)
        #expect(value[0] < 5_000, "\(value)")
        for name in names where name != names[liar - 1] { #expect(try keptDisputes(name, &fleet).isEmpty) }
        #expect(try !keptDisputes(names[liar - 1], &fleet).isEmpty)
    }

    @Test(arguments: [3, 4, 5]) func `one that says of every result that it is worth nothing decides nothing alone`(
        boards: Int
    ) throws {
        var fleet = try makeFleet(boards, short: true)
        fleet.setConduct(of: 2, Conduct(.belittled))
        var rounds = 0
        while rounds < 4 || (fleet.conduct(of: 2).cheats == 0 && rounds < 9) {
            _ = try ask(&fleet, try request(UInt8(rounds)))
            rounds += 1
        }
        #expect(fleet.conduct(of: 2).cheats > 0)
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
        #expect(try keptDisputes("Thor", &fleet).isEmpty)
        #expect(fleet.ledger(of: 2).balances?.accounts.first?.received == .zero)
        // With two peers alone nobody can tell which of them is right: none is paid, and none loses trust.
        let found = try reputation("Thor", &fleet)
        #expect(boards == 3 ? found == [5_000, 0] : found[0] > 6_700 && found[1] == rounds)
    }

    // MARK: Owners

    @Test func `nobody of the worker's owner runs its results again`() throws {
        let creator = try #require(SigningKey(seed: [UInt8](repeating: 93, count: 32)))
        let lineage = try #require(Lineage("acme"))
        for seed in UInt64(1)...40 {
            var fleet = try ScriptedFleet(boards: 4, seed: seed)
            guard (0..<4).allSatisfy({ fleet.moment(of: $0).status == .synchronized }) else { continue }
            fleet.restart(0) { $0.acceptance = .replicated }
            fleet.setMemory(of: 0, mebibytes: 400)
            let wall = fleet.moment(of: 0).wall
            let root = "lct:web4:agent:acme"
            _ = fleet.ask(0, .trustKey(name: root, pem: PEM.text(creator.publicKey)))
            fleet.pass(milliseconds: 200)
            for board in 1...2 {
                let identity = fleet.identity(of: board)
                let task = TaskType.planning
                let certificate = Certificate(
                    lineage: lineage, task: task, key: creator.publicKey, permissions: task.budget.permissions,
                    allowance: Allowance(task.budget),
                    validity: try #require(
                        Validity(from: wall - .seconds(100_000), until: wall + .seconds(10_000_000))),
                    creator: creator.publicKey)
                let endorsed = try EndorsedCertificate(
                    issuing: certificate, signedBy: creator, in: identity.platform, endorsedBy: identity.signing,
                    domain: identity.domain, by: fleet.scheme)
                let added = fleet.ask(0, .addIdentity(text: IdentityText.certificates([endorsed]).text))
                fleet.pass(milliseconds: 200)
                #expect(try object(fleet.reply(to: added))["standing"] as? String == "good")
            }
            fleet.pass(milliseconds: 6_000)
            for number in 0..<5 { _ = try ask(&fleet, try request(UInt8(number))) }
            // Thor has run all of it, Willow has run it again, and Legion, which is of Thor's owner, nothing.
            #expect(fleet.conduct(of: 1).runs == 5)
            #expect(fleet.conduct(of: 2).runs == 0)
            #expect(fleet.conduct(of: 3).runs == 5)
            return
        }
        Issue.record("no fleet whose clocks are synchronised")
    }

    // MARK: Crashes

    /// The payer is killed before each of its effects, with its own run and with a peer's.
    @Test(arguments: [false, true]) func `whenever the payer is killed, every run is paid or given up once`(short: Bool)
        throws
    {
        for count in stride(from: 0, to: 34, by: 3) {
            var fleet = try makeFleet(3, short: short, seed: UInt64(300 + count))
            fleet.crash(0, afterEffects: count)
            _ = fleet.ask(0, .delegate(try request()))
            for _ in 0..<60 where fleet.isCrashDue { fleet.pass(milliseconds: 1_000) }
            #expect(fleet.rest() == nil, "killed before effect \(count)")
            #expect(fleet.finding == nil, "killed before effect \(count)")
            #expect(fleet.ledger(of: 0).balances?.accounts.first?.locked == .zero)
        }
    }
}
