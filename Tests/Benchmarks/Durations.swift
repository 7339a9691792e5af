import Platform

/// How long many runs took, in nanoseconds.
struct Durations {
    private(set) var nanoseconds: [Int64] = []

    /// The runs of `count` calls of `body`.
    static func measuring(_ count: Int, _ body: () -> Void) -> Durations {
        var durations = Durations()
        durations.nanoseconds.reserveCapacity(count)
        for _ in 0..<count {
            let begin = Clock.bootNanoseconds
            body()
            durations.add(Clock.bootNanoseconds - begin)
        }
        return durations
    }

    /// The runs that a peer's function writes down.
    static func ofPeer(
        _ call: String, _ count: Int, _ body: (UnsafeMutablePointer<Int64>) -> Int32
    ) throws(BenchmarkError) -> Durations {
        var durations = Durations()
        durations.nanoseconds = [Int64](repeating: 0, count: count)
        let refused = durations.nanoseconds.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return Int32(0) }
            return body(start)
        }
        guard refused == 0 else { throw .peer(call, refused) }
        return durations
    }

    mutating func add(_ duration: Int64) { nanoseconds.append(duration) }

    mutating func add(_ other: Durations) { nanoseconds += other.nanoseconds }

    /// The duration that `permille` of a thousand runs stay within.
    ///
    /// Complexity: O(n log n).
    func quantile(_ permille: Int) -> Int64 {
        guard !nanoseconds.isEmpty else { return 0 }
        let sorted = nanoseconds.sorted()
        return sorted[min(sorted.count - 1, (sorted.count * permille + 500) / 1000)]
    }

    var median: Int64 { quantile(500) }
    var p99: Int64 { quantile(990) }
    var total: Int64 { nanoseconds.reduce(0, +) }

    /// Runs per second over all of them, each counted as `share` thousandths.
    func rate(permille share: Int64 = 1000) -> Int64 {
        let total = max(1, total)
        return Int64(clamping: Int128(nanoseconds.count) * Int128(share) * 1_000_000 / Int128(total))
    }
}

/// The middle one of `values`; 0 of none.
func median(_ values: [Int64]) -> Int64 { values.isEmpty ? 0 : values.sorted()[values.count / 2] }
