import Gateway

/// The text of a sample: who, rails, zones, and what is left, in that order.
func telemetryText(_ sample: JSONValue) -> String {
    let parts = [boardLines(sample), railTable(sample), zoneTable(sample), otherLines(sample)]
    return printable(parts.filter { !$0.isEmpty }.joined(separator: "\n"))
}

private func boardLines(_ sample: JSONValue) -> String {
    let board = sample["board"] ?? .null
    var table = TextTable()
    table.row("board", board["model"]?.text ?? "unknown")
    table.row("profile", board.word("profile") + (board["l4t"]?.text.map { ", Jetson Linux \($0)" } ?? ""))
    if let mode = sample["power_mode"], mode != .null {
        let name = mode["name"]?.text ?? "number \(mode.word("id"))"
        table.row("mode", name + (mode["rated_mw"]?.number.map { ", rated " + watts(milliwatts: $0) } ?? ""))
    }
    for source in sample["sources"]?.elements ?? [] {
        let register = source["register_mj"]?.number ?? 0
        table.row(
            "source",
            source.word("name") + ", " + source.word("class")
                + (register == 0 ? "" : ", " + joules(millijoules: register) + " registered"))
    }
    return table.text()
}

private func railTable(_ sample: JSONValue) -> String {
    let rails = sample["rails"]?.elements ?? []
    var text = ""
    if !rails.isEmpty {
        var table = TextTable(header: ["rail", "role", ">power", ">voltage", ">current", "read by"])
        for rail in rails {
            table.row([
                rail.word("name"), rail.word("role"),
                rail["uw"]?.number.map { watts(microwatts: $0) } ?? "-",
                rail["mv"]?.number.map { decimal(thousandths: $0) + " V" } ?? "-",
                rail["ma"]?.number.map { decimal(thousandths: $0) + " A" } ?? "-", rail.word("source"),
            ])
        }
        text = table.text()
    }
    if let total = sample["total"], total != .null, total["uw"]?.number == nil {
        text += "total not known yet = " + total.word("rule") + " (\(total.word("scope"))), by counters\n"
    }
    if let total = sample["total"], let power = total["uw"]?.number {
        let isLowerBound = total["complete"] == .boolean(false) || total.word("scope") == "module-lower-bound"
        text +=
            "total " + (isLowerBound ? "at least " : "") + watts(microwatts: power) + " = " + total.word("rule")
            + " (\(total.word("scope")))\n"
        if total["complete"] == .boolean(false) { text += "a rail of this sum could not be read\n" }
    }
    return text
}

private func zoneTable(_ sample: JSONValue) -> String {
    let zones = sample["zones"]?.elements ?? []
    guard !zones.isEmpty else { return "" }
    let hottest = sample["hottest"]?["name"]?.text
    var table = TextTable(header: ["zone", ">temperature", ""])
    for zone in zones {
        table.row([
            zone.word("name"), zone["millidegrees"]?.number.map { degrees(millidegrees: $0) } ?? "-",
            zone["name"]?.text == hottest ? "hottest" : "",
        ])
    }
    return table.text()
}

private func otherLines(_ sample: JSONValue) -> String {
    var table = TextTable()
    if let gpu = sample["gpu"], gpu != .null {
        var words: [String] = []
        if let load = gpu["load_permille"]?.number { words.append(decimal(tenthsOf: load * 100) + " % busy") }
        if let clock = gpu["frequency_khz"]?.number {
            words.append("\(clock / 1000) MHz" + (gpu["max_khz"]?.number.map { " of \($0 / 1000) MHz" } ?? ""))
        }
        table.row("gpu", words.isEmpty ? "unknown" : words.joined(separator: ", "))
    }
    if let memory = sample["memory"], memory["total_bytes"]?.number != nil {
        table.row("memory", memory.memory("available_bytes") + " available of " + memory.memory("total_bytes"))
    }
    let throttle = (sample["throttle"]?.elements ?? []).filter { $0["state"]?.number ?? 0 > 0 }
    let causes = throttle.map { cause in
        cause.word("cause") + " " + cause.word("state") + (cause["max"]?.number.map { " of \($0)" } ?? " times")
    }
    table.row("throttle", causes.isEmpty ? "none" : causes.joined(separator: ", "))
    for entry in sample["unavailable"]?.elements ?? [] {
        table.row("unread", entry.word("what") + ": " + entry.word("reason"))
    }
    return table.text()
}
