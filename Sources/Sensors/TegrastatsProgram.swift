import Platform
import Telemetry

/// A program that prints lines of tegrastats, and how far its lines can be believed.
public struct TegrastatsProgram: Equatable, Sendable {
    /// Whose a file or folder is, and who may write to it.
    public struct Guard: Equatable, Sendable {
        /// What it is.
        public var kind: FileKind
        /// The user that owns it.
        public var owner: UInt32
        /// Permission bits.
        public var mode: UInt32

        /// A guard of its three parts.
        public init(kind: FileKind, owner: UInt32, mode: UInt32) {
            self.kind = kind
            self.owner = owner
            self.mode = mode
        }

        /// Whether nobody but root can change it.
        var isRoots: Bool { owner == 0 && mode & 0o022 == 0 }
    }

    /// The file that is run.
    public let path: String
    /// The file itself, then the folders above it up to the root; empty where one of them cannot be looked at.
    public let guards: [Guard]

    /// Where a bare name is looked for, in order.
    static let folders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]

    /// A program of its two parts.
    public init(path: String, guards: [Guard]) {
        self.path = path
        self.guards = guards
    }

    /// The program that the first word of a command names; nil where it is a bare name and no system folder has it.
    public init?(named word: String) {
        let places = word.contains("/") ? [word] : TegrastatsProgram.folders.map { $0 + "/" + word }
        guard let path = places.count == 1 ? word : places.first(where: { TegrastatsProgram.guarding($0) != nil })
        else { return nil }
        self.path = path
        let names = path.split(separator: "/")
        var guards: [Guard] = []
        for length in stride(from: names.count, through: 0, by: -1) {
            guard path.hasPrefix("/"),
                let one = TegrastatsProgram.guarding("/" + names.prefix(length).joined(separator: "/"))
            else {
                guards = []
                break
            }
            guards.append(one)
        }
        self.guards = guards
    }

    /// How its lines are known where the running kernel shows a board with these `compatible` entries.
    ///
    /// They are measurements only of NVIDIA's own program on NVIDIA's own board: a file called `tegrastats` that
    /// only root could have put there or changed, and a Tegra under it. Any other program may print what it likes.
    ///
    /// - Parameter compatible: entries of the device tree; empty where the kernel's own files were not seen.
    public func evidence(onBoard compatible: [String]) -> EvidenceClass {
        guard path.hasPrefix("/"), path.split(separator: "/").last == "tegrastats",
            guards.first?.kind == .file, guards.allSatisfy({ $0.isRoots }),
            compatible.contains(where: { $0.hasPrefix("nvidia,tegra") })
        else { return .replayed }
        return .metered
    }

    /// How its lines are known where the board's files are read under `root`: as measurements only on the machine
    /// itself, since what a recording says of the board is not about these lines.
    public func evidence(withBoardUnder root: String) -> EvidenceClass {
        let machine = SysfsTree(root: root)
        return evidence(onBoard: machine.isLive ? machine.facts().compatible : [])
    }

    private static func guarding(_ path: String) -> Guard? {
        do throws(SystemError) {
            return try FileSystem.status(path).map { Guard(kind: $0.kind, owner: $0.owner, mode: $0.mode) }
        } catch { return nil }
    }
}
