import AgentCore
import Foundation
import Platform
import Quantities
import TestKit
import Testing

@testable import Daemon

/// Waits until `probe` holds; whether it came to hold within half a minute.
private func wait(for probe: () throws -> Bool) rethrows -> Bool {
    let deadline = Date(timeIntervalSinceNow: 30)
    while Date() < deadline {
        if try probe() { return true }
        Thread.sleep(forTimeInterval: 0.1)
    }
    return false
}

@Suite(.timeLimit(.minutes(10)), .enabled(if: BuiltProgram.canStartItself)) struct `an agent under a service manager` {
    /// The lines of datagrams until one of them is `line`; what came before it stays in.
    private func lines(_ receiver: LocalReceiver, until line: String) -> [String] {
        var lines: [String] = []
        while !lines.contains(line), let text = receiver.nextText() {
            lines += text.split(separator: "\n").map(String.init)
        }
        return lines
    }

    @Test func `says when it is ready, alive, reloading and stopping`() throws {
        try withTemporaryFolder { folder in
            let manager = try LocalReceiver(at: folder.path + "/notify")
            let agent = try RunningAgent(
                tree: "orin-nano",
                environment: ["NOTIFY_SOCKET": folder.path + "/notify", "WATCHDOG_USEC": "20000000"])
            // The first thing that is said is that it is ready, with its first round of samples behind it.
            let first = try #require(manager.nextText()).split(separator: "\n").map(String.init)
            #expect(first.prefix(2) == ["READY=1", "WATCHDOG=1"])
            #expect(first.last?.hasPrefix("STATUS=Sprout (orin-nano-8gb) at 127.0.0.1:") == true)
            for _ in 0..<5 { #expect(manager.nextText() == "WATCHDOG=1") }
            try agent.signal(.hangup)
            #expect(lines(manager, until: "RELOADING=1").contains("RELOADING=1"))
            let reloaded = lines(manager, until: "READY=1")
            #expect(reloaded.last?.hasPrefix("STATUS=Sprout") == true, "\(reloaded)")
            agent.stop()
            #expect(lines(manager, until: "STOPPING=1").contains("STOPPING=1"))
            #expect(agent.exitStatus == 0)
        }
    }

    @Test func `is alive, too, where nothing can be read`() throws {
        try withTemporaryFolder { folder in
            let name = "@sage-edge-test-\(UUID().uuidString)"
            let manager = try LocalReceiver(at: name)
            let agent = try RunningAgent(
                tree: "orin-nano", tegrastats: "/nowhere", hasPower: false,
                environment: ["NOTIFY_SOCKET": name, "WATCHDOG_USEC": "20000000"])
            #expect(try #require(manager.nextText()).hasPrefix("READY=1\nWATCHDOG=1\n"))
            for _ in 0..<5 { #expect(manager.nextText() == "WATCHDOG=1") }
            _ = agent
        }
    }

    @Test func `tells of life between rounds that lie far apart, and not while one does not end`() throws {
        let name = "@sage-edge-test-\(UUID().uuidString)"
        let receiver = try LocalReceiver(at: name)
        setenv("NOTIFY_SOCKET", name, 1)
        setenv("WATCHDOG_USEC", "4000000", 1)
        defer {
            unsetenv("NOTIFY_SOCKET")
            unsetenv("WATCHDOG_USEC")
        }
        var notices = ServiceNotices()
        let start = BootTime(milliseconds: 100_000)
        #expect(notices.due == .distantFuture)
        notices.standBy(start, isRoundUnderWay: false)
        notices.completedRound(start, status: "well")
        #expect(receiver.nextText() == "READY=1\nWATCHDOG=1\nSTATUS=well")
        #expect(notices.due == start + .seconds(2))
        notices.standBy(start + .seconds(1), isRoundUnderWay: false)
        notices.standBy(start + .seconds(2), isRoundUnderWay: false)
        #expect(receiver.nextText() == "WATCHDOG=1")
        #expect(notices.due == start + .seconds(4))
        // A round that hangs: nothing is said any more, and the manager's patience ends.
        for second in Int64(4)...60 { notices.standBy(start + .seconds(second), isRoundUnderWay: true) }
        #expect(receiver.nextText(within: 0.2) == nil)
        notices.completedRound(start + .seconds(61), status: "well")
        #expect(receiver.nextText() == "WATCHDOG=1")
        // A manager that is slow to read: what it had no room for is said later, but for signs of life of long ago.
        for second in Int64(62)...200 { notices.completedRound(start + .seconds(second), status: "well") }
        notices.reloading()
        notices.reloaded("better")
        var waiting = 0
        while receiver.nextText(within: 0.2) == "WATCHDOG=1" { waiting += 1 }
        #expect(waiting > 0 && waiting < 139)
        notices.completedRound(start + .seconds(201), status: "better")
        #expect(receiver.nextText() == "RELOADING=1\nREADY=1\nSTATUS=better\nWATCHDOG=1")
    }
}

@Suite(.timeLimit(.minutes(10)), .enabled(if: BuiltProgram.canStartItself))
struct `an agent whose errors go to the journal` {
    /// The fields of an entry, by the native protocol.
    private func fields(_ datagram: [UInt8]) -> [String: String] {
        var fields: [String: String] = [:]
        for line in String(decoding: datagram, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { fields[String(parts[0])] = String(parts[1]) }
        }
        return fields
    }

    @Test func `writes entries with fields, one id for each kind of event`() throws {
        try withTemporaryFolder { folder in
            let journal = try LocalReceiver(at: folder.path + "/journal")
            let errors = folder.appendingPathComponent("errors")
            try Data().write(to: errors)
            let status = try #require(try FileSystem.status(errors.path))
            let inner = try BuiltProgram.process(
                [
                    "run", "--sysroot", Fixtures.url("telemetry/sysfs/orin-nano").path, "--listen",
                    "127.0.0.1:\(try RunningAgent.freePort())",
                ], home: folder)
            // The journal's socket has one place; in a namespace of its own that place is the test's.
            let script = """
                mount -t tmpfs none /run && mkdir -p /run/systemd/journal && ln -s "$0" /run/systemd/journal/socket
                exec "$@"
                """
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
            process.arguments =
                ["-Urm", "/bin/sh", "-c", script, folder.path + "/journal"] + (inner.arguments ?? [])
            // Whether another test has the port of HTTP would be told in the journal, too.
            process.environment = inner.environment?.merging([
                "JOURNAL_STREAM": "\(status.device):\(status.inode)", "SAGE_EDGE_HTTP_LISTEN": "off",
            ]) { $1 }
            process.standardInput = FileHandle.nullDevice
            process.standardError = try FileHandle(forWritingTo: errors)
            try process.run()
            defer { if process.isRunning { process.terminate() } }
            let started = fields(try #require(journal.next()))
            #expect(started["MESSAGE_ID"] == LogEntry.Kind.started.messageID)
            #expect(started["MESSAGE"]?.contains("commands are taken at \(folder.path)/run/control.sock") == true)
            #expect(started["PRIORITY"] == "5")
            #expect(started["SYSLOG_IDENTIFIER"] == "sage-edge")
            try "nonsense: 1\n".write(
                to: folder.appendingPathComponent("config.yaml"), atomically: true, encoding: .utf8)
            process.terminate()
            let stopping = fields(try #require(journal.next()))
            #expect(stopping["MESSAGE_ID"] == LogEntry.Kind.stopping.messageID)
            #expect(fields(try #require(journal.next()))["MESSAGE_ID"] == LogEntry.Kind.stopped.messageID)
            process.waitUntilExit()
            // Nothing of it was said twice.
            let text = try String(contentsOf: errors, encoding: .utf8)
            #expect(!text.contains("stopping"), "\(text)")
        }
    }

    @Test func `has an id for every kind of event, and the documentation lists them`() throws {
        let ids = LogEntry.Kind.allCases.map(\.messageID)
        #expect(Set(ids).count == ids.count)
        for id in ids { #expect(id.count == 32 && id.allSatisfy { $0.isHexDigit && !$0.isUppercase }, "\(id)") }
        let page = try String(contentsOf: Repository.root.appendingPathComponent("docs/service.md"), encoding: .utf8)
        let listed = page.matches(of: /`([0-9a-f]{32})`/).map { String($0.1) }
        #expect(Set(listed) == Set(ids) && listed.count == ids.count)
    }

    @Test func `writes no more of one kind than a minute has room for, and says how much it left out`() {
        var budget = LogBudget()
        let start = BootTime(milliseconds: 1000)
        func take(_ kind: LogEntry.Kind?, _ seconds: Int64) -> Int? {
            budget.take(kind, now: start + .seconds(seconds))
        }
        for _ in 0..<LogBudget.perMinute { #expect(take(.peerSilent, 0) == 0) }
        for _ in 0..<25 { #expect(take(.peerSilent, 59) == nil) }
        #expect(take(.stopping, 59) == 0)
        #expect(take(nil, 59) == 0)
        #expect(take(.peerSilent, 60) == 25)
        #expect(take(.peerSilent, 61) == 0)
    }

    @Test func `trusts a store again once it has taken something, and tries it ever more seldom`() {
        var health = StoreHealth()
        var now = BootTime(milliseconds: 1000)
        func failed(_ at: BootTime) -> Bool { health.failed("the disk is full", at: at) }
        func committed() -> Bool { health.committed(at: now) }
        #expect(!committed())
        #expect(failed(now))
        var pauses: [Int64] = []
        for _ in 0..<9 {
            guard let retry = health.retryAt else { break }
            pauses.append(retry.since(now).milliseconds / 1000)
            now = retry
            health.opening()
            #expect(health.retryAt == nil && health.fault == "the disk is full")
            // It opens, and takes nothing: nothing new is to be told.
            #expect(!failed(now))
        }
        #expect(pauses == [10, 20, 40, 80, 160, 320, 600, 600, 600])
        // What was still under way when it failed does not mend it.
        #expect(!committed())
        health.hurry(at: now)
        #expect(health.retryAt == now)
        health.opening()
        #expect(committed())
        #expect(health.fault == nil)
        #expect(!committed())
        // The same trouble soon after is told, and is the same trouble.
        #expect(failed(now + .seconds(599)))
        #expect(health.retryAt == now + .seconds(1199))
        health.opening()
        #expect(committed())
        #expect(failed(now + .seconds(600)))
        #expect(health.retryAt == now + .seconds(610))
    }
}

@Suite(.timeLimit(.minutes(10)), .enabled(if: BuiltProgram.canStartItself))
struct `an agent that reads its configuration again` {
    private func standing(_ agent: RunningAgent) throws -> [String: Any] {
        try #require(try agent.json(["status"])["configuration"] as? [String: Any])
    }

    private func available(_ agent: RunningAgent) throws -> Int {
        let ledger = try #require(try agent.json(["status"])["ledger"] as? [String: Any])
        return try #require(Int(ledger["available_mj"] as? String ?? ""))
    }

    @Test func `takes what can change, names what needs a new start, and keeps the last good one`() throws {
        let agent = try RunningAgent(tree: "orin-nano", energy: ["charge_target_joules: 1"])
        #expect(try standing(agent)["config_last_reload_successful"] as? Bool == true)
        #expect(try available(agent) <= 1000)
        let first = try String(contentsOf: agent.configuration, encoding: .utf8)
        func reload(_ text: String) throws {
            let before = try String(contentsOf: agent.log, encoding: .utf8).count
            try text.write(to: agent.configuration, atomically: true, encoding: .utf8)
            try agent.signal(.hangup)
            let isTold = try wait {
                try String(contentsOf: agent.log, encoding: .utf8).dropFirst(before).contains("read again")
            }
            #expect(isTold)
        }
        // A value that counts at once: charging goes on to the new target.
        let more = first.replacingOccurrences(of: "charge_target_joules: 1", with: "charge_target_joules: 30")
        try reload(more)
        #expect(try wait { try available(agent) > 5000 })
        #expect(try standing(agent)["restart_needed_for"] as? [String] == [])
        #expect(
            try String(contentsOf: agent.log, encoding: .utf8)
                .contains("the configuration was read again; changed: energy.charge_target_joules\n"))

        // One that is wrong changes nothing, and everybody can see it.
        try reload(more + "\nnonsense:\n  key: 1\n")
        let refused = try standing(agent)
        #expect(refused["config_last_reload_successful"] as? Bool == false)
        #expect((refused["refused_because"] as? String)?.contains("nonsense: unknown key") == true, "\(refused)")
        #expect(try agent.json(["status"])["state"] as? String == "running")
        try reload(more.replacingOccurrences(of: "http:\n", with: "http:\n  api_key_file: no-such-key\n"))
        #expect((try standing(agent)["refused_because"] as? String)?.contains("http.api_key_file") == true)
        #expect(
            try agent.run(["delegate", "perception", "--local", "--input", Fixtures.url("frames/ball.ppm").path]).status
                == 0)

        // One that needs a new start is named, and the rest of it counts.
        try reload(
            more.replacingOccurrences(of: "platform: Sprout", with: "platform: Bean")
                .replacingOccurrences(of: "window_milliseconds: 1000", with: "window_milliseconds: 2000")
                .replacingOccurrences(of: "charge_target_joules: 30", with: "charge_target_joules: 31"))
        let pending = try standing(agent)
        #expect(pending["config_last_reload_successful"] as? Bool == true)
        #expect(
            pending["restart_needed_for"] as? [String] == ["federation.platform", "energy.window_milliseconds"])
        #expect(try agent.json(["status"])["platform"] as? String == "Sprout")
        let log = try String(contentsOf: agent.log, encoding: .utf8)
        #expect(
            log.contains(
                "changed: energy.charge_target_joules; these count when the agent is started again: "
                    + "federation.platform, energy.window_milliseconds\n"), "\(log)")
        try reload(first)
        #expect(try standing(agent)["restart_needed_for"] as? [String] == [])
    }

    @Test func `makes the nodes peers that it names then`() throws {
        let agent = try RunningAgent(tree: "orin-nano")
        try withTemporaryFolder { home in
            let config = home.appendingPathComponent("config")
            try FileManager.default.createDirectory(at: config, withIntermediateDirectories: true)
            try "federation: {name: end-to-end, platform: Thor}\nlink: {advertise: ['127.0.0.1:9']}\n"
                .write(to: config.appendingPathComponent("config.yaml"), atomically: true, encoding: .utf8)
            #expect(try BuiltProgram.run(["key", "generate"], home: home).status == 0)
            let record = try BuiltProgram.run(["key", "export", "--node"], home: home).output
            try record.write(
                to: agent.home.appendingPathComponent("config/thor.node"), atomically: true, encoding: .utf8)
        }
        let text = try String(contentsOf: agent.configuration, encoding: .utf8)
        try (text + "\nlink:\n  peers: [thor.node]\n").write(to: agent.configuration, atomically: true, encoding: .utf8)
        try agent.signal(.hangup)
        let isPeer = try wait {
            let peers = try agent.json(["peers", "list"])["peers"] as? [[String: Any]]
            return peers?.compactMap { $0["peer"] as? String } == ["Thor"]
        }
        #expect(isPeer)
    }
}
