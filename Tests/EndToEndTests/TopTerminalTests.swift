import Foundation
import TestKit
import Testing

/// Runs the program in a pseudo-terminal, does what the steps say, and prints what came of it as JSON.
///
/// Nothing is measured in time; the one limit ends a test that would hang.
private let terminal = #"""
    import fcntl, json, os, pty, select, signal, struct, sys, termios, time

    program, tree, home, steps = sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
    FRAME_END = b"\x1b[?2026l"
    LIMIT = time.monotonic() + 120

    def resize(descriptor, columns, rows):
        fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def echoes(descriptor):
        return bool(termios.tcgetattr(descriptor)[3] & (termios.ECHO | termios.ICANON))

    environment = {
        "PATH": "/usr/bin:/bin", "HOME": home, "TERM": "xterm-256color", "LANG": steps.get("locale", "C.UTF-8"),
        "STATE_DIRECTORY": home + "/state", "RUNTIME_DIRECTORY": home + "/run",
        "CONFIGURATION_DIRECTORY": home + "/config", **steps.get("environment", {})}
    master, slave = pty.openpty()
    resize(slave, 80, 24)
    before = termios.tcgetattr(slave)
    child = os.fork()
    if child == 0:
        os.setsid()
        # Whoever runs the tests may have blocked some.
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for stream in range(3):
            os.dup2(slave, stream)
        os.closerange(3, 256)
        os.execve(program, [program, "top", "--sysroot", tree] + steps.get("options", []), environment)
    output = b""

    def read_until(done):
        global output
        start = len(output)
        while not done(output[start:]):
            if time.monotonic() > LIMIT:
                raise SystemExit("nothing more came: " + repr(output[-400:]))
            ready, _, _ = select.select([master], [], [], 1)
            if ready:
                output += os.read(master, 65536)
            elif os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                raise SystemExit("it ended early: " + repr(output[-400:]))
        return output[start:]

    def frames(count):
        return read_until(lambda bytes: bytes.count(FRAME_END) >= count)

    frames(1)
    result = {"raw": not echoes(slave), "frames": []}
    for step in steps["steps"]:
        if "size" in step:
            resize(slave, *step["size"])
            # The frame after the one in which the screen is cleared is of the new size, too.
            read_until(lambda bytes: b"\x1b[2J" in bytes and bytes.rpartition(b"\x1b[2J")[2].count(FRAME_END) >= 1)
        elif "keys" in step:
            os.write(master, step["keys"].encode())
            frames(1)
        last = output.split(FRAME_END)[-2]
        result["frames"].append(last.decode("utf-8"))
    if "signal" in steps:
        os.kill(child, getattr(signal, steps["signal"]))
    else:
        os.write(master, steps["end"].encode())
    while True:
        ready, _, _ = select.select([master], [], [], 1)
        if ready:
            output += os.read(master, 65536)
        elif os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            break
        elif time.monotonic() > LIMIT:
            os.kill(child, signal.SIGKILL)
            raise SystemExit("it did not end")
    status = os.waitpid(child, 0)[1]
    result["exit"] = os.waitstatus_to_exitcode(status)
    result["restored"] = termios.tcgetattr(slave) == before
    result["output"] = output.decode("utf-8")
    print(json.dumps(result))
    """#

/// What came of a session.
private struct Session {
    let exit: Int
    let isRaw: Bool
    let isRestored: Bool
    let frames: [String]
    let output: String

    init(_ steps: [String: Any], tree: String = "orin-nano") throws {
        let words = try JSONSerialization.data(withJSONObject: steps)
        let printed = try withTemporaryFolder { home in
            try PythonTool.run(
                terminal,
                arguments: [
                    BuiltProgram.path, Fixtures.url("telemetry/sysfs/" + tree).path, home.path,
                    String(decoding: words, as: UTF8.self),
                ])
        }
        let result = try #require(try JSONSerialization.jsonObject(with: Data(printed)) as? [String: Any])
        exit = try #require(result["exit"] as? Int)
        isRaw = try #require(result["raw"] as? Bool)
        isRestored = try #require(result["restored"] as? Bool)
        frames = try #require(result["frames"] as? [String])
        output = try #require(result["output"] as? String)
    }

    /// Whether the screen was taken once and given back at the very end.
    var gaveScreenBack: Bool {
        output.hasPrefix("\u{1b}[?1049h") && output.hasSuffix("\u{1b}[?25h\u{1b}[?1049l")
            && output.components(separatedBy: "\u{1b}[?1049h").count == 2
    }
}

@Suite(.timeLimit(.minutes(10)), .enabled(if: BuiltProgram.canStartItself)) struct `top on a terminal` {
    @Test func `it draws, follows the window's size, and gives the terminal back at q`() throws {
        let session = try Session(["steps": [["size": [100, 30]], ["size": [60, 15]], ["keys": "?"]], "end": "q"])
        #expect(session.exit == 0)
        #expect(session.isRaw)
        #expect(session.isRestored)
        #expect(session.gaveScreenBack)
        #expect(session.frames.map { $0.components(separatedBy: "\r\n").count } == [30, 15, 15])
        #expect(session.frames[0].contains("4.785 W"))
        #expect(session.frames[2].contains("Keys"))
    }

    @Test(
        arguments: [
            (["end": "\u{3}"], 130), (["signal": "SIGINT"], 130), (["signal": "SIGTERM"], 0), (["signal": "SIGHUP"], 0),
            (["end": "Q"], 0),
            // A fault of the program: the signal ends it, and the terminal is given back all the same.
            (["signal": "SIGABRT"], -6), (["signal": "SIGSEGV"], -11),
        ] as [([String: String], Int)])
    func `however it ends, the terminal is as it was`(end: [String: String], exit: Int) throws {
        var steps: [String: Any] = ["steps": [] as [Any]]
        for (key, value) in end { steps[key] = value }
        let session = try Session(steps)
        #expect(session.exit == exit)
        #expect(session.isRaw)
        #expect(session.isRestored)
        #expect(session.output.contains("\u{1b}[?25h\u{1b}[?1049l"))
    }

    @Test func `it pauses, and looks less often, as the keys ask`() throws {
        let session = try Session([
            "steps": [["keys": "p"], ["keys": "+"], ["keys": "-"], ["keys": "\u{1b}[A"]], "end": "q",
        ])
        #expect(session.frames[0].contains("paused"))
        #expect(session.frames[1].contains("every 2 seconds"))
        #expect(session.frames[2].contains("every 1 second "))
        #expect(session.frames[3].contains("paused"))
        #expect(session.exit == 0)
    }

    @Test(arguments: [(["--no-color"], [:]), ([], ["NO_COLOR": "1"])] as [([String], [String: String])])
    func `without colours there are none`(options: [String], environment: [String: String]) throws {
        let session = try Session([
            "options": options, "environment": environment, "steps": [] as [Any], "end": "q",
        ])
        let looks = Set(session.output.matches(of: /\u{1b}\[([0-9;]+)m/).map { String($0.1) })
        #expect(looks == ["7", "0"])
    }

    @Test func `where the locale is not one of UTF-8 it draws with ASCII`() throws {
        let session = try Session(["locale": "C", "steps": [] as [Any], "end": "q"])
        #expect(session.output.utf8.allSatisfy { $0 < 0x80 })
        #expect(session.output.contains("#"))
    }

    @Test func `without a terminal it says what to use instead`() throws {
        let outcome = try BuiltProgram.run(["top", "--sysroot", Fixtures.url("telemetry/sysfs/orin-nano").path])
        #expect(outcome.status == 64)
        #expect(outcome.output == "")
        #expect(outcome.errors.contains("sage-edge status --json, or sage-edge telemetry --watch"))
    }
}
