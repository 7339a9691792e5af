import Quantities

/// Bounds of everything that the ledger keeps; at a bound the event that would cross it is refused.
public enum LedgerLimits {
    /// Bytes of an account's name.
    public static let accountNameBytes = 256
    /// Accounts of one ledger.
    public static let accounts = 1_024
    /// Lots of one ledger.
    public static let lots = 4_096
    /// Lots of one account.
    public static let lotsPerAccount = 1_024
    /// Lots of one account that one peer gave; past it what the peer pays is given back.
    public static let lotsFromPeer = 128
    /// What one account holds from one peer, so that no peer's payments can make a balance unrepresentable.
    public static let heldFromPeer = Energy(millijoules: 1 << 43)
    /// What one account receives in all its life; beyond it payments are given back.
    public static let receivedByAccount = Energy(millijoules: 1 << 61)
    /// Tokens join a lot that runs out earlier if they lose at most this part of their lifetime.
    public static let mergingLossDivisor: Int64 = 100
    /// Lots that one lock, reservation, grant or receipt may touch.
    public static let lotsPerTransfer = 64
    /// Live locks and reservations.
    public static let holds = 1_024
    /// Remembered finished tasks that this platform numbered.
    public static let finishedTasksOfHome = 4_096
    /// Remembered finished tasks that one peer numbered.
    public static let finishedTasksPerPeer = 512
    /// Remembered finished tasks that all peers numbered.
    public static let finishedTasksOfPeers = 4_096
    /// Remembered charges; past it the one that expires first becomes the floor.
    public static let charges = 4_096
    /// Peers.
    public static let peers = 256
    /// Different lots that are abroad.
    public static let lotsAbroad = 4_096
    /// Different tokens that are owed back; what is used up beyond it is left to its issuer's own clock.
    public static let returnsOwed = 4_096
    /// Different tokens that are owed back to one peer.
    public static let returnsOwedToPeer = 1_024
    /// Lines of one return notice.
    public static let linesPerReturn = 64
    /// Lots that one sweep expires; the next sweep goes on.
    public static let lotsPerSweep = 256
    /// Bytes of one encoded event.
    public static let eventBytes = 16_384
    /// Bytes of the encoded entries of one event.
    public static let entriesBytes = 1 << 20
    /// Bytes of one encoded row.
    public static let rowBytes = 16_384
    /// Events that are applied as one.
    public static let eventsPerBatch = 64
    /// How near to the floor of forgotten charges an authorisation may expire.
    public static let chargeFloorMargin = TimeSpan.seconds(3_600)
}
