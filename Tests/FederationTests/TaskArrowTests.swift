import Federation
import Ledger
import Quantities
import Testing

/// Every state of both sides with everything that can happen in it: which arrows there are, and that no others are.
///
/// What is done on the way is held by `PayerLifeTests` and `WorkerLifeTests`.
@Suite struct TaskArrowTests {
    /// The columns of the payer's table.
    private static let payerEvents: [(name: String, event: PayerEvent, second: Int64)] = [
        ("started", .started, 2), ("locked", .locked(taskHash: PayerLifeTests.hash), 2),
        ("lock refused", .lockRefused, 2),
        ("sent", .sent, 2), ("taken", .stage(.accepted, taskHash: PayerLifeTests.hash), 2),
        ("runs", .stage(.running, taskHash: PayerLifeTests.hash), 2),
        ("refused", .refused(.shuttingDown, taskHash: PayerLifeTests.hash), 2), ("proof", PayerLifeTests.arrived, 2),
        ("good", .verified(proofHash: PayerLifeTests.proof, nil), 2),
        ("false", .verified(proofHash: PayerLifeTests.proof, .checkFailed), 2), ("post refused", .postRefused, 2),
        ("cancel", .cancelRequested, 2), ("applied", .receiptApplied, 2), ("4 s", .timePassed, 4),
        ("5 s", .timePassed, 5), ("40 s", .timePassed, 40), ("restart", .restarted, 2),
    ]

    private static let payerStates: [(name: String, events: [PayerEvent])] = [
        ("created", [.started]), ("locked", [.started, .locked(taskHash: PayerLifeTests.hash)]),
        ("sent", PayerLifeTests.sent), ("accepted", PayerLifeTests.accepted), ("running", PayerLifeTests.running),
        ("proven", PayerLifeTests.proven),
        ("posted", PayerLifeTests.proven + [.verified(proofHash: PayerLifeTests.proof, nil)]),
        ("voided", PayerLifeTests.proven + [.verified(proofHash: PayerLifeTests.proof, .checkFailed)]),
        ("refused", PayerLifeTests.sent + [.refused(.shuttingDown, taskHash: PayerLifeTests.hash)]),
        ("cancelled", PayerLifeTests.voided), ("unfunded", [.started, .lockRefused]),
    ]

    /// From a state by an event to a state; all other pairs lead nowhere.
    private static let payerArrows: [String: [String: String]] = [
        "created": ["locked": "locked", "lock refused": "unfunded", "cancel": "unfunded", "restart": "unfunded"],
        "locked": [
            "sent": "sent", "taken": "accepted", "runs": "running", "refused": "refused", "proof": "proven",
            "5 s": "voided", "40 s": "voided",
        ],
        "sent": [
            "taken": "accepted", "runs": "running", "refused": "refused", "proof": "proven", "5 s": "voided",
            "40 s": "voided",
        ],
        "accepted": ["runs": "running", "refused": "voided", "proof": "proven", "40 s": "expired"],
        "running": ["refused": "voided", "proof": "proven", "40 s": "expired"],
        "proven": ["good": "posted", "false": "voided", "40 s": "voided"],
        // The ledger does not let it be paid: the lane has stopped, or a limit is reached.
        "posted": ["post refused": "voided"],
    ]

    @Test(arguments: payerStates.indices, payerEvents.indices)
    func `the payer's arrows, and no others`(state: Int, event: Int) {
        let (from, happened) = (Self.payerStates[state], Self.payerEvents[event])
        var life = PayerLifeTests.life(from.events)
        #expect(life.state.name == from.name)
        _ = life.handle(happened.event, at: PayerLifeTests.at(happened.second))
        let expected = Self.payerArrows[from.name]?[happened.name] ?? from.name
        #expect(life.state.name == expected, "\(from.name), \(happened.name)")
    }

    @Test(arguments: payerStates.indices) func `whatever happens in whatever order ends the payer's lock at most once`(
        state: Int
    ) {
        // A payment that the ledger refuses has ended nothing.
        let events = Self.payerEvents.filter { $0.name != "post refused" }
        for first in events {
            for second in events {
                var life = PayerLifeTests.life(Self.payerStates[state].events)
                var ends = if case .settled = life.state { 1 } else { 0 }
                for happened in [first, second, first] {
                    for case .settle in life.handle(happened.event, at: PayerLifeTests.at(happened.second)) {
                        ends += 1
                    }
                }
                #expect(ends <= 1, "\(Self.payerStates[state].name), \(first.name), \(second.name)")
            }
        }
    }

    // MARK: Worker

    private static let workerEvents: [(name: String, event: WorkerEvent, second: Int64)] = [
        ("task", WorkerLifeTests.arrived, 2),
        ("task, too hot", .taskArrived(WorkerLifeTests.terms(), refusal: WorkerLifeTests.hot), 2),
        ("another task", .taskArrived(WorkerLifeTests.terms(WorkerLifeTests.proof), refusal: nil), 2),
        ("begun", .workStarted, 2), ("done", WorkerLifeTests.finished, 2), ("failed", .workFailed(.badInput), 2),
        ("crashed", .workCrashed, 2), ("interrupted", .workInterrupted, 2),
        ("cancel", .cancelArrived(taskHash: WorkerLifeTests.hash), 2),
        ("stored", .proofStored(proofHash: WorkerLifeTests.proof), 2),
        ("paid", .receiptArrived(WorkerLifeTests.paid), 2),
        ("not paid", .receiptArrived(.voided(.checkFailed)), 2), ("29 s", .timePassed, 29), ("30 s", .timePassed, 30),
        ("50 s", .timePassed, 50), ("restart", .restarted, 2),
        ("handed on", .handedOn(WorkerLifeTests.child), 2), ("handed back", .handedBack, 2),
    ]

    private static let workerStates: [(name: String, events: [WorkerEvent])] = [
        ("unseen", []), ("refused", [.taskArrived(WorkerLifeTests.terms(), refusal: WorkerLifeTests.hot)]),
        ("accepted", [WorkerLifeTests.arrived]), ("running", WorkerLifeTests.running),
        ("handed on", WorkerLifeTests.handedOn), ("proven", WorkerLifeTests.proven),
        ("posted", WorkerLifeTests.proven + [.receiptArrived(WorkerLifeTests.paid)]),
        ("voided", WorkerLifeTests.proven + [.receiptArrived(.voided(.checkFailed))]),
    ]

    private static let workerArrows: [String: [String: String]] = [
        "unseen": [
            "task": "accepted", "task, too hot": "refused", "another task": "accepted", "cancel": "refused",
            "paid": "posted", "not paid": "voided",
        ],
        "refused": ["paid": "posted", "not paid": "voided"],
        "accepted": [
            "begun": "running", "failed": "refused", "cancel": "refused", "paid": "posted", "not paid": "voided",
            "30 s": "refused", "50 s": "refused", "handed on": "handed on",
        ],
        // A cancellation waits for what becomes of the task below.
        "handed on": [
            "done": "proven", "failed": "refused", "handed back": "accepted", "paid": "posted", "not paid": "voided",
            "30 s": "refused", "50 s": "refused",
        ],
        "running": [
            "done": "proven", "failed": "refused", "crashed": "accepted", "interrupted": "refused", "cancel": "refused",
            "paid": "posted", "not paid": "voided", "30 s": "refused", "50 s": "refused", "restart": "accepted",
        ],
        "proven": ["paid": "posted", "not paid": "voided", "50 s": "presumed voided"],
    ]

    @Test(arguments: workerStates.indices, workerEvents.indices)
    func `the worker's arrows, and no others`(state: Int, event: Int) {
        let (from, happened) = (Self.workerStates[state], Self.workerEvents[event])
        var life = WorkerLifeTests.life(from.events)
        #expect(life.state.name == from.name)
        _ = life.handle(happened.event, at: WorkerLifeTests.at(happened.second))
        let expected = Self.workerArrows[from.name]?[happened.name] ?? from.name
        #expect(life.state.name == expected, "\(from.name), \(happened.name)")
    }

    @Test func `a receipt overrules what was presumed`() {
        for outcome in [WorkerLifeTests.paid, .voided(.silence)] {
            var life = WorkerLifeTests.life(WorkerLifeTests.proven)
            _ = life.handle(.timePassed, at: WorkerLifeTests.at(50))
            #expect(life.state.name == "presumed voided")
            _ = life.handle(.receiptArrived(outcome), at: WorkerLifeTests.at(51))
            #expect(life.state == .settled(outcome))
        }
    }
}
