import AgentCore
import Cryptography
import Federation
import Foundation
import Ledger
import Quantities
import Simulation
import Testing

/// Identities on boards that delegate to each other: certificates, revocation, trusted keys, rotation of keys.
@Suite struct IdentityTests {
    init() throws { try #require(prepareCryptography()) }

    /// Two boards whose clocks are synchronised, and what they show.
    private func twoBoards() throws -> (fleet: ScriptedFleet, wall: WallTime) {
        for seed in UInt64(1)...40 {
            let fleet = try ScriptedFleet(boards: 2, seed: seed)
            let moments = [fleet.moment(of: 0), fleet.moment(of: 1)]
            guard moments.allSatisfy({ $0.status == .synchronized }) else { continue }
            return (fleet, moments.map(\.wall).max() ?? .origin)
        }
        throw NoFleet()
    }

    private struct NoFleet: Error {}

    private static let creator = SigningKey(seed: [UInt8](repeating: 91, count: 32))

    /// A certificate of the fleet's lineage in `task` on the platform of `board`, narrowed by `change`.
    private func certificate(
        _ fleet: ScriptedFleet, of board: Int, as task: TaskType, at wall: WallTime,
        change: (inout Certificate) -> Void = { _ in }
    ) throws -> EndorsedCertificate {
        let identity = fleet.identity(of: board)
        let creator = try #require(Self.creator)
        let validity = try #require(
            Validity(from: wall - .seconds(100_000), until: wall + .seconds(10_000_000)))
        var certificate = Certificate(
            lineage: Lineage(of: identity.delegator), task: task, key: creator.publicKey,
            permissions: task.budget.permissions, allowance: Allowance(task.budget), validity: validity,
            creator: creator.publicKey)
        change(&certificate)
        return try EndorsedCertificate(
            issuing: certificate, signedBy: creator, in: identity.platform, endorsedBy: identity.signing,
            domain: identity.domain, by: fleet.scheme)
    }

    private func revocation(_ fleet: ScriptedFleet, at wall: WallTime) throws -> String {
        let creator = try #require(Self.creator)
        let payload = try #require(
            Revocation(
                of: creator.publicKey, for: Lineage(of: fleet.identity(of: 0).delegator), by: creator.publicKey,
                at: wall))
        return IdentityText.revocation(
            Signed(signing: payload, with: creator, in: fleet.identity(of: 0).domain, by: fleet.scheme)
        ).text
    }

    @Test func `a revoked delegator hands nothing out any more, not even after a restart`() throws {
        var (fleet, wall) = try twoBoards()
        let one = try certificate(fleet, of: 0, as: .delegationFederation, at: wall)
        let added = try answer(&fleet, 0, .addIdentity(text: IdentityText.certificates([one]).text))
        #expect(added["added"] as? String == "lct:web4:agent:dp@Sprout#delegation.federation")
        #expect(added["standing"] as? String == "good")
        #expect(try ask(&fleet, 0, request(.local))["outcome"] as? String == "done")
        let ended = try answer(&fleet, 0, .addIdentity(text: try revocation(fleet, at: wall)))
        #expect(ended["ended"] as? [String] == ["lct:web4:agent:dp@Sprout#delegation.federation"])
        #expect(try reason(&fleet, request(.local)) == "the certificate of the delegator was revoked")
        fleet.crash(0)
        fleet.pass(milliseconds: 30_000)
        #expect(try reason(&fleet, request(.local)) == "the certificate of the delegator was revoked")
        let listed = try answer(&fleet, 0, .identities)
        let identities = try #require(listed["identities"] as? [[String: Any]])
        #expect(identities.map { $0["standing"] as? String } == ["revoked"])
    }

    @Test func `a worker refuses a delegator that it knows to be revoked`() throws {
        var (fleet, wall) = try twoBoards()
        let thor = Placement.platform(try #require(PlatformName("Thor")))
        let one = try certificate(fleet, of: 0, as: .delegationFederation, at: wall)
        _ = try answer(&fleet, 1, .addIdentity(text: IdentityText.certificates([one]).text))
        #expect(try ask(&fleet, 0, request(thor))["outcome"] as? String == "done")
        _ = try answer(&fleet, 1, .addIdentity(text: try revocation(fleet, at: wall)))
        #expect(try reason(&fleet, request(thor)) == "the certificate of the delegator was revoked")
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
    }

    @Test func `a certificate narrows what is done here and what is done for peers`() throws {
        var (fleet, wall) = try twoBoards()
        let thor = Placement.platform(try #require(PlatformName("Thor")))
        let there = try certificate(fleet, of: 1, as: .perception, at: wall) { $0.permissions = .none }
        let added = try answer(&fleet, 1, .addIdentity(text: IdentityText.certificates([there]).text))
        #expect(added["standing"] as? String == "good")
        #expect(try reason(&fleet, request(thor)) == "the target lacks atp:read")
        let here = try certificate(fleet, of: 0, as: .perception, at: wall) {
            $0.allowance.dailyATP = Energy(millijoules: 1)
        }
        _ = try answer(&fleet, 0, .addIdentity(text: IdentityText.certificates([here]).text))
        let refused = try reason(&fleet, request(.local))
        #expect(refused.hasSuffix(" mJ of today's budget, 1 mJ are left"), "\(refused)")
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
    }

    @Test func `what is used of a day's budget is counted, and kept over a restart`() throws {
        var (fleet, wall) = try twoBoards()
        var trial = request(.local)
        trial.isTrial = true
        let decision = try #require(try ask(&fleet, 0, trial)["decision"] as? [String: Any])
        let candidate = try #require((decision["candidates"] as? [[String: Any]])?.first)
        let lock = try #require((candidate["lock_mj"] as? String).flatMap { Int64($0) })
        // Enough for one lock and what is left of it, so that some tasks are done and then no more.
        let here = try certificate(fleet, of: 0, as: .perception, at: wall) {
            $0.allowance.dailyATP = Energy(millijoules: lock)
        }
        _ = try answer(&fleet, 0, .addIdentity(text: IdentityText.certificates([here]).text))
        var done = 0
        while done < 300, try ask(&fleet, 0, request(.local))["outcome"] as? String == "done" { done += 1 }
        #expect((1..<300).contains(done))
        fleet.crash(0)
        fleet.pass(milliseconds: 30_000)
        #expect(try reason(&fleet, request(.local)).contains("of today's budget"))
    }

    @Test func `keys are trusted by name, shown, and taken back`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        let key = try #require(Self.creator).publicKey
        let pem = PEM.text(key)
        let added = try answer(&fleet, 0, .trustKey(name: "Legion", pem: pem))
        #expect(added["fingerprint"] as? String == key.id.fingerprint)
        _ = try answer(&fleet, 0, .trustKey(name: "lct:web4:agent:dp", pem: pem))
        for (name, words) in [
            ("Thor", "is the name of a peer"), ("Sprout", "is the name of this node"), ("a b", "is neither"),
        ] {
            let refused = try answer(&fleet, 0, .trustKey(name: name, pem: pem))
            let error = try #require(refused["error"] as? [String: Any])
            #expect(try #require(error["message"] as? String).contains(words))
        }
        #expect(try answer(&fleet, 0, .trustKey(name: "X", pem: "nothing"))["error"] != nil)
        fleet.crash(0)
        fleet.pass(milliseconds: 30_000)
        var trusted = try #require(try answer(&fleet, 0, .identities)["trusted_keys"] as? [[String: Any]])
        #expect(trusted.map { $0["name"] as? String } == ["Legion", "lct:web4:agent:dp"])
        #expect(try answer(&fleet, 0, .removePeer(name: "Legion"))["removed"] as? String == "Legion")
        trusted = try #require(try answer(&fleet, 0, .identities)["trusted_keys"] as? [[String: Any]])
        #expect(trusted.count == 1)
    }

    // MARK: Rotation

    @Test(arguments: [0, 1]) func `with a new key a board goes on under its old name, ledger and credits`(board: Int)
        throws
    {
        var (fleet, _) = try twoBoards()
        let id = fleet.id(of: board)
        let key = fleet.identity(of: board).signing.publicKey
        #expect(fleet.rotateKey(of: board, overlap: .seconds(7 * 86_400), seed: 77) != nil)
        #expect(fleet.identity(of: board).signing.publicKey != key)
        #expect(fleet.id(of: board) == id)
        fleet.pass(milliseconds: 20_000)
        for (from, to) in [(0, "Thor"), (1, "Sprout")] {
            let place = Placement.platform(try #require(PlatformName(to)))
            let outcome = try ask(&fleet, from, request(place))
            #expect(outcome["outcome"] as? String == "done", "\(outcome)")
        }
        let energy = try #require(try answer(&fleet, board, .status)["energy"] as? [String: Any])
        #expect(energy["charge_refused"] as? String == nil)
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
    }

    @Test func `a peer that was not told accepts nothing under the new key until it is`() throws {
        var (fleet, _) = try twoBoards()
        let thor = Placement.platform(try #require(PlatformName("Thor")))
        let rotated = fleet.rotateKey(of: 0, overlap: .seconds(7 * 86_400), seed: 78, tells: false)
        let text = try #require(rotated)
        #expect(try ask(&fleet, 0, request(thor))["outcome"] as? String != "done")
        let added = try answer(&fleet, 1, .addIdentity(text: text))
        #expect(
            added["new_fingerprint"] as? String == fleet.identity(of: 0).signing.publicKey.id.fingerprint)
        fleet.pass(milliseconds: 60_000)
        #expect(try ask(&fleet, 0, request(thor))["outcome"] as? String == "done")
        #expect(fleet.rest() == nil)
    }

    @Test func `a succession of somebody unknown is not taken in`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        let (old, new) = (try #require(SigningKey(seed: [UInt8](repeating: 5, count: 32))), try #require(Self.creator))
        let succession = try #require(
            CountersignedSuccession(
                from: old, to: new, at: .origin, overlapEnd: .origin, in: fleet.identity(of: 0).domain,
                by: fleet.scheme))
        let reply = try answer(&fleet, 0, .addIdentity(text: IdentityText.succession(succession).text))
        let error = try #require(reply["error"] as? [String: Any])
        #expect(error["kind"] as? String == "not_found")
    }

    // MARK: Asking

    private func request(_ placement: Placement) -> DelegationRequest {
        guard let operation = Operation(SimulatedOperation.name) else { preconditionFailure("a good name") }
        return DelegationRequest(
            operation: operation, input: [UInt8](1...100), placement: placement, timeout: .seconds(20))
    }

    /// Why the one place of a request of board 0 was left.
    private func reason(_ fleet: inout ScriptedFleet, _ request: DelegationRequest) throws -> String {
        let outcome = try ask(&fleet, 0, request)
        let attempts = outcome["attempts"] as? [[String: Any]] ?? []
        return attempts.last?["reason"] as? String ?? "\(outcome)"
    }

    private func answer(_ fleet: inout ScriptedFleet, _ board: Int, _ command: AgentCommand) throws -> [String: Any] {
        let asked = fleet.ask(board, command)
        fleet.pass(milliseconds: 200)
        let reply = try #require(fleet.reply(to: asked))
        return try #require(try JSONSerialization.jsonObject(with: Data(reply.json.utf8)) as? [String: Any])
    }

    private func ask(_ fleet: inout ScriptedFleet, _ board: Int, _ request: DelegationRequest) throws -> [String: Any] {
        let command = fleet.ask(board, .delegate(request))
        for _ in 0..<120 where fleet.reply(to: command) == nil { fleet.pass(milliseconds: 500) }
        fleet.pass(milliseconds: 50)
        let reply = try #require(fleet.reply(to: command))
        return try #require(try JSONSerialization.jsonObject(with: Data(reply.json.utf8)) as? [String: Any])
    }
}
