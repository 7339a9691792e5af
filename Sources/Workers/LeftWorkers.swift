import Platform

/// The processes of the operator's programs that outlive an agent which was killed.
///
/// The kernel ends a worker with its agent, but not what the worker has started. All of them have inherited a variable
/// that names the agent, by which the next start finds them, in whatever session they are.
public enum LeftWorkers {
    /// Most bytes of an environment that are looked at.
    private static let environmentBytes = 1 << 20
    /// Rounds in which what was being started while others were ended is ended too.
    private static let rounds = 3

    /// The variable of the agent that has locked the file at `path`, as `NAME=value`; nil where there is no such file.
    public static func mark(ofLock path: String) -> String? {
        guard let status = (try? FileSystem.status(path)).flatMap({ $0 }) else { return nil }
        return "SAGE_EDGE_WORKER_OF=\(status.device)-\(status.inode)"
    }

    /// Ends the processes that have the variable `mark`, all but this one; returns how many.
    ///
    /// - Complexity: linear in the processes of the machine; some ten microseconds for each that may be looked into.
    public static func end(marked mark: String) -> Int {
        var ended: Set<Int32> = []
        for _ in 0..<rounds {
            let left = processes(marked: mark)
            if left.isEmpty { break }
            for process in left {
                // One that has ended meanwhile needs no end.
                try? Signal.kill.send(to: process)
                ended.insert(process)
            }
        }
        return ended.count
    }

    private static func processes(marked mark: String) -> [Int32] {
        ((try? FileSystem.list("/proc")) ?? []).compactMap { Int32($0) }
            .filter { $0 != Program.processID && isMarked($0, mark) }
    }

    /// Whether `process` was started with the variable `mark`; not where it may not be looked into.
    static func isMarked(_ process: Int32, _ mark: String) -> Bool {
        guard let environment = try? FileSystem.read("/proc/\(process)/environ", limit: environmentBytes) else {
            return false
        }
        return environment.split(separator: 0).contains { $0.elementsEqual(mark.utf8) }
    }
}
