import Quantities

/// Between which two moments a reading was made.
///
/// A file is read at once; a driver, a program or another machine that is asked may look at its meter at any moment
/// between question and answer.
public struct ReadingTime: Hashable, Sendable {
    /// It is no older than this.
    public var earliest: BootTime
    /// It is no newer than this, which is not before `earliest`.
    public var latest: BootTime

    /// The time from `earliest` to `latest`.
    public init(earliest: BootTime, latest: BootTime) {
        self.earliest = earliest
        self.latest = max(earliest, latest)
    }

    /// The moment `time`.
    public init(at time: BootTime) { self.init(earliest: time, latest: time) }

    /// How much later than `earliest` the reading may have been made.
    public var doubt: TimeSpan { latest.since(earliest) }

    /// The time in which this reading and `other` were made.
    public func joined(with other: ReadingTime) -> ReadingTime {
        ReadingTime(earliest: min(earliest, other.earliest), latest: max(latest, other.latest))
    }
}
