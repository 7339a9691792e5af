import Foundation
import Quantities
import TestKit
import Testing

@testable import Platform

@Suite struct `the service manager` {
    @Test(arguments: [true, false]) func `is told in one datagram of lines, at a path and at an abstract name`(
        isAbstract: Bool
    ) throws {
        try withTemporaryFolder { folder in
            let name = isAbstract ? "@sage-edge-\(UUID().uuidString)" : folder.path + "/notify"
            let receiver = try LocalReceiver(at: name)
            let manager = ServiceSupervisor(socket: name, watchdogMicroseconds: nil, watchdogProcess: nil)
            manager.tell([.ready, .status("one\ntwo"), .watchdog])
            #expect(receiver.nextText() == "READY=1\nSTATUS=one two\nWATCHDOG=1")
            manager.tell([.reloading])
            manager.tell([.stopping])
            #expect(receiver.nextText() == "RELOADING=1")
            #expect(receiver.nextText() == "STOPPING=1")
        }
    }

    @Test(
        arguments: [
            (nil, nil, nil), ("20000000", nil, Int64(20_000)), ("20000000", "own", 20_000), ("20000000", "1", nil),
            ("0", nil, nil), ("-5", nil, nil), ("999", nil, nil), ("soon", nil, nil),
            ("99999999999999999999", nil, nil),
        ] as [(String?, String?, Int64?)]) func `watches where its variables say so, and mean this process`(
            microseconds: String?, process: String?, expected: Int64?
        )
    {
        let own = process == "own" ? "\(Program.processID)" : process
        let manager = ServiceSupervisor(socket: "/nowhere", watchdogMicroseconds: microseconds, watchdogProcess: own)
        #expect(manager.watchdog?.milliseconds == expected)
    }

    @Test(arguments: [
        nil, "", "vsock:2:1234", "relative/path", "/nowhere/notify", "/" + String(repeating: "x", count: 200),
    ])
    func `that cannot be reached does no harm`(socket: String?) {
        ServiceSupervisor(socket: socket, watchdogMicroseconds: "1000000", watchdogProcess: nil).tell([
            .ready, .watchdog,
        ])
    }

    @Test func `that reads nothing holds nobody up`() throws {
        try withTemporaryFolder { folder in
            let receiver = try LocalReceiver(at: folder.path + "/notify")
            let sender = try LocalSender(to: folder.path + "/notify")
            var taken = 0
            while try sender.send(Array("WATCHDOG=1".utf8)) {
                taken += 1
                guard taken < 100_000 else { break }
            }
            // The kernel's queue has an end, and that is told.
            #expect(taken > 0 && taken < 100_000)
            for _ in 0..<taken { #expect(receiver.nextText() == "WATCHDOG=1") }
            #expect(try sender.send([1]))
        }
    }
}

@Suite struct `an entry of the journal` {
    @Test func `is fields, those of several lines with their length`() {
        let fields = [JournalSocket.Field("PRIORITY", "4"), JournalSocket.Field("MESSAGE", "one\ntwo")]
        let expected = Array("PRIORITY=4\nMESSAGE\n".utf8) + [7, 0, 0, 0, 0, 0, 0, 0] + Array("one\ntwo\n".utf8)
        #expect(JournalSocket.datagram(fields) == expected)
        #expect(JournalSocket.datagram([JournalSocket.Field("A", "")]) == Array("A=\n".utf8))
    }

    @Test func `is written only where standard error is the journal`() {
        // The tests' own standard error is none, whatever started them says.
        if case .some = JournalSocket() { Issue.record("an ordinary stream was taken for the journal") }
    }
}

@Suite struct `descriptors beside bytes` {

    @Test func `arrive as descriptors for the same thing`() throws {
        try withTemporaryFolder { folder in
            let listener = try StreamListener(at: folder.path + "/socket")
            let client = try StreamConnection(connectingTo: folder.path + "/socket", timeout: .seconds(5))
            guard let server = try listener.accept() else { throw ToolError.failed("accept", status: -1, errors: "") }
            let file = folder.appendingPathComponent("file")
            try Data("hello".utf8).write(to: file)
            let opened = try FileDescriptor(opening: file.path)
            let pipe = try PipeEnds()
            let write = pipe.writeEnd
            #expect(try DescriptorMessage.receive(upTo: 16, from: server)?.bytes == nil)
            try DescriptorMessage.send(Array("take".utf8), [opened.raw, write.raw], over: client)
            guard let message = try DescriptorMessage.receive(upTo: 16, from: server) else {
                throw ToolError.failed("recvmsg", status: -1, errors: "nothing came")
            }
            #expect(message.bytes == Array("take".utf8))
            try #require(message.descriptors.count == 2)
            #expect(!message.descriptors.contains(opened.raw))
            let paths = message.descriptors.map { "/proc/self/fd/\($0)" }
            #expect(try FileDescriptor(opening: paths[0]).readAll(limit: 100) == Array("hello".utf8))
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: paths[1]).hasPrefix("pipe:"))
        }
    }
}
