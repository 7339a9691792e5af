/// A hash over everything that happened in a run, and its last lines in words where they are kept.
public struct Trace: Sendable {
    /// The hash so far.
    public private(set) var hash: UInt64 = 0x5a6e_ed9e
    /// Everything taken in so far.
    public private(set) var count = 0
    /// Whether lines are kept.
    public let keepsLines: Bool
    private var lines: [String] = []
    private static let linesKept = 4_000

    /// An empty trace; without lines it costs little.
    public init(keepingLines: Bool) { keepsLines = keepingLines }

    /// The last lines, oldest first.
    public var lastLines: [String] { Array(lines.suffix(Trace.linesKept)) }

    /// Mixes a number in.
    public mutating func add(_ number: UInt64) {
        hash = (hash ^ number) &* 0x9fb2_1c65_1e98_df25
        hash ^= hash >> 32
        count += 1
    }

    /// Mixes a number in.
    public mutating func add(_ number: Int64) { add(UInt64(bitPattern: number)) }

    /// Mixes bytes in, eight at a time.
    public mutating func add(_ bytes: [UInt8]) {
        var word: UInt64 = UInt64(bytes.count)
        var filled = 0
        for byte in bytes {
            word = word << 8 | UInt64(byte)
            filled += 1
            if filled == 8 {
                add(word)
                word = 0
                filled = 0
            }
        }
        add(word)
    }

    /// Mixes a text in.
    public mutating func add(_ text: String) { add(Array(text.utf8)) }

    /// Keeps a line, where lines are kept.
    public mutating func line(_ text: @autoclosure () -> String) {
        guard keepsLines else { return }
        lines.append(text())
        if lines.count >= 2 * Trace.linesKept { lines.removeFirst(Trace.linesKept) }
    }
}
