import Platform
import Quantities

/// What else reads a board once a second: Debian's node exporter and collectd, as small as they are configured.
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
