import Testing

@testable import Link

@Suite struct AckRangesTests {
    private func ranges(_ counters: [UInt32]) -> AckRanges {
        var ranges = AckRanges()
        for counter in counters { _ = ranges.insert(counter) }
        return ranges
    }

    @Test(
        arguments: [
            ([], []), ([7], [7...7]), ([1, 2, 3], [1...3]), ([3, 2, 1], [1...3]), ([1, 3], [3...3, 1...1]),
            ([1, 3, 2], [1...3]), ([5, 1, 3, 4], [3...5, 1...1]), ([0, 1], [0...1]),
            ([.max, .max - 1], [(.max - 1)...(.max)]),
            ([2, 2, 2], [2...2]),
        ] as [([UInt32], [ClosedRange<UInt32>])])
    func `counters join to runs from the newest down`(_ counters: [UInt32], _ runs: [ClosedRange<UInt32>]) {
        #expect(ranges(counters).runs.map { $0.low...$0.high } == runs)
    }

    @Test func `a counter counts once`() {
        var ranges = ranges([4, 5])
        let again = ranges.insert(4)
        let new = ranges.insert(3)
        #expect(!again && new)
    }

    @Test func `more than 32 runs forget the oldest`() {
        let ranges = ranges((0..<100).map { $0 * 2 })
        #expect(ranges.runs.count == 32)
        #expect(ranges.runs.first == CounterRun(low: 198, high: 198))
        #expect(ranges.runs.last == CounterRun(low: 136, high: 136))
    }

    @Test(arguments: [(0, 3), (2, 2), (4, 1), (5, 1), (6, 1), (9, 0), (100, 0)] as [(UInt32, Int)])
    func `what the peer knows of is forgotten`(_ through: UInt32, _ left: Int) {
        var ranges = ranges([2, 4, 6, 7, 8, 9])
        ranges.forget(through: through)
        #expect(ranges.runs.count == left)
        #expect(ranges.runs.allSatisfy { $0.low > through })
        #expect(ranges.runs.first?.high == (left > 0 ? 9 : nil))
    }
}
