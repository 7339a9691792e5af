import Quantities
import Testing

@testable import Link

@Suite struct FrameTests {
    private func parse(_ bytes: [UInt8]) throws(FrameError) -> [Frame] { try Frame.parse(bytes.span) }

    /// Layouts of docs/protocol.md, written by hand.
    static let golden: [(bytes: [UInt8], frames: [Frame])] = [
        ([0x80], [.ping]),
        ([0x84], [.close]),
        ([0x83, 0x34, 0x12], [.resetMessage(number: 0x1234)]),
        ([0x81, 1, 2, 3, 4, 5, 6, 7, 8], [.pathChallenge(0x0807_0605_0403_0201)]),
        ([0x82, 8, 0, 0, 0, 0, 0, 0, 1], [.pathResponse(0x0100_0000_0000_0008)]),
        ([0x40, 0x02, 0x01, 0xaa, 0xbb], [.message(.control, number: 0x0102, payload: 3..<5)]),
        ([0x44, 0x02, 0x01], [.message(.bulk, number: 0x0102, payload: 3..<3)]),
        (
            [0x52, 0x02, 0x01, 0x01, 0x00, 0xaa, 0x80],
            [.message(.task, number: 0x0102, payload: 5..<6), .ping]
        ),
        ([0x41, 0xaa], [.heartbeat(payload: 1..<2)]),
        ([0x51, 0x00, 0x00, 0x80], [.heartbeat(payload: 3..<3), .ping]),
        (
            [0x6b, 0x05, 0x00, 0x48, 0x04, 0x00, 0xaa],
            [.fragment(.report, number: 5, offset: 1096, isLast: true, payload: 6..<7)]
        ),
        (
            [0x20, 0x0a, 0, 0, 0, 0x19, 0x02],
            [.acknowledgement(runs: [CounterRun(low: 8, high: 10)], delay: .milliseconds(25))]
        ),
        (
            [0x22, 0x0a, 0, 0, 0, 0xff, 0x00, 0x01, 0x02, 0x00, 0x01],
            [
                .acknowledgement(
                    runs: [
                        CounterRun(low: 10, high: 10), CounterRun(low: 5, high: 7), CounterRun(low: 2, high: 3),
                    ], delay: .milliseconds(255))
            ]
        ),
    ]

    @Test(arguments: golden) func `each frame has the documented layout`(_ bytes: [UInt8], _ frames: [Frame]) throws {
        #expect(try parse(bytes) == frames)
    }

    @Test(
        arguments: [
            ([], .empty), ([0x00], .kind(0x00, at: 0)), ([0x80, 0x1f], .kind(0x1f, at: 1)),
            ([0x85], .kind(0x85, at: 0)), ([0x86, 0, 0], .kind(0x86, at: 0)), ([0xff], .kind(0xff, at: 0)),
            ([0x48, 0, 0], .kind(0x48, at: 0)), ([0x45, 0, 0], .messageClass(5, at: 0)),
            ([0x61, 0, 0, 0, 0, 0, 1], .messageClass(1, at: 0)), ([0x40, 0], .truncated(at: 0)),
            ([0x50, 0, 0, 2, 0, 1], .truncated(at: 0)), ([0x80, 0x81, 1, 2], .truncated(at: 1)),
            ([0x83, 1], .truncated(at: 0)), ([0x20, 1, 0, 0, 0, 0], .truncated(at: 0)),
            ([0x20, 1, 0, 0, 0, 0, 2], .acknowledgement(at: 0)),
            ([0x21, 2, 0, 0, 0, 0, 0, 1, 0], .acknowledgement(at: 0)),
            ([0x21, 9, 0, 0, 0, 0, 0, 1], .truncated(at: 0)),
            // A part that is not the last one has at least 256 bytes.
            ([0x64, 0, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 255), .fragment(at: 0)),
            // A last part has at least one byte, and ends within 64 KiB.
            ([0x6c, 0, 0, 0, 0, 0], .fragment(at: 0)), ([0x6c, 0, 0, 0, 0, 1, 9], .fragment(at: 0)),
            ([0x6c, 0, 0, 0xff, 0xff, 0xff, 9], .fragment(at: 0)),
            ([UInt8](repeating: 0x80, count: 257), .tooMany),
        ] as [([UInt8], FrameError)])
    func `malformed frames are refused by name and place`(_ bytes: [UInt8], _ error: FrameError) {
        #expect(throws: error) { try parse(bytes) }
    }

    @Test func `what is written is read back, the last length left out`() throws {
        var writer = FrameWriter(limit: 1_176)
        let runs = [CounterRun(low: 900, high: 1_000), CounterRun(low: 4, high: 898)]
        let written = [
            writer.acknowledgement(runs, delay: .milliseconds(3)), writer.short(FrameKind.ping),
            writer.message(.control, number: 0x1_0005, payload: [1, 2, 3]),
            writer.message(.heartbeat, number: 9, payload: [4]),
            writer.fragment(.bulk, number: 7, offset: 1_096, isLast: true, payload: [5, 6][...]),
        ]
        #expect(written.allSatisfy { $0 })
        let bytes = writer.finished()
        let frames = try parse(bytes)
        #expect(
            frames == [
                .acknowledgement(
                    runs: [CounterRun(low: 900, high: 1_000), CounterRun(low: 643, high: 898)],
                    delay: .milliseconds(3)),
                .ping, .message(.control, number: 5, payload: 15..<18), .heartbeat(payload: 21..<22),
                .fragment(.bulk, number: 7, offset: 1_096, isLast: true, payload: 28..<30),
            ])
        #expect(bytes.count == 9 + 1 + 8 + 4 + 8)
    }

    @Test func `thirty-two runs fit into an acknowledgement of 69 bytes`() throws {
        var ranges = AckRanges()
        for counter in 0..<40 as Range<UInt32> { _ = ranges.insert(counter * 2) }
        var writer = FrameWriter(limit: 1_176)
        let isWritten = writer.acknowledgement(ranges.runs, delay: .zero)
        #expect(isWritten && writer.bytes.count == 69)
        #expect(try parse(writer.bytes) == [.acknowledgement(runs: ranges.runs, delay: .zero)])
    }

    @Test(arguments: [(256, 2), (257, 1)] as [(UInt32, Int)])
    func `a hole of more than 256 counters ends the acknowledgement`(_ missing: UInt32, _ told: Int) throws {
        var writer = FrameWriter(limit: 100)
        let runs = [CounterRun(low: 1_000, high: 1_000), CounterRun(low: 5, high: 999 - missing)]
        _ = writer.acknowledgement(runs, delay: .zero)
        guard case .acknowledgement(let read, _) = try parse(writer.bytes).first else {
            Issue.record("an acknowledgement")
            return
        }
        #expect(read.count == told && read[0] == runs[0])
    }

    @Test func `nothing is written beyond the limit`() {
        var writer = FrameWriter(limit: 10)
        let payload = [UInt8](repeating: 1, count: 6)
        let written = [
            writer.message(.task, number: 1, payload: payload), writer.short(FrameKind.pathChallenge, 1, count: 8),
            writer.short(FrameKind.ping), writer.acknowledgement([CounterRun(low: 1, high: 1)], delay: .zero),
        ]
        #expect(written == [false, true, true, false])
        #expect(writer.bytes.count == 10)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `mutated and random bytes never get past the parser unnamed`(_ seed: UInt64) {
        var dice = Dice(seed: seed)
        var accepted = 0
        for round in 0..<2_000 {
            var bytes = FrameTests.golden[dice.below(FrameTests.golden.count)].bytes
            if round % 4 == 0 { bytes += FrameTests.golden[dice.below(FrameTests.golden.count)].bytes }
            if round % 7 == 0 { bytes = dice.bytes(dice.below(1_300)) }
            for _ in 0...dice.below(3) where !bytes.isEmpty {
                switch dice.below(3) {
                case 0: bytes[dice.below(bytes.count)] = UInt8(dice.below(256))
                case 1: bytes.remove(at: dice.below(bytes.count))
                default: bytes.insert(UInt8(dice.below(256)), at: dice.below(bytes.count + 1))
                }
            }
            guard let frames = try? Frame.parse(bytes.span) else { continue }
            accepted += 1
            for frame in frames {
                switch frame {
                case .message(_, _, let range), .heartbeat(let range), .fragment(_, _, _, _, let range):
                    #expect(range.lowerBound >= 0 && range.upperBound <= bytes.count)
                case .acknowledgement(let runs, _):
                    #expect(runs.count <= 32 && runs.allSatisfy { $0.low <= $0.high })
                    #expect(zip(runs, runs.dropFirst()).allSatisfy { $0.low > $1.high })
                default: break
                }
            }
        }
        #expect(accepted > 100, "the mutations are not so wild that all are refused at once")
    }
}
