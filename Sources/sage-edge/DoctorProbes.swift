import Configuration
import Platform
import Quantities
import Wire
import Workers

/// Measures how long a disk takes.
enum DiskProbe {
    private static let rounds = 5
    private static let block = [UInt8](repeating: 0x5a, count: 4096)

    /// The median time until 4 KiB are on the disk of `folder`, of a few tries with a file that is removed again.
    static func syncMicroseconds(in folder: String) throws(SystemError) -> Int64 {
        let path = folder + "/.doctor-\(Program.processID)"
        let file = try FileDescriptor(opening: path, .write, [.create, .exclusive, .noFollow], mode: 0o600)
        defer { try? FileSystem.remove(path) }
        var times: [Int64] = []
        for _ in 0..<rounds {
            let start = Clock.bootNanoseconds
            try file.writeAll(block.span, at: 0)
            try file.synchronize()
            times.append((Clock.bootNanoseconds - start) / 1000)
        }
        times.sort()
        return times[rounds / 2]
    }
}

/// What a program prints that is soon done; nil where it cannot be run, fails, prints too much or takes too long.
func output(of path: String, _ words: [String], within patience: TimeSpan) -> [UInt8]? {
    let limit = 65_536
    var bytes: [UInt8] = []
    do throws(SystemError) {
        var loop = try EventLoop()
        var events: [ReadyEvent] = []
        let pipe = try PipeEnds()
        let reading = pipe.readEnd
        let writing = pipe.writeEnd
        var process = try ChildProcess(
            ChildCommand(
                path: path, arguments: words, environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"],
                descriptors: [InheritedDescriptor(writing.raw, as: 1)]))
        // The end is seen once the child alone has the other end.
        try writing.close()
        try loop.register(reading.raw, EventToken(rawValue: 1), .readable)
        let deadline = Clock.bootTime + patience
        while bytes.count <= limit {
            try loop.wait(until: deadline, into: &events)
            guard !events.isEmpty else { return nil }
            if case .end = try reading.read(upTo: limit, appendingTo: &bytes) {
                return try process.wait().manner == .exited(0) ? bytes : nil
            }
        }
    } catch { return nil }
    return nil
}

extension DoctorExamination {
    // MARK: Network

    func network(_ configuration: AgentConfiguration?, isAgentRunning: Bool) -> DoctorFacts.Network? {
        guard let link = configuration?.link else { return nil }
        var facts = DoctorFacts.Network(listen: link.listen.text, port: link.listen.port)
        facts.isAdvertised = !link.namedAddresses.isEmpty
        facts.firewalls = DoctorExamination.firewalls
        guard !isAgentRunning else { return facts }
        if case .address(let address)? = configuration?.http.listen {
            do throws(SystemError) { _ = try AddressListener.listen(at: address) } catch {
                facts.http = .init(address: address.text, port: address.port, failure: error.errno.text)
            }
        }
        do throws(SystemError) {
            _ = try DatagramSocket(boundTo: link.listen, batch: DatagramBatch(datagrams: 1, datagramBytes: 64))
        } catch {
            facts.failure = error.errno.text
            facts.isInUse = error.errno == .addressInUse
            if facts.isInUse { facts.holder = holder(ofPort: link.listen.port) }
        }
        return facts
    }

    /// Who has a UDP socket at `port`: the process where it can be seen, else the user.
    private func holder(ofPort port: UInt16) -> String? {
        let entries = ["/proc/net/udp", "/proc/net/udp6"].flatMap { path in
            (try? FileSystem.read(path, limit: 1 << 20)).map { UDPSocketEntry.all($0) } ?? []
        }
        guard let entry = entries.first(where: { $0.port == port }) else { return nil }
        let link = "socket:[\(entry.inode)]"
        for name in (try? FileSystem.list("/proc")) ?? [] where Int32(name) != nil {
            let folder = "/proc/\(name)/fd"
            for descriptor in (try? FileSystem.list(folder)) ?? [] {
                guard (try? FileSystem.readLink(folder + "/" + descriptor)) == link else { continue }
                let comm = (try? FileSystem.read("/proc/\(name)/comm", limit: 64)) ?? []
                return String(decoding: comm.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self) + " (process \(name))"
            }
        }
        return "a process of " + accounts.user(entry.user)
    }

    /// Firewalls that are set up here, as far as their own files tell.
    private static var firewalls: [String] {
        func isThere(_ path: String) -> Bool { (try? FileSystem.status(path)).flatMap { $0 } != nil }
        func content(_ path: String) -> [UInt8] { (try? FileSystem.read(path, limit: 65_536)) ?? [] }
        var found: [String] = []
        let enabled = Array("ENABLED=yes".utf8)
        if content("/etc/ufw/ufw.conf").split(separator: UInt8(ascii: "\n")).contains(where: {
            $0.elementsEqual(enabled)
        }) {
            found.append("ufw")
        }
        if isThere("/run/firewalld") { found.append("firewalld") }
        if isThere("/etc/systemd/system/sysinit.target.wants/nftables.service") { found.append("nftables") }
        if !content("/proc/net/ip_tables_names").isEmpty { found.append("iptables") }
        return found
    }

    // MARK: Service and workers

    private static let patience = TimeSpan.seconds(3)

    /// What systemd says of the unit; nil where there is no systemd, or no such unit.
    func service() -> DoctorFacts.Service? {
        guard (try? FileSystem.status("/run/systemd/system")).flatMap({ $0 }) != nil,
            let printed = output(
                of: "/usr/bin/systemctl",
                ["systemctl", "show", "sage-edge.service", "-p", "LoadState,ActiveState,Result,UnitFileState"],
                within: DoctorExamination.patience)
        else { return nil }
        let found = properties(printed)
        guard found["LoadState"] == "loaded" else { return nil }
        return DoctorFacts.Service(
            activity: found["ActiveState"] ?? "", result: found["Result"] ?? "",
            enablement: found["UnitFileState"] ?? "")
    }

    /// A frame of eight by eight grey points.
    private static let frame = Array("P5 8 8 255\n".utf8) + (0..<64).map { UInt8($0 * 4) }

    /// What becomes of one small task in a worker with the limits that are configured.
    func worker(_ configuration: AgentConfiguration?) -> DoctorFacts.Worker? {
        let memory = configuration?.executors.featuresMemory ?? .mebibytes(256)
        let host = configuration?.executors.service.map { WorkerHost.service(path: $0) } ?? .children(.thisProgram)
        do throws(SystemError) {
            var loop = try EventLoop()
            var pool = try WorkerPool(host, concurrency: 1, firstToken: EventToken(rawValue: 1))
            let operation = WorkerOperation.perceptionFeatures.rawValue
            let job = WorkerJob(
                id: .zero,
                request: WorkerRequest(operation: operation, input: DoctorExamination.frame, parameters: []),
                memory: memory, time: DoctorExamination.patience)
            _ = pool.start(job, now: Clock.bootTime, loop)
            var events: [ReadyEvent] = []
            while true {
                for outcome in pool.takeOutcomes() {
                    switch outcome.result {
                    case .success: return .works(milliseconds: outcome.duration.milliseconds)
                    case .failure(let failure): return .fails(failure.explanation)
                    }
                }
                try loop.wait(until: pool.nextDeadline(after: Clock.bootTime), into: &events)
                for event in events { pool.handle(event, now: Clock.bootTime, loop) }
                pool.advance(to: Clock.bootTime, loop)
            }
        } catch { return .fails(error.description) }
    }
}
