import Cryptography
import Federation
import Ledger
import Quantities
import Testing
import Wire

/// Both sides of one task over a network that loses, repeats and reorders, with crashes at any point.
private struct Pair {
    enum Packet: Equatable {
        case task, cancel, proofStored
        case stage(TaskStage)
        case refusal(TaskRefusal)
        case result
        case receipt(SettlementOutcome)
        case applied
    }

    static let hash = Fixture.hash(1)
    static let proof = Fixture.hash(2)
    let charged = Energy(millijoules: 1_200)
    let silence: SilenceRule
    var random: DeterministicRandom
    var now = LedgerTime(milliseconds: 0)
    var loss: UInt64
    var payer: PayerLife
    var worker: WorkerLife
    var storedPayer: PayerLife
    var storedWorker: WorkerLife
    var toWorker: [Packet] = []
    var toPayer: [Packet] = []
    var outbox: SettlementOutcome?
    var settlements: [SettlementOutcome] = []
    var credited: [SettlementOutcome] = []
    var queued = false
    var working = false
    var verifying = false

    init(seed: UInt64) {
        random = DeterministicRandom(seed: Bytes32(high: 0, low: UInt128(seed)))
        silence = seed % 2 == 0 ? .void : .pay
        loss = seed % 5 * 15
        payer = PayerLife(
            task: Fixture.task.id, worker: Fixture.node(2), budget: Energy(millijoules: 2_500), pricing: .metered,
            silence: silence, acceptBy: LedgerTime(milliseconds: 8_000),
            deadlines: TaskDeadlines(remaining: .seconds(30), grace: .seconds(10), at: .origin), at: .origin)
        worker = WorkerLife(task: Fixture.task.id, payer: Fixture.node(1), at: .origin)
        storedPayer = payer
        storedWorker = worker
    }

    /// `count` in a hundred.
    mutating func chance(_ count: UInt64) -> Bool { random.number(below: 100) < count }

    mutating func pay(_ event: PayerEvent) throws {
        for directive in payer.handle(event, at: now) {
            // A crash between any two directives: what was not stored is lost, and so is what follows.
            if chance(2) { return try crashPayer() }
            switch directive {
            case .lock: try pay(.locked(taskHash: Self.hash))
            case .store: storedPayer = payer
            case .sendTask:
                toWorker.append(.task)
                try pay(.sent)
            case .sendCancel: toWorker.append(.cancel)
            case .sendProofStored: toWorker.append(.proofStored)
            case .verify: verifying = true
            case .settle(let outcome, _, let receipt):
                storedPayer = payer
                settlements.append(outcome)
                if receipt {
                    outbox = outcome
                    toWorker.append(.receipt(outcome))
                }
            case .resendReceipt: if let outbox { toWorker.append(.receipt(outbox)) }
            case .clearOutbox: outbox = nil
            case .fallBack: break
            }
        }
    }

    mutating func work(_ event: WorkerEvent) throws {
        for directive in worker.handle(event, at: now) {
            if chance(2) { return try crashWorker() }
            switch directive {
            case .store: storedWorker = worker
            case .enqueue: queued = true
            case .stopWork:
                queued = false
                working = false
            case .sendStage(let stage): toPayer.append(.stage(stage))
            case .sendRefusal(let reason, _): toPayer.append(.refusal(reason))
            case .sendResult: toPayer.append(.result)
            case .applyReceipt(let outcome):
                storedWorker = worker
                credited.append(outcome)
            case .acknowledgeReceipt: toPayer.append(.applied)
            case .reportShortfall, .reportSilence: break
            }
        }
    }

    mutating func crashPayer() throws {
        payer = try PayerLifeTests.stored(storedPayer)
        verifying = false
        // A life that was never stored never was: nothing was locked for it.
        if payer.state != .created { try pay(.restarted) }
    }

    mutating func crashWorker() throws {
        worker = try WorkerLifeTests.stored(storedWorker)
        queued = false
        working = false
        try work(.restarted)
    }

    mutating func step() throws {
        now = now + .milliseconds(Int64(random.number(below: 900)))
        switch random.number(below: 9) {
        case 0, 1: try deliver(toWorker: takeOne(from: \.toWorker))
        case 2, 3: try deliver(toPayer: takeOne(from: \.toPayer))
        case 4:
            if queued {
                queued = false
                working = true
                try work(.workStarted)
            }
        case 5:
            if working {
                working = false
                try work(chance(15) ? .workCrashed : .workFinished(proofHash: Self.proof, charged: charged))
            }
        case 6:
            if verifying {
                verifying = false
                try pay(.verified(proofHash: Self.proof, chance(20) ? .checkFailed : nil))
            }
        case 7: if chance(3) { try chance(50) ? crashPayer() : crashWorker() }
        default: if chance(2) { try pay(.cancelRequested) }
        }
        if let due = payer.nextDeadline, due <= now { try pay(.timePassed) }
        if let due = worker.nextDeadline, due <= now { try work(.timePassed) }
    }

    /// Any packet under way, which may be lost, or stay under way to come again.
    mutating func takeOne(from direction: WritableKeyPath<Pair, [Packet]>) -> Packet? {
        guard !self[keyPath: direction].isEmpty else { return nil }
        let index = Int(random.number(below: UInt64(self[keyPath: direction].count)))
        let packet = self[keyPath: direction][index]
        if !chance(15) { self[keyPath: direction].remove(at: index) }
        return chance(loss) ? nil : packet
    }

    mutating func deliver(toWorker packet: Packet?) throws {
        switch packet {
        case .task:
            let terms = WorkerTerms(
                taskHash: Self.hash, budget: payer.budget, pricing: .metered, silence: silence,
                deadlines: payer.deadlines)
            try work(.taskArrived(terms, refusal: chance(10) ? .badInput : nil))
        case .cancel: try work(.cancelArrived(taskHash: Self.hash))
        case .proofStored: try work(.proofStored(proofHash: Self.proof))
        case .receipt(let outcome): try work(.receiptArrived(outcome))
        default: break
        }
    }

    mutating func deliver(toPayer packet: Packet?) throws {
        switch packet {
        case .stage(let stage): try pay(.stage(stage, taskHash: Self.hash))
        case .refusal(let reason): try pay(.refused(reason, taskHash: Self.hash))
        case .result: try pay(.proofArrived(proofHash: Self.proof, charged: charged))
        case .applied: try pay(.receiptApplied)
        default: break
        }
    }

    /// The network heals, nobody crashes any more, and the outbox is sent until it is acknowledged.
    mutating func heal() throws {
        loss = 0
        for _ in 0..<400 {
            try step()
            if let outbox, toWorker.count < 8 { toWorker.append(.receipt(outbox)) }
        }
    }
}

@Suite struct SettlementAgreementTests {
    @Test(arguments: [UInt64(0), 1_000, 2_000, 3_000])
    func `both sides end in the same settlement whatever the network and crashes do`(first: UInt64) throws {
        var posted = 0
        var voided = 0
        for seed in first..<(first + 250) {
            var pair = Pair(seed: seed)
            try pair.pay(.started)
            for _ in 0..<Int(40 + seed % 160) { try pair.step() }
            try pair.heal()
            guard pair.payer.state != .created, pair.payer.state != .unfunded else { continue }

            guard case .settled(let outcome, let receipt) = pair.payer.state else {
                Issue.record("seed \(seed): the payer ends \(pair.payer.state.name)")
                continue
            }
            #expect(pair.settlements == [outcome], "seed \(seed): the lock ends once")
            #expect(pair.credited.count <= 1, "seed \(seed): a receipt is applied once")
            switch receipt {
            case .delivered:
                #expect(pair.worker.state == .settled(outcome), "seed \(seed)")
                #expect(pair.credited == [outcome], "seed \(seed)")
            case .none:
                if case .refused = pair.worker.state {
                } else {
                    Issue.record("seed \(seed): void without receipt, the worker is \(pair.worker.state.name)")
                }
            case .owed: Issue.record("seed \(seed): the receipt never arrived")
            }
            if case .posted = outcome { posted += 1 } else { voided += 1 }
        }
        // Both ends must really be reached, or nothing was tested.
        #expect(posted > 25)
        #expect(voided > 25)
    }
}
