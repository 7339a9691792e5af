import Glibc
import Platform
import Quantities
import Testing

@Suite struct StreamTests {
    let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    @Test(arguments: [0o600, 0o660, 0o666] as [UInt32])
    func `the socket has exactly its permissions and goes with the listener`(mode: UInt32) throws {
        let path = folder.file("s")
        do {
            let listener = try StreamListener(at: path, mode: mode)
            let status = try FileSystem.status(path)
            #expect(status?.kind == .socket && status?.mode == mode)
            #expect(try listener.accept() == nil)
        }
        #expect(try FileSystem.status(path) == nil)
    }

    @Test func `both ends talk, and the listener knows who it is`() throws {
        let listener = try StreamListener(at: folder.file("s"))
        let client = try StreamConnection(connectingTo: folder.file("s"), timeout: .seconds(5))
        guard let server = try listener.accept() else {
            Issue.record("a connection that waits")
            return
        }
        let peer = try server.peer()
        #expect(peer.process == getpid() && peer.user == geteuid() && peer.group == getegid())
        var bytes: [UInt8] = []
        #expect(try server.descriptor.read(upTo: 100, appendingTo: &bytes) == .wouldBlock)
        try client.descriptor.writeAll(Array("question".utf8).span)
        #expect(try server.descriptor.read(upTo: 100, appendingTo: &bytes) == .bytes(8))
        try server.descriptor.writeAll(Array("answer".utf8).span)
        #expect(try client.descriptor.read(upTo: 100, appendingTo: &bytes) == .bytes(6))
        #expect(bytes == Array("questionanswer".utf8))
        _ = consume server
        #expect(try client.descriptor.read(upTo: 100, appendingTo: &bytes) == .end)
    }

    @Test func `a client does not wait for ever`() throws {
        let listener = try StreamListener(at: folder.file("s"))
        let client = try StreamConnection(connectingTo: folder.file("s"), timeout: .milliseconds(30))
        var bytes: [UInt8] = []
        #expect(try client.descriptor.read(upTo: 1, appendingTo: &bytes) == .wouldBlock)
        let flood = [UInt8](repeating: 0, count: 1 << 22)
        #expect(systemError { try client.descriptor.writeAll(flood.span) } == SystemError("write", .tryAgain))
        #expect(listener.descriptor > 2)
    }

    @Test func `a listener that crashed is replaced, one that lives is not`() throws {
        let path = folder.file("s")
        // Bound and closed without removing the name, as a crash does.
        let script = "import socket; socket.socket(socket.AF_UNIX).bind('\(path)')"
        #expect(try shell("python3 -c \"\(script)\"").exit.manner == .exited(0))
        #expect(try FileSystem.status(path)?.kind == .socket)
        let refused = systemError { _ = try StreamConnection(connectingTo: path, timeout: .seconds(1)) }
        #expect(refused == SystemError("connect", .connectionRefused, subject: path))
        let listener = try StreamListener(at: path)
        let second = systemError { _ = try StreamListener(at: path) }
        #expect(second == SystemError("bind", .addressInUse, subject: path))
        #expect(try FileSystem.status(path)?.kind == .socket)
        #expect(listener.descriptor > 2)
    }

    @Test func `what is no socket is left alone`() throws {
        let path = folder.file("s")
        let content = Array("precious".utf8)
        try FileSystem.create(path, with: content.span, mode: 0o600)
        #expect(systemError { _ = try StreamListener(at: path) } == SystemError("bind", .exists, subject: path))
        #expect(try FileSystem.read(path, limit: 100) == content)
    }

    @Test func `a listener leaves a socket that took its place`() throws {
        let path = folder.file("s")
        do {
            let listener = try StreamListener(at: path)
            try FileSystem.remove(path)
            try FileSystem.create(path, with: [UInt8]().span, mode: 0o600)
            #expect(listener.descriptor > 2)
        }
        #expect(try FileSystem.status(path)?.kind == .file)
    }

    @Test func `errors of connecting are told apart`() throws {
        func errno(_ path: String) -> Errno? {
            systemError { _ = try StreamConnection(connectingTo: path, timeout: .seconds(1)) }?.errno
        }
        #expect(errno(folder.file("none")) == .noEntry)
        #expect(errno(folder.file(String(repeating: "x", count: 108))) == .nameTooLong)
        #expect(errno("") == .invalidArgument)
        #expect(errno("/tmp/a\0b") == .invalidArgument)
        #expect(errno("/dev/null") == .connectionRefused)
        let long = folder.file(String(repeating: "x", count: 108))
        #expect(systemError { _ = try StreamListener(at: long) }?.errno == .nameTooLong)
    }
}
