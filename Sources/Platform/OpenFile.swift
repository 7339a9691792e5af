import CLinux

/// What a file is opened for.
public enum FileAccess: UInt32, Sendable {
    /// Reading.
    case read = 0
    /// Writing.
    case write = 1
    /// Both.
    case readWrite = 2
}

/// How a file is opened.
public struct OpenOptions: OptionSet, Sendable {
    /// The bits, as the C shim has them.
    public let rawValue: UInt32

    /// The options with these bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Makes the file where it is missing.
    public static let create = OpenOptions(rawValue: 1 << 2)
    /// Fails where the file is there; with `create`.
    public static let exclusive = OpenOptions(rawValue: 1 << 3)
    /// Empties it.
    public static let truncate = OpenOptions(rawValue: 1 << 4)
    /// Writes at the end only.
    public static let append = OpenOptions(rawValue: 1 << 5)
    /// Fails where the last part of the path is a symbolic link.
    public static let noFollow = OpenOptions(rawValue: 1 << 6)
    /// Fails where it is no directory.
    public static let directory = OpenOptions(rawValue: 1 << 7)
    /// Does not wait, not even for the other end of a named pipe.
    public static let nonBlocking = OpenOptions(rawValue: 1 << 8)
}

extension FileDescriptor {
    /// Opens the file at `path`; `mode` is used for one that is made, less the umask.
    public init(
        opening path: String, _ access: FileAccess = .read, _ options: OpenOptions = [], mode: UInt32 = 0o600
    ) throws(SystemError) {
        let flags = access.rawValue | options.rawValue
        self.init(adopting: Int32(try unsafe system("open", path: path) { unsafe clinux_open($0, flags, mode) }))
    }

    /// What the descriptor is open on.
    public func status() throws(SystemError) -> FileStatus {
        var status = clinux_status()
        _ = try system("fstat") { unsafe clinux_status_of_descriptor(raw, &status) }
        return FileStatus(status)
    }

    /// Sets the permissions to exactly `mode`.
    public func setMode(_ mode: UInt32) throws(SystemError) {
        _ = try system("fchmod") { clinux_set_mode(raw, mode) }
    }
}

/// A one-way channel between two descriptors.
@frozen
public struct PipeEnds: ~Copyable {
    /// What was written comes out here.
    public let readEnd: FileDescriptor
    /// What is written here comes out there.
    public let writeEnd: FileDescriptor

    /// A new pipe, both ends blocking.
    public init() throws(SystemError) {
        var ends: (read: Int32, write: Int32) = (-1, -1)
        _ = try system("pipe2") { unsafe clinux_pipe(&ends.read, &ends.write) }
        readEnd = FileDescriptor(adopting: ends.read)
        writeEnd = FileDescriptor(adopting: ends.write)
    }
}
