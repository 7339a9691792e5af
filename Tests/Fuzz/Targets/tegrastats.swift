// Lines of tegrastats: nothing traps, and whatever is accepted can be shown and metered.

import Quantities
import Telemetry
import Wire

private let profile = HardwareProfile(name: "board", title: "A board")

func fuzz(_ input: [UInt8]) {
    var splitter = LineSplitter()
    for (number, line) in (splitter.lines(of: input) + [splitter.unterminated()].compactMap { $0 }).enumerated() {
        guard case .line(let bytes) = line else { continue }
        var json = JSONWriter()
        let isTaken = TegrastatsLine.writeJSON(line: number + 1, bytes, to: &json)
        precondition(json.text.first == "{" && json.text.last == "}", "one object for each line")
        guard let parsed = try? TegrastatsLine(bytes) else {
            precondition(!isTaken, "what is refused is shown as refused")
            continue
        }
        var choice = TotalRuleChoice(rules: profile.totals)
        let sample = TelemetrySample(
            parsed, taken: .origin, board: BoardIdentity(profile: "board"), profile: profile, choice: &choice)
        var view = JSONWriter()
        sample.writeJSON(to: &view)
        precondition(!view.text.isEmpty, "a sample can be shown")
    }
}
