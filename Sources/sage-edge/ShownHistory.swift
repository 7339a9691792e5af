import AgentCore
import Gateway
import Quantities
import Wire

/// The energy history as it is printed: a row for each sample, minute or hour, oldest first.
struct ShownHistory {
    let resolution: HistoryResolution
    /// How far the clock that is shown is ahead of UTC.
    let offset: TimeSpan
    /// Samples or buckets as the agent tells them.
    private(set) var parts: [JSONValue] = []
    /// Stored ones that cannot be read.
    private(set) var damaged: Int64 = 0

    init(resolution: HistoryResolution, offset: TimeSpan) {
        self.resolution = resolution
        self.offset = offset
    }

    private var listName: String { resolution == .sample ? "samples" : "buckets" }

    /// Takes in an answer that tells what was before all that is there.
    mutating func prepend(_ answer: JSONValue) {
        parts = (answer[listName]?.elements ?? []) + parts
        damaged += answer["damaged"]?.number ?? 0
    }

    /// Leaves only the newest.
    mutating func keep(newest count: Int) { parts = parts.suffix(count) }

    // MARK: JSON

    var json: String {
        var json = JSONWriter()
        json.beginObject()
        json.member("resolution", resolution.name)
        json.key(listName)
        json.beginArray()
        for part in parts { part.write(to: &json) }
        json.endArray()
        if damaged > 0 { json.member("damaged", damaged) }
        json.endObject()
        return json.text
    }

    // MARK: Text

    /// The picture, the rows, and what they come to.
    var text: String {
        guard !parts.isEmpty else {
            return "nothing is known of that time" + (damaged > 0 ? ", " + damagedText : "") + "\n"
        }
        return chart + "\n" + (resolution == .sample ? sampleTable : bucketTable) + sum
    }

    private var damagedText: String { counted(damaged, "record") + " cannot be read" }

    private func start(of part: JSONValue) -> Int64 { part.amount(resolution == .sample ? "at_ms" : "start_ms") ?? 0 }

    private func power(of part: JSONValue) -> Int64? {
        part[resolution == .sample ? "power_mw" : "mean_mw"]?.number
    }

    private func clock(_ part: JSONValue) -> String {
        let time = CivilTime(WallTime(milliseconds: start(of: part)), offset: offset)
        let exact = time.timeOfDay + "." + time.milliseconds
        return time.date + " " + (resolution == .sample ? exact : String(time.timeOfDay.prefix(5)))
    }

    /// What the first column shows, and on which clock.
    private var timeHeader: String {
        resolution.name + " " + (offset == .zero ? "UTC" : CivilTime(.origin, offset: offset).offsetText())
    }

    /// Mean power as small bars, with the least and the most that they show; blank where nothing was measured.
    private var chart: String {
        let name = "power "
        let values = Downsampling.means(of: timeline, to: max(10, Console.width - name.utf8.count))
        let known = values.compactMap { $0 }
        guard let low = known.min(), let high = known.max() else { return "power unknown\n" }
        var series = Series()
        for value in values { series.append(value) }
        let bars = Sparkline.row(series, width: values.count)
        let scale = low == high ? "" : "from " + watts(milliwatts: low) + " to "
        return name + (TerminalText.isUTF8 ? bars : asciiText(bars)) + "\n      " + scale + watts(milliwatts: high)
            + "\n"
    }

    /// Milliseconds of one minute or hour; nil for single samples.
    private var length: Int64? {
        switch resolution {
        case .sample: nil
        case .minute: 60_000
        case .hour: 3_600_000
        }
    }

    /// A time as a share of the minute or hour; one that was measured up to its end began a little before it.
    private func share(_ time: JSONValue?) -> String {
        guard let length, let time = time?.number, (0...Int64(Int32.max)).contains(time) else { return "-" }
        return decimal(tenthsOf: min(time, length) * 100_000 / length) + " %"
    }

    /// The powers, with a blank for each stretch of which there is nothing.
    private var timeline: [Int64?] {
        var powers: [Int64?] = []
        var last: Int64?
        for part in parts {
            let slot = length.map { start(of: part).flooredQuotient(by: $0) }
            if let slot, let last, slot > last + 1 { powers.append(nil) }
            powers.append(power(of: part))
            last = slot
        }
        return powers
    }

    private var sampleTable: String {
        var table = TextTable(header: [timeHeader, ">power", ">hottest"])
        for part in parts {
            table.row([
                clock(part), power(of: part).map { watts(milliwatts: $0) } ?? "-",
                part["hottest_mc"]?.number.map { degrees(millidegrees: $0) } ?? "-",
            ])
        }
        return table.text()
    }

    private var bucketTable: String {
        let unit = EnergyUnit(fitting: Energy(millijoules: parts.compactMap { $0.amount("energy_mj") }.max() ?? 0))
        let isThrottled = parts.contains { $0["throttled_ms"]?.number ?? 0 > 0 }
        var header = [
            timeHeader, ">energy \(unit.name)", ">mean W", ">least", ">most", ">hottest",
            ">measured",
        ]
        if isThrottled { header.append(">slowed") }
        var table = TextTable(header: header)
        for part in parts {
            func figure(_ key: String) -> String { part[key]?.number.map { decimal(thousandths: $0) } ?? "-" }
            var row = [
                clock(part), part.amount("energy_mj").map { unit.figure(Energy(millijoules: max(0, $0))) } ?? "-",
                figure("mean_mw"), figure("lowest_mw"), figure("highest_mw"),
                part["hottest_mc"]?.number.map { degrees(millidegrees: $0) } ?? "-", share(part["covered_ms"]),
            ]
            if isThrottled { row.append(part["throttled_ms"]?.number == 0 ? "" : share(part["throttled_ms"])) }
            table.row(row)
        }
        return table.text()
    }

    private var sum: String {
        let remark = damaged > 0 ? damagedText + "\n" : ""
        guard resolution != .sample else { return remark }
        func total(_ key: String) -> Int64 { parts.reduce(0) { $0 &+ ($1.amount(key) ?? 0) } }
        let energy = Energy(millijoules: max(0, total("energy_mj")))
        return "\n" + energyText(energy) + " in " + duration(milliseconds: total("covered_ms"))
            + " that were measured\n"
            + remark
    }
}

/// Fewer values that show the same.
enum Downsampling {
    /// `values` in at most `count` of them, each the mean of those in its stretch; nil where none of these is known.
    static func means(of values: [Int64?], to count: Int) -> [Int64?] {
        guard count > 0, values.count > count else { return values }
        return (0..<count).map { index in
            let stretch = values[index * values.count / count..<(index + 1) * values.count / count]
            let known = stretch.compactMap { $0 }
            guard !known.isEmpty else { return nil }
            return Int64(clamping: known.reduce(Int128(0)) { $0 + Int128($1) } / Int128(known.count))
        }
    }
}
