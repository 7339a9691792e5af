import Quantities
import Testing

@testable import Workers

/// What a program says of the time that graphics processors worked for its task.
@Suite struct GraphicsClaimTests {
    private func claim(_ text: String) throws -> TimeSpan? {
        let line = #"{"id":"00","result":1,"gpu_ms":"# + text + "}"
        guard case .result(_, _, _, let graphics) = try ExternalMessage(Array(line.utf8)) else { return nil }
        return graphics
    }

    @Test(
        arguments: [
            ("0", 0), ("12", 12), ("12.5", 12), ("0.999", 0), ("1e-05", 0), ("2592000000", 2_592_000_000),
            ("2592000000.75", 2_592_000_000),
        ] as [(String, Int64)])
    func `whole milliseconds of it count`(text: String, milliseconds: Int64) throws {
        #expect(try claim(text) == .milliseconds(milliseconds))
    }

    @Test(arguments: ["-1", "-0.5", "2592000001", "2592000001.0", "1e+16", "-1e-05", "true", "null", "[1]", #""12""#])
    func `what is no such number is refused`(text: String) {
        #expect(throws: ExternalFault.malformed("gpu_ms is not a number from 0 to 2592000000")) { try claim(text) }
    }

    @Test func `it may be left out`() throws {
        guard
            case .result(_, _, let quality, let graphics) =
                try ExternalMessage(Array(#"{"id":"00","result":1}"#.utf8))
        else { Issue.record("a result"); return }
        #expect(quality == nil && graphics == nil)
    }
}
