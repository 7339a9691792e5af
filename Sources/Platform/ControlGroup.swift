import Quantities

/// The control groups that this process may make below its own (cgroups(7), version 2).
///
/// A service manager hands a subtree over with `Delegate=`. Groups that have processes have no groups with limits below
/// them, so this process moves into one of its own first.
public final class ControlGroups {
    private let folder: String
    private var made = 0
    private var left: [String] = []

    private init(_ folder: String) { self.folder = folder }

    /// The groups below this process's own; nil where it has none for itself, or may not make any with limits.
    public static func delegated(mount: String = "/sys/fs/cgroup") -> ControlGroups? {
        guard let own = try? FileSystem.read("/proc/self/cgroup", limit: PlatformLimits.pathBytes),
            let path = path(in: own), path != "/"
        else { return nil }
        let folder = mount + path
        // A group that others are in, too, is nobody's to divide.
        guard let processes = try? FileSystem.read(folder + "/cgroup.procs", limit: 64),
            processes == Array("\(Program.processID)\n".utf8)
        else { return nil }
        let place = folder + "/service"
        do throws(SystemError) {
            try FileSystem.makeDirectories(place, mode: 0o755)
            try write("\(Program.processID)", to: place + "/cgroup.procs")
            try write("+memory +pids", to: folder + "/cgroup.subtree_control")
        } catch {
            try? write("\(Program.processID)", to: folder + "/cgroup.procs")
            try? FileSystem.removeDirectory(place)
            return nil
        }
        return ControlGroups(folder)
    }

    /// The group of version 2 in the text of /proc/PID/cgroup; nil where there is none.
    static func path(in text: [UInt8]) -> String? {
        for line in text.split(separator: UInt8(ascii: "\n")) where line.starts(with: Array("0::/".utf8)) {
            return String(decoding: line.dropFirst(3), as: UTF8.self)
        }
        return nil
    }

    /// A group for a process and its children, which together may have so much memory, no swap, and so many tasks.
    public func make(memory: ByteCount, tasks: Int) throws(SystemError) -> ControlGroup {
        // One whose processes were still ending could not be removed then.
        left = left.filter { path in
            do throws(SystemError) { try FileSystem.removeDirectory(path) } catch { return error.errno != .noEntry }
            return false
        }
        made += 1
        let path = folder + "/worker-\(made)"
        try FileSystem.makeDirectories(path, mode: 0o755)
        do throws(SystemError) {
            try ControlGroups.write("\(memory.bytes)", to: path + "/memory.max")
            try ControlGroups.write("\(tasks)", to: path + "/pids.max")
            // Kernels without swap accounting lack the one, those before 4.19 the other.
            try? ControlGroups.write("0", to: path + "/memory.swap.max")
            try? ControlGroups.write("1", to: path + "/memory.oom.group")
            return try ControlGroup(path, self)
        } catch {
            left.append(path)
            throw error
        }
    }

    fileprivate func leave(_ path: String) { left.append(path) }

    fileprivate static func write(_ text: String, to path: String) throws(SystemError) {
        let bytes = Array(text.utf8)
        try FileDescriptor(opening: path, .write).writeAll(bytes.span)
    }
}

/// A control group of one worker; what is in it is ended, and the group removed, when this object goes away.
public final class ControlGroup {
    private let path: String
    private let groups: ControlGroups
    /// Whoever writes to it joins the group.
    private let processes: FileDescriptor

    fileprivate init(_ path: String, _ groups: ControlGroups) throws(SystemError) {
        processes = try FileDescriptor(opening: path + "/cgroup.procs", .write)
        self.path = path
        self.groups = groups
    }

    deinit {
        kill()
        groups.leave(path)
    }

    /// The open `cgroup.procs`, for `ChildCommand.controlGroup`.
    public var descriptor: Int32 { processes.raw }

    /// Ends all that is in it, whatever it does meanwhile (Linux 5.14).
    public func kill() { try? ControlGroups.write("1", to: path + "/cgroup.kill") }

    /// Processor time that all that ever was in it has used, and the most memory that they had together, as far as the
    /// kernel keeps that (Linux 5.19), or what they have now.
    public func usage() -> ResourceUsage {
        ResourceUsage(
            processorMicroseconds: number("usage_usec", in: "cpu.stat") ?? 0,
            peakResident: ByteCount(bytes: number(nil, in: "memory.peak") ?? number(nil, in: "memory.current") ?? 0))
    }

    /// Whether the kernel has ended something in it because its memory was used up.
    public var wasOutOfMemory: Bool { (number("oom_kill", in: "memory.events") ?? 0) > 0 }

    /// The number behind `key`, or the only one where that is nil, in one of its files.
    private func number(_ key: String?, in file: String) -> Int64? {
        guard let text = try? FileSystem.read(path + "/" + file, limit: 4_096) else { return nil }
        for line in text.split(separator: UInt8(ascii: "\n")) {
            let words = line.split(separator: UInt8(ascii: " "))
            if let key {
                guard words.count == 2, words[0].elementsEqual(key.utf8) else { continue }
            }
            return words.last.flatMap { Int64(String(decoding: $0, as: UTF8.self)) }
        }
        return nil
    }
}
