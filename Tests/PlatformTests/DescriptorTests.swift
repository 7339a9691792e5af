import Glibc
import Platform
import Synchronization
import Testing

private let interruptions = Atomic<Int>(0)

@Suite struct DescriptorTests {
    @Test func `errno numbers are those of the C library`() {
        let pairs: [(Errno, Int32)] = [
            (.notPermitted, EPERM), (.noEntry, ENOENT), (.noProcess, ESRCH), (.interrupted, EINTR),
            (.inputOutput, EIO), (.badDescriptor, EBADF), (.tryAgain, EAGAIN), (.tryAgain, EWOULDBLOCK),
            (.noMemory, ENOMEM), (.accessDenied, EACCES), (.exists, EEXIST), (.notDirectory, ENOTDIR),
            (.isDirectory, EISDIR), (.invalidArgument, EINVAL), (.fileTooLarge, EFBIG), (.noSpace, ENOSPC),
            (.readOnly, EROFS), (.brokenPipe, EPIPE), (.nameTooLong, ENAMETOOLONG), (.notImplemented, ENOSYS),
            (.directoryNotEmpty, ENOTEMPTY), (.tooManyLinks, ELOOP), (.noData, ENODATA), (.overflow, EOVERFLOW),
            (.notSocket, ENOTSOCK), (.messageTooLong, EMSGSIZE), (.noAddressFamily, EAFNOSUPPORT),
            (.addressInUse, EADDRINUSE), (.addressNotAvailable, EADDRNOTAVAIL), (.networkUnreachable, ENETUNREACH),
            (.connectionReset, ECONNRESET), (.noBuffers, ENOBUFS), (.connectionRefused, ECONNREFUSED),
        ]
        for (ours, theirs) in pairs { #expect(ours.rawValue == theirs) }
    }

    @Test func `an error says which call failed on what and why`() throws {
        let error = systemError { _ = try FileDescriptor(opening: "/nowhere/at/all") }
        #expect(error == SystemError("open", .noEntry, subject: "/nowhere/at/all"))
        #expect(error?.description == "open /nowhere/at/all: No such file or directory")
        #expect(SystemError("fork", Errno(rawValue: 9999)).description == "fork: Unknown error")
    }

    @Test func `a path with a zero byte is refused instead of being cut`() {
        #expect(systemError { _ = try FileDescriptor(opening: "/dev/null\0/x") }?.errno == .invalidArgument)
        #expect(systemError { try FileSystem.rename("/nowhere", to: "/tmp/a\0b") }?.errno == .invalidArgument)
    }

    @Test func `a descriptor closes with its owner and only then`() throws {
        var number: Int32 = -1
        do {
            let file = try FileDescriptor(opening: "/dev/null")
            number = file.raw
            #expect(fcntl(number, F_GETFD) == FD_CLOEXEC)
        }
        // Another test may have been given the number meanwhile; what it is open on tells.
        let released = try FileDescriptor(opening: "/dev/zero").release()
        #expect(fcntl(released, F_GETFD) == FD_CLOEXEC)
        #expect(close(released) == 0)
        #expect(number > 2)
    }

    @Test func `closing tells an error that the kernel held back`() throws {
        #expect(systemError { try FileDescriptor(adopting: 1 << 20).close() } == SystemError("close", .badDescriptor))
        try FileDescriptor(opening: "/dev/null").close()
    }

    @Test func `a read that signals interrupt goes on`() throws {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in interruptions.add(1, ordering: .relaxed) }
        #expect(sigaction(SIGUSR1, &action, nil) == 0)
        // The threads that run tests block signals.
        var set = sigset_t()
        var before = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGUSR1)
        pthread_sigmask(SIG_UNBLOCK, &set, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        let pipe = try PipeEnds()
        let readEnd = pipe.readEnd
        let writeEnd = pipe.writeEnd
        let reader = pthread_self()
        var writer = pthread_t()
        let context = UnsafeMutablePointer<(pthread_t, Int32)>.allocate(capacity: 1)
        context.initialize(to: (reader, writeEnd.raw))
        pthread_create(
            &writer, nil,
            { raw in
                let (reader, descriptor) = raw!.assumingMemoryBound(to: (pthread_t, Int32).self).pointee
                for _ in 0..<20 {
                    usleep(2_000)
                    pthread_kill(reader, SIGUSR1)
                }
                _ = write(descriptor, "x", 1)
                return nil
            }, context)
        var bytes: [UInt8] = []
        #expect(try readEnd.read(upTo: 8, appendingTo: &bytes) == .bytes(1))
        pthread_join(writer, nil)
        context.deallocate()
        #expect(bytes == [UInt8(ascii: "x")])
        // Signals of one kind that come close together become one.
        #expect((1...20).contains(interruptions.load(ordering: .relaxed)))
    }

    @Test func `a non-blocking pipe takes a part, then nothing, and gives all back`() throws {
        let pipe = try PipeEnds()
        let readEnd = pipe.readEnd
        let writeEnd = pipe.writeEnd
        try writeEnd.setNonBlocking(true)
        try readEnd.setNonBlocking(true)
        let block = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
        guard case .bytes(let taken) = try writeEnd.write(block.span) else {
            Issue.record("an empty pipe takes something")
            return
        }
        #expect(taken > 0 && taken < block.count)
        #expect(try writeEnd.write(block.span) == .wouldBlock)
        #expect(systemError { try writeEnd.writeAll(block.span) } == SystemError("write", .tryAgain))
        var back: [UInt8] = []
        while try readEnd.read(upTo: 70_000, appendingTo: &back) != ReadResult.wouldBlock {}
        #expect(back == Array(block[..<taken]))
        try writeEnd.close()
        // A child that another test starts just now has the end until it becomes its program.
        for _ in 0..<1000 where try readEnd.read(upTo: 1, appendingTo: &back) == .wouldBlock { usleep(1000) }
        #expect(try readEnd.read(upTo: 1, appendingTo: &back) == .end)
    }

    @Test func `a write of two pieces arrives whole through a small pipe`() throws {
        let pipe = try PipeEnds()
        let readEnd = pipe.readEnd
        let writeEnd = pipe.writeEnd
        #expect(fcntl(writeEnd.raw, 1031 /* F_SETPIPE_SZ */, 4096) == 4096)
        let head = [UInt8](repeating: 1, count: 5_000)
        let body = [UInt8](repeating: 2, count: 50_000)
        var command = ChildCommand(path: "/bin/sh", arguments: ["sh", "-c", "sleep 0.05; cat"])
        command.environment = ["PATH=/usr/bin:/bin"]
        let output = try PipeEnds()
        let result = output.readEnd
        let childEnd = output.writeEnd
        command.descriptors = [InheritedDescriptor(readEnd.raw, as: 0), InheritedDescriptor(childEnd.raw, as: 1)]
        let child = try ChildProcess(command)
        try childEnd.close()
        try readEnd.close()
        try writeEnd.writeAll(head.span, body.span)
        try writeEnd.close()
        #expect(try result.readAll(limit: 1 << 20) == head + body)
        _ = consume child
    }

    @Test func `a pipe without a reader is an error once the signal is ignored`() throws {
        try Signal.pipe.ignore()
        let pipe = try PipeEnds()
        try pipe.readEnd.close()
        let writeEnd = pipe.writeEnd
        let byte: [UInt8] = [1]
        #expect(systemError { try writeEnd.writeAll(byte.span) } == SystemError("write", .brokenPipe))
    }

    @Test func `reading at an offset leaves the position and stops at the end`() throws {
        let folder = try ScratchFolder()
        let file = try FileDescriptor(opening: folder.file("f"), .readWrite, [.create, .exclusive])
        let content = Array("0123456789".utf8)
        try file.writeAll(content.span, at: 0)
        try file.writeAll(Array("xy".utf8).span, at: 4)
        var buffer = [UInt8](repeating: 0, count: 8)
        var span = buffer.mutableSpan
        #expect(try file.read(into: &span, at: 6) == 4)
        #expect(try file.read(into: &span, at: 10) == 0)
        #expect(try file.read(into: &span) == .bytes(8))
        #expect(buffer == Array("0123xy67".utf8))
        try file.truncate(to: 3)
        #expect(try file.status().size.bytes == 3)
    }
}
