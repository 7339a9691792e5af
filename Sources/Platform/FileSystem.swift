import CLinux
import Quantities

/// Whole files and folders, by path.
public enum FileSystem {
    /// The content of a file; of a pipe only where the shell has put one that is open in the place of a file.
    ///
    /// - Throws: `fileTooLarge` where it is longer than `limit` bytes; `isPipe`; what the kernel refuses.
    public static func read(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        // What no program writes to would be waited for.
        let mayWait = path.hasPrefix("/dev/") || path.hasPrefix("/proc/")
        let file = try FileDescriptor(opening: path, .read, mayWait ? [] : .nonBlocking)
        do throws(SystemError) {
            if !mayWait, try file.status().kind == .pipe { throw SystemError("read", .isPipe) }
            return try file.readAll(limit: limit)
        } catch {
            throw SystemError(error.call, error.errno, subject: path)
        }
    }

    /// Names in a folder without "." and "..", in the order of their bytes.
    ///
    /// - Complexity: O(*n* log *n*) for *n* names.
    /// - Throws: `overflow` where there are more than `PlatformLimits.directoryEntries`.
    public static func list(_ path: String) throws(SystemError) -> [String] {
        var handle: OpaquePointer?
        _ = try unsafe system("opendir", path: path) { unsafe clinux_directory_open($0, &handle) }
        guard let directory = unsafe handle else { return [] }
        defer { unsafe clinux_directory_close(directory) }
        var names: [[UInt8]] = []
        while true {
            var name: [UInt8] = []
            let count = try system("readdir", path) {
                unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { buffer in
                    guard let start = buffer.baseAddress else { return 0 }
                    let count = unsafe clinux_directory_next(directory, start, buffer.count)
                    if count > 0 { unsafe name.append(contentsOf: UnsafeBufferPointer(start: start, count: count)) }
                    return count
                }
            }
            if count == 0 { break }
            guard names.count < PlatformLimits.directoryEntries else {
                throw SystemError("readdir", .overflow, subject: path)
            }
            names.append(name)
        }
        names.sort { $0.lexicographicallyPrecedes($1) }
        return names.map { String(decoding: $0, as: UTF8.self) }
    }

    /// What is at `path`, of a symbolic link its target unless told otherwise; nil where nothing is.
    public static func status(_ path: String, followingLink: Bool = true) throws(SystemError) -> FileStatus? {
        var status = clinux_status()
        do throws(SystemError) {
            _ = try unsafe system("stat", path: path) {
                unsafe clinux_status_of_path($0, followingLink ? 1 : 0, &status)
            }
        } catch {
            guard error.errno == .noEntry else { throw error }
            return nil
        }
        return FileStatus(status)
    }

    /// The target of a symbolic link, as it stands there.
    public static func readLink(_ path: String) throws(SystemError) -> String {
        var target = ""
        _ = try unsafe system("readlink", path: path) { link in
            var length = 0
            target =
                unsafe copiedText(capacity: PlatformLimits.pathBytes) { bytes, capacity in
                    length = unsafe clinux_read_link(link, bytes, capacity)
                    return length
                } ?? ""
            return length
        }
        return target
    }

    /// Where the symbolic links at `path` lead to in the end; nothing needs to be there.
    ///
    /// - Throws: `tooManyLinks` where they lead in a circle.
    public static func followLinks(_ path: String) throws(SystemError) -> String {
        var path = path
        for _ in 0..<PlatformLimits.links {
            guard try status(path, followingLink: false)?.kind == .link else { return path }
            let target = try readLink(path)
            path = target.hasPrefix("/") ? target : split(path).folder + "/" + target
        }
        throw SystemError("open", .tooManyLinks, subject: path)
    }

    /// Makes a folder and those above it that are missing; the last gets `mode`, the others 0755, less the umask.
    ///
    /// A folder that is there already keeps its mode.
    /// - Throws: `notDirectory` where something else is there.
    public static func makeDirectories(_ path: String, mode: UInt32) throws(SystemError) {
        let parts = path.split(separator: "/").map { String($0) }
        var current = path.hasPrefix("/") ? "/" : ""
        for (index, part) in parts.enumerated() {
            current += index == 0 ? part : "/" + part
            let last = index == parts.count - 1
            do throws(SystemError) {
                _ = try unsafe system("mkdir", path: current) { unsafe clinux_make_directory($0, last ? mode : 0o755) }
            } catch {
                // A read-only or foreign file system answers so before it looks whether the folder is there.
                guard try status(current)?.kind == .directory else {
                    throw error.errno == .exists ? SystemError("mkdir", .notDirectory, subject: current) : error
                }
            }
        }
    }

    /// Renames a file within one file system, replacing what has the new name.
    public static func rename(_ from: String, to: String) throws(SystemError) {
        try rename(from, to: to, replacing: true)
    }

    /// Removes a file.
    public static func remove(_ path: String) throws(SystemError) {
        _ = try unsafe system("unlink", path: path) { unsafe clinux_unlink($0) }
    }

    /// Removes an empty folder.
    public static func removeDirectory(_ path: String) throws(SystemError) {
        _ = try unsafe system("rmdir", path: path) { unsafe clinux_remove_directory($0) }
    }

    /// Sets the permissions to exactly `mode`.
    public static func setMode(_ path: String, _ mode: UInt32) throws(SystemError) {
        _ = try unsafe system("chmod", path: path) { unsafe clinux_set_path_mode($0, mode) }
    }

    /// Room in the file system that holds `path`.
    public static func space(at path: String) throws(SystemError) -> FileSystemSpace {
        var available: UInt64 = 0
        var total: UInt64 = 0
        _ = try unsafe system("statvfs", path: path) { unsafe clinux_space($0, &available, &total) }
        return FileSystemSpace(
            available: ByteCount(bytes: Int64(clamping: available)), total: ByteCount(bytes: Int64(clamping: total)))
    }

    /// Waits until the names in a folder are on the disk.
    public static func synchronizeDirectory(_ path: String) throws(SystemError) {
        let directory = try FileDescriptor(opening: path, .read, .directory)
        try directory.synchronize()
    }

    static func rename(_ from: String, to: String, replacing: Bool) throws(SystemError) {
        guard !to.utf8.contains(0) else { throw SystemError("rename", .invalidArgument, subject: to) }
        _ = try unsafe system("rename", path: from) { old in
            unsafe to.withCString { unsafe clinux_rename(old, $0, replacing ? 1 : 0) }
        }
    }
}
