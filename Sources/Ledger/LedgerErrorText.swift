import Cryptography
import Quantities
import Wire

extension LedgerError {
    /// What is wrong, for a person, in one line.
    public var explanation: String {
        switch self {
        case .notBegun: "the ledger has not begun"
        case .alreadyBegun: "the ledger has begun already"
        case .timeWentBack(let last, let given):
            "ledger time went back from \(last.milliseconds) to \(given.milliseconds) ms"
        case .notPositive(let amount): "an amount of \(amount.millijoules) mJ is not positive"
        case .tooLarge(let amount): "an amount of \(amount.millijoules) mJ is above the largest"
        case .negativeSpan(let span): "a span of \(span.milliseconds) ms is negative"
        case .nothingListed: "nothing is listed"
        case .taskIDUsed(let task): "task " + task.text + " exists with other content"
        case .taskEnded(let task, let outcome): "task " + task.text + " has ended: " + outcome.explanation
        case .unknownTask(let task): "task " + task.text + " is unknown"
        case .wrongKindOfTask(let task): "task " + task.text + " is of another kind"
        case .foreignTask(let delegator): "the task was numbered by platform " + delegator.text
        case .staleTask: "the task was numbered in an earlier store"
        case .taskBelowFloor(let floor, let sequence): "task number \(sequence) is below the floor of \(floor)"
        case .floorLowered(let current, let given): "the floor is \(current) and does not fall to \(given)"
        case .floorAboveLiveTask(let sequence): "task number \(sequence) still lives"
        case .chargeOutOfStep(let charged, let given):
            "\(charged.millijoules) mJ were charged on this proof, not \(given.millijoules)"
        case .chargeForgotten: "the proof is too old to know whether it was charged"
        case .returnOutOfStep(let last, let given): "return notice \(given) is not above the last one, \(last)"
        case .unknownAccount(let account): "account " + account.text + " is unknown"
        case .unknownPeer(let peer): "peer " + peer.text + " is unknown"
        case .ownPlatform: "a ledger is no peer of itself"
        case .sameParty(let account): "account " + account.text + " is payer and payee"
        case .otherPayee(let expected, _): "the lock names payee " + expected.account.text
        case .notAParty(let platform): "platform " + platform.text + " is neither payer nor payee"
        case .laneStopped(let stop): "money does not move with this peer: " + stop.explanation
        case .laneGap(let expected, let given): "message \(expected) is due, not \(given)"
        case .laneOld(let head, let given): "the lane is at message \(head), past \(given)"
        case .laneForked(let sequence): "message \(sequence) exists with other content"
        case .acknowledgedUnsent(let sent, let given): "message \(given) is acknowledged, \(sent) was the last sent"
        case .deadlinePassed(let deadline, let now):
            "the deadline passed \(now.since(deadline).milliseconds) ms ago"
        case .deadlineNotReached(let deadline, let now):
            "the deadline is \(deadline.since(now).milliseconds) ms away"
        case .deadlineTooFar: "the deadline is further away than any lot lives"
        case .alreadyExpired(let expires, let now): "the lot ran out \(now.since(expires).milliseconds) ms ago"
        case .lifetimeTooLong(let longest, let given):
            "a lifetime of \(given.milliseconds) ms is above \(longest.milliseconds) ms"
        case .aboveChargeLimit(let limit, let charged, let amount):
            "\(amount.millijoules) mJ and \(charged.millijoules) mJ charged before exceed "
                + "the proof's \(limit.millijoules) mJ"
        case .aboveLock(let locked, let amount):
            "\(amount.millijoules) mJ exceed the locked \(locked.millijoules) mJ"
        case .insufficientPool(let adp, let needed):
            "the pool holds \(adp.millijoules) mJ, \(needed.millijoules) mJ are needed"
        case .insufficientFunds(let spendable, let needed):
            "\(spendable.millijoules) mJ can be spent, \(needed.millijoules) mJ are needed"
        case .nothingOwed(let peer): "nothing is owed to peer " + peer.text
        case .overflow: "a balance would not be representable"
        case .limitReached(let which, let limit): "the limit of \(limit) " + which.explanation + " is reached"
        }
    }
}

extension LedgerLimit {
    /// What is counted, in words.
    public var explanation: String {
        switch self {
        case .accounts: "accounts"
        case .lots: "lots"
        case .lotsOfAccount: "lots of one account"
        case .lotsPerTransfer: "lots in one transfer"
        case .holds: "live locks and reservations"
        case .finishedTasks: "remembered tasks"
        case .peers: "peers"
        case .lotsAbroad: "lots abroad"
        case .eventsPerBatch: "events applied as one"
        }
    }
}

extension LaneStop {
    /// Why money does not move, in words.
    public var explanation: String {
        switch self {
        case .newStore: "its store is a new one"
        case .olderBoot: "its store is an older copy"
        case .peerTurnedBack: "its store has lost messages"
        case .homeTurnedBack: "this store has lost messages"
        case .forked: "both stores disagree about the same messages"
        }
    }
}

extension ReleaseReason {
    /// Why frozen credits returned, in words.
    public var explanation: String {
        switch self {
        case .refused: "refused"
        case .proofRejected: "proof rejected"
        case .cancelled: "cancelled"
        case .unreachable: "unreachable"
        case .failed: "failed"
        case .timedOut: "timed out"
        }
    }
}

extension TaskOutcome {
    /// How the task ended, in words.
    public var explanation: String {
        switch self {
        case .posted(let amount): "posted \(amount.millijoules) mJ"
        case .voided(let reason): "voided, " + reason.explanation
        case .expired: "expired"
        case .completed(let discharged): "completed, \(discharged.millijoules) mJ discharged"
        case .failed(let reason): "returned, " + reason.explanation
        case .settled(let received, let discharged):
            "received \(received.millijoules) mJ, \(discharged.millijoules) mJ discharged"
        case .granted(let amount): "granted \(amount.millijoules) mJ"
        }
    }
}
