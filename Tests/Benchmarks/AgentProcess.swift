import AgentCore
import Gateway
import Platform
import Quantities

/// A running agent: the shipped program as a process of its own, asked over its socket.
struct AgentProcess: ~Copyable {
    private var child: ChildProcess
    private let socket: String
    private let log: String

    /// How the agents of this run are started.
    struct Setup {
        /// The program's file.
        let program: String
        /// The board's files, a captured tree.
        let sysroot: String
        /// Where the agents' folders are made.
        let folder: String
    }

    /// Makes the folder of agent `name`, with its configuration, and returns its path.
    ///
    /// The board is a recording, which charges credits here as it does in the demo's society. `executors` is more of
    /// the section of that name, a line each.
    static func prepare(
        _ name: String, port: UInt16, _ setup: Setup, periodMilliseconds: Int64 = 1000, executors: [String] = []
    ) throws(BenchmarkError) -> String {
        let state = setup.folder + "/" + name
        let configuration = """
            federation:
              platform: \(name)
            energy:
              policy:
                replayed: 100
            telemetry:
              sysroot: \(setup.sysroot)
              period_milliseconds: \(periodMilliseconds)
            http:
              listen: 127.0.0.1:\(httpPort(of: port))
            link:
              listen: 127.0.0.1:\(port)
            executors:
              tasks_per_minute: 60000

            """ + executors.map { "  " + $0 + "\n" }.joined()
        do throws(SystemError) {
            try FileSystem.makeDirectories(state, mode: 0o700)
            let file = try FileDescriptor(opening: state + "/config.yaml", .write, [.create, .truncate])
            let bytes = Array(configuration.utf8)
            try file.writeAll(bytes.span)
        } catch { throw .system(error) }
        return state
    }

    /// Where the agent whose link has `port` serves HTTP.
    static func httpPort(of port: UInt16) -> UInt16 { port + 100 }

    /// Starts the agent of `state`; it is not ready yet.
    init(_ state: String, _ setup: Setup) throws(BenchmarkError) {
        socket = state + "/control.sock"
        let arguments = ["sage-edge", "run", "--state", state, "--config", state + "/config.yaml"]
        log = state + "/log"
        let path = log
        child = try system { () throws(SystemError) in
            let messages = try FileDescriptor(opening: path, .write, [.create, .truncate])
            return try ChildProcess(
                ChildCommand(
                    path: setup.program, arguments: arguments,
                    descriptors: [InheritedDescriptor(messages.raw, as: 2)]))
        }
    }

    /// Its process id.
    var identifier: Int32 { child.identifier }

    /// Waits until it answers `status`.
    func waitUntilReady() throws(BenchmarkError) {
        let limit = Clock.bootTime + .seconds(10)
        while Clock.bootTime < limit {
            if FileSystem.isThere(socket), (try? ask(.status)) != nil { return }
            try pause(.milliseconds(1))
        }
        throw .failed("the agent does not become ready: " + (try lines(log)).joined(separator: "; "))
    }

    /// The answer to `command`, as JSON.
    func ask(_ command: AgentCommand) throws(BenchmarkError) -> JSONValue {
        var answer: [UInt8] = []
        do throws(SystemError) {
            let connection = try StreamConnection(connectingTo: socket, timeout: .seconds(20))
            let line = Array((ControlProtocol.request(command) + "\n").utf8)
            try connection.descriptor.writeAll(line.span)
            while answer.last != UInt8(ascii: "\n") {
                guard case .bytes = try connection.descriptor.read(upTo: 65_536, appendingTo: &answer) else {
                    throw SystemError("read", .connectionReset, subject: socket)
                }
            }
        } catch { throw .system(error) }
        do throws(JSONError) { return try JSONValue(parsing: answer) } catch { throw .failed(error.message) }
    }

    /// Asks it to end, and waits.
    mutating func stop() throws(BenchmarkError) {
        do throws(SystemError) {
            try child.signal(.terminate)
            _ = try child.wait()
        } catch { throw .system(error) }
    }
}

/// Lets `span` pass.
func pause(_ span: TimeSpan) throws(BenchmarkError) {
    do throws(SystemError) {
        var loop = try EventLoop()
        var ready: [ReadyEvent] = []
        try loop.wait(until: Clock.bootTime + span, into: &ready)
    } catch { throw .system(error) }
}

extension FileSystem {
    /// Whether anything has that name.
    static func isThere(_ path: String) -> Bool { ((try? status(path)) ?? nil) != nil }
}
