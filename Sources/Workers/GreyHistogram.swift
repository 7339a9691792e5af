import Quantities

/// How often each grey level occurs in a frame, and the figures that follow from that alone.
struct GreyHistogram {
    /// Pixels of each of the 256 levels.
    private let counts: [Int]
    /// Pixels of all levels; at least 1.
    private let total: Int
    /// Sum of all levels.
    private let sum: Int

    init(_ frame: GreyFrame) {
        var counts = [Int](repeating: 0, count: 256)
        for level in frame.pixels { counts[Int(level)] += 1 }
        self.counts = counts
        total = frame.pixels.count
        sum = counts.indices.reduce(0) { $0 + $1 * counts[$1] }
    }

    /// Mean level in thousandths, rounded down.
    var mean: UInt32 { UInt32(sum * 1000 / total) }

    /// Standard deviation of the levels in thousandths, rounded down.
    var deviation: UInt32 {
        let squares = counts.indices.reduce(0) { $0 + $1 * $1 * counts[$1] }
        // total² × variance; every factor fits 64 bits, their product need not.
        let scatter = UInt128(total) * UInt128(squares) - UInt128(sum) * UInt128(sum)
        return UInt32(squareRoot(UInt64(scatter * 1_000_000 / (UInt128(total) * UInt128(total)))))
    }

    /// The lowest level that at least `percent` in a hundred pixels do not exceed; 0 gives the lowest level there is.
    func percentile(_ percent: Int) -> UInt8 {
        var below = 0
        for level in counts.indices {
            below += counts[level]
            if below > 0, below * 100 >= percent * total { return UInt8(level) }
        }
        return 255
    }

    /// Otsu's threshold (IEEE SMC-9, 1979): the level that parts the pixels into those up to it and those
    /// above it with the greatest variance between the two; the lowest of equals, and the only level of a
    /// frame that has one.
    ///
    /// The variance is compared as ⌊(total·s − sum·n)² ÷ (n·(total − n))⌋, where n pixels up to the level add up to s.
    var threshold: UInt8 {
        var best: (level: Int, score: UInt128) = (Int(percentile(0)), 0)
        var count = 0
        var partial = 0
        for level in counts.indices {
            count += counts[level]
            partial += level * counts[level]
            guard count > 0, count < total else { continue }
            let distance = Int128(total) * Int128(partial) - Int128(sum) * Int128(count)
            let score = distance.magnitude * distance.magnitude / UInt128(count * (total - count))
            if score > best.score { best = (level, score) }
        }
        return UInt8(best.level)
    }
}

/// The largest integer whose square does not exceed `value`.
func squareRoot(_ value: UInt64) -> UInt64 {
    var root: UInt64 = 0
    var bit: UInt64 = 1 << 31
    while bit > 0 {
        let candidate = root | bit
        if candidate * candidate <= value { root = candidate }
        bit >>= 1
    }
    return root
}
