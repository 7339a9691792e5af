import CLinux
import Quantities

/// Who is at the other end of a Unix socket, as the kernel vouches (`SO_PEERCRED`).
public struct PeerCredentials: Hashable, Sendable {
    /// Process id; of a process of another pid namespace 0.
    public let process: Int32
    /// Effective user id when it connected.
    public let user: UInt32
    /// Effective group id when it connected.
    public let group: UInt32
}

/// One connection over a Unix socket.
public struct StreamConnection: ~Copyable, Sendable {
    /// What is read from and written to.
    public let descriptor: FileDescriptor

    /// Connects to the program that listens at `path`.
    ///
    /// The connection blocks; a read or write that takes longer than `timeout` answers `wouldBlock` or throws
    /// `tryAgain`.
    ///
    /// - Throws: `noEntry` where nothing has that name, `connectionRefused` where a socket lies there that nobody
    ///   listens on any more, `accessDenied` where this user may not, `nameTooLong` over 107 bytes.
    public init(connectingTo path: String, timeout: TimeSpan) throws(SystemError) {
        let milliseconds = CInt(clamping: max(1, timeout.milliseconds))
        let bytes = Array(path.utf8)
        let raw = try system("connect", path) {
            unsafe bytes.withUnsafeBufferPointer { buffer in
                guard let start = buffer.baseAddress else { return -Int(Errno.invalidArgument.rawValue) }
                return unsafe clinux_stream_connect(start, buffer.count, milliseconds)
            }
        }
        descriptor = FileDescriptor(adopting: Int32(raw))
    }

    fileprivate init(adopting descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    /// Sends nothing more: the other end reads the end, and can still answer.
    public func finishWriting() throws(SystemError) {
        _ = try system("shutdown") { clinux_stream_finish(descriptor.raw) }
    }

    /// Who is at the other end.
    public func peer() throws(SystemError) -> PeerCredentials {
        var process: CInt = 0
        var user: UInt32 = 0
        var group: UInt32 = 0
        _ = try system("getsockopt") { unsafe clinux_stream_peer(descriptor.raw, &process, &user, &group) }
        return PeerCredentials(process: process, user: user, group: group)
    }
}

/// A Unix socket that programs of this machine connect to; its file goes when the listener goes.
public struct StreamListener: ~Copyable {
    private let listener: FileDescriptor
    private let path: String
    private let device: UInt64
    private let inode: UInt64

    /// Listens at `path`, which gets exactly the permissions `mode`.
    ///
    /// A socket that a crashed program left there is replaced; whoever calls this holds the lock of the folder's
    /// owner, so that two do not replace each other's.
    /// - Throws: `addressInUse` where somebody listens there, `exists` where something else has that name,
    ///   `nameTooLong` over 107 bytes.
    public init(at path: String, mode: UInt32 = 0o660) throws(SystemError) {
        try StreamListener.removeStale(path)
        let bytes = Array(path.utf8)
        let raw = try system("bind", path) {
            unsafe bytes.withUnsafeBufferPointer { buffer in
                guard let start = buffer.baseAddress else { return -Int(Errno.invalidArgument.rawValue) }
                return unsafe clinux_stream_listen(
                    start, buffer.count, mode, CInt(PlatformLimits.listenBacklog))
            }
        }
        let made = FileDescriptor(adopting: Int32(raw))
        let status = try FileSystem.status(path, followingLink: false)
        listener = made
        self.path = path
        device = status?.device ?? 0
        inode = status?.inode ?? 0
    }

    private init(adopting descriptor: consuming FileDescriptor) {
        listener = descriptor
        path = ""
        device = 0
        inode = 0
    }

    /// The listener that the service manager has opened for this process (sd_listen_fds(3)), and whose file stays its
    /// own; nil where it has opened none.
    ///
    /// - Throws: `notSocket` where what it has opened is no listening Unix socket.
    public static func activated() throws(SystemError) -> StreamListener? {
        guard Program.environment("LISTEN_PID") == "\(Program.processID)", Program.environment("LISTEN_FDS") == "1"
        else {
            return nil
        }
        // Descriptors that are handed over begin behind the standard streams.
        let descriptor = FileDescriptor(adopting: 3)
        _ = try system("fcntl", "LISTEN_FDS") { clinux_stream_adopt(3) }
        return StreamListener(adopting: descriptor)
    }

    deinit {
        guard path != "" else { return }
        // Unless another has put its own there meanwhile.
        if let status = try? FileSystem.status(path, followingLink: false), status.device == device,
            status.inode == inode
        {
            _ = try? FileSystem.remove(path)
        }
    }

    /// What to wait for.
    public var descriptor: Int32 { listener.raw }

    /// The next connection, non-blocking; nil where none waits.
    ///
    /// - Throws: what the kernel refuses, such as too many open descriptors; the connection then still waits.
    public func accept() throws(SystemError) -> StreamConnection? {
        guard let raw = try system("accept4", path, expecting: .tryAgain, { clinux_stream_accept(listener.raw) })
        else { return nil }
        return StreamConnection(adopting: FileDescriptor(adopting: Int32(raw)))
    }

    private static func removeStale(_ path: String) throws(SystemError) {
        guard let status = try FileSystem.status(path, followingLink: false) else { return }
        guard status.kind == .socket else { throw SystemError("bind", .exists, subject: path) }
        do throws(SystemError) {
            _ = try StreamConnection(connectingTo: path, timeout: .seconds(1))
        } catch {
            switch error.errno {
            case .connectionRefused: return try FileSystem.remove(path)
            // Somebody listens who is too busy to accept.
            case .tryAgain: break
            default: throw error
            }
        }
        throw SystemError("bind", .addressInUse, subject: path)
    }
}
