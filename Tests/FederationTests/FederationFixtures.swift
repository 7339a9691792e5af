import Cryptography
import Federation
import Ledger
import Quantities
import Telemetry
import Wire

/// Fixed identities and well-formed values that tests change one field of.
enum Fixture {
    static let scheme = Ed25519()
    static let domain = SignatureDomain(
        federation: Hashing.hash(Array("test federation".utf8), for: .identifier), configurationEpoch: 1)

    static let sprout = key(1)
    static let thor = key(2)

    static func key(_ number: UInt8) -> SigningKey {
        guard let key = SigningKey(seed: [UInt8](repeating: number, count: 32)) else { fatalError("32 bytes") }
        return key
    }

    static func node(_ number: UInt8) -> KeyID { KeyID(bytes: Bytes32(high: UInt128(number), low: 7)) }

    static func hash(_ number: UInt8) -> Bytes32 { Bytes32(high: 0, low: UInt128(number)) }

    static func lct(_ text: String) -> LCT {
        do { return try LCT(text) } catch { fatalError("\(text): \(error)") }
    }

    static func platform(_ text: String) -> PlatformName {
        guard let name = PlatformName(text) else { fatalError(text) }
        return name
    }

    static func operation(_ text: String) -> Federation.Operation {
        guard let operation = Operation(text) else { fatalError(text) }
        return operation
    }

    static let features = operation("perception.features")
    static let reference = TaskReference(delegator: sprout.publicKey.id, storeEpoch: StoreEpoch(11), sequence: 42)

    static func lot(_ millijoules: Int64, remaining: TimeSpan = .seconds(86_400)) -> LotTransfer {
        LotTransfer(
            issuer: sprout.publicKey.id, amount: Energy(millijoules: millijoules), remaining: remaining,
            proof: hash(200))
    }

    static var task: FederationTask {
        FederationTask(
            reference: reference, source: lct("lct:web4:agent:dp@Sprout#delegation.federation"),
            target: lct("lct:web4:agent:dp@Thor#perception"), operation: features, input: .inline([1, 2, 3]),
            budget: Energy(millijoules: 2_500), timeout: .seconds(5), memory: .mebibytes(64),
            lots: [lot(1_000), lot(1_500)], remaining: .seconds(30), grace: .seconds(10))
    }

    static var signedTask: Signed<FederationTask> { sign(task) }

    static func sign<Payload: SignedPayload>(_ payload: Payload, by key: SigningKey = sprout) -> Signed<Payload> {
        Signed(signing: payload, with: key, in: domain, by: scheme)
    }

    static func proof(
        of task: Signed<FederationTask>, charged: Int64 = 1_200, quality: Int64 = 9_000, result: [UInt8] = [9]
    ) -> ExecutionProof? {
        guard
            let work = MeasuredWork(
                energy: Energy(millijoules: 1_200), evidence: .metered, source: "compute:thor",
                registerStart: EnergyRegister(microjoules: 5_000_000),
                registerEnd: EnergyRegister(microjoules: 6_200_400))
        else { return nil }
        return ExecutionProof(
            task: task.payload.id, taskHash: task.hash, executor: task.payload.target, work: work,
            charged: Energy(millijoules: charged), executionTime: .milliseconds(340),
            quality: BasisPoints(clamping: quality), basis: .claimed, resultHash: Hashing.hash(result, for: .result))
    }

    static var heartbeat: Heartbeat {
        Heartbeat(
            sequence: 17, freeMemory: .mebibytes(4_000), availableATP: Energy(joules: 500), thermalHeadroom: 25_000,
            load: BasisPoints(clamping: 1_200), queueLength: 0,
            operations: [
                ServedOperation(
                    operation: features, typicalTime: .milliseconds(40), typicalEnergy: Energy(millijoules: 900))
            ].compactMap { $0 },
            powerClass: .upTo150W, uptime: .seconds(3_600), acceptsTasks: true)
    }

    /// The payload's encoding, decoded again.
    static func roundTrip<Payload: SignedPayload>(_ payload: Payload) throws -> Payload {
        let bytes = payload.encoded
        var reader = try CBORReader(bytes.span, limit: FederationLimits.maximumPayloadLength)
        let decoded = try Payload(from: &reader)
        try reader.finish()
        return decoded
    }

    /// The error with which `Payload` refuses `bytes`, or nil where it accepts them.
    static func refusal<Payload: SignedPayload>(_ type: Payload.Type, _ bytes: [UInt8]) -> CBORError? {
        do throws(CBORError) {
            var reader = try CBORReader(bytes.span, limit: FederationLimits.maximumPayloadLength)
            _ = try Payload(from: &reader)
            try reader.finish()
            return nil
        } catch { return error }
    }

    /// `bytes`, a map, with `change` applied to the value at `key`, or the entry removed where that is nil.
    static func editing(_ bytes: [UInt8], _ key: UInt64, _ change: (CBORValue) -> CBORValue?) throws -> [UInt8] {
        guard case .map(let entries) = try CBORValue(decoding: bytes.span) else { return [] }
        return CBORValue.map(
            entries.compactMap { entry in
                guard entry.key == key else { return entry }
                return change(entry.value).map { CBORValue.CBOREntry(key: key, value: $0) }
            }
        ).encoded
    }

    /// Whether decoding any damaged copy of `bytes` traps or accepts what does not encode back to itself.
    static func survivesDamage(_ bytes: [UInt8], seed: UInt8, decode: ([UInt8]) -> [UInt8]?) -> Bool {
        var random = DeterministicRandom(seed: hash(seed))
        for _ in 0..<400 {
            var damaged = bytes
            switch random.number(below: 3) {
            case 0: damaged.removeLast(1 + Int(random.number(below: UInt64(damaged.count - 1))))
            case 1: damaged[Int(random.number(below: UInt64(damaged.count)))] = random.bytes(1)[0]
            default: damaged.insert(random.bytes(1)[0], at: Int(random.number(below: UInt64(damaged.count))))
            }
            if let again = decode(damaged), again != damaged { return false }
        }
        return true
    }
}
