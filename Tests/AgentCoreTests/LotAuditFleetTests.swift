import AgentCore
import Cryptography
import EnergyProofs
import Federation
import Foundation
import Ledger
import Quantities
import Simulation
import Testing

/// What boards make of each other's lots, whether or not the pages behind them are in order.
@Suite struct LotAuditFleetTests {
    private let thor: Placement
    private var fleet: ScriptedFleet

    init() throws {
        try #require(prepareCryptography())
        thor = .platform(try #require(PlatformName("Thor")))
        fleet = try ScriptedFleet(boards: 2)
        // A new process shows its older pages from the store.
        fleet.restart(0) { _ in }
    }

    @Test func `the page behind a lot is asked for once, and audited`() throws {
        var fleet = fleet
        #expect(try ask(&fleet) == "done")
        fleet.pass(milliseconds: 2_000)
        #expect(fleet.figures(of: 1)?.auditedLotProofs == 1)
        #expect(fleet.pageReads == 1)
        for _ in 0..<5 { #expect(try ask(&fleet) == "done") }
        let figures = try #require(fleet.figures(of: 1))
        #expect(figures.auditedLotProofs == figures.lotProofs)
        #expect(figures.contradictedLots == 0)
        #expect(fleet.pageReads <= figures.lotProofs)
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
    }

    @Test func `more than may be owed is refused, and taken once the page has come`() throws {
        var fleet = fleet
        fleet.restart(1) { $0.unauditedLimit = .zero }
        #expect(try ask(&fleet) == "the offered lots are not accepted there")
        fleet.pass(milliseconds: 2_000)
        #expect(try ask(&fleet) == "done")
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
    }

    @Test func `a task whose lots one peer refuses goes to the next`() throws {
        var fleet = try ScriptedFleet(boards: 3)
        fleet.setMemory(of: 0, mebibytes: 400)
        for board in [1, 2] { fleet.restart(board) { $0.unauditedLimit = .zero } }
        // Both refuse; this board lacks memory for the moment, so it is decided again, and by then the pages have come.
        let first = try delegate(&fleet, placement: .any)
        #expect((first["attempts"] as? [Any])?.count == 2)
        #expect(first["outcome"] as? String == "done")
        fleet.pass(milliseconds: 2_000)
        #expect(try delegate(&fleet, placement: .any)["outcome"] as? String == "done")
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
    }

    /// A peer that shows another page, or none, has a limited credit.
    @Test(arguments: [false, true]) func `without the page of its lots a peer may owe so much and no more`(
        hasAnother: Bool
    ) throws {
        var fleet = fleet
        fleet.restart(1) { $0.unauditedLimit = Energy(joules: 8) }
        let pages = fleet.chargedPages(of: 0)
        let another = try #require(fleet.chargedPages(of: 1).first).value
        for page in pages { fleet.replacePage(of: 0, key: page.key, with: hasAnother ? another : []) }
        var received: [Energy] = []
        for _ in 0..<20 {
            let outcome = try ask(&fleet)
            guard outcome == "done" else {
                #expect(outcome == "the offered lots are not accepted there")
                continue
            }
            received.append(try #require(fleet.ledger(of: 1).balances?.accounts.first?.received))
        }
        #expect(!received.isEmpty && received.count < 20)
        #expect(try #require(received.last) <= Energy(joules: 8))
        #expect(fleet.figures(of: 1)?.auditedLotProofs == 0)
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
    }

    @Test func `a peer that shows a spoilt page for its own lot is refused until it is added again`() throws {
        var fleet = fleet
        for page in fleet.chargedPages(of: 0) {
            var bytes = page.value
            bytes[bytes.count - 1] ^= 1
            fleet.replacePage(of: 0, key: page.key, with: bytes)
        }
        #expect(try ask(&fleet) == "done")
        fleet.pass(milliseconds: 2_000)
        let trust = try directTrust(&fleet)
        #expect(trust < 5_000)
        // The page, and who showed it.
        #expect(fleet.figures(of: 1)?.contradictedLots == 2)
        for _ in 0..<3 { #expect(try ask(&fleet) == "the offered lots are not accepted there") }
        #expect(try directTrust(&fleet) == trust)
        #expect(fleet.rest() == nil)
        _ = fleet.ask(1, .removePeer(name: "Sprout"))
        fleet.pass(milliseconds: 1_000)
        _ = fleet.ask(1, .addPeer(record: fleet.record(of: 0)))
        fleet.pass(milliseconds: 90_000)
        #expect(try ask(&fleet) == "done")
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
    }

    @Test func `a holder shows the page of an issuer that cannot be reached`() throws {
        var fleet = try ScriptedFleet(boards: 3)
        // What a fixed price leaves the worker stays with it as a lot.
        fleet.restart(0) { $0.pricing = .fixed }
        #expect(try ask(&fleet) == "done")
        fleet.pass(milliseconds: 2_000)
        #expect(fleet.figures(of: 1)?.auditedLotProofs == 1)
        fleet.setCut(true, between: 0, and: 2)
        fleet.pass(milliseconds: 60_000)
        let lots = fleet.ledger(of: 1).lots.values
        #expect(lots.contains { $0.origin.issuer == fleet.id(of: 0) })
        // Each own lot could pay alone: of two that are locked one is from far.
        let own = lots.filter { $0.origin.issuer == fleet.id(of: 1) }
        #expect(own.allSatisfy { $0.amount > Energy(joules: 5) })
        let legion = Placement.platform(try #require(PlatformName("Legion")))
        #expect(try delegate(&fleet, from: 1, placement: legion)["outcome"] as? String == "done")
        fleet.pass(milliseconds: 10_000)
        #expect(fleet.figures(of: 2)?.lotProofs == 2)
        #expect(fleet.figures(of: 2)?.auditedLotProofs == 2)
        fleet.setCut(false, between: 0, and: 2)
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
    }

    @Test func `a page is kept until no lot on it can be alive`() throws {
        var fleet = fleet
        // Beyond the credits of seven days that are there, it charges some that live a minute.
        fleet.restart(0) {
            $0.charging.lotLifetime = .seconds(60)
            $0.chargeTarget = Energy(joules: 200)
        }
        var seen: Set<[UInt8]> = []
        for _ in 0..<80 {
            fleet.pass(milliseconds: 60_000)
            for page in fleet.chargedPages(of: 0) { seen.insert(page.key) }
        }
        let kept = fleet.chargedPages(of: 0)
        #expect(kept.map { $0.key } == fleet.ledger(of: 0).charges.keys.sorted().map { $0.array })
        #expect(!kept.isEmpty && kept.count < seen.count)
        #expect(fleet.finding == nil)
    }

    // MARK: Asking

    /// "done", or why the second board did not run a task of the first.
    private func ask(_ fleet: inout ScriptedFleet) throws -> String {
        let reply = try delegate(&fleet, placement: thor)
        if let error = reply["error"] as? [String: Any] { return try #require(error["message"] as? String) }
        return try #require(reply["outcome"] as? String)
    }

    private func delegate(
        _ fleet: inout ScriptedFleet, from board: Int = 0, placement: Placement
    ) throws -> [String: Any] {
        guard let operation = Operation(SimulatedOperation.name) else { preconditionFailure("a good name") }
        let request = DelegationRequest(
            operation: operation, input: [UInt8](1...100), placement: placement, timeout: .seconds(20))
        return try answer(&fleet, board, .delegate(request))
    }

    /// How far the second board trusts the first.
    private func directTrust(_ fleet: inout ScriptedFleet) throws -> Int {
        let peers = try #require(try answer(&fleet, 1, .peers)["peers"] as? [[String: Any]])
        return try #require(peers.first?["direct_trust_bp"] as? Int)
    }

    private func answer(_ fleet: inout ScriptedFleet, _ board: Int, _ command: AgentCommand) throws -> [String: Any] {
        let command = fleet.ask(board, command)
        for _ in 0..<120 where fleet.reply(to: command) == nil { fleet.pass(milliseconds: 500) }
        fleet.pass(milliseconds: 50)
        let reply = try #require(fleet.reply(to: command))
        return try #require(try JSONSerialization.jsonObject(with: Data(reply.json.utf8)) as? [String: Any])
    }
}
