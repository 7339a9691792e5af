import Platform

/// Where an agent keeps its files.
///
/// The order is: what the command line says, what systemd says (`$STATE_DIRECTORY`,
/// `$RUNTIME_DIRECTORY`), the system's folders for root, the XDG folders for everybody else.
public struct StatePaths: Sendable {
    /// Folder of everything that must survive a restart (mode 0750).
    public let state: String
    /// The control socket.
    public let socket: String
    /// Where the system's agent listens, for a user who named no folder and has no agent; nil for everybody else.
    public let systemSocket: String?

    /// The paths for a state folder given on the command line, or the default ones.
    public init(state: String?) {
        if let state {
            self.state = state
            self.socket = state + StatePaths.socketName
            self.systemSocket = nil
            return
        }
        let isRoot = Program.effectiveUserID == 0
        self.state =
            Program.environment("STATE_DIRECTORY")
            ?? (isRoot ? "/var/lib/sage-edge" : StatePaths.home("XDG_STATE_HOME", "/.local/state") + "/sage-edge")
        let named = Program.environment("RUNTIME_DIRECTORY")
        let own = StatePaths.xdg("XDG_RUNTIME_DIR").map { $0 + "/sage-edge" }
        let runtime = named ?? (isRoot ? StatePaths.systemRuntime : own)
        self.socket = (runtime ?? self.state) + StatePaths.socketName
        self.systemSocket = named == nil && !isRoot ? StatePaths.systemControl : nil
    }

    /// Where the system's agent listens.
    public static let systemControl = systemRuntime + socketName

    private static let systemRuntime = "/run/sage-edge"
    private static let socketName = "/control.sock"

    /// The ledger's database.
    public var ledger: String { state + "/ledger.db" }
    /// The lock that one running agent holds.
    public var lock: String { state + "/lock" }
    /// The folder of the control socket.
    public var socketFolder: String { String(socket.dropLast(StatePaths.socketName.utf8.count)) }
    /// The folder of the keys: systemd's credentials where it has the file, else the state folder.
    public var keys: String { state + "/keys" }

    /// The file of key `name`: `$CREDENTIALS_DIRECTORY/name` where that exists, else in the state folder.
    public func keyFile(_ name: String) -> String {
        if let credentials = Program.environment("CREDENTIALS_DIRECTORY") {
            let path = credentials + "/" + name
            if let status = try? FileSystem.status(path), status.kind == .file { return path }
        }
        return keys + "/" + name
    }

    private static func home(_ variable: String, _ fallback: String) -> String {
        xdg(variable) ?? Program.homeFolder + fallback
    }

    /// A folder of the XDG Base Directory Specification, by which an empty or relative one counts as none.
    private static func xdg(_ variable: String) -> String? {
        Program.environment(variable).flatMap { $0.hasPrefix("/") ? $0 : nil }
    }
}
