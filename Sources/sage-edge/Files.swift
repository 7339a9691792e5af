import Platform
import Quantities

/// The content of the file at `path` (`-` is standard input), at most `limit` bytes; `hint` says where such a file
/// comes from.
func readFile(_ path: String, limit: Int, hint: String? = nil) throws(Failure) -> [UInt8] {
    do throws(SystemError) {
        return try path == "-" ? StandardInput.readAll(limit: limit) : FileSystem.read(path, limit: limit)
    } catch {
        if error.errno == .isDirectory { throw failure(error).hinting("name a file; \(path) is a folder") }
        if error.errno == .isPipe {
            throw Failure(.badData, "\(path) is a named pipe, and no file", hint: "- is standard input")
        }
        guard error.errno == .fileTooLarge else {
            throw error.errno == .noEntry ? failure(error).hinting(hint) : failure(error)
        }
        let name = path == "-" ? "standard input" : path
        // Only of an ordinary file the length is known.
        let status = path == "-" ? nil : try? FileSystem.status(path)
        if let status, status.kind == .file {
            throw Failure(.badData, "\(name) has \(status.size.bytes) bytes; at most \(limit) are read", hint: hint)
        }
        throw Failure(.badData, "\(name) has more than \(limit) bytes, the most that are read", hint: hint)
    }
}

/// Writes the file at `path` whole, or standard output where it is `-`; a device or a pipe gets it as it is.
func writeFile(_ path: String, _ content: [UInt8], mode: UInt32 = 0o644) throws(Failure) {
    if path == "-" { return try Console.print(content) }
    do throws(SystemError) {
        switch try FileSystem.status(path)?.kind {
        case .directory: throw SystemError("open", .isDirectory, subject: path)
        // What the shell puts in place of a file is open already.
        case .file where !path.hasPrefix("/dev/") && !path.hasPrefix("/proc/"), nil:
            try FileSystem.replace(FileSystem.followLinks(path), with: content.span, mode: mode)
        default: try FileDescriptor(opening: path, .write).writeAll(content.span)
        }
    } catch {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let hint =
            switch error.errno {
            case .noEntry, .notDirectory: "name a file in a folder that is there; \(folder) is none"
            case .accessDenied, .notPermitted, .readOnly: "name a file in a folder that you may write to"
            case .isDirectory: "name a file; \(path) is a folder"
            default: nil as String?
            }
        throw Failure(.cannotCreate, error.description, hint: hint)
    }
}

/// A system error as a failure, with the exit status that fits it.
func failure(_ error: SystemError) -> Failure {
    switch error.errno {
    case .noEntry: Failure(.noInput, error.description)
    case .accessDenied, .notPermitted:
        Failure(.permission, error.description, hint: "run it as the user to whom that belongs, such as with sudo")
    case .fileTooLarge: Failure(.badData, error.description)
    default: Failure(.inputOutput, error.description)
    }
}
