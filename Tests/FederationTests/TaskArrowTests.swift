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

    /// A row of a table: a state, and how a life comes to it.
    private struct Row<Event: Sendable>: Sendable {
        let name: String
        let state: String
        let events: [Event]
        /// What happens after them, and at which second.
        let later: [(event: Event, second: Int64)]

        init(_ name: String, state: String? = nil, _ events: [Event], later: [(event: Event, second: Int64)] = []) {
            self.name = name
            self.state = state ?? name
            self.events = events
            self.later = later
        }
    }

    private static let payerStates: [Row<PayerEvent>] = [
        Row("created", [.started]), Row("locked", [.started, .locked(taskHash: PayerLifeTests.hash)]),
        Row("sent", PayerLifeTests.sent), Row("accepted", PayerLifeTests.accepted),
        Row("running", PayerLifeTests.running), Row("proven", PayerLifeTests.proven),
        Row("posted", PayerLifeTests.proven + [.verified(proofHash: PayerLifeTests.proof, nil)]),
        Row("voided", PayerLifeTests.proven + [.verified(proofHash: PayerLifeTests.proof, .checkFailed)]),
        Row("refused", PayerLifeTests.sent + [.refused(.shuttingDown, taskHash: PayerLifeTests.hash)]),
        Row("cancelled", PayerLifeTests.voided), Row("unfunded", [.started, .lockRefused]),
        Row("sent, withdrawn", state: "sent", PayerLifeTests.sent + [.cancelRequested]),
        Row("accepted, withdrawn", state: "accepted", PayerLifeTests.accepted + [.cancelRequested]),
        Row("running, withdrawn", state: "running", PayerLifeTests.running + [.cancelRequested]),
        Row("proven, withdrawn", state: "proven", PayerLifeTests.proven + [.cancelRequested]),
        Row("expired", PayerLifeTests.running, later: [(.timePassed, 40)]),
        Row("delivered", state: "voided", PayerLifeTests.sent, later: [(.timePassed, 5), (.receiptApplied, 6)]),
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
        // What was withdrawn ends as cancelled, however; but a proof in hand is work done.
        "sent, withdrawn": [
            "taken": "accepted", "runs": "running", "refused": "cancelled", "proof": "proven", "5 s": "cancelled",
            "40 s": "cancelled",
        ],
        "accepted, withdrawn": ["runs": "running", "refused": "cancelled", "proof": "proven", "40 s": "cancelled"],
        "running, withdrawn": ["refused": "cancelled", "proof": "proven", "40 s": "cancelled"],
        "proven, withdrawn": ["good": "posted", "false": "voided", "40 s": "voided"],
    ]

    private static func payerLife(_ row: Row<PayerEvent>) -> PayerLife {
        var life = PayerLifeTests.life(row.events)
        for (event, second) in row.later { _ = life.handle(event, at: PayerLifeTests.at(second)) }
        return life
    }

    @Test(arguments: payerStates.indices, payerEvents.indices)
    func `the payer's arrows, and no others`(state: Int, event: Int) {
        let (from, happened) = (Self.payerStates[state], Self.payerEvents[event])
        var life = Self.payerLife(from)
        #expect(life.state.name == from.state)
        _ = life.handle(happened.event, at: PayerLifeTests.at(happened.second))
        let expected = Self.payerArrows[from.name]?[happened.name] ?? from.state
        #expect(life.state.name == expected, "\(from.name), \(happened.name)")
    }

    @Test(arguments: payerStates.indices) func `whatever happens in whatever order ends the payer's lock at most once`(
        state: Int
    ) {
        // A payment that the ledger refuses has ended nothing.
        let events = Self.payerEvents.filter { $0.name != "post refused" }
        for first in events {
            for second in events {
                var life = Self.payerLife(Self.payerStates[state])
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

    private static let workerStates: [Row<WorkerEvent>] = [
        Row("unseen", []), Row("refused", [.taskArrived(WorkerLifeTests.terms(), refusal: WorkerLifeTests.hot)]),
        Row("accepted", [WorkerLifeTests.arrived]), Row("running", WorkerLifeTests.running),
        Row("handed on", WorkerLifeTests.handedOn), Row("proven", WorkerLifeTests.proven),
        Row("posted", WorkerLifeTests.proven + [.receiptArrived(WorkerLifeTests.paid)]),
        Row("voided", WorkerLifeTests.proven + [.receiptArrived(.voided(.checkFailed))]),
        Row("presumed voided", WorkerLifeTests.proven, later: [(.timePassed, 50)]),
    ]

    private static func workerLife(_ row: Row<WorkerEvent>) -> WorkerLife {
        var life = WorkerLifeTests.life(row.events)
        for (event, second) in row.later { _ = life.handle(event, at: WorkerLifeTests.at(second)) }
        return life
    }

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
        // The payer's word comes late, and counts.
        "presumed voided": ["paid": "posted", "not paid": "voided"],
    ]

    @Test(arguments: workerStates.indices, workerEvents.indices)
    func `the worker's arrows, and no others`(state: Int, event: Int) {
        let (from, happened) = (Self.workerStates[state], Self.workerEvents[event])
        var life = Self.workerLife(from)
        #expect(life.state.name == from.state)
        _ = life.handle(happened.event, at: WorkerLifeTests.at(happened.second))
        let expected = Self.workerArrows[from.name]?[happened.name] ?? from.state
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
