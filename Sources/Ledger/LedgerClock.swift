import Cryptography
import Quantities
import Wire

/// Ledger time: a persisted, monotone count of milliseconds.
///
/// It runs with boot time. Over a reboot it goes on by what the new boot has lasted; what passed while
/// the board was off is added when a trusted wall clock shows it. It never goes back, it never runs
/// ahead of boot time on its own, and a wall clock that is set back and forth moves it forward once.
public struct LedgerClock: Hashable, Sendable {
    /// The time.
    public private(set) var now: LedgerTime
    /// Boot time at that moment; nil before the clock was ever advanced.
    private var boot: BootTime?
    /// Wall time less ledger time, as first seen; nil before the wall clock was ever trusted.
    private var wallOffset: TimeSpan?

    /// A clock that begins at `now`.
    public init(at now: LedgerTime) { self.now = now }

    /// Moves on to `time` where that is further on: what is written in a journal has happened.
    public mutating func reach(_ time: LedgerTime) { now = max(now, time) }

    /// Moves on to `boot`, and to `wall` where a trusted clock shows one that is further on.
    ///
    /// Returns by how much time jumped because of the wall clock; zero when it did not.
    @discardableResult
    public mutating func advance(boot: BootTime, wall: WallTime?) -> TimeSpan {
        if let before = self.boot {
            // Boot time below the last one is another boot, of which `boot` has passed by now. Another
            // boot that has lasted longer than that cannot be told from this one: less is added then.
            now = now + (boot >= before ? boot.since(before) : max(.zero, boot.since(.origin)))
        }
        self.boot = boot
        guard let wall else { return .zero }
        let shown = LedgerTime(milliseconds: wall.milliseconds)
        guard let wallOffset else {
            wallOffset = shown.since(now)
            return .zero
        }
        let jump = (shown - wallOffset).since(now)
        guard jump > .zero else { return .zero }
        now = now + jump
        return jump
    }
}

extension LedgerClock: LedgerCodable {
    /// Reads `{1: ledger ms, 2: boot ms?, 3: wall offset ms?}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(1, of: &map)
        now = LedgerTime(milliseconds: try reader.nonNegative())
        boot = try reader.hasField(2, of: &map) ? BootTime(milliseconds: try reader.nonNegative()) : nil
        wallOffset = try reader.hasField(3, of: &map) ? TimeSpan(milliseconds: try reader.integer()) : nil
        try reader.endMap(&map)
    }

    /// Writes `{1: ledger ms, 2: boot ms?, 3: wall offset ms?}`.
    public func write(to writer: inout CBORWriter) {
        writer.map(1 + (boot == nil ? 0 : 1) + (wallOffset == nil ? 0 : 1))
        writer.field(1, now)
        if let boot {
            writer.unsigned(2)
            writer.integer(boot.milliseconds)
        }
        if let wallOffset { writer.field(3, wallOffset) }
    }
}
