import CLinux
import Quantities

/// What a path can lead to.
public enum FileKind: UInt32, Sendable {
    /// Something else.
    case other = 0
    /// An ordinary file.
    case file = 1
    /// A folder.
    case directory = 2
    /// A symbolic link that was not followed.
    case link = 3
    /// A Unix socket.
    case socket = 4
    /// A character device.
    case characterDevice = 5
    /// A block device.
    case blockDevice = 6
    /// A named pipe.
    case pipe = 7
}

/// What the file system says about a file.
public struct FileStatus: Hashable, Sendable {
    /// What it is.
    public let kind: FileKind
    /// Permission bits, 0 … 0o7777.
    public let mode: UInt32
    /// Its length.
    public let size: ByteCount
    /// When its content was last changed.
    public let modified: WallTime
    /// The user that owns it.
    public let owner: UInt32
    /// The group that owns it.
    public let group: UInt32
    /// The device it lies on; with `inode` what tells one file from another.
    public let device: UInt64
    /// Its number on that device.
    public let inode: UInt64

    init(_ status: clinux_status) {
        kind = FileKind(rawValue: status.kind) ?? .other
        mode = status.mode
        size = ByteCount(bytes: status.size)
        modified = WallTime(milliseconds: status.modified_milliseconds)
        owner = status.owner
        group = status.group
        device = status.device
        inode = status.inode
    }
}

/// Room in a file system.
public struct FileSystemSpace: Hashable, Sendable {
    /// What this user can still write.
    public let available: ByteCount
    /// The whole of it.
    public let total: ByteCount
}
