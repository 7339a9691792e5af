import EnergyProofs
import Quantities

/// Energy per period of one source in one class, as a picture (SVG): bars with the part of tasks, the error bound as a
/// whisker, and what was not measured hatched.
struct ReportChart {
    /// Periods are drawn from the first to the last that has a page.
    private let report: ShownReport
    private let total: SourceSummary
    private let bars: [Bar]
    private let scale: EnergyScale
    /// Makes names in the picture unlike those of the others on the page.
    private let number: Int

    /// One period.
    private struct Bar {
        var energy: Int64 = 0
        var work: Int64 = 0
        var error: Int64 = 0
        var isBounded = true
        /// Ten-thousandths of the period that were measured.
        var coverage: Int64 = 0
    }

    // Units of the picture: tenths of what a pixel is at its natural size.
    private static let (width, height) = (7600, 2700)
    private static let (left, right, top, bottom) = (620, 80, 230, 640)
    private static let plotWidth = width - left - right
    private static let plotHeight = height - top - bottom
    /// Below this share of measured time a period is hatched.
    private static let wholeCoverage: Int64 = 9_900

    init(_ report: ShownReport, of total: SourceSummary, number: Int) {
        self.report = report
        self.total = total
        self.number = number
        var bars = [Bar](repeating: Bar(), count: report.periods.count)
        for entry in report.entries(of: total) {
            bars[entry.period].energy += entry.pages.energy.millijoules
            bars[entry.period].work += entry.pages.work.millijoules
            bars[entry.period].error += entry.pages.errorBound?.millijoules ?? 0
            if entry.pages.isMeasured, entry.pages.errorBound == nil { bars[entry.period].isBounded = false }
            bars[entry.period].coverage += Int64(report.energy.coverage(of: entry).value)
        }
        self.bars = bars
        scale = EnergyScale(largest: bars.map { $0.energy + $0.error }.max() ?? 0, in: report.unit)
    }

    /// Whether there is more than one bar to compare.
    var isWorthwhile: Bool { bars.count > 1 }

    /// The picture.
    func write(to page: inout MarkupWriter) {
        let (title, description) = ("chart-\(number)-title", "chart-\(number)-text")
        page.begin(
            "svg",
            [
                ("xmlns", "http://www.w3.org/2000/svg"),
                ("viewBox", "0 0 \(ReportChart.width) \(ReportChart.height)"), ("role", "img"),
                ("aria-labelledby", title + " " + description), ("class", "chart"),
            ])
        page.element("title", "Energy of \(total.source.text) per \(periodName)", [("id", title)])
        page.element("desc", text, [("id", description)])
        writePattern(to: &page)
        writeGrid(to: &page)
        for (index, bar) in bars.enumerated() { write(bar, at: index, to: &page) }
        writeTimes(to: &page)
        writeLegend(to: &page)
        page.end()
        page.line()
    }

    /// What can be said of time in which the energy is known.
    private var share: String { ShownReport.share(of: total.evidence) }

    private var periodName: String { report.periods.interval == .day ? "day" : "hour" }

    private var text: String {
        let most = bars.indices.max { bars[$0].energy < bars[$1].energy }
        var peak = ""
        if let most, bars[most].energy > 0 {
            peak =
                " The most, \(report.unit.text(Energy(millijoules: bars[most].energy))), in the \(periodName) of "
                + report.name(ofPeriod: most) + "."
        }
        let gaps = bars.count { $0.coverage < ReportChart.wholeCoverage }
        return "\(bars.count) periods, \(report.energy(total))" + (total.isMeasured ? " in all." : ".") + peak
            + " \(gaps) of them were not \(share) whole. The same figures stand in the table below."
    }

    // MARK: Parts

    private var hatch: String { "hatch-\(number)" }

    private func writePattern(to page: inout MarkupWriter) {
        page.begin("defs")
        page.begin(
            "pattern",
            [
                ("id", hatch), ("width", "60"), ("height", "60"), ("patternUnits", "userSpaceOnUse"),
                ("patternTransform", "rotate(45)"),
            ])
        page.shape("rect", [("class", "hatch"), ("width", "14"), ("height", "60")])
        page.end()
        page.end()
    }

    private func writeGrid(to page: inout MarkupWriter) {
        for tick in scale.ticks {
            let y = "\(self.y(tick.millijoules))"
            page.shape(
                "line",
                [
                    ("class", tick.millijoules == 0 ? "axis" : "grid"), ("x1", "\(ReportChart.left)"), ("y1", y),
                    ("x2", "\(ReportChart.width - ReportChart.right)"), ("y2", y),
                ])
            page.element(
                "text", tick.label,
                [("class", "tick"), ("x", "\(ReportChart.left - 60)"), ("y", y), ("dy", "38"), ("text-anchor", "end")])
        }
        page.element(
            "text", scale.unit,
            [("class", "unit"), ("x", "\(ReportChart.left - 60)"), ("y", "90"), ("text-anchor", "end")])
    }

    private func write(_ bar: Bar, at index: Int, to page: inout MarkupWriter) {
        let begin = x(index)
        let width = x(index + 1) - begin
        // A sliver of space between bars that are wide enough for it.
        let space = width >= 60 ? width / 8 : 0
        if bar.coverage < ReportChart.wholeCoverage {
            let height = ReportChart.plotHeight * Int(10_000 - bar.coverage) / 10_000
            page.shape(
                "rect",
                [
                    ("fill", "url(#\(hatch))"), ("x", "\(begin)"), ("y", "\(ReportChart.top)"), ("width", "\(width)"),
                    ("height", "\(height)"),
                ])
        }
        guard bar.energy > 0 else { return }
        page.begin("g")
        page.element(
            "title",
            report.name(ofPeriod: index) + ": " + report.unit.text(Energy(millijoules: bar.energy))
                + (bar.isBounded
                    ? " ± " + report.unit.text(Energy(millijoules: bar.error)) : ", error not bounded") + ", "
                + report.unit.text(Energy(millijoules: bar.work))
                + " by tasks, "
                + percent(basisPoints: min(10_000, bar.coverage)) + " " + share)
        writeRectangle("energy", from: 0, to: bar.energy, begin + space, width - 2 * space, to: &page)
        if bar.work > 0 { writeRectangle("work", from: 0, to: bar.work, begin + space, width - 2 * space, to: &page) }
        if width >= 30 {
            let middle = "\(begin + width / 2)"
            page.shape(
                "line",
                [
                    ("class", "error"), ("x1", middle), ("y1", "\(y(bar.energy + bar.error))"), ("x2", middle),
                    ("y2", "\(y(max(0, bar.energy - bar.error)))"),
                ])
        }
        page.end()
    }

    private func writeRectangle(
        _ name: String, from low: Int64, to high: Int64, _ x: Int, _ width: Int, to page: inout MarkupWriter
    ) {
        page.shape(
            "rect",
            [
                ("class", name), ("x", "\(x)"), ("y", "\(y(high))"), ("width", "\(max(4, width))"),
                ("height", "\(max(4, y(low) - y(high)))"),
            ])
    }

    private func writeTimes(to page: inout MarkupWriter) {
        let base = ReportChart.height - ReportChart.bottom
        var lastDate = ""
        for index in stride(from: firstLabel, to: bars.count, by: labelStep) {
            let time = CivilTime(report.periods.start(of: index), offset: report.periods.offset)
            let x = "\(self.x(index))"
            page.shape("line", [("class", "axis"), ("x1", x), ("y1", "\(base)"), ("x2", x), ("y2", "\(base + 50)")])
            let isDay = report.periods.interval == .day
            page.element(
                "text", isDay ? String(time.date.dropFirst(5)) : String(time.timeOfDay.prefix(5)),
                [("class", "tick"), ("x", x), ("y", "\(base + 165)"), ("text-anchor", "middle")])
            let date = isDay ? String(time.date.prefix(4)) : time.date
            if date != lastDate {
                page.element(
                    "text", date, [("class", "tick"), ("x", x), ("y", "\(base + 290)"), ("text-anchor", "middle")])
            }
            lastDate = date
        }
    }

    /// Periods from one label to the next, so that at most a dozen stand beside each other.
    private var labelStep: Int {
        let steps = report.periods.interval == .day ? [1, 2, 7, 14, 28, 56, 112, 364] : [1, 2, 3, 6, 12, 24, 48, 168]
        return steps.first { bars.count / $0 <= 11 } ?? max(1, bars.count / 11)
    }

    /// The first period whose name is a round one.
    private var firstLabel: Int {
        guard report.periods.interval == .hour else { return 0 }
        return (0..<min(bars.count, labelStep)).first { index in
            CivilTime(report.periods.start(of: index), offset: report.periods.offset).hour
                % Int64(min(24, labelStep)) == 0
        } ?? 0
    }

    private func writeLegend(to page: inout MarkupWriter) {
        let entries = [
            ("energy", "energy"), ("work", "of it by tasks"), ("error", "error bound"), ("", "not " + share),
        ]
        let y = ReportChart.height - 60
        var x = ReportChart.left
        for (name, label) in entries {
            if name == "error" {
                let middle = "\(x + 60)"
                page.shape(
                    "line", [("class", name), ("x1", middle), ("y1", "\(y - 95)"), ("x2", middle), ("y2", "\(y + 15)")])
            } else {
                let look = name.isEmpty ? ("fill", "url(#\(hatch))") : ("class", name)
                page.shape(
                    "rect", [look, ("x", "\(x)"), ("y", "\(y - 95)"), ("width", "120"), ("height", "110")])
            }
            page.element("text", label, [("class", "tick"), ("x", "\(x + 180)"), ("y", "\(y)")])
            x += 480 + label.utf8.count * 62
        }
    }

    private func x(_ index: Int) -> Int { ReportChart.left + ReportChart.plotWidth * index / max(1, bars.count) }

    private func y(_ millijoules: Int64) -> Int {
        let height = Int128(ReportChart.plotHeight) * Int128(min(millijoules, scale.top)) / Int128(max(1, scale.top))
        return ReportChart.height - ReportChart.bottom - Int(height)
    }
}

/// A scale from zero to above the largest energy, with round figures.
struct EnergyScale {
    /// The unit of the figures.
    let unit: String
    /// The upper end in millijoules.
    let top: Int64
    /// Places with figures.
    let ticks: [(millijoules: Int64, label: String)]

    /// The scale for energies up to `largest` millijoules, with figures in `energyUnit`.
    init(largest: Int64, in energyUnit: EnergyUnit) {
        unit = energyUnit.name
        let thousandth = energyUnit.thousandth
        let steps = max(1, (largest + thousandth - 1) / thousandth)
        let step = EnergyScale.roundStep(for: steps)
        let count = max(1, (steps + step - 1) / step)
        top = count * step * thousandth
        ticks = (0...count).map { index in
            (index * step * thousandth, EnergyScale.label(thousandths: index * step))
        }
    }

    /// The smallest of 1, 2, 5, 10, 20 … of which at most five make `value`.
    private static func roundStep(for value: Int64) -> Int64 {
        var step: Int64 = 1
        while true {
            for factor in [1, 2, 5] as [Int64] where value <= step * factor * 5 { return step * factor }
            step *= 10
        }
    }

    /// `value` thousandths without zeros at the end.
    private static func label(thousandths value: Int64) -> String {
        var text = decimal(thousandths: value)
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }
}
