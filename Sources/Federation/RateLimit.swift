import Cryptography
import Ledger
import Quantities

/// How many requests a client may make: a bucket that refills evenly and holds a minute's worth.
public struct RateLimit: Sendable {
    /// Requests a minute.
    public let perMinute: Int64

    private struct Window {
        var client: PlatformID
        /// When the bucket would be full again; a request moves it on by one interval.
        var full: BootTime
    }

    private var windows: [Window] = []

    /// A limit of `perMinute` requests, 1 … 60,000, for each client; 60 where nothing else is said.
    public init(perMinute: Int64 = 60) { self.perMinute = max(1, min(perMinute, 60_000)) }

    /// Counts a request of `client` at `now`; how long it would have to wait, or nil where it is within the limit.
    ///
    /// At most `FederationLimits.maximumRateWindows` clients are counted; the one whose bucket is
    /// fullest makes room, so that nobody gains by coming in with many keys.
    /// - Complexity: O(clients).
    public mutating func request(by client: PlatformID, at now: BootTime) -> TimeSpan? {
        let interval = TimeSpan(milliseconds: 60_000 / perMinute)
        let index = index(of: client, at: now)
        let full = max(windows[index].full, now) + interval
        let wait = full.since(now) - .seconds(60)
        guard wait <= .zero else { return wait }
        windows[index].full = full
        return nil
    }

    /// How many requests `client` may make at once at `now`.
    /// - Complexity: O(clients).
    public func remaining(of client: PlatformID, at now: BootTime) -> Int64 {
        let full = windows.first { $0.client == client }?.full ?? now
        let used = max(TimeSpan.zero, full.since(now)).milliseconds
        return max(0, 60_000 - used) / (60_000 / perMinute)
    }

    private mutating func index(of client: PlatformID, at now: BootTime) -> Int {
        if let index = windows.firstIndex(where: { $0.client == client }) { return index }
        let fresh = Window(client: client, full: now)
        guard windows.count >= FederationLimits.maximumRateWindows else {
            windows.append(fresh)
            return windows.count - 1
        }
        let fullest = windows.indices.min { windows[$0].full < windows[$1].full } ?? 0
        windows[fullest] = fresh
        return fullest
    }
}
