import CLinux

extension FileSystem {
    /// Gives a file new content in one step: whoever opens it, also after a power cut, finds the old or the new whole.
    ///
    /// Writes beside it, waits for the disk, renames, waits for the folder. The file gets exactly `mode`; a symbolic
    /// link at `path` is replaced itself.
    public static func replace(_ path: String, with content: Span<UInt8>, mode: UInt32) throws(SystemError) {
        try write(path, content, mode: mode, replacing: true)
    }

    /// Makes a file with this content in one step.
    ///
    /// - Throws: `exists` where something has that name; it is left as it is.
    public static func create(_ path: String, with content: Span<UInt8>, mode: UInt32) throws(SystemError) {
        try write(path, content, mode: mode, replacing: false)
    }

    private static func write(
        _ path: String, _ content: Span<UInt8>, mode: UInt32, replacing: Bool
    ) throws(SystemError) {
        let (folder, name) = split(path)
        let temporary = folder + "/." + name + ".new-\(clinux_process_id())"
        do throws(SystemError) {
            let file = try openFresh(temporary)
            try file.writeAll(content)
            // After the umask had its way with the mode at creation.
            try file.setMode(mode)
            try file.synchronize()
            try file.close()
            try rename(temporary, to: path, replacing: replacing)
        } catch {
            _ = try? remove(temporary)
            throw SystemError(error.call, error.errno, subject: path)
        }
        try synchronizeDirectory(folder)
    }

    /// A new file that nobody else can read; one that a crash left under this name is removed first.
    private static func openFresh(_ path: String) throws(SystemError) -> FileDescriptor {
        do throws(SystemError) {
            return try FileDescriptor(opening: path, .write, [.create, .exclusive], mode: 0o600)
        } catch {
            guard error.errno == .exists else { throw error }
            try remove(path)
            return try FileDescriptor(opening: path, .write, [.create, .exclusive], mode: 0o600)
        }
    }

    /// The folder of a path and the name in it.
    static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let name = String(path[path.index(after: slash)...])
        return slash == path.startIndex ? ("/", name) : (String(path[..<slash]), name)
    }
}
