import CLinux
import Platform
import Telemetry

/// The files of a machine under a root: `/`, a container's view of its host, or a captured tree.
///
/// Links are followed here, not by the kernel, so that an absolute one stays under the root and none
/// leads out of it. A captured tree may hold a link as a plain file whose bytes are the link's target;
/// such a file is followed where a folder is needed. It may also hold `_errno.tsv`, which names the
/// files and folders whose real read fails, and how; they need not be in the tree.
public struct SysfsTree {
    /// Whether the tree is a running kernel's, and not a recording of one.
    public let isLive: Bool
    /// Whether these are this machine's own files, at their own paths.
    var isThisMachine: Bool { isLive && root.isEmpty }
    private let root: String
    private var recordedFailures: [String: UnavailableReason]
    /// For a recording: its rounds.
    private let recording: RecordingRounds?

    /// The tree under `root`; whether there is anything is seen when it is read.
    public init(root: String) {
        var root = root
        while root.hasSuffix("/") { root.removeLast() }
        self.root = root
        isLive = unsafe clinux_is_sysfs(root + "/sys") == 1
        recordedFailures = [:]
        recording = isLive ? nil : RecordingRounds()
        guard !isLive,
            case .value(let bytes) = SysfsTree.read(root + "/_errno.tsv", limit: SensorLimits.wholeFileBytes)
        else { return }
        var failures: [String: UnavailableReason] = [:]
        for (path, reason) in RecordedFailures.table(bytes) {
            // The table may name a file by a path with links in it.
            let components = path.split(separator: "/")
            guard let name = components.last else { continue }
            let folder = components.dropLast().map { "/" + $0 }.joined()
            let found = find(folder + "/.").value.map { $0.path == "/" ? "" : $0.path }
            failures[(found ?? folder) + "/" + name] = reason
        }
        recordedFailures = failures
    }

    /// Opens the files of a recording anew when they are read next.
    func beginRound() { recording?.begin() }

    /// Whether there is a folder at the root.
    public var isThere: Bool { kind(of: root + "/.").value == .directory }

    /// A place under the root that was found, with no link left in its path.
    public struct Place: Hashable, Sendable {
        /// The path under the root, beginning with `/`.
        public let path: String
        /// Whether it is a folder.
        public let isFolder: Bool

        /// The last component of the path.
        public var name: String { path.split(separator: "/").last.map { String($0) } ?? "" }
    }

    /// The place that `path` leads to; nil where there is none, or it cannot be seen.
    public func place(_ path: String) -> Place? { find(path).value }

    /// The place that `path` leads to; `absent` where it leads nowhere, in a circle, or through too many links.
    ///
    /// Complexity: O(components and links on the way).
    private func find(_ path: String) -> Reading<Place> {
        var pending = Array(path.split(separator: "/").reversed())
        var folder: [Substring] = []
        var links = 0
        var steps = 0
        var isFolder = true
        while let component = pending.popLast() {
            steps += 1
            guard steps <= SensorLimits.pathSteps else { return .unavailable(.absent) }
            if component == "." { continue }
            if component == ".." {
                if !folder.isEmpty { folder.removeLast() }
                isFolder = true
                continue
            }
            let candidate = "/" + (folder + [component]).joined(separator: "/")
            if let failure = recordedFailures[candidate] { return .unavailable(failure) }
            let kind: FileKind
            switch self.kind(of: root + candidate) {
            case .value(let found): kind = found
            case .unavailable(let reason): return .unavailable(reason)
            }
            isFolder = kind != .file || !pending.isEmpty
            if kind == .directory || !isFolder {
                folder.append(component)
                continue
            }
            // A pipe or a socket, such as nobody finds in a kernel's tree.
            guard kind == .link || kind == .file else { return .unavailable(.notFile) }
            links += 1
            guard links <= SensorLimits.links,
                let target = target(of: root + candidate, kind)
            else { return .unavailable(.absent) }
            if target.hasPrefix("/") { folder = [] }
            pending += target.split(separator: "/").reversed()
            guard pending.count <= SensorLimits.pathSteps else { return .unavailable(.absent) }
        }
        return .value(Place(path: "/" + folder.joined(separator: "/"), isFolder: isFolder))
    }

    /// The folder that `path` leads to; nil where there is none.
    public func folder(_ path: String) -> Place? { place(path + "/.").flatMap { $0.isFolder ? $0 : nil } }

    /// Names in the folder that `path` leads to, numbers in names counted as numbers; empty where there is none.
    public func names(in path: String) -> [String] { list(path).value ?? [] }

    /// Names in the folder that `path` leads to, in that order; why they cannot be told.
    private func list(_ path: String) -> Reading<[String]> {
        switch find(path + "/.") {
        case .unavailable(let reason): return .unavailable(reason)
        case .value(let place) where !place.isFolder: return .unavailable(.absent)
        case .value(let place):
            do throws(SystemError) {
                return .value(try FileSystem.list(root + place.path).sorted { NaturalOrder.precedes($0, $1) })
            } catch { return .unavailable(UnavailableReason(error.errno)) }
        }
    }

    /// The bytes of the file that `path` leads to, at most `limit` of them.
    public func bytes(of path: String, limit: Int = SensorLimits.fileBytes) -> Reading<[UInt8]> {
        switch find(path) {
        case .unavailable(let reason): return .unavailable(reason)
        case .value(let place) where place.isFolder: return .unavailable(.notFile)
        case .value(let place): return SysfsTree.read(root + place.path, limit: limit)
        }
    }

    /// The short text in the file that `path` leads to, such as a label; nil where there is none.
    public func text(of path: String) -> String? {
        guard case .value(let bytes) = bytes(of: path) else { return nil }
        return nameText(bytes[...])
    }

    /// The short text in the file that `path` leads to; nil where there is no such file, or it cannot be read.
    ///
    /// In the latter case `unread` then says why, by the names of the file and of its folder.
    func text(of path: String, _ unread: inout [Unavailable]) -> String? {
        let reason: UnavailableReason
        switch bytes(of: path) {
        case .value(let bytes):
            if let text = nameText(bytes[...]) { return text }
            reason = DecimalText.trimmed(bytes[...]).isEmpty ? .empty : .malformed
        case .unavailable(let failure): reason = failure
        }
        note(path, reason, &unread)
        return nil
    }

    /// The folder of a device; where it is there and cannot be entered, `unread` then says why.
    func folder(_ path: String, _ unread: inout [Unavailable]) -> Place? {
        switch find(path + "/.") {
        case .value(let place): return place.isFolder ? place : nil
        case .unavailable(let reason):
            note(path, reason, &unread)
            return nil
        }
    }

    /// Names in a folder whose files make devices; where it is there and cannot be read, `unread` then says why.
    func names(in path: String, _ unread: inout [Unavailable]) -> [String] {
        switch list(path) {
        case .value(let names): return names
        case .unavailable(let reason):
            note(path, reason, &unread)
            return []
        }
    }

    private func note(_ path: String, _ reason: UnavailableReason, _ unread: inout [Unavailable]) {
        let entry = Unavailable(path.split(separator: "/").suffix(2).joined(separator: "/"), reason)
        if reason != .absent, !unread.contains(entry) { unread.append(entry) }
    }

    /// The file that `path` leads to, ready to be read again and again; nil where there is none, and one that always
    /// fails where something else stands in its place.
    func file(_ path: String) -> SensorFile? {
        switch find(path) {
        case .unavailable(.absent): return nil
        case .unavailable(let reason): return SensorFile(failing: reason)
        case .value(let place):
            return place.isFolder
                ? SensorFile(failing: .notFile) : SensorFile(path: root + place.path, of: recording)
        }
    }

    private func kind(of path: String) -> Reading<FileKind> {
        do throws(SystemError) {
            return try FileSystem.status(path, followingLink: false).map { .value($0.kind) } ?? .unavailable(.absent)
        } catch {
            return .unavailable(UnavailableReason(error.errno))
        }
    }

    /// Where a link, or a plain file that stands for one, leads; nil where it is neither.
    private func target(of path: String, _ kind: FileKind) -> String? {
        if kind == .link {
            do throws(SystemError) { return try FileSystem.readLink(path) } catch { return nil }
        }
        guard !isLive, case .value(let bytes) = SysfsTree.read(path, limit: SensorLimits.fileBytes), !bytes.isEmpty,
            bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func read(_ path: String, limit: Int) -> Reading<[UInt8]> {
        let file = SensorFile(path: path, of: nil)
        var buffer = [UInt8](repeating: 0, count: limit)
        switch file.read(into: &buffer) {
        case .value(let count): return .value(Array(buffer[..<count]))
        case .unavailable(let reason): return .unavailable(reason)
        }
    }
}
