import Platform

/// A measured quantity in its unit.
enum Figure {
    /// Durations in nanoseconds.
    case time(median: Int64, p99: Int64)
    /// How often a second.
    case rate(Int64)
    case kibibytes(Int64)
    case bytes(Int64)
    /// Hundred-thousandths of a processor.
    case share(Int64)

    init(_ durations: Durations) { self = .time(median: durations.median, p99: durations.p99) }

    /// What ratios are made of.
    var number: Int64 {
        switch self {
        case .time(let median, _): median
        case .rate(let number), .kibibytes(let number), .bytes(let number), .share(let number): number
        }
    }

    var text: String {
        switch self {
        case .time(let median, _): Figure.time(median)
        case .rate(let number): "\(number)/s"
        case .kibibytes(let number): decimal(number * 100 / 1024) + " MiB"
        case .bytes(let number): decimal(number / 10_000) + " MB"
        case .share(let number): decimal(number / 10) + " %"
        }
    }

    var p99: String {
        switch self {
        case .time(_, let p99): Figure.time(p99)
        default: ""
        }
    }

    private static func time(_ nanoseconds: Int64) -> String {
        switch nanoseconds {
        case ..<1_000: "\(nanoseconds) ns"
        case ..<1_000_000: decimal(nanoseconds / 10) + " µs"
        case ..<1_000_000_000: decimal(nanoseconds / 10_000) + " ms"
        default: decimal(nanoseconds / 10_000_000) + " s"
        }
    }
}

/// A number of hundredths with two decimals.
func decimal(_ hundredths: Int64) -> String {
    "\(hundredths / 100)." + (hundredths % 100 < 10 ? "0" : "") + "\(hundredths % 100)"
}

/// The lines of the report, printed as they come so that a long run shows where it is.
enum Table {
    private static let widths = [42, 12, 12, 34, 12, 12]

    static func header() {
        line(["measure", "ours", "p99", "beside it, in turns", "", "p99", "ratio"])
    }

    /// One measure beside a peer's; the ratio is ours by theirs.
    static func row(_ measure: String, _ ours: Figure, beside peer: String = "", _ theirs: Figure? = nil) {
        let ratio = theirs.map { decimal(ours.number * 100 / max(1, $0.number)) } ?? ""
        line([measure, ours.text, ours.p99, peer, theirs?.text ?? "", theirs?.p99 ?? "", ratio])
    }

    /// A remark about the row above.
    static func note(_ text: String) { print("    " + text) }

    static func print(_ text: String) {
        var output = OutputBuffer.standardOutput
        output.line(text)
        // A report that nobody reads any more needs no reader told.
        try? output.flush()
    }

    private static func line(_ cells: [String]) {
        var text = ""
        for (index, cell) in cells.enumerated() {
            let width = index < widths.count ? widths[index] : 8
            let space = String(repeating: " ", count: max(0, width - cell.unicodeScalars.count))
            // Words to the left, numbers to the right.
            text += index == 0 || index == 3 ? "  " + cell + space : space + cell
        }
        while text.hasSuffix(" ") { text.removeLast() }
        print(text)
    }
}
