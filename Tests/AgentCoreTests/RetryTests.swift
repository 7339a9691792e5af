import AgentCore
import Cryptography
import Federation
import Foundation
import Ledger
import Quantities
import Simulation
import Testing

/// What becomes of a request that no place can do at the moment.
@Suite struct RetryTests {
    init() throws { try #require(prepareCryptography()) }

    private func request(_ seconds: Int64 = 25) throws -> DelegationRequest {
        DelegationRequest(
            operation: try #require(Operation(SimulatedOperation.name)), input: [UInt8](1...100),
            placement: .platform(try #require(PlatformName("Thor"))), timeout: .seconds(seconds))
    }

    private func object(_ reply: CommandReply?) throws -> [String: Any] {
        let reply = try #require(reply)
        return try #require(try JSONSerialization.jsonObject(with: Data(reply.json.utf8)) as? [String: Any])
    }

    @Test func `a place that has no memory for the moment is tried again, and does it`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        fleet.setMemory(of: 1, mebibytes: 300)
        // The heartbeat that says so is yet to come.
        fleet.pass(milliseconds: 1_100)
        let command = fleet.ask(0, .delegate(try request()))
        fleet.pass(milliseconds: 700)
        #expect(fleet.reply(to: command) == nil)
        fleet.setMemory(of: 1, mebibytes: 4_096)
        fleet.pass(milliseconds: 22_000)
        let outcome = try object(fleet.reply(to: command))
        #expect(outcome["outcome"] as? String == "done")
        #expect(try #require(outcome["attempts"] as? [Any]).count >= 1)
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
    }

    @Test func `a place that stays without memory is given up before the time is`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        fleet.setMemory(of: 1, mebibytes: 300)
        fleet.pass(milliseconds: 1_100)
        let command = fleet.ask(0, .delegate(try request(60)))
        fleet.pass(milliseconds: 20_000)
        #expect(try object(fleet.reply(to: command))["outcome"] as? String == "refused")
        #expect(fleet.rest() == nil)
        #expect(fleet.ledger(of: 0).balances?.accounts.first?.locked == .zero)
    }

    @Test func `who is told when the next task is welcome comes then`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        fleet.restart(1) { $0.tasksPerMinute = 6 }
        var commands: [CommandID] = []
        for _ in 0..<8 {
            commands.append(fleet.ask(0, .delegate(try request(120))))
            fleet.pass(milliseconds: 1_000)
        }
        fleet.pass(milliseconds: 60_000)
        for command in commands { #expect(try object(fleet.reply(to: command))["outcome"] as? String == "done") }
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
    }

    @Test func `a request without time to wait is refused at once`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        fleet.restart(1) { $0.tasksPerMinute = 1 }
        for index in 0..<2 {
            let command = fleet.ask(0, .delegate(try request(10)))
            fleet.pass(milliseconds: 5_000)
            let outcome = try object(fleet.reply(to: command))
            #expect(outcome["outcome"] as? String == (index == 0 ? "done" : "refused"))
        }
    }
}
