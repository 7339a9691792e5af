import CLinux

/// Memory that is handed to other processes by a descriptor (memfd_create(2)).
///
/// Its size is fixed for ever, so that a mapping of it never breaks; what was not written takes no memory.
public struct MemoryFile: ~Copyable {
    private let file: FileDescriptor
    /// Bytes that it has room for.
    public let capacity: Int
    private var used = 0

    /// A file of `capacity` zeros, which is called `name` in /proc.
    public init(_ name: String, capacity: Int) throws(SystemError) {
        let raw = try unsafe system("memfd_create", path: name) {
            unsafe clinux_memory_file($0, Int64(capacity))
        }
        file = FileDescriptor(adopting: Int32(raw))
        self.capacity = capacity
    }

    /// A descriptor of the same memory for reading.
    public func reader() throws(SystemError) -> FileDescriptor {
        try FileDescriptor(opening: "/proc/self/fd/\(file.raw)")
    }

    /// Puts `bytes` at its start, and zeros behind them.
    ///
    /// - Throws: `fileTooLarge` where they are more than fit.
    public mutating func replace(with bytes: [UInt8]) throws(SystemError) {
        guard bytes.count <= capacity else { throw SystemError("write", .fileTooLarge) }
        try clear()
        used = bytes.count
        try file.writeAll(bytes.span, at: 0)
    }

    /// Forgets what is in it, and gives its memory back.
    public mutating func clear() throws(SystemError) {
        guard used > 0 else { return }
        let (raw, size) = (file.raw, Int64(used))
        used = 0
        _ = try system("fallocate") { clinux_memory_clear(raw, size) }
    }
}
