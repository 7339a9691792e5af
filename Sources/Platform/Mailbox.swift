import CLinux

/// A bounded first-in-first-out queue of objects between threads.
@safe
public final class Mailbox<Item: AnyObject & Sendable>: @unchecked Sendable {
    // Sendable by hand: the pointer never changes, and what it points to is guarded by its own lock.
    private let handle: OpaquePointer

    /// An empty mailbox for up to `capacity` (1 … `PlatformLimits.mailboxItems`) items.
    ///
    /// With `notifies` it has a descriptor that is readable while it holds something, for a loop.
    public init(capacity: Int, notifies: Bool) throws(SystemError) {
        precondition((1...PlatformLimits.mailboxItems).contains(capacity), "items of a mailbox")
        var made: OpaquePointer?
        _ = try system("eventfd") { unsafe clinux_mailbox_create(UInt32(capacity), notifies ? 1 : 0, &made) }
        guard let made = unsafe made else { throw SystemError("calloc", .noMemory) }
        unsafe handle = made
    }

    deinit {
        while poll() != nil {}
        unsafe clinux_mailbox_free(handle)
    }

    /// What a loop waits for; −1 where the mailbox does not notify.
    public var descriptor: Int32 { unsafe clinux_mailbox_descriptor(handle) }

    /// Puts an item in; false where the mailbox is full or closed.
    public func offer(_ item: Item) -> Bool {
        let retained = unsafe Unmanaged.passRetained(item)
        if unsafe clinux_mailbox_offer(handle, retained.toOpaque()) == 1 { return true }
        unsafe retained.release()
        return false
    }

    /// The oldest item; nil where there is none.
    public func poll() -> Item? { unsafe item(clinux_mailbox_poll(handle)) }

    /// The oldest item, waiting for one; nil once the mailbox is closed and empty.
    public func take() -> Item? { unsafe item(clinux_mailbox_take(handle)) }

    /// Refuses further items; what is in it can still be taken.
    public func close() { unsafe clinux_mailbox_close(handle) }

    private func item(_ pointer: UnsafeMutableRawPointer?) -> Item? {
        guard let pointer = unsafe pointer else { return nil }
        return unsafe Unmanaged<Item>.fromOpaque(pointer).takeRetainedValue()
    }
}
