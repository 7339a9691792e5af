import CBenchmarkPeers
import Cryptography
import Platform
import Quantities
import Wire

/// Programs of others that an agent is measured beside: Debian's node exporter and collectd, as small as they are
/// configured, servers in Flask, and what counts their flushes.
struct Neighbour: ~Copyable {
    /// Its name and what it does, for the report.
    let name: String
    private var child: ChildProcess

    /// Prometheus' exporter with the collectors that read what an agent reads, from the same captured tree.
    static func nodeExporter(_ setup: AgentProcess.Setup, port: UInt16) throws(BenchmarkError) -> Neighbour {
        try Neighbour(
            "prometheus-node-exporter", "/usr/bin/prometheus-node-exporter",
            [
                "--web.listen-address=127.0.0.1:\(port)", "--web.disable-exporter-metrics",
                "--collector.disable-defaults", "--collector.hwmon", "--collector.thermal_zone", "--collector.cpu",
                "--collector.meminfo", "--collector.loadavg", "--path.sysfs=" + setup.sysroot + "/sys",
            ], setup)
    }

    /// collectd with its plugins for processors, memory, load and heat, once a second, kept in memory.
    static func collectd(_ setup: AgentProcess.Setup) throws(BenchmarkError) -> Neighbour {
        let folder = setup.folder + "/collectd"
        let configuration = """
            BaseDir "\(folder)"
            PIDFile "\(folder)/pid"
            Interval 1
            ReadThreads 1
            WriteThreads 1
            LoadPlugin cpu
            LoadPlugin memory
            LoadPlugin load
            LoadPlugin thermal
            LoadPlugin unixsock
            <Plugin unixsock>
              SocketFile "\(folder)/socket"
            </Plugin>

            """
        try system { () throws(SystemError) in
            try FileSystem.makeDirectories(folder, mode: 0o700)
            let file = try FileDescriptor(opening: folder + "/collectd.conf", .write, [.create, .truncate])
            let bytes = Array(configuration.utf8)
            try file.writeAll(bytes.span)
        }
        return try Neighbour("collectd", "/usr/sbin/collectd", ["-f", "-C", folder + "/collectd.conf"], setup)
    }

    /// A server in Flask that takes tasks signed with `key`, served by the module `server`.
    static func flask(
        _ setup: AgentProcess.Setup, port: UInt16, _ server: String, key: PublicKey
    ) throws(BenchmarkError) -> Neighbour {
        let neighbour = try Neighbour(
            "flask-" + server, "/usr/bin/python3",
            [
                "Tests/Support/Federation/flask_server.py", "\(port)", setup.folder + "/" + server + ".db",
                hexadecimal(key.bytes.array), server,
            ], setup)
        for _ in 0..<100 {
            var bytes = 0
            if peers_scrape(port, "/health", &bytes) == 0 { return neighbour }
            try pause(.milliseconds(100))
        }
        throw .failed(
            "Flask does not serve; install it: .ci/packages bench: "
                + (try lines(setup.folder + "/flask-" + server + ".log")).joined(separator: "; "))
    }

    /// strace, which counts what `process` flushes to disk.
    static func tracer(of process: Int32, _ setup: AgentProcess.Setup) throws(BenchmarkError) -> Neighbour {
        let tracer = try Neighbour(
            "strace", "/usr/bin/strace",
            ["-f", "-c", "-e", "trace=fsync,fdatasync", "-o", setup.folder + "/flushes", "-p", "\(process)"], setup)
        for _ in 0..<50 {
            let isTraced = try lines("/proc/\(process)/status").contains { line in
                line.hasPrefix("TracerPid:") && !line.hasSuffix("\t0")
            }
            // Threads are stopped one after the other.
            try pause(.milliseconds(200))
            if isTraced { return tracer }
        }
        throw .failed("strace may not trace: " + (try lines(setup.folder + "/strace.log")).joined(separator: "; "))
    }

    /// Ends the tracer; how many flushes it has counted.
    mutating func flushes(_ setup: AgentProcess.Setup) throws(BenchmarkError) -> Int64 {
        do throws(SystemError) {
            try child.signal(.interrupt)
            _ = try child.wait()
        } catch { throw .system(error) }
        // Share, seconds, microseconds a call, calls, and errors where there were any; then the call's name.
        return try lines(setup.folder + "/flushes").reduce(0) { sum, line in
            let words = line.split(separator: " ")
            guard words.count >= 5, ["fsync", "fdatasync"].contains(words.last) else { return sum }
            return sum + (Int64(words[3]) ?? 0)
        }
    }

    private init(
        _ name: String, _ path: String, _ arguments: [String], _ setup: AgentProcess.Setup
    ) throws(BenchmarkError) {
        self.name = name
        guard FileSystem.isThere(path) else { throw .failed(path + " is missing; install it: .ci/packages bench") }
        let log = setup.folder + "/" + name + ".log"
        child = try system { () throws(SystemError) in
            let messages = try FileDescriptor(opening: log, .write, [.create, .truncate])
            return try ChildProcess(
                ChildCommand(
                    path: path, arguments: [name] + arguments,
                    descriptors: [InheritedDescriptor(messages.raw, as: 1), InheritedDescriptor(messages.raw, as: 2)]))
        }
    }

    /// Its process id.
    var identifier: Int32 { child.identifier }

    /// Asks it to end, and waits.
    mutating func stop() throws(BenchmarkError) {
        do throws(SystemError) {
            try child.signal(.terminate)
            _ = try child.wait()
        } catch { throw .system(error) }
    }
}
