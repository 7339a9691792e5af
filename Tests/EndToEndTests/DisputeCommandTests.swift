import Configuration
import Cryptography
import Federation
import Foundation
import Ledger
import Quantities
import Telemetry
import TestKit
import Testing
import Wire
import Workers

@testable import AgentCore

private typealias NamedOperation = Federation.Operation

/// Files of evidence as a stranger checks them, without an agent.
@Suite struct `evidence of a dispute` {
    private let domain = SignatureDomain(federation: FederationSection.id(of: "home"), configurationEpoch: 1)
    private let sprout: SigningKey
    private let thor: SigningKey
    private let input: [UInt8]

    init() throws {
        try #require(prepareCryptography())
        sprout = try #require(SigningKey(seed: [UInt8](repeating: 1, count: 32)))
        thor = try #require(SigningKey(seed: [UInt8](repeating: 2, count: 32)))
        input = [UInt8](try Data(contentsOf: Fixtures.url("frames/corridor.pgm")))
    }

    /// What Sprout has against Thor's `result`, of an operation that may be one of the operator's own.
    private func evidence(
        of result: [UInt8], operation: String = "perception.features", statedBy maker: SigningKey? = nil,
        withReplicaOf other: SigningKey? = nil
    ) throws -> [UInt8] {
        let operation = try #require(NamedOperation(operation))
        let lot = LotTransfer(
            issuer: sprout.publicKey.id, amount: Energy(millijoules: 2_500), remaining: .seconds(86_400), proof: .zero)
        let task = FederationTask(
            reference: TaskReference(delegator: sprout.publicKey.id, storeEpoch: StoreEpoch(11), sequence: 42),
            source: try LCT("lct:web4:agent:dp@Sprout#delegation.federation"),
            target: try LCT("lct:web4:agent:dp@Thor#perception"), operation: operation, input: .inline(input),
            budget: Energy(millijoules: 2_500), timeout: .seconds(5), memory: .mebibytes(64), lots: [lot],
            remaining: .seconds(30), grace: .seconds(10))
        let order = Signed(signing: task, with: sprout, in: domain, by: Ed25519())
        let work = try #require(
            MeasuredWork(
                energy: Energy(millijoules: 1_200), evidence: .metered, source: "compute:thor",
                registerStart: EnergyRegister(microjoules: 5_000_000),
                registerEnd: EnergyRegister(microjoules: 6_200_400)))
        let proof = try #require(
            ExecutionProof(
                task: task.id, taskHash: order.hash, executor: task.target, work: work,
                charged: Energy(millijoules: 1_200), executionTime: .milliseconds(340), quality: .one, basis: .claimed,
                resultHash: Hashing.hash(result, for: .result)))
        let replicas = other.map {
            [TaskResult(proof: Signed(signing: proof, with: $0, in: domain, by: Ed25519()).envelope, result: result)]
        }
        let record = DisputeRecord(
            Signed(signing: proof, with: thor, in: domain, by: Ed25519()), of: order, by: thor.publicKey.id,
            result: result, reason: .checkFailed, verified: VerifiedQuality(quality: .zero, basis: .checked),
            replicas: replicas ?? [], own: nil, at: LedgerTime(milliseconds: 7))
        return try DisputeEvidence(
            record.encoded, keys: [sprout.publicKey, thor.publicKey] + [maker?.publicKey].compactMap { $0 },
            by: maker ?? sprout, in: domain, using: Ed25519()
        ).encoded
    }

    private func verify(
        _ bytes: [UInt8], _ options: [String] = [], status: Int32 = 0
    ) throws -> (json: [String: Any], text: BuiltProgram.Outcome) {
        try withTemporaryFolder { folder in
            let file = folder.appendingPathComponent("thor.dispute")
            try Data(bytes).write(to: file)
            for (name, key) in [("sprout", sprout), ("thor", thor)] {
                try PEM.text(key.publicKey).write(
                    to: folder.appendingPathComponent(name + ".pem"), atomically: true, encoding: .utf8)
            }
            let words = ["disputes", "verify", file.path] + options.map { $0.replacing("DIR", with: folder.path) }
            let text = try BuiltProgram.run(words, home: folder)
            #expect(text.status == status, "\(text.errors)")
            return (try BuiltProgram.json(words, status: status, home: folder), text)
        }
    }

    @Test func `says what is false, what is right, and what stays open`() throws {
        let right = try WorkerOperation.perceptionFeatures.result(for: input)
        let cases = [
            (try evidence(of: [1, 2, 3]), "result_false"), (try evidence(of: right), "result_right"),
            (try evidence(of: [1, 2, 3], operation: "perception.detect"), "open"),
        ]
        for (bytes, verdict) in cases {
            let (json, text) = try verify(bytes, ["--federation", "home"])
            #expect(json["verified"] as? Bool == true)
            #expect(json["verdict"] as? String == verdict)
            #expect(json["federation_expected"] as? Bool == true)
            #expect(json["worker_fingerprint"] as? String == thor.publicKey.id.fingerprint)
            #expect((json["worker"] as? String)?.hasPrefix("a key that is not known here: ") == true)
            #expect(text.output.contains(": every signature is valid\n"))
            #expect((json["proves"] as? [String])?.allSatisfy { text.output.contains($0) } == true)
        }
    }

    @Test func `is held to the keys and the federation that are expected`() throws {
        let bytes = try evidence(of: [1, 2, 3])
        let keys = ["--worker-key", "DIR/thor.pem", "--payer-key", "DIR/sprout.pem"]
        #expect(try verify(bytes, keys + ["--federation", "home"]).json["worker"] as? String == "the expected key")
        let swapped = try verify(bytes, ["--worker-key", "DIR/sprout.pem"], status: 65)
        #expect(swapped.json["verified"] as? Bool == false)
        #expect(swapped.text.errors.contains("the proof is signed by the key " + thor.publicKey.id.fingerprint))
        #expect(
            try verify(bytes, ["--federation", "work"], status: 65).text.errors
                .contains("it was signed in another federation"))
    }

    @Test func `is refused where another than the payer states it, and names what was not checked`() throws {
        let willow = try #require(SigningKey(seed: [UInt8](repeating: 3, count: 32)))
        let forged = try evidence(of: [1, 2, 3], statedBy: willow)
        let keys = ["--payer-key", "DIR/sprout.pem", "--federation", "home"]
        for options in [[], keys] {
            #expect(
                try verify(forged, options, status: 65).text.errors
                    .contains("the statement is signed by the key " + willow.publicKey.id.fingerprint))
        }
        let (json, text) = try verify(try evidence(of: [1, 2, 3], withReplicaOf: willow), keys, status: 1)
        #expect(json["verified"] as? Bool == false)
        let unchecked = try #require(json["unchecked"] as? [[String: Any]])
        #expect(unchecked.map { $0["key_id"] as? String } == [willow.publicKey.id.text])
        #expect(text.output.contains(": not every signature could be checked\n"))
        #expect(text.output.contains("its key is not in the file: " + willow.publicKey.id.fingerprint))
    }

    @Test func `is refused where a byte was changed, or where it is something else`() throws {
        let bytes = try evidence(of: [1, 2, 3])
        for index in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 12)) {
            var changed = bytes
            changed[index] ^= 1
            #expect(try verify(changed, ["--federation", "home"], status: 65).text.errors.contains("not verified"))
        }
        #expect(try verify(input, status: 65).text.errors.contains("no evidence of a dispute, or damaged"))
    }
}
