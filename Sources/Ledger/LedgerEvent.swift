import Cryptography
import Quantities
import Wire

/// Everything that can happen to a ledger; its encoding is the journal's content.
///
/// No event sets a balance, except that the first one creates the society's pool.
public enum LedgerEvent: Hashable, Sendable {
    /// The ledger begins.
    case genesis(Genesis)
    /// The society changes how much its pool and credits are together.
    case configure(supply: Energy)
    /// Pool becomes credits, on a proof that the layer above has verified.
    case charge(ChargeAuthorisation)
    /// Credits are frozen for a task that another party will be paid for.
    case lock(LockRequest)
    /// A lock ends: the payee is paid, the remainder returns.
    case post(PostRequest)
    /// A lock ends: everything returns.
    case void(VoidRequest)
    /// A lock or reservation ends because its deadline has passed; anybody may say so.
    case expire(TaskID)
    /// A work ticket freezes credits for work done here.
    case reserve(ReserveRequest)
    /// A work ticket ends with accepted work: what was measured is discharged, the rest returns.
    case completeWork(WorkCompletion)
    /// A work ticket ends without accepted work: everything returns.
    case failWork(TaskID, ReleaseReason)
    /// A peer's signed receipt, the next message of its lane, credits lots; measured energy is discharged from them.
    case receive(ReceiptCredit)
    /// What is owed to a peer leaves in a return notice.
    case issueReturn(to: PlatformID)
    /// A peer's return notice brings tokens home.
    case acceptReturn(ReturnNotice)
    /// Lots that have run out return to their issuers.
    case expireLots
    /// A message of a money lane was sent, received or acknowledged.
    case advanceLane(LaneAdvance)
    /// A peer showed the state of its store, as it does at every handshake.
    case observePeer(PeerObservation)
    /// The operator accepts a peer's state and opens its lane again.
    case reconcile(PeerObservation)
    /// Credits move between two accounts of this ledger.
    case grant(GrantRequest)
    /// Tasks that a platform numbered below `floor` are dead from now on.
    case raiseFloor(of: PlatformID, storeEpoch: StoreEpoch, to: UInt64)
}

/// How a ledger begins.
public struct Genesis: Hashable, Sendable {
    /// The platform whose ledger it is; issuer of the lots charged here.
    public let home: PlatformID
    /// The epoch of the store it is kept in.
    public let storeEpoch: StoreEpoch
    /// Pool and credits together.
    public let supply: Energy
    /// Longest lifetime of any lot.
    public let longestLotLifetime: TimeSpan
    /// How long after a lot has run out abroad its tokens return without a notice.
    public let returnGrace: TimeSpan

    /// A beginning; lots may live for 30 days and are waited for a day unless said otherwise.
    public init(
        home: PlatformID, storeEpoch: StoreEpoch, supply: Energy,
        longestLotLifetime: TimeSpan = .seconds(30 * 86_400), returnGrace: TimeSpan = .seconds(86_400)
    ) {
        self.home = home
        self.storeEpoch = storeEpoch
        self.supply = supply
        self.longestLotLifetime = longestLotLifetime
        self.returnGrace = returnGrace
    }
}

/// Leave to charge, from a layer that has verified the proof behind it.
public struct ChargeAuthorisation: Hashable, Sendable {
    /// Hash of the proof; the authorisation's id.
    public let proof: Bytes32
    /// The account to credit.
    public let account: AccountID
    /// The amount.
    public let amount: Energy
    /// The most that may ever be charged on this proof.
    public let limit: Energy
    /// What has been charged on this proof before, so that a repeated charge is known as one.
    public let chargedBefore: Energy
    /// When the lot runs out; never later than for the proof's first charge.
    public let expires: LedgerTime

    /// Leave to charge `amount` to `account`.
    public init(
        proof: Bytes32, account: AccountID, amount: Energy, limit: Energy, chargedBefore: Energy, expires: LedgerTime
    ) {
        self.proof = proof
        self.account = account
        self.amount = amount
        self.limit = limit
        self.chargedBefore = chargedBefore
        self.expires = expires
    }
}

/// A lock: credits that wait for the outcome of a task.
public struct LockRequest: Hashable, Sendable {
    /// The task, numbered by this platform.
    public let task: TaskReference
    /// Who pays.
    public let payer: Party
    /// Who will be paid; a party of this platform is paid here.
    public let payee: Party
    /// The amount.
    public let amount: Energy
    /// When the lock ends by itself.
    public let deadline: LedgerTime
    /// By how much the lots must outlive the deadline.
    public let leastLifetimeBeyond: TimeSpan

    /// A lock of `amount` for `task`.
    public init(
        task: TaskReference, payer: Party, payee: Party, amount: Energy, deadline: LedgerTime,
        leastLifetimeBeyond: TimeSpan
    ) {
        self.task = task
        self.payer = payer
        self.payee = payee
        self.amount = amount
        self.deadline = deadline
        self.leastLifetimeBeyond = leastLifetimeBeyond
    }
}

/// The payment of a locked task.
public struct PostRequest: Hashable, Sendable {
    /// The task.
    public let task: TaskID
    /// The platform that asks for it: the payer's or the payee's.
    public let by: PlatformID
    /// The payee, as the lock names it.
    public let payee: Party
    /// The amount, at most what is locked.
    public let amount: Energy
    /// Hash of the accepted execution proof.
    public let proof: Bytes32

    /// A payment of `amount` to `payee`.
    public init(task: TaskID, by: PlatformID, payee: Party, amount: Energy, proof: Bytes32) {
        self.task = task
        self.by = by
        self.payee = payee
        self.amount = amount
        self.proof = proof
    }
}

/// The cancellation of a locked task.
public struct VoidRequest: Hashable, Sendable {
    /// The task.
    public let task: TaskID
    /// The platform that asks for it: the payer's or the payee's.
    public let by: PlatformID
    /// Why.
    public let reason: ReleaseReason

    /// A cancellation of `task`.
    public init(task: TaskID, by: PlatformID, reason: ReleaseReason) {
        self.task = task
        self.by = by
        self.reason = reason
    }
}

/// Why frozen credits return.
public enum ReleaseReason: UInt8, Sendable, CaseIterable {
    /// The payee refused the task.
    case refused = 1
    /// The proof was not accepted.
    case proofRejected = 2
    /// The delegator took the task back.
    case cancelled = 3
    /// The payee could not be reached.
    case unreachable = 4
    /// The work failed.
    case failed = 5
    /// The work took too long.
    case timedOut = 6
}

/// A work ticket: credits that wait for work done on this platform.
public struct ReserveRequest: Hashable, Sendable {
    /// The ticket, numbered by this platform.
    public let task: TaskReference
    /// Whose credits are reserved.
    public let account: AccountID
    /// The amount.
    public let amount: Energy
    /// When the reservation ends by itself.
    public let deadline: LedgerTime

    /// A reservation of `amount` from `account`.
    public init(task: TaskReference, account: AccountID, amount: Energy, deadline: LedgerTime) {
        self.task = task
        self.account = account
        self.amount = amount
        self.deadline = deadline
    }
}

/// Whose reputation grows by work, and how good the work was.
public struct ReputationCredit: Hashable, Sendable {
    /// The worker's account.
    public let worker: AccountID
    /// The accepted quality; what is credited is the discharged energy times this.
    public let quality: BasisPoints

    /// A credit for `worker`.
    public init(worker: AccountID, quality: BasisPoints) {
        self.worker = worker
        self.quality = quality
    }
}

/// Accepted work on a ticket.
public struct WorkCompletion: Hashable, Sendable {
    /// The ticket.
    public let task: TaskID
    /// The measured energy; what exceeds the reservation stays with the worker.
    public let measured: Energy
    /// Hash of the accepted execution proof.
    public let proof: Bytes32
    /// Whose reputation it earns; nil for work for the same owner, which earns none.
    public let reputation: ReputationCredit?

    /// Accepted work of `measured` energy.
    public init(task: TaskID, measured: Energy, proof: Bytes32, reputation: ReputationCredit?) {
        self.task = task
        self.measured = measured
        self.proof = proof
        self.reputation = reputation
    }
}

/// Lots that a peer paid for a task.
public struct ReceiptCredit: Hashable, Sendable {
    /// The task, numbered by the peer that pays.
    public let task: TaskReference
    /// The account that is paid.
    public let account: AccountID
    /// The lots, none of them empty.
    public let lots: [LotTransfer]
    /// Hash of the signed receipt, without what is recomputed at every sending.
    public let receipt: Bytes32
    /// Where the peer's lane stands with the receipt; it is what says that the receipt is new.
    public let head: LaneHead
    /// The energy measured for the task; what was paid of it is discharged at once.
    public let measured: Energy
    /// Whose reputation the discharge earns; nil for work for the same owner.
    public let reputation: ReputationCredit?

    /// Lots paid for `task` into `account`.
    public init(
        task: TaskReference, account: AccountID, lots: [LotTransfer], receipt: Bytes32, head: LaneHead,
        measured: Energy = .zero, reputation: ReputationCredit? = nil
    ) {
        self.task = task
        self.account = account
        self.lots = lots
        self.receipt = receipt
        self.head = head
        self.measured = measured
        self.reputation = reputation
    }
}

/// Credits that move from one account of this ledger to another.
public struct GrantRequest: Hashable, Sendable {
    /// The grant, numbered by this platform.
    public let task: TaskReference
    /// Who gives.
    public let from: AccountID
    /// Who gets.
    public let to: AccountID
    /// The amount.
    public let amount: Energy

    /// A grant of `amount`.
    public init(task: TaskReference, from: AccountID, to: AccountID, amount: Energy) {
        self.task = task
        self.from = from
        self.to = to
        self.amount = amount
    }
}
