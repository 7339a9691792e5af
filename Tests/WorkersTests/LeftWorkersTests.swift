import Foundation
import Platform
import TestKit
import Testing
import Workers

@Suite struct `what a killed agent's executors have left` {
    @Test func `is found by its variable, in whatever session, and nothing else is`() throws {
        try withTemporaryFolder { folder in
            let lock = folder.appendingPathComponent("lock").path
            #expect(LeftWorkers.mark(ofLock: lock) == nil)
            try Data().write(to: URL(fileURLWithPath: lock))
            let mark = try #require(LeftWorkers.mark(ofLock: lock))
            let other = folder.appendingPathComponent("other").path
            try Data().write(to: URL(fileURLWithPath: other))
            #expect(LeftWorkers.mark(ofLock: other) != mark)
            func start(_ environment: [String], session: Bool) throws -> ChildProcess {
                var command = ChildCommand(
                    path: "/bin/sleep", arguments: ["sleep", "600"], environment: environment, descriptors: [])
                command.isSession = session
                return try ChildProcess(command)
            }
            var first = try start(["A=b", mark], session: true)
            var second = try start([mark], session: false)
            // A name that only begins alike is another agent's.
            var stranger = try start([mark + "0"], session: true)
            #expect(LeftWorkers.end(marked: mark) == 2)
            _ = try first.wait()
            _ = try second.wait()
            #expect(LeftWorkers.end(marked: mark) == 0)
            #expect(try stranger.poll() == nil)
            try stranger.signal(.kill)
            _ = try stranger.wait()
        }
    }
}
