import AgentCore
import Wire

/// A number of a metric: whole `units` of `digits` places after the point.
struct MetricValue: Equatable {
    let units: Int128
    let digits: Int

    init<Integer: FixedWidthInteger>(_ units: Integer, digits: Int = 0) {
        self.units = Int128(units)
        self.digits = digits
    }

    init(_ flag: Bool) { self.init(flag ? 1 : 0) }

    /// The number in decimal digits, without zeros that say nothing.
    var text: String {
        guard digits > 0 else { return "\(units)" }
        var divisor: Int128 = 1
        for _ in 0..<digits { divisor *= 10 }
        let magnitude = units.magnitude
        let whole = magnitude / UInt128(divisor)
        var fraction = "\(magnitude % UInt128(divisor))"
        fraction = String(repeating: "0", count: digits - fraction.utf8.count) + fraction
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return (units < 0 ? "-" : "") + "\(whole)" + (fraction.isEmpty ? "" : "." + fraction)
    }

    /// The same with at least one digit after the point, as bounds of histograms are written.
    var boundText: String {
        let text = text
        return text.utf8.contains(UInt8(ascii: ".")) ? text : text + ".0"
    }
}

/// Writes families of metrics in either format; a family without samples is left out.
struct MetricsText {
    let format: MetricsFormat
    private(set) var text = ""
    /// The family whose heading stands already.
    private var current: String?

    init(_ format: MetricsFormat) { self.format = format }

    /// Ends the page.
    mutating func end() { if format == .openMetrics { text += "# EOF\n" } }

    /// Writes one sample of a counter, gauge or info; samples of a family follow each other.
    mutating func sample(_ family: MetricFamily, _ labels: [String], _ value: MetricValue) {
        begin(family)
        write(family.sampleName, family.labels, labels, value.text)
    }

    /// Writes a sample where there is a value.
    mutating func sample(_ family: MetricFamily, _ labels: [String], _ value: MetricValue?) {
        if let value { sample(family, labels, value) as Void }
    }

    /// Writes the sample of a family without labels, where there is a value.
    mutating func sample(_ family: MetricFamily, _ value: MetricValue?) { sample(family, [], value) }

    /// Writes a histogram whose bounds and sum have `digits` places after the point.
    mutating func histogram(_ family: MetricFamily, _ labels: [String], _ values: Histogram, digits: Int) {
        begin(family)
        var count: UInt64 = 0
        for (bound, more) in zip(values.bounds, values.counts) {
            count += more
            let limit = MetricValue(bound, digits: digits).boundText
            write(family.name + "_bucket", family.labels + ["le"], labels + [limit], "\(count)")
        }
        write(family.name + "_bucket", family.labels + ["le"], labels + ["+Inf"], "\(values.count)")
        write(family.name + "_sum", family.labels, labels, MetricValue(values.sum, digits: digits).text)
        write(family.name + "_count", family.labels, labels, "\(values.count)")
    }

    private mutating func begin(_ family: MetricFamily) {
        guard current != family.name else { return }
        current = family.name
        let name: String
        let kind: String
        switch format {
        case .text:
            name = family.sampleName
            kind = family.kind == .info ? "gauge" : family.kind.rawValue
        case .openMetrics:
            name = family.name
            kind = family.kind.rawValue
        }
        text += "# HELP " + name + " " + family.help + "\n# TYPE " + name + " " + kind + "\n"
        if format == .openMetrics, let unit = family.unit { text += "# UNIT " + name + " " + unit + "\n" }
    }

    private mutating func write(_ name: String, _ labels: [String], _ values: [String], _ value: String) {
        text += name
        if !labels.isEmpty {
            var mark = "{"
            for (label, value) in zip(labels, values) {
                text += mark + label + "=\"" + MetricsText.escaped(value) + "\""
                mark = ","
            }
            text += "}"
        }
        text += " " + value + "\n"
    }

    /// `text` as the value of a label: `\`, `"` and line ends escaped.
    static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == 0x5c || $0 == 0x22 || $0 == 0x0a }) else { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
