import Cryptography
import Quantities
import Wire

/// Ledger time: a persisted, monotone count of milliseconds.
///
/// It runs with boot time. Over a reboot it goes on by what the new boot has lasted; what passed while
/// the board was off is added when a trusted wall clock shows it. It never goes back, and a wall clock
/// that is set back and forth moves it forward once.
public struct LedgerClock: Sendable {
    /// Ledger time less boot time, of this boot.
    private var offset: TimeSpan
    /// The latest time given out.
    private var latest: LedgerTime
    private let bootID: Bytes16
    /// Wall time less ledger time, as first seen; nil before the wall clock was ever trusted.
    private var wallOffset: TimeSpan?

    /// What a store keeps of a clock.
    public struct Saved: Hashable, Sendable {
        /// The time.
        public let ledger: LedgerTime
        /// Boot time at that moment.
        public let boot: BootTime
        /// The kernel's id of that boot.
        public let bootID: Bytes16
        /// Wall time less ledger time; nil before the wall clock was ever trusted.
        public let wallOffset: TimeSpan?
    }

    /// A clock at the origin of ledger time.
    public init(startingAt boot: BootTime, bootID: Bytes16) {
        self.offset = LedgerTime.origin.since(LedgerTime(milliseconds: boot.milliseconds))
        self.latest = .origin
        self.bootID = bootID
    }

    /// The clock that goes on from `saved`, or from `floor` where the ledger has been later than that.
    public init(resuming saved: Saved, notBefore floor: LedgerTime, at boot: BootTime, bootID: Bytes16) {
        // In another boot, at least the time since it began has passed since the clock was saved.
        let passed = bootID == saved.bootID ? boot.since(saved.boot) : boot.since(.origin)
        let now = max(saved.ledger + max(.zero, passed), floor)
        self.offset = now.since(LedgerTime(milliseconds: boot.milliseconds))
        self.latest = now
        self.bootID = bootID
        self.wallOffset = saved.wallOffset
    }

    /// Ledger time at `boot`.
    public mutating func now(at boot: BootTime) -> LedgerTime {
        latest = max(latest, LedgerTime(milliseconds: boot.milliseconds) + offset)
        return latest
    }

    /// Takes in the wall clock; returns by how much ledger time jumped forward, zero when it did not.
    ///
    /// A wall clock that nobody vouches for is ignored.
    public mutating func observe(_ wall: WallTime, _ status: TimeStatus, at boot: BootTime) -> TimeSpan {
        guard status == .synchronized else { return .zero }
        let now = now(at: boot)
        let shown = LedgerTime(milliseconds: wall.milliseconds)
        guard let wallOffset else {
            wallOffset = shown.since(now)
            return .zero
        }
        let expected = shown - wallOffset
        guard expected > now else { return .zero }
        let jump = expected.since(now)
        offset = offset + jump
        latest = expected
        return jump
    }

    /// What to keep, so that the clock goes on after a restart.
    public mutating func saved(at boot: BootTime) -> Saved {
        Saved(ledger: now(at: boot), boot: boot, bootID: bootID, wallOffset: wallOffset)
    }
}

extension LedgerClock.Saved: LedgerCodable {
    /// Reads `{1: ledger ms, 2: boot ms, 3: boot id, 4: wall offset ms?}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(1, of: &map)
        ledger = LedgerTime(milliseconds: try reader.nonNegative())
        try reader.field(2, of: &map)
        boot = BootTime(milliseconds: try reader.nonNegative())
        bootID = try reader.bytes16(3, of: &map)
        wallOffset = try reader.hasField(4, of: &map) ? TimeSpan(milliseconds: try reader.integer()) : nil
        try reader.endMap(&map)
    }

    /// Writes `{1: ledger ms, 2: boot ms, 3: boot id, 4: wall offset ms?}`.
    public func write(to writer: inout CBORWriter) {
        writer.map(wallOffset == nil ? 3 : 4)
        writer.field(1, ledger)
        writer.unsigned(2)
        writer.integer(boot.milliseconds)
        writer.field(3, bootID)
        if let wallOffset { writer.field(4, wallOffset) }
    }
}
