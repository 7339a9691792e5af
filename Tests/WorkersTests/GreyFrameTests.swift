import Testing

@testable import Workers

@Suite struct GreyFrameTests {
    private static let accepted: [(String, [UInt8])] = [
        ("P5 2 1 255\n\u{1}\u{2}", [1, 2]),
        ("P5\n# a comment\n2 # another\r1\t255 \u{1}\u{2}", [1, 2]),
        ("P5#at once\n2\u{b}\u{c}1\r\n255\r\u{1}\u{2}", [1, 2]),
        ("P5 02 0001 000255\n\u{1}\u{2}", [1, 2]),
        ("P5 2 1 100\n\u{0}d", [0, 255]),
        ("P5 3 1 2\n\u{0}\u{1}\u{2}", [0, 128, 255]),
        ("P5 1 1 256\n\u{1}\u{0}", [255]),
        ("P5 2 1 65535\n\u{0}\u{7f}\u{1}\u{1}", [0, 1]),
        ("P2 2 1 255 0 255", [0, 255]),
        ("P2\n2 2\n15\n0 5\n10\t15 \n\n", [0, 85, 170, 255]),
        ("P2 1 1 65535 65535", [255]),
        ("P6 1 1 255\nABC", [66]),
        ("P6 2 1 1\n\u{1}\u{1}\u{1}\u{0}\u{1}\u{0}", [255, 149]),
        // The raster may look like anything, a comment or another image included.
        ("P5 3 1 255\n#P5", [35, 80, 53]),
    ]

    @Test(arguments: accepted)
    func `the forms that Netpbm knows are read`(text: String, levels: [UInt8]) throws {
        let frame = try FrameInput(netpbm: Array(text.utf8)).current
        #expect(frame.pixels == levels)
        #expect(frame.width * frame.height == levels.count)
    }

    private static let refused: [(String, FrameError)] = [
        ("", .unknownFormat),
        ("P", .unknownFormat),
        ("P1 1 1 1", .unknownFormat),
        ("P3 1 1 255 1 1 1", .unknownFormat),
        ("P4 1 1 1", .unknownFormat),
        ("P7\nWIDTH 1", .unknownFormat),
        ("p5 1 1 255\n1", .unknownFormat),
        (" P5 1 1 255\n1", .unknownFormat),
        ("GIF89a", .unknownFormat),
        ("P5", .truncatedHeader(at: 2)),
        ("P5 ", .truncatedHeader(at: 3)),
        ("P5 1", .truncatedHeader(at: 4)),
        ("P5 1 1", .truncatedHeader(at: 6)),
        ("P5 1 1 255", .truncatedHeader(at: 10)),
        ("P5 # without end", .truncatedHeader(at: 16)),
        ("P51 1 255\n1", .expectedWhitespace(at: 2, found: UInt8(ascii: "1"))),
        ("P5 1x1 255\n1", .expectedWhitespace(at: 4, found: UInt8(ascii: "x"))),
        ("P5 1 1 255#1", .expectedWhitespace(at: 10, found: UInt8(ascii: "#"))),
        ("P5 1 1 255.0\n1", .expectedWhitespace(at: 10, found: UInt8(ascii: "."))),
        ("P5 -1 1 255\n1", .expectedNumber(at: 3, found: UInt8(ascii: "-"))),
        ("P5 1 +1 255\n1", .expectedNumber(at: 5, found: UInt8(ascii: "+"))),
        ("P5 1 1 1x10\n1", .expectedWhitespace(at: 8, found: UInt8(ascii: "x"))),
        ("P5 1 1 \u{0}\n1", .expectedNumber(at: 7, found: 0)),
        ("P5 99999999999999999999999 1 255\n1", .numberTooLarge(at: 3, limit: FrameLimits.maximumPixels)),
        ("P5 1 1 65536\n11", .numberTooLarge(at: 7, limit: 65_535)),
        ("P5 0 1 255\n", .noPixels(width: 0, height: 1)),
        ("P5 1 0 255\n", .noPixels(width: 1, height: 0)),
        ("P5 65536 1 255\n", .sideTooLong(width: 65_536, height: 1)),
        ("P5 1 16777216 255\n", .sideTooLong(width: 1, height: 16_777_216)),
        ("P5 4097 4096 255\n", .tooManyPixels(width: 4097, height: 4096)),
        ("P6 65535 65535 65535\n", .tooManyPixels(width: 65_535, height: 65_535)),
        ("P5 1 1 0\n1", .noLevels),
        ("P5 2 1 100\n\u{1}e", .sampleAboveMaximum(sample: 1, value: 101, maximum: 100)),
        ("P5 1 1 256\n\u{1}\u{1}", .sampleAboveMaximum(sample: 0, value: 257, maximum: 256)),
        ("P2 2 1 15 3 16", .sampleAboveMaximum(sample: 1, value: 16, maximum: 15)),
        ("P2 1 1 15 99999", .numberTooLarge(at: 10, limit: 65_535)),
        ("P5 2 1 255\n1", .missingSamples(expected: 2, found: 1)),
        ("P5 2 1 256\n\u{1}\u{0}\u{1}", .missingSamples(expected: 2, found: 1)),
        ("P6 1 1 255\n12", .missingSamples(expected: 3, found: 2)),
        ("P6 4096 4096 255\n", .missingSamples(expected: 50_331_648, found: 0)),
        ("P2 2 2 15 1 2 3", .missingSamples(expected: 4, found: 3)),
        ("P2 4096 4096 1 1", .missingSamples(expected: 16_777_216, found: 1)),
        ("P2 2 1 15 1 x", .expectedNumber(at: 12, found: UInt8(ascii: "x"))),
        ("P2 2 1 15 1#c\n2", .expectedWhitespace(at: 11, found: UInt8(ascii: "#"))),
        ("P2 1 1 15#c\n2", .expectedWhitespace(at: 9, found: UInt8(ascii: "#"))),
        ("P5 1 1 255\n12", .trailingBytes(at: 12)),
        ("P5 1 1 255\r\n1", .trailingBytes(at: 12)),
        ("P2 1 1 15 1 2", .trailingBytes(at: 12)),
        ("P5 1 1 255\n1P", .trailingBytes(at: 12)),
        ("P5 1 1 255\n1P5 1 1 255\n1P5 1 1 255\n1", .trailingBytes(at: 24)),
        ("P5 1 1 255\n1P5 1 1", .truncatedHeader(at: 18)),
        (
            "P5 1 2 255\n12P5 2 1 255\n12",
            .framesDiffer(previousWidth: 1, previousHeight: 2, width: 2, height: 1)
        ),
    ]

    @Test(arguments: refused)
    func `what is no frame is refused by name`(text: String, refusal: FrameError) {
        #expect(throws: refusal) { try FrameInput(netpbm: Array(text.utf8)) }
        #expect(!refusal.explanation.isEmpty)
    }

    @Test func `of two images the first is the frame before`() throws {
        let input = try FrameInput(netpbm: Array("P5 1 2 255\nabP2 1 2 255 1 2\n".utf8))
        #expect(input.previous?.pixels == [97, 98])
        #expect(input.current.pixels == [1, 2])
    }

    @Test func `every cut of an image is refused`() {
        let image = Array("P5\n# comment\n3 2\n255\nabcdef".utf8)
        for length in image.indices {
            #expect(throws: FrameError.self) { try FrameInput(netpbm: Array(image[..<length])) }
        }
    }

    @Test func `bare levels come as one frame or as two`() throws {
        let one = try FrameInput(raw: [1, 2, 3, 4, 5, 6], FrameSize(width: 3, height: 2))
        #expect(one.previous == nil)
        #expect(one.current.pixels == [1, 2, 3, 4, 5, 6])
        let two = try FrameInput(raw: [1, 2, 3, 4, 5, 6], FrameSize(width: 3, height: 1))
        #expect(two.previous?.pixels == [1, 2, 3])
        #expect(two.current.pixels == [4, 5, 6])
    }

    private static let refusedLevels: [(Int, UInt16, UInt16, FrameError)] = [
        (5, 3, 2, .missingSamples(expected: 6, found: 5)),
        (7, 3, 2, .trailingBytes(at: 6)),
        (18, 3, 2, .trailingBytes(at: 6)),
        (0, 0, 2, .noPixels(width: 0, height: 2)),
        (0, .max, .max, .tooManyPixels(width: 65_535, height: 65_535)),
        (0, 65_535, 257, .tooManyPixels(width: 65_535, height: 257)),
        (0, 65_535, 256, .missingSamples(expected: 16_776_960, found: 0)),
    ]

    @Test(arguments: refusedLevels)
    func `bare levels of another number are refused`(count: Int, width: UInt16, height: UInt16, refusal: FrameError) {
        let levels = [UInt8](repeating: 9, count: count)
        #expect(throws: refusal) { try FrameInput(raw: levels, FrameSize(width: width, height: height)) }
    }

    @Test func `the largest frame is read`() throws {
        let image = Array("P5 4096 4096 255\n".utf8) + [UInt8](repeating: 200, count: FrameLimits.maximumPixels)
        #expect(try FrameInput(netpbm: image).current.pixels.count == 16_777_216)
    }

    @Test func `a frame of no possible size is refused`() {
        #expect(throws: FrameError.noPixels(width: -2, height: -2)) {
            try GreyFrame(width: -2, height: -2, pixels: [1, 2, 3, 4])
        }
        #expect(throws: FrameError.sideTooLong(width: .max, height: .max)) {
            try GreyFrame(width: .max, height: .max, pixels: [])
        }
    }
}
