import Cryptography
import Quantities
import Wire

/// The ledger's one row about itself.
public struct LedgerSummary: Hashable, Sendable {
    /// How it began.
    public let genesis: Genesis
    /// Pool and credits of the society together.
    public var supply: Energy
    /// The pool: spent credits that can be charged again.
    public var adp: Energy
    /// Own credits that ran out unused, since the ledger began.
    public var wasted: Energy
    /// Own credits whose holder never reported them and which returned by themselves.
    public var reclaimed: Energy
    /// Number of the next lot.
    public var nextLot: UInt64
    /// Own tasks below this number are dead.
    public var taskFloor: UInt64
    /// Authorisations that expire up to here are forgotten, and refused.
    public var chargeFloor: LedgerTime
}

/// The balances of an account, and what passed through it since the ledger began.
///
/// `received + charged = available + locked + reserved + discharged + expired + sent`.
public struct Account: Hashable, Sendable {
    /// The account's name.
    public let id: AccountID
    /// What it can spend.
    public var available: Energy = .zero
    /// What its locks hold.
    public var locked: Energy = .zero
    /// What its reservations hold.
    public var reserved: Energy = .zero
    /// Charged from the pool.
    public var charged: Energy = .zero
    /// Received from peers and from other accounts.
    public var received: Energy = .zero
    /// Sent to peers and to other accounts.
    public var sent: Energy = .zero
    /// Discharged by accepted work.
    public var discharged: Energy = .zero
    /// Run out unused.
    public var expired: Energy = .zero
    /// Reputation: energy of accepted work of other owners, times its quality.
    public var reputation: Energy = .zero

    init(id: AccountID) { self.id = id }
}

/// Part of a lot that a lock or reservation holds.
public struct LotShare: Hashable, Sendable {
    /// Number of the lot.
    public let lot: UInt64
    /// The amount.
    public let amount: Energy
}

/// A live lock or reservation.
public struct Hold: Hashable, Sendable {
    /// The task or ticket.
    public let task: TaskReference
    /// Whose credits are frozen.
    public let account: AccountID
    /// The platform that named itself the payer; this one for a reservation.
    public let payerPlatform: PlatformID
    /// Who will be paid; nil for a reservation.
    public let payee: Party?
    /// The amount.
    public let amount: Energy
    /// When it ends by itself.
    public let deadline: LedgerTime
    /// Digest of the event that began it.
    public let digest: Bytes16
    /// The frozen parts of lots, the one that runs out first in front.
    public let shares: [LotShare]
}

/// How a task ended.
public enum TaskOutcome: Hashable, Sendable {
    /// The payee got this much.
    case posted(Energy)
    /// Everything returned.
    case voided(ReleaseReason)
    /// Everything returned because the deadline passed.
    case expired
    /// Work was accepted and this much discharged.
    case completed(discharged: Energy)
    /// Work failed and everything returned.
    case failed(ReleaseReason)
    /// A peer paid, and this much of it was discharged.
    case settled(received: Energy, discharged: Energy)
    /// This much was granted.
    case granted(Energy)
}

/// A task that has ended and is remembered so that it never comes alive again.
public struct FinishedTask: Hashable, Sendable {
    /// The task.
    public let task: TaskReference
    /// How it ended.
    public let outcome: TaskOutcome
    /// Digest of the event that began it.
    public let beginning: Bytes16
    /// Digest of the event that ended it.
    public let ending: Bytes16
}

/// What has been charged on one proof.
public struct ChargeRecord: Hashable, Sendable {
    /// Hash of the proof.
    public let proof: Bytes32
    /// Charged so far.
    public var charged: Energy
    /// The most that may be charged; it only falls.
    public var limit: Energy
    /// When its lots run out.
    public let expires: LedgerTime
    /// Digest of the last charge.
    public var digest: Bytes16
}

/// A platform with which money can be exchanged, and where the lane with it stands.
public struct Peer: Hashable, Sendable {
    /// The peer.
    public let platform: PlatformID
    /// The epoch of its store.
    public var storeEpoch: StoreEpoch
    /// The highest count of openings of that store.
    public var bootEpoch: UInt64
    /// The last message stored for sending to it.
    public var sent: LaneHead
    /// The last message from here that it acknowledged.
    public var acknowledged: LaneHead
    /// The last message from it that took effect here.
    public var received: LaneHead
    /// Why no money moves; nil while the lane is open.
    public var stop: LaneStop?
    /// Tasks that it numbered below this are dead.
    public var taskFloor: UInt64
    /// Number of the last return notice accepted from it.
    public var lastReturnNumber: UInt64
    /// Digest of the last accepted notice.
    public var lastReturn: Bytes16
    /// What the last accepted notice brought home.
    public var lastReturnAccepted: Energy
    /// What the last accepted notice claimed beyond what was there.
    public var lastReturnUnmatched: Energy
    /// All tokens that its notices and receipts claimed beyond what was there.
    public var unmatchedReturns: Energy
}

/// Lots that were sent to a peer and are not known to have been spent.
public struct AbroadKey: Hashable, Sendable {
    /// The peer they were sent to.
    public let holder: PlatformID
    /// What they stand on.
    public let origin: LotOrigin
}

/// How much of one origin is at one peer.
public struct AbroadLot: Hashable, Sendable {
    /// Which lots.
    public let key: AbroadKey
    /// The amount.
    public var amount: Energy
    /// What was taken off the amount for tokens that came home by others: the holder may have it still.
    public var takenForOthers: Energy = .zero
}

/// Tokens that are owed back along the way they came.
public struct OwedKey: Hashable, Sendable {
    /// The peer that handed them on.
    public let giver: PlatformID
    /// The society that issued them.
    public let issuer: PlatformID
    /// Hash of the energy proof they were charged on.
    public let proof: Bytes32
}

/// How much is owed, and how it was used up.
public struct OwedReturn: Hashable, Sendable {
    /// Which tokens.
    public let key: OwedKey
    /// Discharged by work.
    public var discharged: Energy
    /// Run out unused.
    public var expired: Energy
}
