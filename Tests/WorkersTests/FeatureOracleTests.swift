import TestKit
import Testing
import Wire

@testable import Workers

/// Holds the operation against an independent implementation of docs/perception-features.md in Python.
@Suite struct FeatureOracleTests {
    /// A request in the oracle's words, and this program's answer to it.
    struct Case {
        let words: String
        let answer: String

        init(netpbm input: [UInt8]) {
            words = "netpbm " + (input.isEmpty ? "-" : hexadecimal(input))
            answer = Case.answer(input, [])
        }

        init(raw input: [UInt8], _ size: FrameSize) {
            words = "raw \(size.width) \(size.height) " + (input.isEmpty ? "-" : hexadecimal(input))
            answer = Case.answer(input, size.encoded)
        }

        private static func answer(_ input: [UInt8], _ parameters: [UInt8]) -> String {
            let result = try? WorkerOperation.perceptionFeatures.result(for: input, parameters: parameters)
            return result.map { hexadecimal($0) } ?? "refused"
        }
    }

    /// The oracle's answers, one for each case.
    private func oracle(_ cases: [Case]) throws -> [String] {
        try PythonTool.lines(
            Fixtures.text("frames/perception_features.py"), arguments: ["--requests"], input: cases.map(\.words))
    }

    private func compare(_ cases: [Case], _ seed: UInt64) throws {
        let answers = try oracle(cases)
        try #require(answers.count == cases.count)
        for (mine, theirs) in zip(cases, answers) {
            #expect(mine.answer == theirs, "seed \(seed): \(mine.words)")
        }
    }

    /// A frame of one of several characters: noise, steps, few levels, a lonely spot.
    private func pixels(_ count: Int, using generator: inout SeededRandom) -> [UInt8] {
        let few: UInt8 = generator.number(in: 1...8)
        switch generator.number(in: 0...3) {
        case 0: return (0..<count).map { _ in generator.number(in: 0...255) }
        case 1: return (0..<count).map { UInt8(truncatingIfNeeded: $0 &* Int(few)) }
        case 2: return (0..<count).map { _ in generator.number(in: 0...few) * 30 }
        default:
            var pixels = [UInt8](repeating: few, count: count)
            pixels[generator.number(in: 0...(count - 1))] = 255
            return pixels
        }
    }

    @Test func `random frames have the same features in both implementations`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededRandom(seed: seed)
        var cases: [Case] = []
        for _ in 0..<120 {
            let size = FrameSize(width: generator.number(in: 1...40), height: generator.number(in: 1...40))
            let count = Int(size.width) * Int(size.height) * generator.number(in: 1...2)
            cases.append(Case(raw: pixels(count, using: &generator), size))
        }
        // More pixels than the grid has cells, either way.
        cases.append(Case(raw: pixels(521 * 7, using: &generator), FrameSize(width: 521, height: 7)))
        cases.append(Case(raw: pixels(3 * 1030, using: &generator), FrameSize(width: 3, height: 1030)))
        #expect(!cases.contains { $0.answer == "refused" })
        try compare(cases, seed)
    }

    @Test func `both implementations read and refuse the same images`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededRandom(seed: seed)
        let originals = [
            Array("P5\n# c\n4 3\n255\nabcdefghijkl".utf8), Array("P6 2 2\n200\nabcdefghijkl".utf8),
            Array("P2\n3 2 15\n0 1 2\n 3 14 15\n".utf8),
            Array("P5 2 2 300\n".utf8) + [0, 1, 1, 44, 0, 255, 1, 0],
            Array("P5 2 1 255\nabP5 2 1 255\ncd".utf8),
        ]
        let alphabet = Array("P256 01\n\r\t#x9\u{b}".utf8) + [0, 255]
        var cases = originals.map { Case(netpbm: $0) }
        #expect(!cases.contains { $0.answer == "refused" })
        for original in originals {
            for _ in 0..<400 {
                var image = original
                for _ in 0..<generator.number(in: 1...3) where !image.isEmpty {
                    let position = generator.number(in: 0...(image.count - 1))
                    let byte = alphabet[generator.number(in: 0...(alphabet.count - 1))]
                    switch generator.number(in: 0...3) {
                    case 0: image[position] = byte
                    case 1: image.insert(byte, at: position)
                    case 2: image.remove(at: position)
                    default: image.append(byte)
                    }
                }
                cases.append(Case(netpbm: image))
            }
        }
        #expect(cases.contains { $0.answer == "refused" })
        try compare(cases, seed)
    }

    @Test func `the expected results are the second implementation's own`() throws {
        let cases = try ExpectedFeatures.all.map { Case(netpbm: try frame($0.name)) }
        #expect(try oracle(cases) == ExpectedFeatures.all.map(\.result))
    }
}
