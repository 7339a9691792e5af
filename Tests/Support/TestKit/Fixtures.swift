import Foundation

/// The repository that the tests were built from.
public enum Repository {
    /// The top folder.
    public static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
}

/// Captured and published input under `Tests/Fixtures`.
public enum Fixtures {
    /// The folder of all fixtures.
    public static let folder = Repository.root.appendingPathComponent("Tests/Fixtures")

    /// Where the fixture `path` (relative to `Tests/Fixtures`) lies.
    public static func url(_ path: String) -> URL { folder.appendingPathComponent(path) }

    /// The bytes of the fixture `path`.
    public static func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: url(path))) }

    /// The UTF-8 text of the fixture `path`.
    public static func text(_ path: String) throws -> String { try String(contentsOf: url(path), encoding: .utf8) }

    /// Paths of all files below the fixture folder `path`, relative to it, sorted.
    public static func files(under path: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: url(path).path)
            .filter { name in
                var isFolder: ObjCBool = false
                let file = url(path).appendingPathComponent(name).path
                return FileManager.default.fileExists(atPath: file, isDirectory: &isFolder) && !isFolder.boolValue
            }
            .sorted()
    }
}

/// A new folder that `body` may fill; it is removed afterwards.
public func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("sage-edge-test-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
}
