import AgentCore
import Cryptography
import Federation
import Foundation
import Quantities
import Simulation
import Testing

/// Operations whose programs are not there: refused, never pretended.
@Suite struct `an operation whose program` {
    init() throws { try #require(prepareCryptography()) }

    private let operation: Federation.Operation = {
        guard let operation = Operation(SimulatedOperation.name) else { preconditionFailure("a good name") }
        return operation
    }()

    private func standing(_ state: ExecutorStanding.State) -> ExecutorStanding {
        ExecutorStanding(operation: operation, state: state, processes: 0)
    }

    private func ask(_ fleet: inout ScriptedFleet, to placement: Placement) throws -> [String: Any] {
        let request = DelegationRequest(
            operation: operation, input: [UInt8](1...100), placement: placement, timeout: .seconds(20))
        return try answer(&fleet, .delegate(request))
    }

    private func answer(_ fleet: inout ScriptedFleet, _ command: AgentCommand) throws -> [String: Any] {
        let asked = fleet.ask(0, command)
        for _ in 0..<120 where fleet.reply(to: asked) == nil { fleet.pass(milliseconds: 500) }
        let reply = try #require(fleet.reply(to: asked))
        return try #require(try JSONSerialization.jsonObject(with: Data(reply.json.utf8)) as? [String: Any])
    }

    @Test(arguments: [ExecutorStanding.State.starting, .parked("it ended with code 7")])
    func `is not ready is not offered here, and goes to a peer that serves it`(state: ExecutorStanding.State) throws {
        var fleet = try ScriptedFleet(boards: 2)
        fleet.setExecutors(of: 0, [standing(state)])
        #expect(try ask(&fleet, to: .local)["outcome"] as? String == "refused")
        #expect(try ask(&fleet, to: .any)["platform"] as? String == "Thor")
        fleet.setExecutors(of: 0, [standing(.serving)])
        #expect(try ask(&fleet, to: .local)["platform"] as? String == "Sprout")
    }

    @Test func `has been parked since the last heartbeat is refused by the peer`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        fleet.pass(milliseconds: 6_000)
        fleet.setExecutors(of: 1, [standing(.parked("it ended with code 7"))])
        let thor = Placement.platform(try #require(PlatformName("Thor")))
        let refused = try ask(&fleet, to: thor)
        #expect(refused["outcome"] as? String == "refused")
        let attempts = try #require(refused["attempts"] as? [[String: Any]])
        #expect(attempts.first?["reason"] as? String == TaskRefusal.operationNotServed.explanation)
        // From the next heartbeat on nobody sends it there.
        fleet.pass(milliseconds: 6_000)
        #expect((try ask(&fleet, to: thor)["attempts"] as? [[String: Any]])?.isEmpty == true)
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
    }

    @Test func `stands somewhere is shown by the status`() throws {
        var fleet = try ScriptedFleet(boards: 1)
        fleet.setExecutors(of: 0, [standing(.parked("it ended with code 7"))])
        let shown = try #require(try answer(&fleet, .status)["executors"] as? [[String: Any]])
        #expect(shown.count == 1)
        #expect(shown[0]["operation"] as? String == operation.name)
        #expect(shown[0]["state"] as? String == "parked")
        #expect(shown[0]["because"] as? String == "it ended with code 7")
    }

    @Test func `runs once at a time has the others wait`() throws {
        var fleet = try ScriptedFleet(boards: 1)
        fleet.restart(0) {
            $0.concurrentWork = 4
            $0.operations[0].concurrent = 1
        }
        let commands = (0..<3).map { _ in
            fleet.ask(
                0,
                .delegate(DelegationRequest(operation: operation, input: [1], placement: .local, timeout: .seconds(60)))
            )
        }
        var mostRunning = 0
        for _ in 0..<400 where commands.contains(where: { fleet.reply(to: $0) == nil }) {
            mostRunning = max(mostRunning, fleet.workers(of: 0))
            fleet.pass(milliseconds: 50)
        }
        #expect(mostRunning == 1)
        for command in commands { #expect(fleet.reply(to: command)?.refusal == nil) }
    }
}
