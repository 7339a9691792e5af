import Cryptography
import Federation
import Ledger
import Quantities
import Testing
import Wire

/// Chains of delegation: what a board at the end of one can tell from the passes alone.
@Suite struct HopChainTests {
    @Test(arguments: 2...5) func `a chain that narrows holds, known boards in it or not`(boards: Int) {
        let keys = Dictionary(
            uniqueKeysWithValues: (0..<boards - 1).map { (Chain.names[$0], Chain.key($0).publicKey) })
        #expect(Chain(depth: 4).fault(of: boards) == nil)
        #expect(Chain(depth: 4).fault(of: boards, known: keys) == nil)
    }

    @Test func `passes and tasks with them are read back as written`() throws {
        let task = Chain().task(from: 2)
        #expect(task.hops.count == 2)
        #expect(task.fault == nil)
        #expect(try Fixture.roundTrip(task) == task)
        let pass = try #require(task.pass?.pass)
        #expect(try Fixture.roundTrip(pass) == pass)
        #expect(pass.depth == 1)
        #expect(Chain().task(from: 3).pass == nil)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let what: String
        let fault: HopFault
        let edit: @Sendable (inout FederationTask) -> Void
        var testDescription: String { what }

        init(_ what: String, _ fault: HopFault, _ edit: @escaping @Sendable (inout FederationTask) -> Void) {
            self.what = what
            self.fault = fault
            self.edit = edit
        }
    }

    static let cases: [Case] = [
        Case("another operation", .workDiffers) { $0.operation = Fixture.operation("perception.other") },
        Case("other input", .workDiffers) { $0.input = .inline([1, 2, 4]) },
        Case("other parameters", .workDiffers) { $0.parameters = [1] },
        Case("more credits", .budgetGrows) {
            $0.budget = Energy(millijoules: 2_501)
            $0.lots = [Fixture.lot(2_501)]
        },
        Case("a wider scope", .scopeWidens) { $0.scope = PermissionSet([.atpRead, .execCode, .federationDelegate]) },
        Case("a scope without what the operation needs", .scopeLacking) {
            $0.scope = PermissionSet([.federationDelegate])
        },
        Case("more time", .deadlineGrows) { $0.remaining = .milliseconds(30_001) },
        Case("less quality", .qualityFalls) { $0.minimumQuality = BasisPoints(clamping: 6_999) },
        Case("handed on from another board", .broken) {
            $0.source = Fixture.lct("lct:web4:agent:dp@Cedar#delegation.federation")
        },
        Case("back to the first", .cycle) { $0.target = Fixture.lct("lct:web4:agent:dp@Sprout#perception") },
        Case("the first one's number again", .cycle) {
            $0.reference = TaskReference(
                delegator: Chain.key(0).publicKey.id, storeEpoch: StoreEpoch(11), sequence: 40)
        },
    ]

    /// The second board widens what the first allowed; the third sees it, and so does the fourth.
    @Test(arguments: cases, [3, 4]) func `a chain that widens is refused by whoever comes after`(
        wrong: Case, boards: Int
    ) {
        let fault = Chain(edits: [1: wrong.edit]).fault(of: boards)
        if boards == 3 {
            #expect(fault == wrong.fault)
        } else {
            // Where two things are wrong by then, another may be found first.
            #expect(fault != nil)
        }
    }

    @Test func `a task without leave to hand on is not handed on`() {
        // The first board allows one further hop, the second allows one more all the same.
        var chain = Chain(depth: 1)
        #expect(chain.task(from: 1).pass == nil)
        #expect(chain.fault(of: 3) == nil)
        chain.edits[2] = { task in
            guard
                let pass = TaskPass(
                    for: Chain(depth: 1).task(from: 1), from: Chain.key(1).publicKey, to: Chain.key(2).publicKey,
                    depth: 1)
            else { return }
            task.hops = Chain(depth: 1).task(from: 1).hops + [Hop(Fixture.sign(pass, by: Chain.key(1)))]
        }
        #expect(chain.fault(of: 4) == .depthExceeded)
        // A scope without the permission is none either.
        let narrow: (inout FederationTask) -> Void = { $0.scope = PermissionSet([.atpRead]) }
        #expect(Chain(edits: [0: narrow, 1: narrow]).fault(of: 3) == .scopeLacking)
        #expect(Chain(edits: [0: narrow]).fault(of: 2) == .scopeLacking)
    }

    @Test func `a pass that somebody else has signed is none`() {
        #expect(Chain(passSigners: [0: Chain.key(1)]).fault(of: 3) == .badSignature)
        #expect(Chain(passSigners: [0: Chain.key(1)]).fault(of: 4) == .badSignature)
        #expect(Chain(passSigners: [0: Chain.key(4)]).fault(of: 2) == .badSignature)
    }

    @Test func `a pass for another board is of no use`() {
        // Stolen from whom it was for: the second board hands on what the fifth may.
        #expect(Chain(executors: [0: Chain.key(4).publicKey]).fault(of: 3) == .broken)
        #expect(Chain(executors: [0: Chain.key(4).publicKey]).fault(of: 2) == .broken)
    }

    @Test func `a known board cannot be replaced by another key`() {
        let other = ["Sprout": Chain.key(5).publicKey]
        #expect(Chain().fault(of: 3, known: other) == .keyDiffers)
        #expect(Chain().fault(of: 4, known: other) == .keyDiffers)
        #expect(Chain().fault(of: 4, known: ["Cedar": Chain.key(0).publicKey]) == nil)
    }

    @Test func `one key under two names is a cycle`() {
        // The second board pretends that the task came from a board that has its own key.
        let chain = Chain(executors: [0: Chain.key(2).publicKey])
        #expect(chain.fault(of: 3) != nil)
        let task = Chain().task(from: 1)
        let judge = ChainJudge(
            domain: Fixture.domain, scheme: Fixture.scheme, known: { _ in nil }, isSameHolder: { $0 == $1 })
        // The last board has the first one's key.
        let own = Chain.key(0).publicKey
        #expect(task.chainFault(from: Chain.key(1).publicKey, to: own, judge) == .cycle)
    }

    @Test func `a pass of another task does not go with this one`() throws {
        var task = Chain().task(from: 0)
        task.pass = Chain().task(from: 1).pass
        #expect(task.hopFault == .broken)
        task = Chain().task(from: 0)
        task.budget = Energy(millijoules: 2_499)
        #expect(task.hopFault == .budgetGrows)
    }

    @Test func `an old form of a hop is refused and not taken for another`() throws {
        let old = CBORValue.array([
            .bytes(Fixture.hash(5).array.suffix(16) + []), .bytes(Fixture.hash(5).array),
            .text("lct:web4:agent:dp@Legion#consciousness"), .bytes(Fixture.hash(5).array), .unsigned(9_000),
            .unsigned(1), .bytes([UInt8](repeating: 1, count: 64)),
        ])
        let bytes = try Fixture.editing(Fixture.task.encoded, 22) { _ in .array([old]) }
        #expect(Fixture.refusal(FederationTask.self, bytes) != nil)
    }

    @Test(arguments: [
        (UInt64(8), CBORValue.unsigned(0)), (9, .unsigned(1 << 20)), (10, .unsigned(0)), (10, .unsigned(11)),
        (11, .negative(complement: 0)), (12, .unsigned(10_001)), (4, .bytes([1])),
    ])
    func `a pass with one field out of order is refused`(key: UInt64, value: CBORValue) throws {
        let pass = try #require(Chain().task(from: 0).pass?.pass)
        let bytes = try Fixture.editing(pass.encoded, key) { _ in value }
        #expect(Fixture.refusal(TaskPass.self, bytes) != nil)
    }

    @Test func `damaged passes are refused and do not trap`() throws {
        let task = Chain().task(from: 2).encoded
        #expect(
            Fixture.survivesDamage(task, seed: 9) { bytes in
                guard let reader = try? CBORReader(bytes.span, limit: FederationLimits.maximumPayloadLength) else {
                    return nil
                }
                var copy = reader
                guard let task = try? FederationTask(from: &copy), (try? copy.finish()) != nil else { return nil }
                _ = task.hopFault
                return task.encoded
            })
    }

    // MARK: Proofs

    /// The second board's proof of what the third has done for it, and the proofs that come with it.
    private func handedOn(
        paid: Int64 = 1_200, energy: Int64 = 1_200, quality: Int64 = 9_000, told: [UInt8] = [9]
    ) throws -> (task: Signed<FederationTask>, proof: Signed<ExecutionProof>, below: [SignedEnvelope]) {
        let upper = Fixture.sign(Chain().task(from: 0), by: Chain.key(0))
        let lower = Fixture.sign(Chain().task(from: 1), by: Chain.key(1))
        let below = Fixture.sign(try #require(Fixture.proof(of: lower)), by: Chain.key(2))
        let register = EnergyRegister(microjoules: 1)
        let work = try #require(
            MeasuredWork(
                energy: Energy(millijoules: 1_250), evidence: .modeled, source: "compute:thor", registerStart: register,
                registerEnd: register))
        let proof = try #require(
            ExecutionProof(
                task: upper.payload.id, taskHash: upper.hash, executor: upper.payload.target, work: work,
                charged: Energy(millijoules: 1_250), executionTime: .milliseconds(340),
                quality: BasisPoints(clamping: quality), basis: .claimed, resultHash: Hashing.hash(told, for: .result),
                below: WorkBelow(
                    task: lower.payload.id, proofHash: below.hash, paid: Energy(millijoules: paid),
                    energy: Energy(millijoules: energy))))
        return (upper, Fixture.sign(proof, by: Chain.key(1)), [below.envelope])
    }

    private func fault(
        _ made: (task: Signed<FederationTask>, proof: Signed<ExecutionProof>, below: [SignedEnvelope]),
        below: [SignedEnvelope]? = nil, result: [UInt8] = [9]
    ) -> VoidReason? {
        made.proof.fault(
            for: made.task, executorKey: Chain.key(1).publicKey.id, result: result,
            verified: VerifiedQuality(quality: BasisPoints(clamping: 9_000), basis: .checked),
            below: below ?? made.below)
    }

    @Test func `what was paid below is borne out by the proof from there`() throws {
        let made = try handedOn()
        #expect(try Fixture.roundTrip(made.proof.payload) == made.proof.payload)
        #expect(fault(made) == nil)
        #expect(fault(made, below: []) == .proofDiffers)
        #expect(fault(try handedOn(paid: 1_201)) == .proofDiffers)
        #expect(fault(try handedOn(energy: 1_199)) == .proofDiffers)
        #expect(fault(try handedOn(quality: 9_001)) == .proofDiffers)
        // Another result than the one from below, though it has the hash that the proof above names.
        #expect(fault(try handedOn(told: [8]), result: [8]) == .proofDiffers)
        let other = Fixture.sign(try #require(Fixture.proof(of: made.task)), by: Chain.key(2))
        #expect(fault(made, below: [other.envelope]) == .proofDiffers)
    }

    @Test func `who had no leave to hand on is not paid for it`() throws {
        let made = try handedOn()
        var task = made.task.payload
        task.pass = nil
        let bare = Fixture.sign(task, by: Chain.key(0))
        let proof = try #require(Fixture.proof(of: bare))
        let told = try #require(
            ExecutionProof(
                task: proof.task, taskHash: proof.taskHash, executor: proof.executor, work: made.proof.payload.work,
                charged: proof.charged, executionTime: proof.executionTime, quality: proof.quality, basis: proof.basis,
                resultHash: proof.resultHash, below: made.proof.payload.below))
        #expect(fault((bare, Fixture.sign(told, by: Chain.key(1)), made.below)) == .proofDiffers)
        // And who ran it itself brings no proofs from below.
        #expect(fault((bare, Fixture.sign(proof, by: Chain.key(1)), made.below)) == .proofDiffers)
        #expect(fault((bare, Fixture.sign(proof, by: Chain.key(1)), [])) == nil)
    }

    @Test func `a result carries the proofs from below that fit its message`() throws {
        let made = try handedOn()
        let register = EnergyRegister(microjoules: 0)
        let work = try #require(
            MeasuredWork(
                energy: .zero, evidence: .modeled, source: String(repeating: "x", count: 128), registerStart: register,
                registerEnd: register))
        let long = try #require(
            ExecutionProof(
                task: made.task.payload.id, taskHash: made.task.hash, executor: made.task.payload.target, work: work,
                charged: .zero, executionTime: .zero, quality: .one, basis: .claimed, resultHash: .zero))
        let many = Array(repeating: Fixture.sign(long).envelope, count: 12)
        for length in [1, FederationLimits.maximumInlineLength] {
            let result = TaskResult(
                proof: made.proof.envelope, result: [UInt8](repeating: 7, count: length), below: many)
            #expect(length == 1 ? result.below.count == 10 : (1..<10).contains(result.below.count))
            let message = PeerMessage.taskResult(result)
            #expect(message.encoded.count <= FederationLimits.maximumMessageLength)
            #expect(try PeerMessage(decoding: message.encoded.span) == message)
        }
        let plain = TaskResult(proof: made.proof.envelope, result: [9])
        #expect(try PeerMessage(decoding: PeerMessage.taskResult(plain).encoded.span) == .taskResult(plain))
    }
}
