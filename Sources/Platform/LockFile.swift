import CLinux

/// Whether a lock was had.
public enum LockResult: ~Copyable {
    /// It is held until the value goes away or the process ends, however it ends.
    case acquired(LockFile)
    /// Another holds it; its process id where the file tells it.
    case held(by: Int32?)
}

/// An advisory lock on a file, so that two agents never share a folder (flock(2)).
public struct LockFile: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    /// Tries for the lock at `path`, making the file with `mode` where it is missing.
    ///
    /// The holder's process id stands in the file, for people, where it can be written: a full disk or one that
    /// is read-only keeps nobody from the lock of a file that is there. The file stays when the lock goes:
    /// removing it would let two holders lock two files of one name.
    public static func acquire(_ path: String, mode: UInt32 = 0o600) throws(SystemError) -> LockResult {
        let file = try open(path, mode: mode)
        guard try system("flock", path, expecting: .tryAgain, { clinux_try_lock(file.raw) }) != nil else {
            return .held(by: holder(in: file))
        }
        let line = Array("\(clinux_process_id())\n".utf8)
        try? file.writeAll(line.span, at: 0)
        try? file.truncate(to: Int64(line.count))
        return .acquired(LockFile(descriptor: file))
    }

    private static func open(_ path: String, mode: UInt32) throws(SystemError) -> FileDescriptor {
        do throws(SystemError) {
            return try FileDescriptor(opening: path, .readWrite, [.create, .noFollow], mode: mode)
        } catch {
            guard error.errno == .readOnly else { throw error }
            return try FileDescriptor(opening: path, .read, [.noFollow])
        }
    }

    private init(descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    private static func holder(in file: borrowing FileDescriptor) -> Int32? {
        guard let bytes = try? file.readAll(limit: 16), bytes.last == UInt8(ascii: "\n") else { return nil }
        return Int32(String(decoding: bytes.dropLast(), as: UTF8.self))
    }
}
