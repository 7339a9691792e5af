import Cryptography
import Quantities
import Wire

/// Why an event is refused; nothing changes then.
///
/// Where several reasons hold, the first in this order is given: the ledger itself (not begun, time
/// went back), malformed amounts, the identity of the task or charge, the parties, the lane,
/// deadlines and lifetimes, the amount against what was agreed, funds, limits.
public enum LedgerError: Error, Equatable, Sendable {
    // The ledger itself
    /// Nothing can happen before genesis.
    case notBegun
    /// There is one genesis.
    case alreadyBegun
    /// The event is earlier than the last one.
    case timeWentBack(last: LedgerTime, given: LedgerTime)

    // Malformed amounts
    /// An amount is zero or negative.
    case notPositive(Energy)
    /// An amount is above `Energy.largest`.
    case tooLarge(Energy)
    /// A span of time is negative.
    case negativeSpan(TimeSpan)
    /// A receipt or notice lists nothing.
    case nothingListed

    // Identity
    /// The task's id was used with other content.
    case taskIDUsed(TaskID)
    /// The task has ended otherwise.
    case taskEnded(TaskID, TaskOutcome)
    /// No such task.
    case unknownTask(TaskID)
    /// The task is a work ticket where a lock is due, or a lock where a ticket is due.
    case wrongKindOfTask(TaskID)
    /// The task was numbered by a platform that may not number it.
    case foreignTask(delegator: PlatformID)
    /// The task was numbered in another store than the one now in use.
    case staleTask(current: StoreEpoch, given: StoreEpoch)
    /// The task's number is below the floor: it is dead.
    case taskBelowFloor(floor: UInt64, sequence: UInt64)
    /// The floor of tasks does not fall.
    case floorLowered(current: UInt64, given: UInt64)
    /// A task below the new floor still lives.
    case floorAboveLiveTask(UInt64)
    /// What the authorisation takes as charged before is not what the ledger has charged.
    case chargeOutOfStep(charged: Energy, given: Energy)
    /// The authorisation is so old that the ledger no longer knows whether it was used.
    case chargeForgotten(floor: LedgerTime, expires: LedgerTime)
    /// The notice's number is not above the last one.
    case returnOutOfStep(last: UInt64, given: UInt64)

    // Parties
    /// No such account.
    case unknownAccount(AccountID)
    /// No such peer.
    case unknownPeer(PlatformID)
    /// A ledger is no peer of itself.
    case ownPlatform
    /// Payer and payee are the same account.
    case sameParty(AccountID)
    /// The lock names another payee.
    case otherPayee(expected: Party, given: Party)
    /// The lock names neither as payer nor as payee the platform that asks.
    case notAParty(PlatformID)

    // The lane
    /// No money moves on this lane until it is reconciled.
    case laneStopped(LaneStop)
    /// A message is missing.
    case laneGap(expected: UInt64, given: UInt64)
    /// The lane is past this message.
    case laneOld(head: UInt64, given: UInt64)
    /// Two messages have the same number.
    case laneForked(sequence: UInt64)
    /// The peer acknowledges what was not sent.
    case acknowledgedUnsent(sent: UInt64, given: UInt64)

    // Deadlines and lifetimes
    /// It is too late.
    case deadlinePassed(deadline: LedgerTime, now: LedgerTime)
    /// It is too early to expire the lock.
    case deadlineNotReached(deadline: LedgerTime, now: LedgerTime)
    /// The deadline is further away than any lot lives.
    case deadlineTooFar(latest: LedgerTime, given: LedgerTime)
    /// The lot would be created after its end.
    case alreadyExpired(expires: LedgerTime, now: LedgerTime)
    /// The lot would live longer than any lot may.
    case lifetimeTooLong(longest: TimeSpan, given: TimeSpan)

    // Amounts against what was agreed
    /// The proof does not allow this much.
    case aboveChargeLimit(limit: Energy, charged: Energy, amount: Energy)
    /// More than is locked.
    case aboveLock(locked: Energy, amount: Energy)

    // Funds
    /// The pool does not hold this much.
    case insufficientPool(adp: Energy, needed: Energy)
    /// The account's lots that live long enough do not hold this much.
    case insufficientFunds(spendable: Energy, needed: Energy)
    /// Nothing is owed to this peer.
    case nothingOwed(PlatformID)

    // Limits
    /// A balance or count would not be representable.
    case overflow
    /// A table is full.
    case limitReached(LedgerLimit, limit: Int)
}

/// The bounds that an event can meet.
public enum LedgerLimit: UInt8, Sendable, CaseIterable {
    /// Accounts of the ledger.
    case accounts = 1
    /// Lots of the ledger.
    case lots = 2
    /// Lots of one account.
    case lotsOfAccount = 3
    /// Lots that one transfer touches.
    case lotsPerTransfer = 4
    /// Live locks and reservations.
    case holds = 5
    /// Remembered tasks; raising the floor makes room.
    case finishedTasks = 6
    /// Peers.
    case peers = 7
    /// Different lots abroad.
    case lotsAbroad = 8
    /// Events applied as one.
    case eventsPerBatch = 9
}
