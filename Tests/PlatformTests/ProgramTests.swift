import Foundation
import Glibc
import Platform
import Testing

@Suite struct ProgramTests {
    @Test func `the arguments are those of this process`() throws {
        #expect([Program.name] + Program.arguments == CommandLine.arguments)
        #expect(try Program.executablePath() == FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        #expect(Program.processID == getpid())
        #expect(Program.effectiveUserID == geteuid() && Program.effectiveGroupID == getegid())
    }

    @Test func `a variable is had as it is set, or not at all`() {
        setenv("SAGE_EDGE_TEST_VARIABLE", "größe=1", 1)
        setenv("SAGE_EDGE_TEST_EMPTY", "", 1)
        #expect(Program.environment("SAGE_EDGE_TEST_VARIABLE") == "größe=1")
        #expect(Program.environment("SAGE_EDGE_TEST_EMPTY") == "")
        #expect(Program.environment("SAGE_EDGE_TEST_MISSING") == nil)
    }

    @Test func `the host is the one that uname knows`() throws {
        let words = try shell("uname -n; uname -r; uname -m; nproc").output.split(separator: "\n").map { String($0) }
        #expect([Host.name, Host.kernelRelease, Host.machine, "\(Host.processorCount)"] == words)
    }

    @Test func `a file is no terminal and has no size`() throws {
        let file = try FileDescriptor(opening: "/dev/null")
        #expect(!Terminal.isTerminal(file.raw))
        #expect(Terminal.size(file.raw) == nil)
        let pseudo = try FileDescriptor(opening: "/dev/ptmx", .readWrite)
        var size = winsize(ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0)
        #expect(ioctl(pseudo.raw, UInt(TIOCSWINSZ), &size) == 0)
        #expect(Terminal.isTerminal(pseudo.raw))
        #expect(try #require(Terminal.size(pseudo.raw)) == (columns: 80, rows: 24))
        for (columns, expected) in [(UInt16(130), 130), (0, nil)] as [(UInt16, Int?)] {
            size = winsize(ws_row: 0, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
            #expect(ioctl(pseudo.raw, UInt(TIOCSWINSZ), &size) == 0)
            #expect(Terminal.size(pseudo.raw)?.columns == expected)
        }
    }

    @Test func `output comes whole and in order, and a reader that went away is told`() async {
        let result = await #expect(processExitsWith: .exitCode(42), observing: [\.standardOutputContent]) {
            var output = OutputBuffer.standardOutput
            for number in 0..<5_000 { output.line("line \(number)") }
            try output.flush()
            try Signal.pipe.ignore()
            let pipe = try PipeEnds()
            dup2(pipe.writeEnd.raw, 2)
            try pipe.writeEnd.close()
            try pipe.readEnd.close()
            var messages = OutputBuffer.standardError
            messages.line("nobody reads this")
            do throws(SystemError) {
                try messages.flush()
            } catch {
                Program.exit(error.errno == .brokenPipe ? 42 : 1)
            }
        }
        let expected = (0..<5_000).map { "line \($0)\n" }.joined()
        let text = String(decoding: result?.standardOutputContent ?? [], as: UTF8.self)
        #expect(text.hasSuffix(expected))
    }

    @Test(arguments: [SIGSEGV, SIGILL, SIGBUS, SIGABRT, SIGFPE, SIGTRAP])
    func `a fatal signal leaves one line and ends the program as before`(signal: Int32) async throws {
        let result = await #expect(processExitsWith: .signal(signal), observing: [\.standardErrorContent]) {
            [signal] in
            try CrashReporter.install(program: "sage-edge 0.1.0\n\u{1b}")
            CrashReporter.note("store.commit")
            // abort() lifts the block that the threads of tests put on its signal.
            if signal == SIGABRT { abort() }
            raise(signal)
        }
        let names = [
            SIGSEGV: "SIGSEGV", SIGILL: "SIGILL", SIGBUS: "SIGBUS", SIGABRT: "SIGABRT", SIGFPE: "SIGFPE",
            SIGTRAP: "SIGTRAP",
        ]
        let expected = "crash: \(try #require(names[signal])) in sage-edge 0.1.0??, last: store.commit\n"
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.hasSuffix(expected))
    }

    @Test func `a stack overflow is reported too, also on a worker's thread`() async {
        let result = await #expect(processExitsWith: .signal(SIGSEGV), observing: [\.standardErrorContent]) {
            try CrashReporter.install(program: "sage-edge 0.1.0")
            let worker = try WorkerThread<Empty, Empty>(name: "deep", capacity: 1) { _ in
                Program.exit(Int32(truncatingIfNeeded: deepen(1)))
            }
            worker.stop()
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.hasSuffix("crash: SIGSEGV in sage-edge 0.1.0\n"))
    }
}

private final class Empty: Sendable {}

@inline(never) @_optimize(none)
private func deepen(_ depth: Int) -> Int { depth > 0 ? deepen(depth + 1) + 1 : 0 }
