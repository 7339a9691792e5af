import Foundation

/// The captures under `Tests/Fixtures/telemetry`.
enum Captures {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/telemetry")

    static let tegrastatsFiles = [
        "agx-orin_l4t-r34-r35", "agx-orin_l4t-r36", "agx-orin_l4t-r39.2", "agx-thor_l4t-r38.4_nonroot",
        "agx-thor_l4t-r38.4_root", "agx-thor_l4t-r39.2", "agx-xavier_l4t-r31-r32", "edge-cases", "nano_l4t-r32",
        "orin-nano_l4t-r35", "orin-nano_l4t-r36", "orin-nx_l4t-r35", "orin-nx_l4t-r36.4.7_nonroot",
        "tx1_l4t-r28-r32", "tx2_l4t-r32", "xavier-nx_l4t-r32",
    ]

    static func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: folder.appending(path: path))) }

    /// The lines of a file, whose last line ends with a line feed.
    static func lines(_ path: String) throws -> [[UInt8]] {
        try bytes(path).split(separator: 0x0a, omittingEmptySubsequences: false).dropLast().map { Array($0) }
    }

    /// All lines of all tegrastats captures.
    static func tegrastatsLines() throws -> [[UInt8]] {
        try tegrastatsFiles.flatMap { try lines("tegrastats/\($0).txt") }
    }
}
