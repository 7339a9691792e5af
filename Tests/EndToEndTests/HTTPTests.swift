import Foundation
import Platform
import TestKit
import Testing
import Wire

private let curl = ExternalTool(program: "/usr/bin/curl", package: "curl")

/// What curl gets: the status, the media type, and the body.
private struct Answer {
    let status: Int
    let type: String
    let body: String

    /// Asks with curl's `arguments`.
    init(_ arguments: [String]) throws {
        let output = try curl.run(
            ["-sS", "--max-time", "20", "-w", "\n%{http_code} %{content_type}"] + arguments)
        let text = String(decoding: output, as: UTF8.self)
        let end = try #require(text.lastIndex(of: "\n"))
        let words = text[text.index(after: end)...].split(separator: " ", maxSplits: 1).map(String.init)
        status = Int(words.first ?? "") ?? 0
        type = words.count == 2 ? words[1] : ""
        body = String(text[..<end])
    }

    func object() throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any], "\(body)")
    }

    /// The value of the sample called `name` with its labels.
    func sample(_ name: String) -> String? {
        body.split(separator: "\n").first { $0.hasPrefix(name + " ") }.map { String($0.dropFirst(name.count + 1)) }
    }
}

/// Waits until `condition` holds; a minute at most.
private func eventually(_ condition: () throws -> Bool) throws -> Bool {
    let deadline = Date(timeIntervalSinceNow: 60)
    while Date() < deadline {
        if try condition() { return true }
        Thread.sleep(forTimeInterval: 0.1)
    }
    return false
}

@Suite(.timeLimit(.minutes(10)), .enabled(if: BuiltProgram.canStartItself)) struct `HTTP of a running agent` {
    private let agent: RunningAgent

    init() throws {
        agent = try RunningAgent(tree: "orin-nano")
        #expect(try eventually { FileManager.default.fileExists(atPath: agent.httpSocket) })
    }

    private func get(_ path: String, _ options: [String] = []) throws -> Answer {
        try Answer(["--unix-socket", agent.httpSocket] + options + ["http://localhost" + path])
    }

    @Test func `serves metrics that promtool and Python's parsers accept, in the format that is asked for`() throws {
        let text = try get("/metrics")
        #expect(text.status == 200)
        #expect(text.type == "text/plain; version=0.0.4; charset=utf-8")
        let promtool = ExternalTool(program: "/usr/bin/promtool", package: "prometheus")
        _ = try promtool.run(["check", "metrics"], input: Array(text.body.utf8))

        let open = try get("/metrics", ["-H", "Accept: application/openmetrics-text; version=1.0.0"])
        #expect(open.type == "application/openmetrics-text; version=1.0.0; charset=utf-8")
        #expect(open.body.hasSuffix("# EOF\n"))
        let script = """
            import sys
            from prometheus_client.openmetrics.parser import text_string_to_metric_families
            print(len(list(text_string_to_metric_families(sys.stdin.read()))))
            """
        let families = try PythonTool.run(
            script, input: Array(open.body.utf8), modules: ["prometheus_client": "python3-prometheus-client"])
        #expect(Int(String(decoding: families, as: UTF8.self).dropLast()) ?? 0 > 30)

        #expect(text.sample(#"sage_edge_atp_joules{state="available"}"#) != "0")
        #expect(text.sample("sage_edge_host_energy_joules_total") != nil)
        #expect(text.sample("process_open_fds") != nil)
        #expect(text.sample(#"sage_edge_energy_proofs_total{result="accepted"}"#) != "0")
        let resident = try #require(text.sample("process_resident_memory_bytes"))
        #expect(Int(resident) ?? 0 > 1_000_000)
    }

    @Test func `serves health, readiness and energy`() throws {
        #expect(try get("/healthz").object()["status"] as? String == "alive")
        let ready = try get("/readyz")
        #expect(ready.status == 200)
        #expect(try ready.object()["ready"] as? Bool == true)
        let health = try get("/api/v1/health").object()
        #expect(health["status"] as? String == "healthy")
        #expect(health["platform"] as? String == "Sprout")
        #expect(health["active_tasks"] as? Int == 0)

        let energy = try get("/api/v1/energy").object()
        let sources = try #require(energy["sources"] as? [[String: Any]])
        #expect(sources.first?["name"] as? String == "compute:orin-nano-8gb")
        #expect(sources.first?["class"] as? String == "replayed")
        #expect((energy["pages"] as? [[String: Any]])?.isEmpty == false)
        let proofs = try get("/api/v1/energy/proofs?limit=2").object()["proofs"] as? [[String: Any]]
        #expect(proofs?.count == 2)
        let newest = try get("/api/v1/energy/proofs/latest").object()
        let latest = try #require(newest["proofs"] as? [[String: Any]])
        #expect(latest.count == 1)
        #expect(latest.first?["source"] as? String == proofs?.first?["source"] as? String)
    }

    @Test func `tells a head without a body, and what else may be done`() throws {
        let head = String(
            decoding: try curl.run(["-sSI", "--unix-socket", agent.httpSocket, "http://localhost/metrics"]),
            as: UTF8.self)
        #expect(head.hasPrefix("HTTP/1.1 200"))
        #expect(!head.contains("# HELP"))
        #expect(head.contains("Cache-Control: no-store\r\n"))
        let options = String(
            decoding: try curl.run(
                ["-sS", "-i", "-X", "OPTIONS", "--unix-socket", agent.httpSocket, "http://localhost/readyz"]),
            as: UTF8.self)
        #expect(options.hasPrefix("HTTP/1.1 204"))
        #expect(options.contains("Allow: GET, HEAD, OPTIONS\r\n"))
        #expect(try get("/nothing").status == 404)
        #expect(try get("/metrics", ["-X", "POST", "-d", "x=1"]).status == 405)
    }

    @Test func `status says where`() throws {
        let http = try #require(agent.json(["status"])["http"] as? [String: Any])
        #expect(http["state"] as? String == "listening")
        #expect(http["address"] as? String == "unix:" + agent.httpSocket)
        #expect(try agent.run(["status"]).output.contains("unix:"))
    }

    @Test func `the socket goes with the agent`() throws {
        agent.stop()
        #expect(!FileManager.default.fileExists(atPath: agent.httpSocket))
    }
}

@Suite(.timeLimit(.minutes(10)), .enabled(if: BuiltProgram.canStartItself)) struct `where HTTP is served` {
    @Test func `a scrape reads no file of the board`() throws {
        let copy = FileManager.default.temporaryDirectory.appendingPathComponent("tree-" + UUID().uuidString)
        try FileManager.default.copyItem(at: Fixtures.url("telemetry/sysfs/orin-nano"), to: copy)
        defer { try? FileManager.default.removeItem(at: copy) }
        // Samples a minute apart: what opens a file in between is not the sensors' own rhythm.
        let agent = try RunningAgent(tree: "", hasPower: false, periodMilliseconds: 60_000, root: copy)
        #expect(try eventually { FileManager.default.fileExists(atPath: agent.httpSocket) })
        // The kernel tells every opening and reading below the tree; the last run shows that it does.
        let script = """
            import ctypes, os, struct, subprocess, sys
            tree, socket, curl, cat = sys.argv[1:5]
            libc = ctypes.CDLL(None, use_errno=True)
            watch = libc.inotify_init1(os.O_NONBLOCK)
            for folder, _, _ in os.walk(tree):
                assert libc.inotify_add_watch(watch, folder.encode(), 0x1 | 0x20) >= 0   # IN_ACCESS | IN_OPEN
            def events():
                count = 0
                while True:
                    try: data = os.read(watch, 1 << 16)
                    except BlockingIOError: return count
                    while data:
                        mask, length = struct.unpack_from("IxxxxI", data, 4)
                        if not mask & 0x40000000: count += 1   # IN_ISDIR
                        data = data[16 + length:]
            def ask(path):
                return subprocess.run([curl, "-sS", "--unix-socket", socket, "http://localhost" + path],
                                      check=True, capture_output=True, text=True).stdout
            def samples():
                return [l for l in ask("/metrics").splitlines() if l.startswith("sage_edge_samples_total")][0]
            before = samples()
            events()
            for _ in range(30):
                for path in ["/metrics", "/readyz", "/api/v1/energy", "/api/v1/health"]: ask(path)
            seen = events()
            same = before == samples()
            subprocess.run([cat, os.path.join(tree, "proc/meminfo")], check=True, capture_output=True)
            print(seen, same, events() > 0)
            """
        let found = try PythonTool.lines(
            script, arguments: [copy.path, agent.httpSocket, curl.program, "/bin/cat"])
        #expect(found == ["0 True True"])
    }

    @Test func `the network needs the key, and the agent does not start without one`() throws {
        let port = try RunningAgent.freePort()
        try withTemporaryFolder { home in
            let config = home.appendingPathComponent("config")
            try FileManager.default.createDirectory(at: config, withIntermediateDirectories: true)
            try "http:\n  listen: 0.0.0.0:\(port)\n".write(
                to: config.appendingPathComponent("config.yaml"), atomically: true, encoding: .utf8)
            for command in [["run"], ["config", "check"]] {
                let outcome = try BuiltProgram.run(command, home: home)
                #expect(outcome.status == 78)
                #expect(outcome.errors.contains("http.listen"), "\(outcome.errors)")
            }
        }
        let key = "0123456789abcdef0123456789abcdef"
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("key-" + UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: file) }
        #expect(
            FileManager.default.createFile(
                atPath: file.path, contents: Data((key + "\n").utf8), attributes: [.posixPermissions: 0o600]))
        let agent = try RunningAgent(
            tree: "orin-nano", http: ["listen: 0.0.0.0:\(port)", "api_key_file: " + file.path])
        let url = "http://127.0.0.1:\(port)/metrics"
        #expect(try eventually { (try? Answer([url]))?.status == 401 })
        #expect(try Answer(["-H", "X-API-Key: " + key, url]).status == 200)
        #expect(try Answer(["-H", "Authorization: Bearer " + key, url]).status == 200)
        #expect(try Answer(["-H", "Authorization: Bearer " + key + "0", url]).status == 401)
        #expect(!(try String(contentsOf: agent.log, encoding: .utf8)).contains(key))
    }

    @Test func `a loopback address is open to this machine, and closed to names of others`() throws {
        let port = try RunningAgent.freePort()
        let agent = try RunningAgent(tree: "orin-nano", http: ["listen: 127.0.0.1:\(port)"])
        let url = "http://127.0.0.1:\(port)/metrics"
        #expect(try eventually { (try? Answer([url]))?.status == 200 })
        #expect(try Answer(["http://localhost:\(port)/healthz"]).status == 200)
        #expect(try Answer(["-H", "Host: attacker.example", url]).status == 403)
        #expect(agent.isRunning)
    }

    @Test func `a port in use is no end, and is served once it is free`() throws {
        let port = try RunningAgent.freePort()
        let address = NetworkAddress(ipv4: 127, 0, 0, 1, port: port)
        var holder: FileDescriptor? = try AddressListener.listen(at: address)
        let agent = try RunningAgent(tree: "orin-nano", http: ["listen: 127.0.0.1:\(port)"])
        let http = try #require(agent.json(["status"])["http"] as? [String: Any])
        #expect(http["state"] as? String == "failed")
        #expect((http["fault"] as? String)?.contains("Address already in use") == true)
        let log = try String(contentsOf: agent.log, encoding: .utf8)
        #expect(log.components(separatedBy: "HTTP is not served at 127.0.0.1:\(port)").count == 2)
        try holder.take()?.close()
        #expect(try eventually { (try? Answer(["http://127.0.0.1:\(port)/readyz"]))?.status == 200 })
        #expect(try agent.json(["status"])["state"] as? String == "running")
    }

    @Test func `nowhere, where it is off`() throws {
        let agent = try RunningAgent(tree: "orin-nano", http: ["listen: off"])
        let http = try #require(agent.json(["status"])["http"] as? [String: Any])
        #expect(http["state"] as? String == "off")
        let maps = try agent.maps()
        #expect(maps.contains("libsodium"))
        #expect(!maps.contains("libmicrohttpd"))
    }

    @Test func `an agent without its ledger measures, and is not ready`() throws {
        let agent = try RunningAgent(tree: "orin-nano", ledger: Array("no ledger".utf8))
        func get(_ path: String) throws -> Answer {
            try Answer(["--unix-socket", agent.httpSocket, "http://localhost" + path])
        }
        #expect(try eventually { (try? get("/healthz"))?.status == 200 })
        let ready = try get("/readyz")
        #expect(ready.status == 503)
        #expect("\(try ready.object()["reasons"] ?? "")".contains("the store cannot be used"))
        #expect(try get("/api/v1/health").object()["status"] as? String == "degraded")
        #expect(try get("/api/v1/energy").status == 503)
        #expect(try eventually { try get("/metrics").sample("sage_edge_samples_total") != "0" })
        let metrics = try get("/metrics")
        #expect(metrics.sample("sage_edge_store_open") == "0")
        #expect(metrics.sample(#"sage_edge_rail_power_watts{rail="VDD_SOC"}"#) != nil)
        #expect(!metrics.body.contains("sage_edge_atp_joules{"))
    }
}
