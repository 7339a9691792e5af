import Cryptography
import Federation
import Ledger
import Quantities
import Telemetry
import Testing

@Suite struct AdmissionTests {
    static var context: AdmissionContext {
        AdmissionContext(
            platform: Fixture.platform("Thor"), client: Fixture.platform("Sprout"), operations: [Fixture.features],
            heartbeat: Fixture.heartbeat,
            running: 0, spentToday: .zero, queueLimit: 8, minimumHeadroom: 5_000, expectedTime: .milliseconds(80),
            lotMargin: .seconds(3_600), strongestBasis: .checked)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var refusal: TaskRefusal?
        var change: @Sendable (inout FederationTask, inout AdmissionContext) -> Void

        init(
            _ name: String, _ refusal: TaskRefusal?,
            _ change: @escaping @Sendable (inout FederationTask, inout AdmissionContext) -> Void
        ) {
            testDescription = name
            self.refusal = refusal
            self.change = change
        }
    }

    static let cases: [Case] = [
        Case("nothing is wrong", nil) { _, _ in },
        Case("numbered by somebody else", .delegatorDiffers) { task, _ in
            task.reference = TaskReference(
                delegator: Fixture.thor.publicKey.id, storeEpoch: StoreEpoch(1), sequence: 1)
        },
        Case("for somebody who lives on another platform", .delegatorDiffers) { task, _ in
            task.source = Fixture.lct("lct:web4:agent:dp@Legion#delegation.federation")
        },
        Case("the target lives elsewhere", .wrongPlatform) { _, context in
            context.platform = Fixture.platform("Legion")
        },
        Case("another operation", .operationNotServed) { task, _ in
            task.operation = Fixture.operation("perception.other")
        },
        Case(
            "the delegator may not delegate",
            .permissionMissing(MissingPermission(permission: .federationDelegate, of: .delegator))
        ) { task, _ in task.source = Fixture.lct("lct:web4:agent:dp@Sprout#perception") },
        Case("the chain comes back here", .hopChain(.cycle)) { task, _ in
            // Thor had it before, and gave it to Sprout.
            let above = Chain().task(from: 0)
            var thors = above
            thors.source = Fixture.lct("lct:web4:agent:dp@Thor#delegation.federation")
            thors.target = Fixture.lct("lct:web4:agent:dp@Sprout#perception")
            let key = Fixture.thor.publicKey
            guard let pass = TaskPass(for: thors, from: key, to: Fixture.sprout.publicKey, depth: 1) else { return }
            task.hops = [Hop(Fixture.sign(pass, by: Fixture.thor))]
        },
        Case("a pass in the chain is signed by somebody else", .hopChain(.badSignature)) { _, context in
            context.chainFault = .badSignature
        },
        Case("a convergence that is not stated", .requirementNotMet) { task, _ in
            task.requirement = Requirement(horizon: nil, minimumConvergence: BasisPoints(clamping: 1))
        },
        Case("a command that would be run again to find out", .acceptanceNotServed(.checked)) { task, context in
            task.operation = Fixture.operation("execution.df")
            task.target = Fixture.lct("lct:web4:agent:dp@Thor#execution.code")
            context.operations.append(task.operation)
        },
        Case("witnesses that are not there", .acceptanceNotServed(.witnessed)) { task, _ in
            task.acceptance = .witnessed
            task.witnesses = WitnessRule(count: 3)
        },
        Case("as many tasks as may run", .tooManyTasks(running: 5, limit: 5)) { _, context in context.running = 5 },
        Case(
            "today's budget is used up",
            .budgetExhausted(needed: Energy(millijoules: 2_500), available: Energy(millijoules: 2_499))
        ) { _, context in context.spentToday = Energy(millijoules: 197_501) },
        Case("a lot runs out too early", .lotsTooShort(needed: .seconds(3_628), found: .seconds(3_627))) { task, _ in
            task.lots = [Fixture.lot(1_000), Fixture.lot(1_500, remaining: .seconds(3_629))]
        },
        Case("memory is short", .memoryShort(needed: .mebibytes(64), free: .mebibytes(63))) { _, context in
            context.heartbeat.freeMemory = .mebibytes(63)
        },
        Case("more memory than the type may use", .memoryShort(needed: .mebibytes(2_049), free: .mebibytes(2_048))) {
            task, _ in task.memory = .mebibytes(2_049)
        },
        Case("too hot", .tooHot(needed: 5_000, headroom: -1)) { _, context in
            context.heartbeat.thermalHeadroom = -1
        },
        Case("the queue is full", .queueFull(length: 8, limit: 8)) { _, context in context.heartbeat.queueLength = 8 },
        Case(
            "not to be done in time", .deadlineUnreachable(expected: .milliseconds(5_001), remaining: .seconds(5))
        ) { _, context in context.expectedTime = .milliseconds(5_001) },
    ]

    @Test(arguments: cases) func `a task is let in or refused for the first thing that is wrong`(_ item: Case) {
        var task = Fixture.task
        var context = Self.context
        item.change(&task, &context)
        #expect(Fixture.sign(task).refusal(in: context, age: .seconds(2)) == item.refusal)
    }

    static let good = VerifiedQuality(quality: BasisPoints(clamping: 9_000), basis: .checked)

    static func fault(
        _ verified: VerifiedQuality? = good, result: [UInt8] = [9], executor: SigningKey = Fixture.thor,
        charged: Int64 = 1_200, change: (inout FederationTask) -> Void = { _ in }
    ) throws -> VoidReason? {
        var task = Fixture.task
        change(&task)
        let signed = Fixture.sign(task)
        let proof = try #require(Fixture.proof(of: signed, charged: charged))
        return Fixture.sign(proof, by: executor).fault(
            for: signed, executorKey: Fixture.thor.publicKey.id, result: result, verified: verified)
    }

    @Test func `a proof earns its pay only for this task, this result and good enough work`() throws {
        #expect(try Self.fault() == nil)
        #expect(try Self.fault(executor: Fixture.sprout) == .proofDiffers)
        #expect(try Self.fault(result: [8]) == .resultDiffers)
        #expect(try Self.fault(charged: 1_201) == .proofDiffers)
        #expect(try Self.fault(charged: 1_201) { $0.pricing = .fixed } == nil)
        #expect(try Self.fault(nil) == .basisTooWeak)
        #expect(try Self.fault(nil) { $0.acceptance = .claimed } == nil)
        let poor = VerifiedQuality(quality: BasisPoints(clamping: 6_999), basis: .checked)
        #expect(try Self.fault(poor) == .qualityTooLow)
        let proof = try #require(Fixture.proof(of: Fixture.signedTask))
        var other = Fixture.task
        other.memory = .zero
        #expect(
            Fixture.sign(proof, by: Fixture.thor).fault(
                for: Fixture.sign(other), executorKey: Fixture.thor.publicKey.id, result: [9], verified: Self.good)
                == .proofDiffers)
    }

    @Test func `a measurement that cannot be is refused`() {
        func work(_ energy: Int64, _ evidence: EvidenceClass, _ start: UInt64, _ end: UInt64) -> MeasuredWork? {
            MeasuredWork(
                energy: Energy(millijoules: energy), evidence: evidence, source: "compute:thor",
                registerStart: EnergyRegister(microjoules: start), registerEnd: EnergyRegister(microjoules: end))
        }
        #expect(work(10, .metered, 0, 10_000) != nil)
        #expect(work(12, .metered, 0, 10_000) == nil)
        #expect(work(12, .modeled, 0, 0) != nil)
        #expect(work(-1, .modeled, 0, 0) == nil)
        #expect(work(0, .metered, 2_000, 1_000) == nil)
    }
}
