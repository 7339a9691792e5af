/// Time that the processors have spent since boot, in clock ticks (usually 10 ms) over all cores.
public struct ProcessorTime: Hashable, Sendable {
    /// Ticks in which a core did something.
    public var busyTicks: UInt64
    /// All ticks.
    public var totalTicks: UInt64

    /// Processor time of its two parts.
    public init(busyTicks: UInt64, totalTicks: UInt64) {
        self.busyTicks = busyTicks
        self.totalTicks = totalTicks
    }

    /// The first line of `/proc/stat` (proc(5)); nil where it is not there or not well formed.
    ///
    /// Idle are the columns idle and iowait; guest time is already part of user time.
    /// Complexity: O(first line).
    public init?(procStat bytes: [UInt8]) {
        var words = TextScanner(bytes[..<(bytes.firstIndex(of: .lineFeed) ?? bytes.endIndex)]).words()
        guard words.first.map({ $0.elementsEqual("cpu".utf8) }) == true else { return nil }
        words.removeFirst()
        var columns: [UInt64] = []
        for word in words.prefix(8) {
            guard let column = DecimalText.unsigned(word) else { return nil }
            columns.append(column)
        }
        guard columns.count >= 4 else { return nil }
        var total: UInt64 = 0
        for column in columns {
            let (sum, overflow) = total.addingReportingOverflow(column)
            guard !overflow else { return nil }
            total = sum
        }
        let idle = columns[3] &+ (columns.count > 4 ? columns[4] : 0)
        self.init(busyTicks: total - idle, totalTicks: total)
    }

    /// Load between `earlier` and this reading in thousandths; nil when no time has passed or a counter went back.
    public func loadPermille(since earlier: ProcessorTime) -> Int64? {
        guard totalTicks > earlier.totalTicks, busyTicks >= earlier.busyTicks else { return nil }
        let share = UInt128(busyTicks - earlier.busyTicks) * 1000 / UInt128(totalTicks - earlier.totalTicks)
        return Int64(min(share, 1000))
    }
}
