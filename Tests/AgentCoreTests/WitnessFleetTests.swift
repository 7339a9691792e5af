import AgentCore
import Cryptography
import Federation
import Foundation
import Ledger
import Quantities
import Simulation
import Testing

/// Results that others are asked about.
@Suite struct WitnessFleetTests {
    init() throws { try #require(prepareCryptography()) }

    private func makeFleet(_ boards: Int, seed: UInt64 = 1) throws -> ScriptedFleet {
        var fleet = try ScriptedFleet(boards: boards, seed: seed)
        fleet.restart(0) { $0.acceptance = .witnessed }
        fleet.pass(milliseconds: 6_000)
        return fleet
    }

    private func ask(_ fleet: inout ScriptedFleet, _ number: UInt8 = 1) throws -> [String: Any] {
        let request = DelegationRequest(
            operation: try #require(Operation(SimulatedOperation.name)), input: [number] + [UInt8](1...100),
            placement: .platform(try #require(PlatformName("Thor"))), timeout: .seconds(30))
        let command = fleet.ask(0, .delegate(request))
        for _ in 0..<120 where fleet.reply(to: command) == nil { fleet.pass(milliseconds: 500) }
        fleet.pass(milliseconds: 50)
        return try object(fleet.reply(to: command))
    }

    private func object(_ reply: CommandReply?) throws -> [String: Any] {
        let reply = try #require(reply)
        return try #require(try JSONSerialization.jsonObject(with: Data(reply.json.utf8)) as? [String: Any])
    }

    private func shownPeers(_ fleet: inout ScriptedFleet) throws -> [String: [String: Any]] {
        let command = fleet.ask(0, .peers)
        fleet.pass(milliseconds: 200)
        let peers = try #require(try object(fleet.reply(to: command))["peers"] as? [[String: Any]])
        return Dictionary(uniqueKeysWithValues: peers.map { ($0["peer"] as? String ?? "", $0) })
    }

    @Test func `three witnesses say how good it is, and get their parts of the share`() throws {
        var fleet = try makeFleet(5)
        let outcome = try ask(&fleet)
        #expect(outcome["platform"] as? String == "Thor")
        #expect(outcome["quality_basis"] as? String == "witnessed")
        #expect(outcome["quality_bp"] as? Int == 10_000)
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
        let decision = try #require(outcome["decision"] as? [String: Any])
        let candidates = try #require(decision["candidates"] as? [[String: Any]])
        let thor = try #require(candidates.first { $0["platform"] as? String == "Thor" })
        let lock = try #require((thor["lock_mj"] as? String).flatMap { Int64($0) })
        for board in 2...4 {
            #expect(
                fleet.ledger(of: board).balances?.accounts.first?.received
                    == Energy(millijoules: lock * 3 / 10 / 3))
        }
        let peers = try shownPeers(&fleet)
        for name in ["Legion", "Willow", "Acorn"] {
            #expect(peers[name]?["witness_accuracy_bp"] as? Int == 5_500)
            #expect(peers[name]?["witness_words"] as? Int == 1)
        }
        #expect(peers["Thor"]?["witness_words"] as? Int == 0)
    }

    @Test func `with fewer than three others nothing is handed out`() throws {
        var fleet = try makeFleet(4)
        let outcome = try ask(&fleet)
        #expect(outcome["outcome"] as? String == "refused")
        #expect(fleet.ledger(of: 0).finished.isEmpty)
    }

    @Test func `what witnesses find false is not paid, and their words are kept`() throws {
        var fleet = try makeFleet(5)
        fleet.setConduct(of: 1, Conduct(.madeUp))
        #expect(try ask(&fleet)["outcome"] as? String == "refused")
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
        #expect(fleet.ledger(of: 1).balances?.accounts.first?.received == .zero)
        for board in 2...4 { #expect(fleet.ledger(of: board).balances?.accounts.first?.received != .zero) }
        let disputes = try #require(try shownPeers(&fleet)["Thor"]?["disputes"] as? [[String: Any]])
        #expect((disputes.first?["replica_proofs"] as? [String])?.count == 3)
        #expect(disputes.first?["basis"] as? String == "witnessed")
    }

    @Test func `a witness that says something else is outvoted, unpaid and remembered`() throws {
        var fleet = try makeFleet(6)
        fleet.setConduct(of: 2, Conduct(.madeUp))
        var rounds: UInt8 = 0
        while fleet.conduct(of: 2).cheats == 0, rounds < 10 {
            rounds += 1
            let outcome = try ask(&fleet, rounds)
            #expect(outcome["quality_basis"] as? String == "witnessed")
        }
        #expect(fleet.conduct(of: 2).cheats == 1)
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
        #expect(fleet.ledger(of: 2).balances?.accounts.first?.received == .zero)
        #expect(try shownPeers(&fleet)["Legion"]?["witness_accuracy_bp"] as? Int == 4_500)
        #expect(fleet.ledger(of: 1).balances?.accounts.first?.received != .zero)
    }

    @Test func `one of three that lies stops no payment, and is neither paid nor asked first`() throws {
        var fleet = try makeFleet(5)
        fleet.setConduct(of: 2, Conduct(.belittled))
        for number in 0..<12 {
            let outcome = try ask(&fleet, UInt8(number))
            #expect(outcome["platform"] as? String == "Thor", "task \(number): \(outcome)")
            #expect(outcome["quality_bp"] as? Int == 10_000)
        }
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
        #expect(fleet.ledger(of: 2).balances?.accounts.first?.received == .zero)
        for board in [1, 3, 4] { #expect(fleet.ledger(of: board).balances?.accounts.first?.received != .zero) }
        let peers = try shownPeers(&fleet)
        #expect(peers["Legion"]?["witness_words"] as? Int == 12)
        #expect(peers["Legion"]?["witness_accuracy_bp"] as? Int ?? 10_000 < 2_000)
        for name in ["Willow", "Acorn"] {
            #expect(peers[name]?["witness_accuracy_bp"] as? Int ?? 0 > 8_000)
        }
        #expect((peers["Thor"]?["disputes"] as? [Any])?.isEmpty == true)
    }

    @Test func `whenever the payer is killed, worker and witnesses are paid or given up once`() throws {
        for count in stride(from: 0, to: 36, by: 4) {
            var fleet = try makeFleet(5, seed: UInt64(500 + count))
            fleet.crash(0, afterEffects: count)
            let request = DelegationRequest(
                operation: try #require(Operation(SimulatedOperation.name)), input: [UInt8](1...100),
                placement: .platform(try #require(PlatformName("Thor"))), timeout: .seconds(30))
            _ = fleet.ask(0, .delegate(request))
            for _ in 0..<60 where fleet.isCrashDue { fleet.pass(milliseconds: 1_000) }
            #expect(fleet.rest() == nil, "killed before effect \(count)")
            #expect(fleet.finding == nil, "killed before effect \(count)")
            #expect(fleet.ledger(of: 0).balances?.accounts.first?.locked == .zero)
        }
    }
}
