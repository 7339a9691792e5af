import CLinux

/// What a read gave.
public enum ReadResult: Equatable, Sendable {
    /// This many bytes, at least one.
    case bytes(Int)
    /// Nothing, and there will be nothing more.
    case end
    /// Nothing yet: a non-blocking descriptor is empty, or a connection's timeout has passed.
    case wouldBlock
}

/// What a write took.
public enum WriteResult: Equatable, Sendable {
    /// This many bytes, possibly fewer than were given.
    case bytes(Int)
    /// None: a non-blocking descriptor is full, or a connection's timeout has passed.
    case wouldBlock
}

/// An open descriptor, closed when its owner lets go of it.
///
/// Every descriptor of this module is close-on-exec: a child gets only what it is given.
@frozen
public struct FileDescriptor: ~Copyable, Sendable {
    /// The kernel's number; valid for as long as this value lives.
    public let raw: Int32

    /// Takes ownership of an open descriptor.
    public init(adopting raw: Int32) { self.raw = raw }

    deinit { _ = clinux_close(raw) }

    /// A second descriptor for what `raw` is open on; `raw` stays with its owner.
    public init(duplicating raw: Int32) throws(SystemError) {
        self.init(adopting: Int32(try system("dup") { clinux_duplicate(raw) }))
    }

    /// Gives up ownership: the caller closes the number.
    public consuming func release() -> Int32 {
        let raw = raw
        discard self
        return raw
    }

    /// Closes now and tells what the kernel held back, such as a delayed write error.
    ///
    /// Never repeated after an interruption: Linux has freed the number by then (close(2)).
    public consuming func close() throws(SystemError) {
        let result = clinux_close(release())
        let errno = Errno(rawValue: Int32(truncatingIfNeeded: -result))
        guard result >= 0 || errno == .interrupted else { throw SystemError("close", errno) }
    }

    /// Bytes in a pipe that nobody has read yet, asked at either end.
    public func unreadCount() throws(SystemError) -> Int { try system("ioctl") { clinux_unread(raw) } }

    /// Chooses whether calls answer `wouldBlock` instead of waiting.
    public func setNonBlocking(_ enabled: Bool) throws(SystemError) {
        _ = try system("fcntl") { clinux_set_nonblocking(raw, enabled ? 1 : 0) }
    }
}

// MARK: Reading

extension FileDescriptor {
    /// Reads into the start of `buffer`; an empty buffer answers `end`.
    public func read(into buffer: inout MutableSpan<UInt8>) throws(SystemError) -> ReadResult {
        let descriptor = raw
        let count = try system("read", expecting: .tryAgain) {
            unsafe buffer.withUnsafeMutableBufferPointer { unsafe clinux_read(descriptor, $0.baseAddress, $0.count) }
        }
        return ReadResult(count)
    }

    /// Reads up to `limit` bytes and appends them to `bytes`.
    public func read(upTo limit: Int, appendingTo bytes: inout [UInt8]) throws(SystemError) -> ReadResult {
        try readBytes(raw, upTo: limit, appendingTo: &bytes)
    }

    /// Reads into the start of `buffer` from `offset` of the file; the number of bytes, 0 at its end.
    public func read(into buffer: inout MutableSpan<UInt8>, at offset: Int64) throws(SystemError) -> Int {
        let descriptor = raw
        return try system("pread") {
            unsafe buffer.withUnsafeMutableBufferPointer {
                unsafe clinux_pread(descriptor, $0.baseAddress, $0.count, offset)
            }
        }
    }

    /// Everything up to the end.
    ///
    /// - Throws: `fileTooLarge` where that is more than `limit` bytes, `tryAgain` where a non-blocking
    ///   descriptor is empty.
    public func readAll(limit: Int) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            // One more than allowed, so that the end of a file of exactly `limit` bytes is seen.
            let step = min(PlatformLimits.readStepBytes, limit - bytes.count + 1)
            switch try read(upTo: step, appendingTo: &bytes) {
            case .end: return bytes
            case .wouldBlock: throw SystemError("read", .tryAgain)
            case .bytes: guard bytes.count <= limit else { throw SystemError("read", .fileTooLarge) }
            }
        }
    }
}

// MARK: Writing

extension FileDescriptor {
    /// Writes as much of `bytes` as the descriptor takes at once.
    public func write(_ bytes: Span<UInt8>) throws(SystemError) -> WriteResult {
        try writeBytes(raw, bytes)
    }

    /// Writes all of `bytes`, however many calls that takes.
    ///
    /// - Throws: `tryAgain` where a non-blocking descriptor is full; what was written before stays written.
    public func writeAll(_ bytes: Span<UInt8>) throws(SystemError) {
        try writeAllBytes(raw, bytes)
    }

    /// Writes all of `head`, then all of `body`, in one call where the kernel takes both.
    ///
    /// - Throws: as `writeAll(_:)`.
    public func writeAll(_ head: Span<UInt8>, _ body: Span<UInt8>) throws(SystemError) {
        let descriptor = raw
        let count = try system("writev") {
            unsafe head.withUnsafeBufferPointer { first in
                unsafe body.withUnsafeBufferPointer { second in
                    unsafe clinux_write_two(
                        descriptor, first.baseAddress, first.count, second.baseAddress, second.count)
                }
            }
        }
        if count < head.count { try writeAll(head.extracting(droppingFirst: count)) }
        try writeAll(body.extracting(droppingFirst: max(0, count - head.count)))
    }

    /// Writes all of `bytes` from `offset` of the file.
    public func writeAll(_ bytes: Span<UInt8>, at offset: Int64) throws(SystemError) {
        let descriptor = raw
        var written = 0
        while written < bytes.count {
            let rest = bytes.extracting(droppingFirst: written)
            written += try system("pwrite") {
                unsafe rest.withUnsafeBufferPointer {
                    unsafe clinux_pwrite(descriptor, $0.baseAddress, $0.count, offset + Int64(written))
                }
            }
        }
    }

    /// Waits until what was written is on the disk.
    public func synchronize() throws(SystemError) { _ = try system("fsync") { clinux_fsync(raw) } }

    /// Cuts the file, or extends it with zeros, to `size` bytes.
    public func truncate(to size: Int64) throws(SystemError) {
        _ = try system("ftruncate") { clinux_truncate(raw, size) }
    }
}

// MARK: On bare numbers, for the standard streams, which nobody owns

func readBytes(_ raw: Int32, upTo limit: Int, appendingTo bytes: inout [UInt8]) throws(SystemError) -> ReadResult {
    let room = min(max(limit, 0), PlatformLimits.readStepBytes)
    let count = try system("read", expecting: .tryAgain) {
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: room) { buffer in
            let count = unsafe clinux_read(raw, buffer.baseAddress, room)
            if count > 0 { unsafe bytes.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[..<count])) }
            return count
        }
    }
    return ReadResult(count)
}

func writeBytes(_ raw: Int32, _ bytes: Span<UInt8>) throws(SystemError) -> WriteResult {
    let count = try system("write", expecting: .tryAgain) {
        unsafe bytes.withUnsafeBufferPointer { unsafe clinux_write(raw, $0.baseAddress, $0.count) }
    }
    return count.map { .bytes($0) } ?? .wouldBlock
}

func writeAllBytes(_ raw: Int32, _ bytes: Span<UInt8>) throws(SystemError) {
    var written = 0
    while written < bytes.count {
        switch try writeBytes(raw, bytes.extracting(droppingFirst: written)) {
        case .bytes(let count): written += count
        case .wouldBlock: throw SystemError("write", .tryAgain)
        }
    }
}

extension ReadResult {
    init(_ count: Int?) {
        switch count {
        case .none: self = .wouldBlock
        case .some(0): self = .end
        case .some(let count): self = .bytes(count)
        }
    }
}
