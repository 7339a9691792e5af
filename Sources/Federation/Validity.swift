import Quantities
import Wire

/// The time in which a certificate holds, in wall time: from the first moment up to, but not including, the last.
public struct Validity: Hashable, Sendable {
    /// The first moment.
    public let from: WallTime
    /// The moment from which on it holds no more.
    public let until: WallTime

    /// A validity; nil where it is empty, or beyond 1970 … 9999.
    public init?(from: WallTime, until: WallTime) {
        guard from.milliseconds >= 0, from < until, until <= IdentityLimits.lastMoment else { return nil }
        self.from = from
        self.until = until
    }

    /// Whether all of `other` lies within it.
    public func contains(_ other: Validity) -> Bool { from <= other.from && other.until <= until }

    /// Reads `[from, until]`.
    init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        try reader.beginArray(of: 2)
        let first = try reader.unsigned(atMost: UInt64(Int64.max))
        let last = try reader.unsigned(atMost: UInt64(Int64.max))
        reader.endArray()
        guard
            let validity = Validity(
                from: WallTime(milliseconds: Int64(first)), until: WallTime(milliseconds: Int64(last)))
        else { throw .invalidValue(at: start) }
        self = validity
    }

    func write(to writer: inout CBORWriter) {
        writer.array(2)
        writer.integer(from.milliseconds)
        writer.integer(until.milliseconds)
    }
}

/// The time by which certificates are judged, and whether anybody vouches for it.
///
/// While nobody does, no certificate holds: a board whose clock stands in the past would take one that has long
/// run out.
public struct IdentityTime: Hashable, Sendable {
    /// Wall time.
    public let wall: WallTime
    /// Whether it can be trusted.
    public let status: TimeStatus

    /// A time.
    public init(_ wall: WallTime, _ status: TimeStatus) {
        self.wall = wall
        self.status = status
    }
}
