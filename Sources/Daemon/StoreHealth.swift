import Platform
import Quantities

/// Whether the store can be used, and when one that cannot is tried again.
///
/// A disk that is full lets a store be opened and then takes nothing: only what it has taken shows that it can be used.
/// Each time that the trouble comes back the pause is twice as long, until the store has been used for a while.
struct StoreHealth: Sendable {
    /// Time until a store that cannot be used is tried again, the first time.
    static let firstPause = TimeSpan.seconds(10)
    /// The longest pause, and how long a store has to be used before trouble is new trouble.
    static let longestPause = TimeSpan.seconds(600)

    /// Why it cannot be used, or is not known to be usable yet; nil where it is.
    private(set) var fault: String?
    /// When it is tried again; nil while it is open, or is being opened.
    private(set) var retryAt: BootTime?
    private var pause = StoreHealth.firstPause
    /// Since when it has been used again; nil where it never was in trouble, or is.
    private var usedSince: BootTime?

    /// It cannot be used because of `fault`; whether that is to be told.
    mutating func failed(_ fault: String, at now: BootTime) -> Bool {
        if let usedSince, now.since(usedSince) >= StoreHealth.longestPause { pause = StoreHealth.firstPause }
        defer {
            self.fault = fault
            usedSince = nil
            retryAt = now + pause
            pause = min(pause * 2, StoreHealth.longestPause)
        }
        return self.fault != fault
    }

    /// It is being opened again.
    mutating func opening() { retryAt = nil }

    /// It has taken what it was given, at `now`; whether that ends trouble, which is to be told.
    mutating func committed(at now: BootTime) -> Bool {
        guard fault != nil, retryAt == nil else { return false }
        fault = nil
        usedSince = now
        return true
    }

    /// It is to be tried at `now`, since somebody may have mended it.
    mutating func hurry(at now: BootTime) {
        if retryAt != nil { retryAt = now }
    }
}
