import CLinux
import Platform
import Telemetry

/// The files of a machine under a root: `/`, a container's view of its host, or a captured tree.
///
/// Links are followed here, not by the kernel, so that an absolute one stays under the root and none
/// leads out of it. A captured tree may hold a link as a plain file whose bytes are the link's target;
/// such a file is followed where a folder is needed. It may also hold `_errno.tsv`, which names the
/// files whose real read fails, and how.
public struct SysfsTree {
    /// Whether the tree is a running kernel's, and not a recording of one.
    public let isLive: Bool
    private let root: String
    private let recordedFailures: [String: UnavailableReason]

    /// The tree under `root`; whether there is anything is seen when it is read.
    public init(root: String) {
        var root = root
        while root.hasSuffix("/") { root.removeLast() }
        self.root = root
        isLive = unsafe clinux_is_sysfs(root + "/sys") == 1
        var failures: [String: UnavailableReason] = [:]
        if !isLive, case .value(let bytes) = SysfsTree.read(root + "/_errno.tsv", limit: SensorLimits.wholeFileBytes) {
            failures = RecordedFailures.table(bytes)
        }
        recordedFailures = failures
    }

    /// Whether there is a folder at the root.
    public var isThere: Bool { kind(of: root + "/.") == .directory }

    /// A place under the root that was found, with no link left in its path.
    public struct Place: Hashable, Sendable {
        /// The path under the root, beginning with `/`.
        public let path: String
        /// Whether it is a folder.
        public let isFolder: Bool

        /// The last component of the path.
        public var name: String { path.split(separator: "/").last.map { String($0) } ?? "" }
    }

    /// The place that `path` leads to; nil where it leads nowhere, in a circle, or through too many links.
    ///
    /// Complexity: O(components and links on the way).
    public func place(_ path: String) -> Place? {
        var pending = Array(path.split(separator: "/").reversed())
        var folder: [Substring] = []
        var links = 0
        var steps = 0
        var isFolder = true
        while let component = pending.popLast() {
            steps += 1
            guard steps <= SensorLimits.pathSteps else { return nil }
            if component == "." { continue }
            if component == ".." {
                if !folder.isEmpty { folder.removeLast() }
                isFolder = true
                continue
            }
            let candidate = root + "/" + (folder + [component]).joined(separator: "/")
            guard let kind = kind(of: candidate) else { return nil }
            isFolder = kind != .file || !pending.isEmpty
            if kind == .directory || !isFolder {
                folder.append(component)
                continue
            }
            links += 1
            guard kind == .link || kind == .file, links <= SensorLimits.links,
                let target = target(of: candidate, kind)
            else { return nil }
            if target.hasPrefix("/") { folder = [] }
            pending += target.split(separator: "/").reversed()
            guard pending.count <= SensorLimits.pathSteps else { return nil }
        }
        return Place(path: "/" + folder.joined(separator: "/"), isFolder: isFolder)
    }

    /// The folder that `path` leads to; nil where there is none.
    public func folder(_ path: String) -> Place? { place(path + "/.").flatMap { $0.isFolder ? $0 : nil } }

    /// Names in the folder that `path` leads to, numbers in names counted as numbers; empty where there is none.
    public func names(in path: String) -> [String] {
        guard let folder = folder(path) else { return [] }
        do throws(SystemError) {
            return try FileSystem.list(root + folder.path).sorted { NaturalOrder.precedes($0, $1) }
        } catch {
            return []
        }
    }

    /// The bytes of the file that `path` leads to, at most `limit` of them.
    public func bytes(of path: String, limit: Int = SensorLimits.fileBytes) -> Reading<[UInt8]> {
        guard let place = place(path), !place.isFolder else { return .unavailable(.absent) }
        if let failure = recordedFailures[place.path] { return .unavailable(failure) }
        return SysfsTree.read(root + place.path, limit: limit)
    }

    /// The short text in the file that `path` leads to, such as a label; nil where there is none.
    public func text(of path: String) -> String? {
        guard case .value(let bytes) = bytes(of: path) else { return nil }
        return nameText(bytes[...])
    }

    /// The file that `path` leads to, ready to be read again and again; nil where there is none.
    ///
    /// On a running kernel its descriptor is kept open. In a recording the file is opened for every read,
    /// since whoever moves the recorded values may replace it.
    func file(_ path: String) -> SensorFile? {
        guard let place = place(path), !place.isFolder else { return nil }
        return SensorFile(path: root + place.path, isHeld: isLive, recorded: recordedFailures[place.path])
    }

    private func kind(of path: String) -> FileKind? {
        do throws(SystemError) {
            return try FileSystem.status(path, followingLink: false)?.kind
        } catch {
            return nil
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
        let file = SensorFile(path: path, isHeld: false, recorded: nil)
        var buffer = [UInt8](repeating: 0, count: limit)
        switch file.read(into: &buffer) {
        case .value(let count): return .value(Array(buffer[..<count]))
        case .unavailable(let reason): return .unavailable(reason)
        }
    }
}
