import Cryptography
import Federation
import Ledger
import Quantities
import Testing
import Wire

@Suite struct PayerLifeTests {
    static let hash = Fixture.hash(1)
    static let proof = Fixture.hash(2)
    static func at(_ seconds: Int64) -> LedgerTime { LedgerTime(milliseconds: seconds * 1_000) }

    /// A life at second 0: taken by 5, proof by 30, decided by 40.
    static func life(_ events: [PayerEvent], pricing: Pricing = .metered, silence: SilenceRule = .void) -> PayerLife {
        var life = PayerLife(
            task: Fixture.task.id, worker: Fixture.node(2), budget: Energy(millijoules: 2_500), pricing: pricing,
            silence: silence, acceptBy: at(5),
            deadlines: TaskDeadlines(remaining: .seconds(30), grace: .seconds(10), at: at(0)), at: at(0))
        for event in events { _ = life.handle(event, at: at(1)) }
        return life
    }

    static let sent: [PayerEvent] = [.started, .locked(taskHash: hash), .sent]
    static let accepted = sent + [.stage(.accepted, taskHash: hash)]
    static let running = accepted + [.stage(.running, taskHash: hash)]
    static let arrived = PayerEvent.proofArrived(proofHash: proof, charged: Energy(millijoules: 1_200))
    static let proven = running + [arrived]
    static let voided = sent + [.cancelRequested, .refused(.cancelled, taskHash: hash)]
    static let posted = PayerState.settled(.posted(Energy(millijoules: 1_200)), .owed)

    struct Arrow: Sendable, CustomTestStringConvertible {
        var before: [PayerEvent]
        var event: PayerEvent
        var second: Int64 = 2
        var state: String
        var directives: [PayerDirective]
        var testDescription: String { "\(before.count) events, then \(event) at \(second): \(state)" }
    }

    static let arrows: [Arrow] = [
        Arrow(
            before: [], event: .started, state: "created",
            directives: [.lock(Energy(millijoules: 2_500), until: at(50))]),
        Arrow(before: [.started], event: .lockRefused, state: "unfunded", directives: [.fallBack(.refused)]),
        Arrow(before: [.started], event: .cancelRequested, state: "unfunded", directives: []),
        Arrow(before: [.started], event: .restarted, state: "unfunded", directives: []),
        Arrow(
            before: [.started], event: .locked(taskHash: hash), state: "locked", directives: [.store, .sendTask]),
        Arrow(before: [.started, .locked(taskHash: hash)], event: .sent, state: "sent", directives: []),
        Arrow(
            before: [.started, .locked(taskHash: hash)], event: .restarted, state: "locked", directives: [.sendTask]),
        Arrow(before: sent, event: .timePassed, state: "sent", directives: [.sendTask]),
        Arrow(before: sent, event: .stage(.accepted, taskHash: hash), state: "accepted", directives: [.store]),
        Arrow(before: sent, event: .stage(.running, taskHash: hash), state: "running", directives: [.store]),
        Arrow(before: sent, event: .stage(.accepted, taskHash: proof), state: "sent", directives: []),
        Arrow(
            before: sent, event: .refused(.tooHot(needed: 5, headroom: 1), taskHash: hash), state: "refused",
            directives: [.settle(.voided(.refused), proofHash: nil, receipt: false), .fallBack(.refused)]),
        Arrow(before: sent, event: .refused(.idReused, taskHash: proof), state: "sent", directives: []),
        Arrow(
            before: sent, event: .timePassed, second: 5, state: "voided",
            directives: [.settle(.voided(.noAnswer), proofHash: nil, receipt: true), .fallBack(.noAnswer)]),
        Arrow(
            before: sent, event: arrived, state: "proven",
            directives: [.store, .sendProofStored(proofHash: proof), .verify(proofHash: proof)]),
        Arrow(before: accepted, event: .stage(.running, taskHash: hash), state: "running", directives: []),
        Arrow(before: accepted, event: .timePassed, second: 39, state: "accepted", directives: []),
        Arrow(
            before: accepted, event: .timePassed, second: 40, state: "expired",
            directives: [.settle(.voided(.expired), proofHash: nil, receipt: true), .fallBack(.expired)]),
        Arrow(
            before: running, event: .refused(.workerCrashed(attempts: 3), taskHash: hash), state: "voided",
            directives: [.settle(.voided(.failed), proofHash: nil, receipt: false), .fallBack(.failed)]),
        Arrow(
            before: running, event: .restarted, second: 41, state: "expired",
            directives: [.settle(.voided(.expired), proofHash: nil, receipt: true), .fallBack(.expired)]),
        Arrow(
            before: running, event: .cancelRequested, state: "running", directives: [.store, .sendCancel]),
        Arrow(
            before: running + [.cancelRequested], event: .timePassed, second: 3, state: "running",
            directives: [.sendCancel]),
        Arrow(
            before: running + [.cancelRequested], event: .refused(.cancelled, taskHash: hash), state: "cancelled",
            directives: [.settle(.voided(.cancelled), proofHash: nil, receipt: false)]),
        Arrow(
            before: running + [.cancelRequested], event: arrived, state: "proven",
            directives: [.store, .sendProofStored(proofHash: proof), .verify(proofHash: proof)]),
        Arrow(
            before: sent + [.cancelRequested], event: .timePassed, second: 5, state: "cancelled",
            directives: [.settle(.voided(.cancelled), proofHash: nil, receipt: true)]),
        Arrow(before: proven, event: arrived, state: "proven", directives: [.sendProofStored(proofHash: proof)]),
        Arrow(
            before: proven, event: .proofArrived(proofHash: hash, charged: .zero), state: "proven", directives: []),
        Arrow(before: proven, event: .cancelRequested, state: "proven", directives: []),
        Arrow(before: proven, event: .refused(.badInput, taskHash: hash), state: "proven", directives: []),
        Arrow(
            before: proven, event: .verified(proofHash: proof, nil), state: "posted",
            directives: [.settle(.posted(Energy(millijoules: 1_200)), proofHash: proof, receipt: true)]),
        Arrow(
            before: proven, event: .verified(proofHash: proof, .qualityTooLow), state: "voided",
            directives: [
                .settle(.voided(.qualityTooLow), proofHash: proof, receipt: true), .fallBack(.qualityTooLow),
            ]),
        Arrow(before: proven, event: .verified(proofHash: hash, nil), state: "proven", directives: []),
        Arrow(
            before: proven, event: .restarted, state: "proven",
            directives: [.sendProofStored(proofHash: proof), .verify(proofHash: proof)]),
        Arrow(
            before: proven, event: .timePassed, second: 40, state: "voided",
            directives: [.settle(.voided(.silence), proofHash: proof, receipt: true), .fallBack(.silence)]),
        Arrow(
            before: proven + [.verified(proofHash: proof, nil)], event: arrived, state: "posted",
            directives: [.resendReceipt]),
        Arrow(
            before: proven + [.verified(proofHash: proof, nil)], event: .restarted, second: 99, state: "posted",
            directives: [.resendReceipt]),
        Arrow(
            before: proven + [.verified(proofHash: proof, nil)], event: .receiptApplied, state: "posted",
            directives: [.store, .clearOutbox]),
        Arrow(
            before: proven + [.verified(proofHash: proof, nil), .receiptApplied], event: .receiptApplied,
            state: "posted", directives: []),
        Arrow(
            before: proven + [.verified(proofHash: proof, nil)], event: .verified(proofHash: proof, .checkFailed),
            state: "posted", directives: []),
        Arrow(before: voided, event: arrived, state: "cancelled", directives: []),
    ]

    @Test(arguments: arrows) func `every arrow of the payer's side`(arrow: Arrow) throws {
        var life = try Self.stored(Self.life(arrow.before))
        #expect(life.handle(arrow.event, at: Self.at(arrow.second)) == arrow.directives)
        #expect(life.state.name == arrow.state)
        #expect(try Self.stored(life) == life)
    }

    @Test func `a late proof of an expired task is answered with the void receipt`() {
        var life = Self.life(Self.running)
        _ = life.handle(.timePassed, at: Self.at(40))
        #expect(life.handle(Self.arrived, at: Self.at(41)) == [.resendReceipt])
        #expect(life.state == .settled(.voided(.expired), .owed))
    }

    @Test func `under the rule to pay, an undecided proof is paid at the deadline`() {
        var life = Self.life(Self.proven, silence: .pay)
        #expect(
            life.handle(.timePassed, at: Self.at(40))
                == [.settle(.posted(Energy(millijoules: 1_200)), proofHash: Self.proof, receipt: true)])
    }

    @Test(
        arguments: [
            (Pricing.metered, 1_200, 1_200), (.metered, 2_500, 2_500), (.metered, 9_999_999, 2_500), (.metered, -5, 0),
            (.metered, 0, 0), (.fixed, 1_200, 2_500), (.fixed, 0, 2_500),
        ] as [(Pricing, Int64, Int64)])
    func `metered pays what was used up to the lock, fixed pays the lock`(
        pricing: Pricing, charged: Int64, paid: Int64
    ) {
        let amount = pricing.settlement(
            charged: Energy(millijoules: charged), locked: Energy(millijoules: 2_500))
        #expect(amount == Energy(millijoules: paid))
    }

    @Test func `resends slow down to one in thirty seconds and never stop before the deadline`() {
        var life = Self.life(Self.accepted + [.cancelRequested])
        var gaps: [Int64] = []
        var last = Self.at(1)
        while let due = life.nextDeadline, due < Self.at(40) {
            #expect(life.handle(.timePassed, at: due) == [.sendCancel])
            gaps.append(due.since(last).milliseconds)
            last = due
        }
        #expect(gaps == [1_000, 2_000, 4_000, 8_000, 16_000])
    }

    static func stored(_ life: PayerLife) throws -> PayerLife {
        var writer = CBORWriter()
        life.write(to: &writer)
        let bytes = writer.bytes
        var reader = try CBORReader(bytes.span, limit: 4_096)
        let again = try PayerLife(from: &reader)
        try reader.finish()
        return again
    }
}

@Suite struct WorkerLifeTests {
    static let hash = Fixture.hash(1)
    static let proof = Fixture.hash(2)
    static func at(_ seconds: Int64) -> LedgerTime { PayerLifeTests.at(seconds) }

    static func terms(_ hash: Bytes32 = hash, silence: SilenceRule = .void) -> WorkerTerms {
        WorkerTerms(
            taskHash: hash, budget: Energy(millijoules: 2_500), pricing: .metered, silence: silence,
            deadlines: TaskDeadlines(remaining: .seconds(30), grace: .seconds(10), at: at(0)))
    }

    static func life(_ events: [WorkerEvent]) -> WorkerLife {
        var life = WorkerLife(task: Fixture.task.id, payer: Fixture.node(1), at: at(0))
        for event in events { _ = life.handle(event, at: at(1)) }
        return life
    }

    static let arrived = WorkerEvent.taskArrived(terms(), refusal: nil)
    static let running: [WorkerEvent] = [arrived, .workStarted]
    static let finished = WorkerEvent.workFinished(proofHash: proof, charged: Energy(millijoules: 1_200))
    static let proven = running + [finished]
    static let paid = SettlementOutcome.posted(Energy(millijoules: 1_200))
    static let hot = TaskRefusal.tooHot(needed: 5, headroom: 1)
    static let child = TaskID(bytes: Bytes16(bits: 77))
    static let handedOn: [WorkerEvent] = [arrived, .handedOn(child)]

    struct Arrow: Sendable, CustomTestStringConvertible {
        var before: [WorkerEvent]
        var event: WorkerEvent
        var second: Int64 = 2
        var state: String
        var directives: [WorkerDirective]
        var testDescription: String { "\(before.count) events, then \(event) at \(second): \(state)" }
    }

    static let arrows: [Arrow] = [
        Arrow(
            before: [arrived], event: .handedOn(child), state: "handed on", directives: [.store, .sendStage(.running)]),
        Arrow(before: running, event: .handedOn(child), state: "running", directives: []),
        Arrow(before: handedOn, event: .workStarted, state: "handed on", directives: []),
        Arrow(before: handedOn, event: arrived, state: "handed on", directives: [.sendStage(.running)]),
        Arrow(before: handedOn, event: .handedBack, state: "accepted", directives: [.store, .enqueue]),
        Arrow(before: handedOn, event: finished, state: "proven", directives: [.store, .sendResult]),
        Arrow(
            before: handedOn, event: .cancelArrived(taskHash: hash), state: "handed on", directives: [.stopWork]),
        Arrow(
            before: handedOn, event: .workFailed(.cancelled), state: "refused",
            directives: [.store, .sendRefusal(.cancelled, taskHash: hash)]),
        // Whatever is under way below is withdrawn, and its answer counts no more.
        Arrow(
            before: handedOn, event: .timePassed, second: 30, state: "refused",
            directives: [
                .stopWork, .store,
                .sendRefusal(.deadlineUnreachable(expected: .zero, remaining: .zero), taskHash: hash),
            ]),
        Arrow(
            before: handedOn, event: .receiptArrived(.voided(.cancelled)), state: "voided",
            directives: [.stopWork, .applyReceipt(.voided(.cancelled)), .acknowledgeReceipt]),
        // What was handed on before the agent started again must not begin here beside it.
        Arrow(before: handedOn, event: .restarted, state: "handed on", directives: []),
        Arrow(
            before: [], event: arrived, state: "accepted", directives: [.store, .sendStage(.accepted), .enqueue]),
        Arrow(
            before: [], event: .taskArrived(terms(), refusal: hot), state: "refused",
            directives: [.store, .sendRefusal(hot, taskHash: hash)]),
        Arrow(
            before: [.taskArrived(terms(), refusal: hot)], event: arrived, state: "refused",
            directives: [.sendRefusal(hot, taskHash: hash)]),
        Arrow(
            before: [arrived], event: .taskArrived(terms(), refusal: hot), state: "accepted",
            directives: [.sendStage(.accepted)]),
        Arrow(
            before: [arrived], event: .taskArrived(terms(proof), refusal: nil), state: "accepted",
            directives: [.sendRefusal(.idReused, taskHash: proof)]),
        Arrow(before: [arrived], event: .workStarted, state: "running", directives: [.store, .sendStage(.running)]),
        Arrow(before: [arrived], event: .restarted, state: "accepted", directives: [.enqueue]),
        Arrow(
            before: [arrived], event: .timePassed, second: 30, state: "refused",
            directives: [
                .stopWork, .store,
                .sendRefusal(.deadlineUnreachable(expected: .zero, remaining: .zero), taskHash: hash),
            ]),
        Arrow(before: running, event: arrived, state: "running", directives: [.sendStage(.running)]),
        Arrow(before: running, event: finished, state: "proven", directives: [.store, .sendResult]),
        Arrow(
            before: running, event: .workFailed(.badInput), state: "refused",
            directives: [.store, .sendRefusal(.badInput, taskHash: hash)]),
        Arrow(before: running, event: .workCrashed, state: "accepted", directives: [.store, .enqueue]),
        Arrow(
            before: running, event: .workInterrupted, state: "refused",
            directives: [.store, .sendRefusal(.interrupted, taskHash: hash)]),
        Arrow(before: [arrived], event: .workInterrupted, state: "accepted", directives: []),
        Arrow(before: running, event: .restarted, state: "accepted", directives: [.store, .enqueue]),
        Arrow(
            before: running + [.workCrashed, .workStarted, .restarted, .workStarted], event: .workCrashed,
            state: "refused", directives: [.store, .sendRefusal(.workerCrashed(attempts: 3), taskHash: hash)]),
        Arrow(
            before: running, event: .cancelArrived(taskHash: hash), state: "refused",
            directives: [.stopWork, .store, .sendRefusal(.cancelled, taskHash: hash)]),
        Arrow(before: running, event: .cancelArrived(taskHash: proof), state: "running", directives: []),
        Arrow(
            before: [], event: .cancelArrived(taskHash: hash), state: "refused",
            directives: [.store, .sendRefusal(.cancelled, taskHash: hash)]),
        Arrow(
            before: [.cancelArrived(taskHash: hash)], event: arrived, state: "refused",
            directives: [.sendRefusal(.cancelled, taskHash: hash)]),
        Arrow(
            before: running, event: .receiptArrived(.voided(.noAnswer)), state: "voided",
            directives: [.stopWork, .applyReceipt(.voided(.noAnswer)), .acknowledgeReceipt]),
        Arrow(before: proven, event: arrived, state: "proven", directives: [.sendResult]),
        Arrow(before: proven, event: .cancelArrived(taskHash: hash), state: "proven", directives: [.sendResult]),
        Arrow(before: proven, event: .timePassed, state: "proven", directives: [.sendResult]),
        Arrow(before: proven, event: .restarted, state: "proven", directives: [.sendResult]),
        Arrow(before: proven, event: .proofStored(proofHash: proof), state: "proven", directives: [.store]),
        Arrow(before: proven, event: .proofStored(proofHash: hash), state: "proven", directives: []),
        Arrow(
            before: proven, event: .timePassed, second: 50, state: "presumed voided", directives: [.store]),
        Arrow(
            before: proven + [.proofStored(proofHash: proof)], event: .timePassed, second: 50,
            state: "presumed voided", directives: [.store, .reportSilence(.void)]),
        Arrow(
            before: proven, event: .receiptArrived(paid), state: "posted",
            directives: [.applyReceipt(paid), .acknowledgeReceipt]),
        Arrow(
            before: proven, event: .receiptArrived(.posted(Energy(millijoules: 1_199))), state: "posted",
            directives: [
                .reportShortfall(due: Energy(millijoules: 1_200), paid: Energy(millijoules: 1_199)),
                .applyReceipt(.posted(Energy(millijoules: 1_199))), .acknowledgeReceipt,
            ]),
        Arrow(
            before: proven + [.receiptArrived(paid)], event: .receiptArrived(paid), state: "posted",
            directives: [.acknowledgeReceipt]),
        Arrow(
            before: proven + [.receiptArrived(paid)], event: arrived, state: "posted",
            directives: [.acknowledgeReceipt]),
        Arrow(
            before: [], event: .receiptArrived(.voided(.noAnswer)), state: "voided",
            directives: [.applyReceipt(.voided(.noAnswer)), .acknowledgeReceipt]),
    ]

    @Test(arguments: arrows) func `every arrow of the worker's side`(arrow: Arrow) throws {
        var life = try Self.stored(Self.life(arrow.before))
        #expect(life.handle(arrow.event, at: Self.at(arrow.second)) == arrow.directives)
        #expect(life.state.name == arrow.state)
        #expect(try Self.stored(life) == life)
    }

    @Test func `a payer silent about a proof it has is presumed to pay where the task says so, until its receipt`() {
        var life = Self.life([.taskArrived(Self.terms(silence: .pay), refusal: nil), .workStarted, Self.finished])
        _ = life.handle(.proofStored(proofHash: Self.proof), at: Self.at(3))
        #expect(life.handle(.timePassed, at: Self.at(50)) == [.store, .reportSilence(.pay)])
        #expect(life.state.name == "presumed posted")
        #expect(life.nextDeadline == nil)
        _ = life.handle(.receiptArrived(.voided(.checkFailed)), at: Self.at(60))
        #expect(life.state == .settled(.voided(.checkFailed)))
    }

    @Test func `the deadline counts from the signature, not from the last sending`() {
        let terms = WorkerTerms(Fixture.signedTask, age: .seconds(12), at: Self.at(100))
        #expect(terms.deadlines.proof == Self.at(118))
        #expect(terms.deadlines.asking == Self.at(138))
        #expect(WorkerTerms(Fixture.signedTask, age: .seconds(99), at: Self.at(100)).deadlines.proof == Self.at(100))
    }

    static func stored(_ life: WorkerLife) throws -> WorkerLife {
        var writer = CBORWriter()
        life.write(to: &writer)
        let bytes = writer.bytes
        var reader = try CBORReader(bytes.span, limit: 4_096)
        let again = try WorkerLife(from: &reader)
        try reader.finish()
        return again
    }
}
