import Foundation
import Platform
import Quantities

/// A folder that is removed with this object.
final class ScratchFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "platform-\(UUID().uuidString.prefix(8))"
        try FileSystem.makeDirectories(path, mode: 0o700)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }
}

/// Runs a shell command as a child and returns how it ended and what it wrote to its standard output.
func shell(
    _ script: String, limits: ChildLimits = ChildLimits(), descriptors: [InheritedDescriptor] = []
) throws -> (exit: ChildExit, output: String) {
    let pipe = try PipeEnds()
    let readEnd = pipe.readEnd
    let writeEnd = pipe.writeEnd
    var command = ChildCommand(
        path: "/bin/sh", arguments: ["sh", "-c", script], environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
        descriptors: descriptors + [InheritedDescriptor(writeEnd.raw, as: 1)])
    command.limits = limits
    var child = try ChildProcess(command)
    try writeEnd.close()
    let output = try readEnd.readAll(limit: 1 << 20)
    return (try child.wait(), String(decoding: output, as: UTF8.self))
}

/// The error that `body` throws.
func systemError(_ body: () throws -> Void) -> SystemError? {
    do {
        try body()
        return nil
    } catch {
        return error as? SystemError
    }
}
