import Cryptography
import Federation
import Foundation
import Ledger
import Quantities
import Simulation
import Testing

@testable import AgentCore

/// Credits that a board gives to clients without a ledger of their own.
@Suite struct `grants` {
    init() throws { try #require(prepareCryptography()) }

    private func charged() throws -> ScriptedFleet {
        var fleet = try ScriptedFleet(boards: 2)
        fleet.pass(milliseconds: 60_000)
        return fleet
    }

    private func client() throws -> LCT { try LCT("lct:web4:agent:dp@Elsewhere#perception") }

    private func available(_ account: LCT, _ fleet: ScriptedFleet) throws -> Energy {
        let account = try #require(AccountID(account.text))
        return fleet.ledger(of: 0).accounts[account]?.available ?? .zero
    }

    private func grant(
        _ fleet: inout ScriptedFleet, _ millijoules: Int64, back: Bool = false
    ) throws -> [String: Any] {
        let command = fleet.ask(
            0, .grant(account: try client(), amount: Energy(millijoules: millijoules), takesBack: back))
        fleet.pass(milliseconds: 2_000)
        let reply = try #require(fleet.reply(to: command))
        return try #require(try JSONSerialization.jsonObject(with: Data(reply.json.utf8)) as? [String: Any])
    }

    @Test func `move own credits to a client and back, and keep every millijoule`() throws {
        var fleet = try charged()
        let given = try grant(&fleet, 1_234)
        #expect(given["granted_mj"] as? String == "1234")
        #expect(given["available_mj"] as? String == "1234")
        #expect(try available(try client(), fleet) == Energy(millijoules: 1_234))
        let taken = try grant(&fleet, 234, back: true)
        #expect(taken["taken_back_mj"] as? String == "234")
        #expect(taken["available_mj"] as? String == "1000")
        // A restart forgets none of it.
        fleet.restart(0) { _ in }
        #expect(try available(try client(), fleet) == Energy(millijoules: 1_000))
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
    }

    @Test func `are refused where there is not so much, with what there is`() throws {
        var fleet = try charged()
        for (amount, back) in [(Energy.largest.millijoules, false), (1, true)] {
            let answer = try grant(&fleet, amount, back: back)
            let error = try #require(answer["error"] as? [String: Any])
            #expect(error["kind"] as? String == "failed")
            #expect(error["hint"] as? String == "sage-edge ledger balance")
        }
        #expect(try available(try client(), fleet) == .zero)
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
    }
}
