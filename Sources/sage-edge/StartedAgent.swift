import Configuration
import Platform
import Quantities

/// How the agent that runs was started, as far as the kernel tells its command line.
struct StartedAgent {
    /// The configuration file that it was given; nil where it reads the default ones.
    let configuration: String?
    /// What its command line says about single keys.
    let flags: [ConfigurationFlag]
    /// Whether it runs as the user of this process, whose default files are then the same.
    let isOwn: Bool

    /// Most bytes of a command line that are looked at.
    private static let commandLineBytes = 65_536

    /// The agent that listens at `socket`; nil where none does, or where it does not show how it was started.
    init?(listeningAt socket: String) {
        guard let peer = try? StreamConnection(connectingTo: socket, timeout: .seconds(1)).peer(),
            let line = try? FileSystem.read(
                "/proc/\(peer.process)/cmdline", limit: StartedAgent.commandLineBytes),
            let invocation = StartedAgent.invocation(line)
        else { return nil }
        isOwn = peer.user == Program.effectiveUserID
        flags = runFlags(invocation)
        guard let path = invocation.value("config") else {
            configuration = nil
            return
        }
        if path.hasPrefix("/") {
            configuration = path
        } else {
            guard let folder = try? FileSystem.readLink("/proc/\(peer.process)/cwd") else { return nil }
            configuration = folder + "/" + path
        }
    }

    /// What the bytes of `/proc/<pid>/cmdline` call; nil where it is not an agent.
    static func invocation(_ line: [UInt8]) -> Invocation? {
        let words = line.split(separator: 0, omittingEmptySubsequences: false).dropLast()
            .map { String(decoding: $0, as: UTF8.self) }
        do throws(Failure) {
            guard case .run(let invocation) = try CommandParser(commands: allCommands).parse(Array(words.dropFirst())),
                invocation.command.path == runCommand.path
            else { return nil }
            return invocation
        } catch { return nil }
    }
}
