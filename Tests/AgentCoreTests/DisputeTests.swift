import Cryptography
import Federation
import Foundation
import Ledger
import Quantities
import Simulation
import Testing
import Wire

@testable import AgentCore

/// Disputes as they are listed, shown, handed on and judged by others.
@Suite struct DisputeTests {
    init() throws { try #require(prepareCryptography()) }

    private func object(_ reply: CommandReply?) throws -> [String: Any] {
        let reply = try #require(reply)
        return try #require(try JSONSerialization.jsonObject(with: Data(reply.json.utf8)) as? [String: Any])
    }

    private func ask(_ fleet: inout ScriptedFleet, _ command: AgentCommand, steps: Int = 4) throws -> [String: Any] {
        let id = fleet.ask(0, command)
        for _ in 0..<steps where fleet.reply(to: id) == nil { fleet.pass(milliseconds: 500) }
        return try object(fleet.reply(to: id))
    }

    /// A board that has found out a peer, by itself or by two others that ran the same; the task.
    private func dispute(_ cheat: Conduct.Cheat = .madeUp, boards: Int) throws -> (ScriptedFleet, TaskID) {
        var fleet = try ScriptedFleet(boards: boards)
        fleet.restart(0) {
            $0.acceptance = .replicated
            if boards > 2 { $0.operations = [] }
        }
        fleet.pass(milliseconds: 6_000)
        fleet.setConduct(of: 1, Conduct(cheat))
        let request = DelegationRequest(
            operation: try #require(Operation(SimulatedOperation.name)),
            input: [cheat == .overstated ? 0xEE : 1] + [UInt8](1...100),
            placement: .platform(try #require(PlatformName("Thor"))), timeout: .seconds(30))
        _ = try ask(&fleet, .delegate(request), steps: 120)
        #expect(fleet.rest() == nil)
        let listed = try #require(try ask(&fleet, .disputes)["disputes"] as? [[String: Any]])
        #expect(listed.count == 1)
        #expect(listed.first?["peer"] as? String == "Thor")
        #expect(listed.first?["verified_bp"] as? Int == (cheat == .overstated ? 5_000 : 0))
        let text = try #require(listed.first?["task"] as? String)
        let bytes = try #require(Wire.bytes(hexadecimal: text).flatMap { Bytes16($0) })
        return (fleet, TaskID(bytes: bytes))
    }

    private func evidence(_ fleet: inout ScriptedFleet, _ task: TaskID) throws -> [UInt8] {
        let shown = try ask(&fleet, .dispute(task: task))
        #expect(shown["task"] as? String == task.text)
        let order = try #require(shown["order"] as? [String: Any])
        #expect(order["input_bytes"] as? Int == 101)
        let proof = try #require(shown["proof"] as? [String: Any])
        #expect(proof["peer"] as? String == "Thor")
        #expect(proof["result_bytes_kept"] as? Int ?? 0 > 0)
        let text = try #require(shown["evidence"] as? String)
        return try #require(Base64.decode(text))
    }

    private func findings(
        _ bytes: [UInt8], _ fleet: ScriptedFleet, checks: Bool = true, payer: PublicKey? = nil,
        worker: PublicKey? = nil, domain: SignatureDomain? = nil
    ) throws -> DisputeFindings {
        let evidence = try DisputeEvidence(decoding: bytes)
        #expect(evidence.encoded == bytes)
        return try evidence.verify(
            expectedDomain: domain, payer: payer, worker: worker, using: fleet.scheme,
            by: SimulatedOperation(checksResults: checks))
    }

    @Test func `evidence of a made-up result is judged by whoever can run the same`() throws {
        var (fleet, task) = try dispute(boards: 2)
        let bytes = try evidence(&fleet, task)
        let keys = (payer: fleet.identity(of: 0).signing.publicKey, worker: fleet.identity(of: 1).signing.publicKey)
        let found = try findings(
            bytes, fleet, payer: keys.payer, worker: keys.worker, domain: fleet.identity(of: 0).domain)
        #expect(found.verdict == .resultFalse)
        #expect(found.payer == keys.payer && found.worker == keys.worker)
        #expect(found.isResultSigned == true)
        #expect(found.ownAgrees == false)
        #expect(found.sentences.contains { $0.hasPrefix("The result is false") })
        // Who cannot run it knows what was signed, and no more.
        #expect(try findings(bytes, fleet, checks: false).verdict == .open)
        // It outlives a restart.
        fleet.stop(0)
        #expect(try evidence(&fleet, task).count == bytes.count)
    }

    @Test func `evidence of those who ran the same is told with their keys`() throws {
        var (fleet, task) = try dispute(boards: 4)
        let found = try findings(try evidence(&fleet, task), fleet, checks: false)
        #expect(found.verdict == .open)
        #expect(found.ownAgrees == nil)
        #expect(found.replicas.count == 2)
        let others = [fleet.identity(of: 2), fleet.identity(of: 3)].map { $0.signing.publicKey.id }
        #expect(Set(found.replicas.map { $0.signer }) == Set(others))
        #expect(found.replicas.allSatisfy { $0.agrees == false && $0.isResultSigned == true })
    }

    @Test func `a result that is right is called so, whatever is said against it`() throws {
        var (fleet, task) = try dispute(.overstated, boards: 2)
        // The operation is right about the bytes, and says nothing of what they are worth.
        #expect(try findings(try evidence(&fleet, task), fleet).verdict == .resultRight)
    }

    @Test func `every change to the file is found`() throws {
        var (fleet, task) = try dispute(boards: 2)
        let bytes = try evidence(&fleet, task)
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0x10
            do throws(DisputeEvidenceError) {
                let evidence = try DisputeEvidence(decoding: changed)
                _ = try evidence.verify(
                    expectedDomain: fleet.identity(of: 0).domain, payer: nil, worker: nil, using: fleet.scheme,
                    by: SimulatedOperation())
                Issue.record("byte \(index) of \(bytes.count) counts for nothing")
            } catch { #expect(!error.explanation.isEmpty) }
        }
        for end in stride(from: 0, to: bytes.count, by: 7) {
            #expect(throws: DisputeEvidenceError.self) { try DisputeEvidence(decoding: Array(bytes[..<end])) }
        }
    }

    @Test func `other keys and another federation are refused by name`() throws {
        var (fleet, task) = try dispute(boards: 2)
        let bytes = try evidence(&fleet, task)
        let keys = (payer: fleet.identity(of: 0).signing.publicKey, worker: fleet.identity(of: 1).signing.publicKey)
        #expect(throws: DisputeEvidenceError.wrongKey(.task, expected: keys.worker.id, found: keys.payer.id)) {
            try findings(bytes, fleet, payer: keys.worker)
        }
        #expect(throws: DisputeEvidenceError.wrongKey(.proof, expected: keys.payer.id, found: keys.worker.id)) {
            try findings(bytes, fleet, worker: keys.payer)
        }
        let domain = fleet.identity(of: 0).domain
        let other = SignatureDomain(federation: .zero, configurationEpoch: domain.configurationEpoch)
        #expect(throws: DisputeEvidenceError.otherFederation(expected: other, found: domain)) {
            try findings(bytes, fleet, domain: other)
        }
    }

    // MARK: Forgery

    /// The evidence in `bytes` as somebody else would state it.
    private func restated(
        _ bytes: [UInt8], _ fleet: ScriptedFleet, by key: SigningKey, keys: [PublicKey],
        after successions: [CountersignedSuccession] = []
    ) throws -> [UInt8] {
        let evidence = try DisputeEvidence(decoding: bytes)
        return try DisputeEvidence(
            evidence.record, keys: keys, by: key, in: evidence.domain, after: successions, using: fleet.scheme
        ).encoded
    }

    @Test func `a statement counts only under the payer's key, or under one that succeeded it`() throws {
        var (fleet, task) = try dispute(boards: 2)
        let bytes = try evidence(&fleet, task)
        let payer = fleet.identity(of: 0).signing
        let stranger = try #require(SigningKey(seed: [UInt8](repeating: 95, count: 32)))
        let keys = try DisputeEvidence(decoding: bytes).keys + [stranger.publicKey]
        let forged = try restated(bytes, fleet, by: stranger, keys: keys)
        let wrong = DisputeEvidenceError.wrongKey(
            .statement, expected: payer.publicKey.id, found: stranger.publicKey.id)
        for known in [nil, payer.publicKey] {
            #expect(throws: wrong) { try findings(forged, fleet, payer: known) }
        }
        // The worker has all it needs, but for the payer's key.
        let worker = fleet.identity(of: 1).signing
        #expect(throws: DisputeEvidenceError.self) {
            try findings(try restated(bytes, fleet, by: worker, keys: keys), fleet)
        }
        func succession(_ old: SigningKey, _ new: SigningKey) throws -> CountersignedSuccession {
            try #require(
                CountersignedSuccession(
                    from: old, to: new, at: WallTime(milliseconds: 1_000), overlapEnd: WallTime(milliseconds: 9_000),
                    in: fleet.identity(of: 0).domain, by: fleet.scheme))
        }
        let second = try #require(SigningKey(seed: [UInt8](repeating: 96, count: 32)))
        let row = [try succession(payer, second), try succession(second, stranger)]
        let rotated = try restated(bytes, fleet, by: stranger, keys: keys, after: row)
        for known in [nil, payer.publicKey, second.publicKey, stranger.publicKey] {
            let found = try findings(rotated, fleet, payer: known)
            #expect(found.payer == payer.publicKey)
            #expect(found.holds)
        }
        // A key that came before the payer's is not the payer.
        let backwards = try restated(bytes, fleet, by: stranger, keys: keys, after: [try succession(stranger, payer)])
        #expect(throws: wrong) { try findings(backwards, fleet) }
        for index in rotated.indices.suffix(600) {
            var changed = rotated
            changed[index] ^= 0x10
            #expect(throws: (any Error).self, "byte \(index)") { try findings(changed, fleet) }
        }
    }

    @Test func `a signature whose key is not there is named`() throws {
        var (fleet, task) = try dispute(boards: 4)
        let bytes = try evidence(&fleet, task)
        #expect(try findings(bytes, fleet).holds)
        let gone = fleet.identity(of: 2).signing.publicKey
        let keys = try DisputeEvidence(decoding: bytes).keys.filter { $0 != gone }
        let found = try findings(
            try restated(bytes, fleet, by: fleet.identity(of: 0).signing, keys: keys), fleet, checks: false)
        #expect(!found.holds && !found.isAllChecked)
        #expect(found.unchecked.map { $0.signer } == [gone.id])
        #expect(found.sentences.contains { $0.hasPrefix("Not checked is") && $0.contains(gone.id.fingerprint) })
        #expect(found.replicas.count == 1)
    }

    @Test func `what witnesses say is told as their word, all of it`() throws {
        var fleet = try ScriptedFleet(boards: 6)
        fleet.restart(0) { $0.acceptance = .witnessed }
        fleet.pass(milliseconds: 6_000)
        fleet.setConduct(of: 1, Conduct(.madeUp))
        let request = DelegationRequest(
            operation: try #require(Operation(SimulatedOperation.name)), input: [1] + [UInt8](1...100),
            placement: .platform(try #require(PlatformName("Thor"))), timeout: .seconds(30))
        _ = try ask(&fleet, .delegate(request), steps: 120)
        #expect(fleet.rest() == nil)
        let listed = try #require(try ask(&fleet, .disputes)["disputes"] as? [[String: Any]])
        let text = try #require(listed.first?["task"] as? String)
        let id = TaskID(bytes: try #require(Wire.bytes(hexadecimal: text).flatMap { Bytes16($0) }))
        let shown = try ask(&fleet, .dispute(task: id))
        let words = try #require(shown["replicas"] as? [[String: Any]])
        #expect(words.count == 3 && words.allSatisfy { $0["attested_bp"] as? Int == 0 })
        let found = try findings(try evidence(&fleet, id), fleet, checks: false)
        #expect(found.holds && found.isWitnessed)
        #expect(found.replicas.map { $0.attestation?.quality } == [.zero, .zero, .zero])
        #expect(found.replicas.allSatisfy { $0.isAboutThis == true && $0.agrees == nil })
        #expect(found.sentences.count { $0.hasSuffix("as a witness that the result is worth 0 %.") } == 3)
        #expect(!found.sentences.contains { $0.contains("another result") })
        // All words that decided are kept: as many as are asked at most.
        let record = try DisputeEvidence(decoding: try evidence(&fleet, id)).dispute
        let order = try Signed<FederationTask>(stored: try #require(record.order))
        let many = (0..<40).map { record.replicas[$0 % 3] }
        let kept = DisputeRecord(
            try Signed<ExecutionProof>(stored: record.proof), of: order, by: record.worker, result: record.result,
            reason: record.reason, verified: record.verified, replicas: many, own: nil, at: record.decidedAt)
        #expect(kept.replicas.count == DisputeRecord.mostReplicas && DisputeRecord.mostReplicas == 32)
        #expect(try DisputeRecord(decoding: kept.encoded) == kept)
    }

    @Test func `what is no dispute is not found`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        #expect(try (ask(&fleet, .disputes)["disputes"] as? [Any])?.isEmpty == true)
        let id = fleet.ask(0, .dispute(task: TaskID(bytes: Bytes16(bits: 7))))
        fleet.pass(milliseconds: 500)
        #expect(fleet.reply(to: id)?.refusal == .notFound)
    }

    // MARK: One peer

    @Test func `a peer is shown with all that is known of it`() throws {
        var (fleet, task) = try dispute(boards: 2)
        fleet.restart(1) {
            $0.horizons = [Horizon("regional"), Horizon("session")].compactMap { $0 }
            $0.convergence = BasisPoints(clamping: 7_500)
        }
        fleet.setConduct(of: 1, Conduct())
        let request = DelegationRequest(
            operation: try #require(Operation(SimulatedOperation.name)), input: [UInt8](1...100),
            placement: .platform(try #require(PlatformName("Thor"))), timeout: .seconds(30))
        #expect(try ask(&fleet, .delegate(request), steps: 120)["outcome"] as? String == "done")
        #expect(fleet.rest() == nil)
        let peer = try ask(&fleet, .peer(name: "Thor"))
        #expect(peer["peer"] as? String == "Thor")
        #expect(peer["key_id"] as? String == fleet.id(of: 1).text)
        let identity = try #require(peer["identity"] as? [String: Any])
        #expect(identity["signing_key_id"] as? String == fleet.id(of: 1).text)
        #expect((identity["addresses"] as? [String])?.count == 1)
        let heartbeat = try #require(peer["heartbeat"] as? [String: Any])
        #expect(heartbeat["horizons"] as? [String] == ["regional", "session"])
        #expect(heartbeat["convergence_bp"] as? Int == 7_500)
        #expect(heartbeat["accepts_tasks"] as? Bool == true)
        let services = try #require(peer["services"] as? [[String: Any]])
        #expect(services.count == 1)
        #expect(services.first?["operation"] as? String == SimulatedOperation.name)
        #expect(services.first?["standing"] as? String == "newcomer")
        #expect(services.first?["verified"] as? Int == 2)
        #expect(services.first?["typical_bytes"] as? Int == 1_024)
        let predictions = try #require(peer["predictions"] as? [[String: Any]])
        #expect(predictions.first?["runs"] as? Int == 1)
        let tasks = try #require(peer["tasks"] as? [String: Any])
        #expect(tasks["per_minute"] as? Int == 60 && tasks["allowed_now"] as? Int == 60)
        let lanes = try #require(peer["lanes"] as? [String: Any])
        #expect(lanes["sent"] as? Int == lanes["acknowledged"] as? Int)
        let disputes = try #require(peer["disputes"] as? [[String: Any]])
        #expect(disputes.first?["task"] as? String == task.text)
        let other = fleet.ask(1, .peer(name: "Sprout"))
        fleet.pass(milliseconds: 500)
        let sprout = try object(fleet.reply(to: other))
        #expect((sprout["tasks"] as? [String: Any])?["allowed_now"] as? Int ?? 0 >= 58)
        let nobody = fleet.ask(0, .peer(name: "Cedar"))
        fleet.pass(milliseconds: 500)
        #expect(fleet.reply(to: nobody)?.refusal == .notFound)
    }

    // MARK: Requirements

    @Test(
        arguments: [
            ("regional", nil, true), ("regional", 75, true), ("regional", 76, false), ("global", nil, false),
            (nil, 10, true), (nil, nil, true),
        ] as [(String?, Int64?, Bool)])
    func `a task goes only where its horizon and convergence are stated`(
        horizon: String?, percent: Int64?, isMet: Bool
    ) throws {
        var fleet = try ScriptedFleet(boards: 3)
        fleet.restart(1) {
            $0.horizons = [Horizon("regional")].compactMap { $0 }
            $0.convergence = BasisPoints(clamping: 7_500)
        }
        fleet.pass(milliseconds: 6_000)
        var request = DelegationRequest(
            operation: try #require(Operation(SimulatedOperation.name)), input: [UInt8](1...100),
            timeout: .seconds(30), isTrial: true)
        request.requirement = Requirement(
            horizon: horizon.flatMap { Horizon($0) },
            minimumConvergence: percent.map { BasisPoints(clamping: $0 * 100) })
        let trial = try ask(&fleet, .delegate(request))
        let decision = try #require(trial["decision"] as? [String: Any])
        let candidates = try #require(decision["candidates"] as? [[String: Any]])
        for candidate in candidates {
            let isOpen = (horizon == nil && percent == nil) || (isMet && candidate["platform"] as? String == "Thor")
            #expect((candidate["reason"] as? String == "requirement_not_met") == !isOpen, "\(candidate)")
        }
        request.isTrial = false
        let outcome = try ask(&fleet, .delegate(request), steps: 120)
        #expect(outcome["outcome"] as? String == (isMet ? "done" : "refused"))
        if isMet, horizon != nil || percent != nil { #expect(outcome["platform"] as? String == "Thor") }
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
    }
}
