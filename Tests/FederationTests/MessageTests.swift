import Cryptography
import Federation
import Ledger
import Quantities
import Testing
import Wire

@Suite struct MessageTests {
    static var fullTask: FederationTask {
        var task = Fixture.task
        task.parameters = [0xa0]
        task.pricing = .fixed
        task.acceptance = .witnessed
        task.witnesses = WitnessRule(count: 3)
        task.silence = .pay
        task.requirement = Requirement(horizon: Horizon("regional"), minimumConvergence: BasisPoints(clamping: 6_000))
        task.scope = PermissionSet([.atpRead, .federationDelegate])
        task.hops = Chain().task(from: 0).pass.map { [$0] } ?? []
        task.pass = Chain().task(from: 1).pass
        return task
    }

    @Test func `a task with every field is read back as written`() throws {
        #expect(Self.fullTask.fault == nil)
        #expect(try Fixture.roundTrip(Self.fullTask) == Self.fullTask)
        #expect(try Fixture.roundTrip(Fixture.task) == Fixture.task)
    }

    @Test func `a task's id comes from its delegator, store epoch and number`() {
        #expect(Fixture.task.id == Fixture.reference.id)
        #expect(Fixture.task.taskType == .perception)
    }

    @Test(arguments: [
        (UInt64(3), CBORValue.text("lct:web4:agent:dp@Thor#cognition")), (4, .text("vision")), (5, .array([])),
        (5, .array([.bytes([UInt8](repeating: 0, count: 61_441))])), (7, .unsigned(0)), (7, .unsigned(2_501)),
        (7, .unsigned(1 << 53)), (7, .negative(complement: 0)), (8, .unsigned(2)), (9, .unsigned(10_001)),
        (10, .unsigned(2_592_000_001)), (12, .unsigned(0)), (12, .unsigned(11)), (13, .unsigned(3)), (14, .unsigned(2)),
        (16, .array([])), (17, .negative(complement: 4)), (21, .unsigned(1 << 20)), (22, .array([.unsigned(1)])),
    ])
    func `a task with one field out of order is refused`(key: UInt64, value: CBORValue) throws {
        let bytes = try Fixture.editing(Fixture.task.encoded, key) { _ in value }
        #expect(Fixture.refusal(FederationTask.self, bytes) != nil)
    }

    @Test func `a task that lacks any of its fields is refused`() throws {
        for key in (1...14).map(UInt64.init) + [16, 17, 18, 21, 22] {
            let bytes = try Fixture.editing(Fixture.task.encoded, key) { _ in nil }
            #expect(Fixture.refusal(FederationTask.self, bytes) != nil, "without field \(key)")
        }
    }

    @Test func `lots of overflowing amounts are refused and do not trap`() throws {
        let huge = CBORValue.array([
            .bytes(Fixture.hash(1).array), .unsigned(UInt64(Int64.max)), .unsigned(1), .bytes(Fixture.hash(1).array),
        ])
        let bytes = try Fixture.editing(Fixture.task.encoded, 16) { _ in .array([huge, huge]) }
        #expect(Fixture.refusal(FederationTask.self, bytes) != nil)
    }

    @Test func `eleven hops are too deep`() throws {
        var task = Self.fullTask
        let hop = try #require(task.hops.first)
        task.hops = Array(repeating: hop, count: 11)
        #expect(task.hopFault == .tooDeep)
        #expect(task.fault == .tooManyHops(count: 11))
    }

    static let refusals: [TaskRefusal] = [
        .unknownKey, .badSignature, .idReused, .idDead, .delegatorDiffers, .wrongPlatform, .operationNotServed,
        .permissionMissing(MissingPermission(permission: .execCode, of: .target)), .hopChain(.cycle),
        .requirementNotMet, .rateLimited(wait: .seconds(3)), .tooManyTasks(running: 5, limit: 5),
        .budgetExhausted(needed: Energy(joules: 3), available: Energy(joules: 1)),
        .lotsTooShort(needed: .seconds(9), found: .seconds(1)), .lotsNotAccepted,
        .memoryShort(needed: .mebibytes(64), free: .mebibytes(9)), .tooHot(needed: 5_000, headroom: -400),
        .queueFull(length: 8, limit: 8), .deadlineUnreachable(expected: .seconds(9), remaining: .seconds(8)),
        .acceptanceNotServed(.witnessed), .inputMissing, .laneStopped, .storeRefuses, .shuttingDown, .cancelled,
        .operationFailed(code: -4), .workerCrashed(attempts: 3), .timedOut(after: .seconds(5)),
        .memoryLimit(limit: .mebibytes(64)), .badInput, .interrupted,
    ]

    @Test func `every refusal has its number, its words and its way back`() throws {
        #expect(Self.refusals.map { $0.code } == (1...30).map(UInt8.init) + [43])
        #expect(Set(Self.refusals.map { $0.explanation }).count == 31)
        for reason in Self.refusals {
            let notice = RefusalNotice(task: Fixture.task.id, taskHash: Fixture.hash(1), reason: reason)
            #expect(try Fixture.roundTrip(notice) == notice)
        }
        #expect(TaskRefusal.memoryShort(needed: .zero, free: .zero).retry == .later)
        #expect(TaskRefusal.badSignature.retry == .never)
        #expect(TaskRefusal.laneStopped.retry == .afterRepair)
        #expect(TaskRefusal.lotsNotAccepted.retry == .later)
    }

    @Test(arguments: [[0, 0, 0], [31, 0, 0], [1, 1, 0], [8, 99, 1], [8, 9, 3], [9, 13, 0], [20, 9, 0], [16, 1]])
    func `an unknown or ill-numbered refusal is refused`(numbers: [UInt64]) throws {
        let notice = RefusalNotice(task: Fixture.task.id, taskHash: Fixture.hash(1), reason: .cancelled)
        let bytes = try Fixture.editing(notice.encoded, 3) { _ in .array(numbers.map { .unsigned($0) }) }
        #expect(Fixture.refusal(RefusalNotice.self, bytes) != nil)
    }

    @Test func `a proof is read back, and metered energy beyond its register is refused`() throws {
        let proof = try #require(Fixture.proof(of: Fixture.signedTask))
        #expect(try Fixture.roundTrip(proof) == proof)
        for (key, value) in [(UInt64(4), UInt64(1_202)), (8, 4_999_999), (5, 5), (10, 1), (11, 10_001)] {
            let bytes = try Fixture.editing(proof.encoded, key) { _ in
                key == 10 ? .negative(complement: value) : .unsigned(value)
            }
            #expect(Fixture.refusal(ExecutionProof.self, bytes) != nil, "field \(key)")
        }
    }

    @Test func `a receipt's lots are the posted amount, and a void moves none`() throws {
        let lane = LanePosition(after: .start)
        let posted = try #require(
            SettlementReceipt(
                reference: Fixture.task.reference, proofHash: Fixture.hash(3),
                outcome: .posted(Energy(millijoules: 1_200)),
                lots: [Fixture.lot(1_000), Fixture.lot(200)], lane: lane))
        #expect(try Fixture.roundTrip(posted) == posted)
        let voided = try #require(
            SettlementReceipt(
                reference: Fixture.task.reference, proofHash: nil, outcome: .voided(.noAnswer), lots: [], lane: lane))
        #expect(try Fixture.roundTrip(voided) == voided)
        for bytes in [
            try Fixture.editing(posted.encoded, 3) { _ in .array([.unsigned(0), .unsigned(1_201)]) },
            try Fixture.editing(posted.encoded, 3) { _ in .array([.unsigned(1), .unsigned(1)]) },
            try Fixture.editing(posted.encoded, 2) { _ in nil },
            try Fixture.editing(posted.encoded, 5) { _ in .unsigned(0) },
            try Fixture.editing(posted.encoded, 5) { _ in .unsigned(.max) },
            try Fixture.editing(voided.encoded, 3) { _ in .array([.unsigned(1), .unsigned(14)]) },
            try Fixture.editing(voided.encoded, 3) { _ in .array([.unsigned(2), .unsigned(1)]) },
        ] { #expect(Fixture.refusal(SettlementReceipt.self, bytes) != nil) }
    }

    @Test func `a lane's head leaves numbers for the messages after it`() throws {
        func head(_ sequence: UInt64) throws -> LaneHead {
            var writer = CBORWriter()
            LaneHead(sequence: sequence, hash: .zero).write(to: &writer)
            let bytes = writer.bytes
            var reader = try CBORReader(bytes.span, limit: 64)
            return try LaneHead(from: &reader)
        }
        let last = UInt64(Int64.max) - 1
        #expect(LanePosition(after: try head(last)).sequence == last + 1)
        for beyond in [last + 1, .max] { #expect(throws: CBORError.self) { _ = try head(beyond) } }
    }

    @Test func `a lane's messages are chained over their signed bytes`() throws {
        let first = Fixture.sign(
            try #require(
                SettlementReceipt(
                    reference: Fixture.task.reference, proofHash: nil, outcome: .voided(.late), lots: [],
                    lane: LanePosition(after: .start))))
        #expect(first.laneHead.sequence == 1)
        #expect(first.laneHead == LaneHead.start.advanced(by: first.envelope.payload))
        let notice = ReturnNotice(
            from: Fixture.thor.publicKey.id, number: 1,
            lines: [
                ReturnLine(
                    issuer: Fixture.node(1), proof: Fixture.hash(2), discharged: Energy(millijoules: 5), expired: .zero)
            ])
        let second = try #require(TokenReturn(notice, lane: LanePosition(after: first.laneHead)))
        #expect(try Fixture.roundTrip(second) == second)
        #expect(Fixture.sign(second).laneHead.sequence == 2)
        #expect(TokenReturn(ReturnNotice(from: Fixture.node(1), number: 1, lines: []), lane: second.lane) == nil)
        let empty = ReturnLine(issuer: Fixture.node(1), proof: Fixture.hash(2), discharged: .zero, expired: .zero)
        #expect(TokenReturn(ReturnNotice(from: Fixture.node(1), number: 1, lines: [empty]), lane: second.lane) == nil)
    }

    static var messages: [PeerMessage] {
        guard let proof = Fixture.proof(of: Fixture.signedTask),
            let receipt = SettlementReceipt(
                reference: Fixture.task.reference, proofHash: nil, outcome: .voided(.late), lots: [],
                lane: LanePosition(after: .start)),
            let back = TokenReturn(
                ReturnNotice(
                    from: Fixture.node(1), number: 1,
                    lines: [
                        ReturnLine(
                            issuer: Fixture.node(1), proof: Fixture.hash(2), discharged: .zero,
                            expired: Energy(millijoules: 1))
                    ]), lane: LanePosition(after: .start))
        else { return [] }
        let task = Fixture.signedTask
        var heartbeat = Fixture.heartbeat
        heartbeat.horizons = [Horizon("session")].compactMap { $0 }
        heartbeat.convergence = BasisPoints(clamping: 4_000)
        let refusal = RefusalNotice(task: task.payload.id, taskHash: task.hash, reason: .cancelled)
        let page = SignedEnvelope(
            signing: [1], as: .energyProof, with: Fixture.sprout, in: Fixture.domain, by: Fixture.scheme)
        return [
            .heartbeat(heartbeat),
            .task(AgedEnvelope(task.envelope, age: .milliseconds(1_500))),
            .taskStage(task.payload.id, taskHash: task.hash, .running),
            .taskRefused(Fixture.sign(refusal).envelope),
            .taskResult(TaskResult(proof: Fixture.sign(proof).envelope, result: [9])),
            .proofStored(task.payload.id, proofHash: Fixture.hash(4)),
            .cancel(task.payload.reference, taskHash: task.hash),
            .settlement(AgedEnvelope(Fixture.sign(receipt).envelope, age: .zero)),
            .tokensReturned(Fixture.sign(back).envelope),
            .laneHeads(
                LaneHeads(
                    sent: .start, received: LaneHead(sequence: 4, hash: Fixture.hash(4)), stamp: 9,
                    echo: Bytes16(bits: 3))),
            .energyPageRequest(Fixture.hash(6)), .energyPage(page), .laneQuestion(Bytes16(bits: 3)),
        ]
    }

    @Test func `every message is read back as written, under its number`() throws {
        let numbers = Self.messages.map { $0.encoded[1] }
        #expect(numbers == [1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14])
        for message in Self.messages { #expect(try PeerMessage(decoding: message.encoded) == message) }
        let classes = Self.messages.map { $0.messageClass.rawValue }
        #expect(classes == [1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 2])
    }

    @Test func `an envelope signed as something else is refused where it is read`() throws {
        let record = Fixture.sign(NodeRecordTests.record).envelope
        let wrong = PeerMessage.task(AgedEnvelope(record, age: .zero)).encoded
        #expect(throws: CBORError.self) { try PeerMessage(decoding: wrong) }
    }

    @Test(arguments: [
        [0x80], [0x81, 0x01], [0x82, 0x0f, 0x00], [0x82, 0x00, 0x00], [0xa0], [], [0x85, 1, 1, 1, 1, 1],
    ])
    func `what is no message is refused`(bytes: [UInt8]) {
        #expect(throws: CBORError.self) { try PeerMessage(decoding: bytes) }
    }

    @Test func `a message beyond its limit is refused before it is read`() {
        let bytes = [UInt8](repeating: 0, count: 65_537)
        #expect(throws: CBORError.tooLong(at: 0, limit: 65_536)) { try PeerMessage(decoding: bytes) }
    }

    @Test func `the longest input travels in one message`() throws {
        var task = Fixture.task
        task.input = .inline([UInt8](repeating: 7, count: FederationLimits.maximumInlineLength))
        task.parameters = [UInt8](repeating: 7, count: FederationLimits.maximumParametersLength)
        #expect(task.fault == nil)
        let message = PeerMessage.task(AgedEnvelope(Fixture.sign(task).envelope, age: .seconds(9)))
        #expect(message.encoded.count <= FederationLimits.maximumMessageLength)
        #expect(try PeerMessage(decoding: message.encoded) == message)
    }

    @Test func `no damaged message traps or is accepted in two forms`() {
        for (index, message) in Self.messages.enumerated() {
            let survives = Fixture.survivesDamage(message.encoded, seed: UInt8(index)) { bytes -> [UInt8]? in
                do { return try PeerMessage(decoding: bytes).encoded } catch { return nil }
            }
            #expect(survives, "message \(index + 1)")
        }
    }

    @Test func `a verified value keeps its bytes, and a flipped bit is refused`() throws {
        let task = Fixture.signedTask
        let again = try Signed<FederationTask>(
            verifying: task.envelope, by: Fixture.sprout.publicKey, in: Fixture.domain, using: Fixture.scheme)
        #expect(again.hash == task.hash)
        #expect(again.envelope == task.envelope)
        #expect(throws: EnvelopeError.self) {
            try Signed<FederationTask>(
                verifying: task.envelope, by: Fixture.thor.publicKey, in: Fixture.domain, using: Fixture.scheme)
        }
        #expect(throws: EnvelopeError.wrongType(expected: .executionProof, found: .task)) {
            try Signed<ExecutionProof>(stored: task.envelope)
        }
    }
}
