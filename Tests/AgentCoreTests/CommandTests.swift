import AgentCore
import Cryptography
import Federation
import Foundation
import Ledger
import Quantities
import Simulation
import Testing

/// Commands of the operator's (`execution`), none of which is run twice for one task; the fleet's checker sees to that
/// as well.
@Suite struct CommandTests {
    init() throws { try #require(prepareCryptography()) }

    private var operation: Federation.Operation { get throws { try #require(Operation("execution.df")) } }

    /// Boards each of which offers the command; the first asks for `acceptance`.
    private func makeFleet(
        _ boards: Int = 3, acceptance: QualityBasis = .replicated
    ) throws -> ScriptedFleet {
        var fleet = try ScriptedFleet(boards: boards)
        let offer = OperationOffer(
            operation: try operation, memory: .mebibytes(16), timeout: .seconds(30), typicalTime: .milliseconds(500))
        for board in 0..<boards {
            fleet.restart(board) {
                $0.operations.append(offer)
                $0.acceptance = acceptance
            }
        }
        fleet.pass(milliseconds: 10_000)
        return fleet
    }

    private func delegate(
        _ fleet: inout ScriptedFleet, to placement: Placement, hops: Int = 0
    ) throws -> CommandID {
        var request = DelegationRequest(
            operation: try operation, input: [1, 2, 3], placement: placement, timeout: .seconds(60))
        request.hops = hops
        return fleet.ask(0, .delegate(request))
    }

    private var thor: Placement { get throws { .platform(try #require(PlatformName("Thor"))) } }

    private func object(_ reply: CommandReply?) throws -> [String: Any] {
        let reply = try #require(reply)
        return try #require(try JSONSerialization.jsonObject(with: Data(reply.json.utf8)) as? [String: Any])
    }

    private func reply(_ fleet: inout ScriptedFleet, _ command: CommandID) throws -> [String: Any] {
        for _ in 0..<400 where fleet.reply(to: command) == nil { fleet.pass(milliseconds: 250) }
        return try object(fleet.reply(to: command))
    }

    private func message(_ answer: [String: Any]) throws -> String {
        #expect(answer["outcome"] as? String == "refused")
        return try #require((answer["error"] as? [String: Any])?["message"] as? String)
    }

    private func runs(_ fleet: ScriptedFleet) -> [Int] { (0..<3).map { fleet.conduct(of: $0).runs } }

    private func checkEnd(_ fleet: inout ScriptedFleet) {
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
    }

    @Test(arguments: QualityBasis.allCases)
    func `one at a peer is paid on its word, and run by nobody else`(acceptance: QualityBasis) throws {
        var fleet = try makeFleet(acceptance: acceptance)
        let answer = try reply(&fleet, try delegate(&fleet, to: try thor))
        #expect(answer["outcome"] as? String == "done")
        checkEnd(&fleet)
        #expect(runs(fleet) == [0, 1, 0])
    }

    private static let ends: [(WorkReport.Outcome, there: String, here: String)] = [
        (
            .crashed("signal 9"), "interrupted; what it does is not run a second time",
            "the worker crashed: signal 9"
        ),
        (
            .failed(code: 4, "the command ended with code 4"), "the operation failed with code 4",
            "the command ended with code 4"
        ),
    ]

    @Test(arguments: [0, 1])
    func `one at a peer that comes to nothing is tried nowhere else`(index: Int) throws {
        let (outcome, there, _) = Self.ends[index]
        var fleet = try makeFleet()
        for board in 0..<3 { fleet.setWorkOutcome(of: board, outcome) }
        let found = try message(try reply(&fleet, try delegate(&fleet, to: try thor)))
        #expect(found == there)
        checkEnd(&fleet)
        #expect(runs(fleet) == [0, 1, 0])
    }

    @Test(arguments: [0, 1])
    func `one at home that comes to nothing is tried nowhere else`(index: Int) throws {
        let (outcome, _, here) = Self.ends[index]
        var fleet = try makeFleet()
        for board in 0..<3 { fleet.setWorkOutcome(of: board, outcome) }
        let found = try message(try reply(&fleet, try delegate(&fleet, to: .any)))
        #expect(found == here)
        checkEnd(&fleet)
        #expect(runs(fleet) == [1, 0, 0])
    }

    @Test func `one that runs when its worker's agent dies is interrupted`() throws {
        var fleet = try makeFleet()
        let command = try delegate(&fleet, to: try thor)
        for _ in 0..<4_000 where fleet.workers(of: 1) == 0 { fleet.pass(milliseconds: 1) }
        fleet.crash(1)
        fleet.pass(milliseconds: 20_000)
        #expect(try message(try reply(&fleet, command)) == "interrupted; what it does is not run a second time")
        checkEnd(&fleet)
        #expect(runs(fleet) == [0, 1, 0])
    }
}
