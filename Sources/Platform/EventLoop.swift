import CLinux
import Quantities

/// What a program calls a descriptor that it waits for.
public struct EventToken: RawRepresentable, Hashable, Sendable {
    /// Its number.
    public let rawValue: UInt32

    /// The token with this number.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
}

/// What is waited for on a descriptor; its hang-up and its errors are always reported.
public struct EventInterest: OptionSet, Sendable {
    /// The bits, as the C shim has them.
    public let rawValue: UInt32

    /// The interest with these bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// That there is something to read, or an end.
    public static let readable = EventInterest(rawValue: 1)
    /// That there is room to write.
    public static let writable = EventInterest(rawValue: 2)
}

/// A descriptor that can be used without waiting.
public struct ReadyEvent: Hashable, Sendable {
    /// The descriptor, as it was registered.
    public let token: EventToken
    /// There is something to read, or an end.
    public let readable: Bool
    /// There is room to write.
    public let writable: Bool
    /// The other end has closed, at least for writing, or there is an error to be had by reading.
    public let hangup: Bool

    /// The descriptor `token`, ready in these ways.
    public init(_ token: EventToken, readable: Bool = false, writable: Bool = false, hangup: Bool = false) {
        self.token = token
        self.readable = readable
        self.writable = writable
        self.hangup = hangup
    }
}

/// Waiting of one thread for many descriptors and one deadline (epoll, level-triggered).
///
/// A readable descriptor that is not read is reported again by the next wait.
public struct EventLoop: ~Copyable {
    private let poll: FileDescriptor
    private let timer: FileDescriptor
    private var armed: BootTime?
    private var ready: [clinux_event]

    private static let timerToken = UInt64.max

    /// A loop without descriptors.
    public init() throws(SystemError) {
        let poll = FileDescriptor(adopting: Int32(try system("epoll_create1") { clinux_poll_create() }))
        let timer = FileDescriptor(adopting: Int32(try system("timerfd_create") { clinux_timer_create() }))
        try EventLoop.control(poll.raw, CLINUX_POLL_ADD, timer.raw, .readable, EventLoop.timerToken)
        self.poll = poll
        self.timer = timer
        ready = Array(repeating: clinux_event(), count: PlatformLimits.eventsPerWait)
    }

    /// Starts to wait for a descriptor, which stays with its owner and must be removed before it is closed.
    ///
    /// - Throws: `exists` where it is registered already.
    public func register(_ descriptor: Int32, _ token: EventToken, _ interest: EventInterest) throws(SystemError) {
        try EventLoop.control(poll.raw, CLINUX_POLL_ADD, descriptor, interest, UInt64(token.rawValue))
    }

    /// Waits for something else on a registered descriptor.
    public func change(_ descriptor: Int32, _ token: EventToken, _ interest: EventInterest) throws(SystemError) {
        try EventLoop.control(poll.raw, CLINUX_POLL_CHANGE, descriptor, interest, UInt64(token.rawValue))
    }

    /// Waits for the descriptor no more.
    public func remove(_ descriptor: Int32) throws(SystemError) {
        try EventLoop.control(poll.raw, CLINUX_POLL_REMOVE, descriptor, [], 0)
    }

    /// Waits until a descriptor is ready or `deadline` has come; without one as long as it takes.
    ///
    /// Replaces the content of `events`, whose room is used again and again: empty when the deadline has come.
    /// At most `PlatformLimits.eventsPerWait` at once.
    public mutating func wait(until deadline: BootTime?, into events: inout [ReadyEvent]) throws(SystemError) {
        events.removeAll(keepingCapacity: true)
        let expired = try arm(deadline)
        let count = try system("epoll_wait") {
            unsafe ready.withUnsafeMutableBufferPointer { buffer in
                guard let start = buffer.baseAddress else { return 0 }
                return unsafe clinux_poll_wait(poll.raw, start, buffer.count, expired ? 0 : -1)
            }
        }
        for event in ready.prefix(count) where event.token != EventLoop.timerToken {
            events.append(
                ReadyEvent(
                    EventToken(rawValue: UInt32(truncatingIfNeeded: event.token)),
                    readable: event.ready & UInt32(CLINUX_READABLE) != 0,
                    writable: event.ready & UInt32(CLINUX_WRITABLE) != 0,
                    hangup: event.ready & UInt32(CLINUX_HANGUP) != 0))
        }
    }

    /// Sets the timer where it has to change; whether the deadline has come already.
    private mutating func arm(_ deadline: BootTime?) throws(SystemError) -> Bool {
        if let deadline, deadline <= Clock.bootTime { return true }
        // A timer that has fired stays readable until it is set again.
        if deadline == armed, let armed, armed > Clock.bootTime { return false }
        if deadline == nil, armed == nil { return false }
        let instant = deadline.map { min($0.milliseconds, EventLoop.latest) } ?? 0
        _ = try system("timerfd_settime") { clinux_timer_set(timer.raw, instant) }
        armed = deadline
        return false
    }

    /// 250 years in milliseconds: the kernel counts nanoseconds in 63 bits, which end after 292.
    private static let latest: Int64 = 250 * 366 * 86_400_000

    private static func control(
        _ poll: Int32, _ operation: Int, _ descriptor: Int32, _ interest: EventInterest, _ token: UInt64
    ) throws(SystemError) {
        _ = try system("epoll_ctl") {
            clinux_poll_control(poll, CInt(operation), descriptor, interest.rawValue, token)
        }
    }
}
