import Foundation
import Glibc
import Platform
import Quantities
import Testing

@Suite struct ChildProcessTests {
    @Test func `a child's output, exit code and use are had`() throws {
        let (exit, output) = try shell("echo hello; exit 7")
        #expect(output == "hello\n")
        #expect(exit.manner == .exited(7))
        #expect(exit.usage.peakResident.bytes > 100_000)
        #expect(exit.usage.processorMicroseconds >= 0)
    }

    @Test func `a child sees its arguments and nothing of this environment`() throws {
        setenv("SAGE_EDGE_SECRET", "1", 1)
        let pipe = try PipeEnds()
        let readEnd = pipe.readEnd
        let writeEnd = pipe.writeEnd
        var command = ChildCommand(path: "/usr/bin/printf", arguments: ["printf", "[%s]", "a b", "", "ä"])
        command.descriptors = [InheritedDescriptor(writeEnd.raw, as: 1)]
        var child = try ChildProcess(command)
        try writeEnd.close()
        #expect(try readEnd.readAll(limit: 100) == Array("[a b][][ä]".utf8))
        #expect(try child.wait().manner == .exited(0))
        #expect(try shell("tr '\\0' '\\n' < /proc/$$/environ | cut -d= -f1").output == "PATH\n")
    }

    @Test func `a child inherits the named descriptors and no other`() throws {
        // One of this process that is not close-on-exec.
        let leaky = dup(0)
        defer { close(leaky) }
        let pipe = try PipeEnds()
        let writeEnd = pipe.writeEnd
        let readEnd = pipe.readEnd
        let mapped = [InheritedDescriptor(writeEnd.raw, as: 7), InheritedDescriptor(readEnd.raw, as: 4)]
        let (exit, output) = try shell("exec ls -l /proc/self/fd", descriptors: mapped)
        #expect(exit.manner == .exited(0))
        var targets: [String: String] = [:]
        for line in output.split(separator: "\n").dropFirst() {
            let words = line.split(separator: " ")
            let arrow = try #require(words.firstIndex(of: "->"))
            targets[String(words[arrow - 1])] = String(words[arrow + 1])
        }
        // 3 is the folder that ls itself has opened.
        #expect(Set(targets.keys) == ["0", "1", "2", "3", "4", "7"])
        #expect(targets["0"] == "/dev/null" && targets["2"] == "/dev/null")
        #expect(targets["4"] == targets["7"])
    }

    @Test func `descriptors that swap places arrive where they belong`() throws {
        let first = try FileDescriptor(opening: "/dev/zero")
        let second = try FileDescriptor(opening: "/dev/full")
        let swapped = [InheritedDescriptor(first.raw, as: second.raw), InheritedDescriptor(second.raw, as: first.raw)]
        let script = "readlink /proc/self/fd/\(first.raw) /proc/self/fd/\(second.raw)"
        #expect(try shell(script, descriptors: swapped).output == "/dev/full\n/dev/zero\n")
    }

    @Test func `a child starts with default signals, no new privileges, no core files, in its own group`() throws {
        try Signal.pipe.ignore()
        var set = sigset_t()
        sigfillset(&set)
        var before = sigset_t()
        pthread_sigmask(SIG_SETMASK, &set, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        // Not of a shell that has forked, as it blocks signals for that.
        let script = "exec cat /proc/self/status /proc/self/stat /proc/self/limits"
        let output = try shell(script).output
        var fields: [String: String] = [:]
        for line in output.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            fields[String(parts[0])] = parts.last?.trimmingCharacters(in: .whitespaces)
        }
        #expect(fields["SigBlk"] == "0000000000000000")
        // 32 and 33 belong to the C library's threads, which lets nobody set them.
        let ignored = try #require(UInt64(fields["SigIgn"] ?? "", radix: 16))
        #expect(ignored & ~(3 << 31) == 0)
        #expect(fields["NoNewPrivs"] == "1")
        let process = try #require(fields["Pid"])
        #expect(output.contains("\n\(process) (cat) R \(getpid()) \(process) "))
        #expect(output.contains("\nMax core file size        0                    0 "))
    }

    @Test func `a program that is not there is an error here, not a child that fails`() throws {
        let missing = systemError { _ = try ChildProcess(ChildCommand(path: "/no/program", arguments: ["x"])) }
        #expect(missing == SystemError("execve", .noEntry, subject: "/no/program"))
        let folder = systemError { _ = try ChildProcess(ChildCommand(path: "/tmp", arguments: ["x"])) }
        #expect(folder == SystemError("execve", .accessDenied, subject: "/tmp"))
        let zero = systemError { _ = try ChildProcess(ChildCommand(path: "/bin/sh", arguments: ["a\0b"])) }
        #expect(zero?.errno == .invalidArgument)
        let command = ChildCommand(
            path: "/bin/sh", arguments: ["sh"], descriptors: [InheritedDescriptor(1 << 20, as: 3)])
        #expect(
            systemError { _ = try ChildProcess(command) } == SystemError("dup2", .badDescriptor, subject: "/bin/sh"))
    }

    @Test func `a child that computes too long is ended by its limit`() throws {
        var limits = ChildLimits()
        limits.processorSeconds = 1
        let exit = try shell("while :; do :; done", limits: limits).exit
        #expect(exit.manner == .signalled(.processorTime))
        #expect((800_000...2_100_000).contains(exit.usage.processorMicroseconds))
    }

    @Test func `a child gets no more memory than its limit`() throws {
        var limits = ChildLimits()
        limits.addressSpace = .mebibytes(256)
        let script = "python3 -c 'x = bytearray(1 << 30)' 2>&1 | tail -n 1"
        #expect(try shell(script, limits: limits).output == "MemoryError\n")
        let peak = try shell("exec python3 -c 'x = bytes(1) * (100 << 20)'", limits: limits)
        #expect(peak.exit.manner == .exited(0))
        #expect(peak.exit.usage.peakResident >= .mebibytes(100))
    }

    @Test func `a child's files and descriptors are limited`() throws {
        var limits = ChildLimits()
        limits.openFiles = 17
        limits.fileSize = .kibibytes(4)
        #expect(try shell("ulimit -n", limits: limits).output == "17\n")
        let folder = try ScratchFolder()
        let exit = try shell("exec dd if=/dev/zero of=\(folder.file("f")) bs=8192 count=1", limits: limits).exit
        #expect(exit.manner == .signalled(.fileSize))
        #expect(try FileSystem.status(folder.file("f"))?.size == .kibibytes(4))
    }

    @Test(arguments: [1, 2, 1 << 20] as [UInt32])
    func `a child keeps the last of the processors that it may run on`(processors: UInt32) throws {
        let list = "python3 -c 'import os; print(*sorted(os.sched_getaffinity(0)))'"
        let all = try shell(list, limits: ChildLimits()).output.split { $0.isWhitespace }
        var limits = ChildLimits()
        limits.processors = processors
        #expect(try shell(list, limits: limits).output.split { $0.isWhitespace } == all.suffix(Int(processors)))
    }

    @Test func `an end is told by a descriptor, and asking before it is not an error`() throws {
        let pipe = try PipeEnds()
        let readEnd = pipe.readEnd
        let writeEnd = pipe.writeEnd
        var child = try ChildProcess(
            ChildCommand(
                path: "/bin/sh", arguments: ["sh", "-c", "read line; exit 3"],
                descriptors: [InheritedDescriptor(readEnd.raw, as: 0)]))
        try readEnd.close()
        #expect(try child.poll() == nil)
        let end = child.endDescriptor
        let descriptor = try #require(end)
        var loop = try EventLoop()
        var events: [ReadyEvent] = []
        let token = EventToken(rawValue: 5)
        try loop.register(descriptor, token, .readable)
        try loop.wait(until: Clock.bootTime + .milliseconds(10), into: &events)
        #expect(events == [])
        try writeEnd.close()
        try loop.wait(until: Clock.bootTime + .seconds(10), into: &events)
        #expect(events.map { $0.token } == [token])
        let exit = try child.poll()
        #expect(exit?.manner == .exited(3))
        #expect(try child.poll() == exit)
        #expect(try child.wait() == exit)
        // A number that may be another's by now is not signalled.
        try child.signal(.kill)
    }

    @Test func `a child is looked at until it was waited for`() throws {
        // What it starts takes longer than a tick of the kernel's clock, by which that is counted.
        let busy = "sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'"
        var command = ChildCommand(path: "/bin/sh", arguments: ["sh", "-c", busy + "; read line; exit 3"])
        let pipe = try PipeEnds()
        let readEnd = pipe.readEnd
        let writeEnd = pipe.writeEnd
        command.environment = ["PATH=/usr/bin:/bin"]
        command.descriptors = [InheritedDescriptor(readEnd.raw, as: 0)]
        var child = try ChildProcess(command)
        try readEnd.close()
        let watch = ProcessWatch(child.identifier)
        let seen = watch.entry
        let first = try #require(seen)
        #expect(first.identifier == child.identifier && first.parent == getpid() && first.session == getsid(0))
        #expect(!first.hasEnded && first.isSame(as: first))
        let stat = String(decoding: try FileSystem.read("/proc/\(child.identifier)/stat", limit: 1_024), as: UTF8.self)
        #expect(stat.split(separator: " ")[21] == "\(first.started)")
        let limit = Clock.bootTime + .seconds(20)
        while watch.entry?.waitedMicroseconds == 0, Clock.bootTime < limit { usleep(1_000) }
        let seenThen = watch.entry
        let used = try #require(seenThen)
        #expect(used.waitedMicroseconds >= 10_000 && used.waitedMicroseconds < 20_000_000)
        #expect(used.processorMicroseconds > used.waitedMicroseconds && used.resident.bytes > 100_000)
        try writeEnd.close()
        while watch.entry?.hasEnded == false, Clock.bootTime < limit { usleep(1_000) }
        let seenLast = watch.entry
        let last = try #require(seenLast)
        #expect(last.hasEnded && last.isSame(as: first))
        #expect(try child.wait().manner == .exited(3))
        let gone = watch.entry
        #expect(gone == nil)
        let none = ProcessWatch(-1).entry
        #expect(none == nil)
    }

    @Test func `a child that is let go of is killed with all that it started`() throws {
        let pipe = try PipeEnds()
        let readEnd = pipe.readEnd
        let writeEnd = pipe.writeEnd
        do {
            var command = ChildCommand(path: "/bin/sh", arguments: ["sh", "-c", "sleep 100 & sleep 100"])
            command.environment = ["PATH=/usr/bin:/bin"]
            command.descriptors = [InheritedDescriptor(writeEnd.raw, as: 1)]
            let child = try ChildProcess(command)
            try writeEnd.close()
            usleep(50_000)
            #expect(kill(child.identifier, 0) == 0)
        }
        // Both sleeps held the pipe; its end comes when the last of them is gone.
        var bytes: [UInt8] = []
        #expect(try readEnd.read(upTo: 1, appendingTo: &bytes) == .end)
    }

    @Test func `a child does not outlive the thread that started it`() throws {
        let box = ChildBox()
        let worker = try WorkerThread<ChildBox, ChildBox>(name: "parent", capacity: 1) { _ in
            let command = ChildCommand(path: "/bin/sleep", arguments: ["sleep", "100"])
            box.child = try? ChildProcess(command)
        }
        worker.stop()
        #expect(try box.child?.wait().manner == .signalled(.kill))
    }

    @Test func `a signal reaches the whole group`() throws {
        var command = ChildCommand(path: "/bin/sh", arguments: ["sh", "-c", "sleep 100"])
        command.environment = ["PATH=/usr/bin:/bin"]
        var child = try ChildProcess(command)
        try child.signal(.terminate)
        #expect(try child.wait().manner == .signalled(.terminate))
    }

    @Test func `a child can step back`() throws {
        var command = ChildCommand(path: "/bin/sh", arguments: ["sh", "-c", "exit $(cut -d' ' -f19 /proc/$$/stat)"])
        command.environment = ["PATH=/usr/bin:/bin"]
        command.nice = 7
        var child = try ChildProcess(command)
        #expect(try child.wait().manner == .exited(7))
    }

    @Test func `many children one after another leave no descriptor behind`() throws {
        _ = try shell("true")
        let before = try FileSystem.list("/proc/self/fd").count
        for index in 0..<50 { #expect(try shell("exit \(index)").exit.manner == .exited(Int32(index))) }
        // Other tests open and close descriptors at the same time, but not fifty that stay.
        #expect(try FileSystem.list("/proc/self/fd").count < before + 40)
    }
}

/// Carries a child from the thread that starts it to the one that waits, which do not overlap.
private final class ChildBox: @unchecked Sendable { var child: ChildProcess? }
