import TestKit
import Testing
import Wire

@testable import Workers

/// The bytes of a test frame.
func frame(_ name: String) throws -> [UInt8] { try Fixtures.bytes("frames/" + name) }

/// One line of `expected.txt`: a file, the hash of its result, the result.
struct ExpectedFeatures: Sendable, CustomTestStringConvertible {
    let name: String
    let hash: String
    let result: String

    var testDescription: String { name }

    /// All of them; none where the file cannot be read, which a test of its own notices.
    static let all: [ExpectedFeatures] = {
        let lines = (try? Fixtures.text("frames/expected.txt"))?.split(separator: "\n") ?? []
        return lines.map { line in
            let words = line.split(separator: " ").map(String.init)
            return ExpectedFeatures(name: words[0], hash: words[1], result: words[2])
        }
    }()
}

@Suite struct PerceptionFeaturesTests {
    @Test func `every frame has an expected result`() throws {
        let names = try Fixtures.files(under: "frames")
        #expect(
            names.filter { $0.hasSuffix(".pgm") || $0.hasSuffix(".ppm") } == ExpectedFeatures.all.map(\.name))
        #expect(ExpectedFeatures.all.count == 12)
    }

    @Test(arguments: ExpectedFeatures.all)
    func `a frame has the features that the second implementation finds`(expected: ExpectedFeatures) throws {
        let features = PerceptionFeatures(of: try FrameInput(netpbm: frame(expected.name)))
        #expect(hexadecimal(features.encoded) == expected.result)
        #expect(hexadecimal(features.resultHash.array) == expected.hash)
        let bytes = features.encoded
        #expect(try PerceptionFeatures(decoding: bytes.span) == features)
    }

    @Test func `the figures of a small frame are those worked out by hand`() throws {
        // Three rows of four: a bright pair in the lower right corner.
        let frame = try GreyFrame(width: 4, height: 3, pixels: [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 250, 250])
        let previous = try GreyFrame(width: 4, height: 3, pixels: [10, 25, 26, 10, 10, 10, 10, 10, 10, 10, 250, 0])
        let features = PerceptionFeatures(of: try FrameInput(previous: previous, current: frame))
        #expect(features.brightness == 50_000)
        // The variance is (10·40² + 2·200²) ÷ 12 = 8000, its root 89.4427…
        #expect(features.contrast == 89_442)
        #expect(features.percentiles == [10, 10, 10, 10, 10, 250, 250])
        #expect(features.threshold == 10)
        // Inside the border lie two pixels; the sums are |240| + |240| and |240| + |720|.
        #expect(features.edgeShare.value == 10_000)
        #expect(features.regions.count == 1)
        #expect(features.regions.areBright)
        #expect(features.regions.coveredShare.value == 1666)
        let region = try #require(features.regions.largest)
        #expect([region.x, region.y, region.width, region.height] == [2, 2, 2, 1])
        #expect(region.share.value == 1666)
        // Differences 15, 16 and 250; only the latter two count as changed.
        #expect(features.motion?.meanDifference == 23_416)
        #expect(features.motion?.changedShare.value == 1666)
    }

    @Test func `motion is found between the two moving frames and nowhere else`() throws {
        let still = PerceptionFeatures(of: try FrameInput(netpbm: frame("moving-1.pgm") + frame("moving-1.pgm")))
        #expect(still.motion?.meanDifference == 0)
        #expect(still.motion?.changedShare.value == 0)
        let moved = PerceptionFeatures(of: try FrameInput(netpbm: frame("moving-1.pgm") + frame("moving-2.pgm")))
        // Two strips of 7 × 18 of 80 × 60 pixels; the noise of both frames stays below the threshold.
        #expect(moved.motion?.changedShare.value == 525)
        #expect(moved.regions.largest?.x == 19)
        #expect(PerceptionFeatures(of: try FrameInput(netpbm: frame("moving-2.pgm"))).motion == nil)
    }

    @Test func `the hashes of like frames are near and those of unlike ones far apart`() throws {
        func hash(_ name: String, change: (UInt8) -> UInt8 = { $0 }) throws -> UInt64 {
            let frame = try FrameInput(netpbm: frame(name)).current
            return try GreyFrame(width: frame.width, height: frame.height, pixels: frame.pixels.map(change))
                .perceptualHash
        }
        let corridor = try hash("corridor.pgm")
        let darker = try hash("corridor.pgm") { $0 / 2 }
        let shapes = try hash("shapes.pgm")
        #expect((corridor ^ darker).nonzeroBitCount <= 4)
        #expect((corridor ^ shapes).nonzeroBitCount >= 16)
    }

    @Test(
        arguments: [(1, 1), (2, 2), (1, 700), (700, 1), (2, 3), (3, 3), (8, 7), (9, 8), (257, 2)] as [(UInt16, UInt16)])
    func `narrow frames have features too`(width: UInt16, height: UInt16) throws {
        let pixels = (0..<(Int(width) * Int(height))).map { UInt8(truncatingIfNeeded: $0 * 37) }
        let features = PerceptionFeatures(of: try FrameInput(raw: pixels, FrameSize(width: width, height: height)))
        let bytes = features.encoded
        #expect(try PerceptionFeatures(decoding: bytes.span) == features)
    }

    @Test func `a black and white chequer has as many regions as fit`() throws {
        let pixels = (0..<(256 * 256)).map { UInt8(($0 / 256 + $0) % 2 == 0 ? 0 : 255) }
        let regions = PerceptionFeatures(of: try FrameInput(raw: pixels, FrameSize(width: 256, height: 256))).regions
        #expect(regions.count == 32_768)
        #expect(regions.largest?.share.value == 0)
        #expect(regions.coveredShare.value == 5000)
    }

    @Test func `the view for people has every figure`() throws {
        var json = JSONWriter()
        PerceptionFeatures(of: try FrameInput(netpbm: frame("shapes.pgm") + frame("shapes.pgm"))).write(to: &json)
        let expected = """
            {"format_version":1,"width":96,"height":64,"brightness_millilevels":80127,\
            "contrast_millilevels":69606,"percentiles":{"p0":30,"p5":31,"p25":38,"p50":46,"p75":54,"p95":228,\
            "p100":247},"threshold":54,"edges_bp":1080,"regions":{"count":3,"bright":true,\
            "covered_bp":2377,"largest":{"x":51,"y":7,"width":31,"height":31,\
            "share_bp":1153}},"perceptual_hash":"f58c9c9c9c6ee3e3",\
            "motion":{"mean_difference_millilevels":0,"changed_bp":0}}
            """
        #expect(json.text == expected)
    }

    private static let changes: [(Int, UInt8, CBORError)] = [
        (0, 0xa9, .missingField(10, at: 44)),
        (1, 0, .unknownField(0, at: 1)),
        (1, 7, .missingField(1, at: 2)),
        (2, 2, .invalidValue(at: 2)),
        (14, 0x20, .unexpectedKind(at: 14, expected: .unsigned, found: .negative)),
        (16, 0x86, .wrongCount(at: 16, expected: 7, found: 6)),
        (20, 0x4c, .invalidValue(at: 19)),
        (39, 1, .invalidValue(at: 37)),
    ]

    @Test(arguments: changes)
    func `a result of another version or shape is refused`(offset: Int, byte: UInt8, refusal: CBORError) throws {
        var bytes = PerceptionFeatures(of: try FrameInput(netpbm: frame("uniform.pgm"))).encoded
        bytes[offset] = byte
        let changed = bytes
        #expect(throws: refusal) { try PerceptionFeatures(decoding: changed.span) }
    }

    @Test func `no cut and no flipped bit of a result traps`() throws {
        let single = PerceptionFeatures(of: try FrameInput(netpbm: frame("moving-2.pgm"))).encoded
        let bytes = PerceptionFeatures(of: try FrameInput(netpbm: frame("moving-1.pgm") + frame("moving-2.pgm")))
            .encoded
        for length in bytes.indices {
            let cut = Array(bytes[..<length])
            #expect(throws: CBORError.self) { try PerceptionFeatures(decoding: cut.span) }
        }
        for bit in 0..<(8 * bytes.count) {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << (bit % 8)
            let changed = flipped
            guard let features = try? PerceptionFeatures(decoding: changed.span) else { continue }
            // What is still accepted reads back to the very bytes, but for the motion's key become one to be ignored.
            #expect(features.encoded == (features.motion == nil ? single : changed))
        }
    }

    @Test func `the square root is rounded down`() {
        for root: UInt64 in [0, 1, 2, 3, 999, 65_535, 4_294_967_295] {
            #expect(squareRoot(root * root) == root)
            if root > 0 { #expect(squareRoot(root * root - 1) == root - 1) }
        }
        #expect(squareRoot(.max) == 4_294_967_295)
    }
}
