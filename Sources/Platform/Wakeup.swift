import CLinux

/// A way for any thread to wake the loop (eventfd(2)).
public struct Wakeup: ~Copyable, Sendable {
    private let event: FileDescriptor

    /// A wake-up that has not been called.
    public init() throws(SystemError) {
        event = FileDescriptor(adopting: Int32(try system("eventfd") { clinux_wakeup_create() }))
    }

    /// What to wait for.
    public var descriptor: Int32 { event.raw }

    /// Makes the descriptor readable until it is drained.
    public func signal() throws(SystemError) {
        // Full only after 2⁶⁴ − 2 calls, and readable then in any case.
        _ = try system("eventfd", expecting: .tryAgain) { clinux_wakeup_signal(event.raw) }
    }

    /// Makes the descriptor unreadable again; whether it had been signalled.
    public func drain() throws(SystemError) -> Bool {
        try system("eventfd", expecting: .tryAgain) { clinux_wakeup_drain(event.raw) } != nil
    }
}
