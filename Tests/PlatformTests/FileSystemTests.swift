import Foundation
import Glibc
import Platform
import Testing

@Suite struct FileSystemTests {
    let folder: ScratchFolder
    let nothing: [UInt8] = []
    let one: [UInt8] = [1]

    init() throws { folder = try ScratchFolder() }

    @Test(arguments: [0, 1, 65_536, 200_000]) func `a file is read whole up to its limit`(size: Int) throws {
        let content = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let path = folder.file("f")
        try FileSystem.create(path, with: content.span, mode: 0o600)
        #expect(try FileSystem.read(path, limit: size) == content)
        if size > 0 {
            let error = systemError { _ = try FileSystem.read(path, limit: size - 1) }
            #expect(error == SystemError("read", .fileTooLarge, subject: path))
        }
    }

    @Test func `an endless file is refused at the limit`() {
        #expect(systemError { _ = try FileSystem.read("/dev/zero", limit: 100_000) }?.errno == .fileTooLarge)
    }

    @Test func `nobody is waited for who might write to a pipe`() throws {
        let path = folder.file("pipe")
        #expect(mkfifo(path, 0o600) == 0)
        let error = systemError { _ = try FileSystem.read(path, limit: 100) }
        #expect(error == SystemError("read", .isPipe, subject: path))
        #expect(error?.description == "read \(path): A pipe, and no file")
    }

    @Test func `links are followed to where they lead, and not in a circle`() throws {
        for (link, target) in [("a", "b"), ("b", folder.file("c")), ("x", "y"), ("y", "x")] {
            #expect(symlink(target, folder.file(link)) == 0)
        }
        #expect(try FileSystem.followLinks(folder.file("a")) == folder.file("c"))
        #expect(try FileSystem.followLinks(folder.file("c")) == folder.file("c"))
        #expect(systemError { _ = try FileSystem.followLinks(folder.file("x")) }?.errno == .tooManyLinks)
    }

    @Test func `replacing changes content and mode in one step and leaves nothing beside it`() throws {
        let path = folder.file("key")
        try FileSystem.replace(path, with: Array("one".utf8).span, mode: 0o644)
        let before = try #require(try FileSystem.status(path))
        try FileSystem.replace(path, with: Array("two!".utf8).span, mode: 0o600)
        let after = try #require(try FileSystem.status(path))
        #expect(before.mode == 0o644 && after.mode == 0o600)
        #expect(before.inode != after.inode)
        #expect(after.kind == .file && after.size.bytes == 4 && after.owner == geteuid())
        #expect(try FileSystem.read(path, limit: 10) == Array("two!".utf8))
        #expect(try FileSystem.list(folder.path) == ["key"])
    }

    @Test func `replacing a link replaces the link, not what it points to`() throws {
        let target = folder.file("target")
        try FileSystem.create(target, with: Array("kept".utf8).span, mode: 0o600)
        #expect(symlink(target, folder.file("link")) == 0)
        try FileSystem.replace(folder.file("link"), with: Array("new".utf8).span, mode: 0o600)
        #expect(try FileSystem.read(target, limit: 10) == Array("kept".utf8))
        #expect(try FileSystem.status(folder.file("link"), followingLink: false)?.kind == .file)
    }

    @Test func `creating refuses a name that is taken`() throws {
        let path = folder.file("key")
        try FileSystem.create(path, with: Array("first".utf8).span, mode: 0o600)
        let error = systemError { try FileSystem.create(path, with: Array("second".utf8).span, mode: 0o600) }
        #expect(error == SystemError("rename", .exists, subject: path))
        #expect(try FileSystem.read(path, limit: 10) == Array("first".utf8))
        #expect(try FileSystem.list(folder.path) == ["key"])
    }

    @Test func `what a crash left of an earlier replacement is no obstacle`() throws {
        let left = folder.file(".key.new-\(getpid())")
        try FileSystem.create(left, with: Array("half".utf8).span, mode: 0o666)
        try FileSystem.replace(folder.file("key"), with: Array("whole".utf8).span, mode: 0o600)
        #expect(try FileSystem.list(folder.path) == ["key"])
        #expect(try FileSystem.status(folder.file("key"))?.mode == 0o600)
    }

    @Test func `a full disk leaves the old content`() throws {
        // RLIMIT_FSIZE would end this process; /dev/full refuses every write.
        let full = try FileDescriptor(opening: "/dev/full", .write)
        #expect(systemError { try full.writeAll(one.span) } == SystemError("write", .noSpace))
        #expect(systemError { try FileSystem.replace("/proc/x", with: one.span, mode: 0o600) }?.subject == "/proc/x")
    }

    @Test func `folders are made down to the last, which alone gets the mode`() throws {
        let path = folder.file("a/b/c")
        try FileSystem.makeDirectories(path, mode: 0o700)
        #expect(try FileSystem.status(path)?.mode == 0o700)
        #expect(try FileSystem.status(folder.file("a"))?.mode == 0o755)
        try FileSystem.makeDirectories(path + "/", mode: 0o755)
        #expect(try FileSystem.status(path)?.mode == 0o700)
        try FileSystem.makeDirectories("/", mode: 0o755)
    }

    @Test func `a file in the way of a folder is named`() throws {
        try FileSystem.create(folder.file("file"), with: nothing.span, mode: 0o600)
        let here = systemError { try FileSystem.makeDirectories(folder.file("file"), mode: 0o700) }
        #expect(here == SystemError("mkdir", .notDirectory, subject: folder.file("file")))
        let above = systemError { try FileSystem.makeDirectories(folder.file("file/x"), mode: 0o700) }
        #expect(above?.errno == .notDirectory)
    }

    @Test func `names are listed in the order of their bytes, hidden ones too`() throws {
        for name in ["b", "a10", "a9", ".h", "Z", "ä"] {
            try FileSystem.create(folder.file(name), with: nothing.span, mode: 0o600)
        }
        #expect(try FileSystem.list(folder.path) == [".h", "Z", "a10", "a9", "b", "ä"])
        #expect(systemError { _ = try FileSystem.list(folder.file("none")) }?.errno == .noEntry)
    }

    @Test func `what is not there has no status, and links are followed unless told otherwise`() throws {
        #expect(try FileSystem.status(folder.file("none")) == nil)
        #expect(symlink("/dev/null", folder.file("link")) == 0)
        #expect(try FileSystem.status(folder.file("link"))?.kind == .characterDevice)
        #expect(try FileSystem.status(folder.file("link"), followingLink: false)?.kind == .link)
        #expect(try FileSystem.readLink(folder.file("link")) == "/dev/null")
    }

    @Test func `files are renamed and removed`() throws {
        try FileSystem.create(folder.file("a"), with: nothing.span, mode: 0o600)
        try FileSystem.rename(folder.file("a"), to: folder.file("b"))
        try FileSystem.setMode(folder.file("b"), 0o640)
        #expect(try FileSystem.status(folder.file("b"))?.mode == 0o640)
        try FileSystem.remove(folder.file("b"))
        #expect(systemError { try FileSystem.remove(folder.file("b")) }?.errno == .noEntry)
        try FileSystem.makeDirectories(folder.file("d"), mode: 0o700)
        try FileSystem.removeDirectory(folder.file("d"))
        #expect(try FileSystem.list(folder.path) == [])
    }

    @Test func `room on the disk agrees with what the system says`() throws {
        let space = try FileSystem.space(at: folder.path)
        let attributes = try FileManager.default.attributesOfFileSystem(forPath: folder.path)
        #expect(space.total.bytes == (attributes[.systemSize] as? NSNumber)?.int64Value)
        #expect(space.available.bytes > 0 && space.available <= space.total)
    }

    @Test func `a lock has one holder, who is named, and is free when the holder goes`() throws {
        let path = folder.file("lock")
        switch try LockFile.acquire(path) {
        case .acquired(let lock):
            switch try LockFile.acquire(path) {
            case .acquired: Issue.record("a lock with two holders")
            case .held(let holder): #expect(holder == getpid())
            }
            // For another process as well.
            #expect(try shell("flock -n \(path) true").exit.manner == .exited(1))
            _ = consume lock
        case .held: Issue.record("a free lock")
        }
        #expect(try isSoonFree(path))
    }

    @Test func `a lock that a killed process held is free`() throws {
        let path = folder.file("lock")
        var command = ChildCommand(path: "/usr/bin/flock", arguments: ["flock", "-o", path, "sleep", "60"])
        command.environment = ["PATH=/usr/bin:/bin"]
        var child = try ChildProcess(command)
        var held = false
        for _ in 0..<200 where !held {
            if case .held = try LockFile.acquire(path) { held = true } else { usleep(5_000) }
        }
        #expect(held)
        try child.signal(.kill)
        #expect(try child.wait().manner == .signalled(.kill))
        #expect(try isSoonFree(path))
    }

    /// Whether the lock can be had: a child that another test just started may still hold a copy of the descriptor.
    private func isSoonFree(_ path: String) throws -> Bool {
        for _ in 0..<200 {
            if case .acquired = try LockFile.acquire(path) { return true }
            usleep(5_000)
        }
        return false
    }
}
