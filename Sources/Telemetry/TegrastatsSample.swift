import Quantities

extension TelemetrySample {
    /// The sample that one line of tegrastats gives, for boards whose sensor files cannot be read.
    ///
    /// Rails have power only. The mean and the maximum of a rail count from the start of tegrastats and
    /// are not used.
    public init(
        _ line: TegrastatsLine, taken: BootTime, board: BoardIdentity, profile: HardwareProfile,
        choice: inout TotalRuleChoice
    ) {
        self.init(taken: taken, board: board)
        for rail in line.rails {
            guard rail.current.magnitude <= TelemetryLimits.microwatts.magnitude / 1000 else {
                unavailable.append(Unavailable(rail.name, .malformed))
                continue
            }
            rails.append(
                RailReading(
                    name: rail.name, role: profile.role(ofRail: rail.name),
                    power: Power(milliwatts: rail.current), source: .tegrastats))
        }
        total = choice.total(of: rails)
        if total == nil {
            // A rail of the total that is no reading is why there is none.
            unavailable.append(Unavailable("total", unavailable.first?.reason ?? .absent))
        }
        for zone in line.zones {
            if !zone.isValid {
                unavailable.append(Unavailable(zone.name, .disabled))
            } else if let temperature = Temperature(degrees: zone.current) {
                zones.append(ZoneReading(name: zone.name, temperature: temperature))
            } else {
                unavailable.append(Unavailable(zone.name, .malformed))
            }
        }
        hottest = profile.hottest(of: zones)
        func value(_ number: Int64?, atMost limit: Int64, _ what: String) -> Int64? {
            guard let number, number > limit else { return number }
            unavailable.append(Unavailable(what, .malformed))
            return nil
        }
        if let graphics = line.graphics {
            let percent = value(graphics.percent, atMost: 100, "gpu.load_permille")
            let megahertz = value(graphics.megahertz.first, atMost: 1_000_000, "gpu.frequency_khz")
            gpu = GPUReading(
                loadPermille: percent.map { $0 * 10 }, frequencyKilohertz: megahertz.map { $0 * 1000 },
                maximumKilohertz: nil)
        }
        memory.total = value(line.memory?.total, atMost: .max / 1_048_576, "memory.total_bytes")
            .map { .mebibytes($0) }
    }
}

extension Temperature {
    /// The temperature printed as `degrees`, a decimal number of °C; nil where it is not such a number.
    ///
    /// Digits after the third behind the point are cut off.
    init?(degrees: String) {
        let text = Array(degrees.utf8)[...]
        let isNegative = text.first == UInt8(ascii: "-")
        let parts = (isNegative ? text.dropFirst() : text)
            .split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first.flatMap({ DecimalText.unsigned($0) }), whole <= 1_000_000 else { return nil }
        var thousandths: UInt64 = 0
        if parts.count == 2 {
            let padding = Array(repeating: UInt8(ascii: "0"), count: max(0, 3 - parts[1].count))
            let digits = parts[1].prefix(3) + padding
            guard !parts[1].isEmpty, let value = DecimalText.unsigned(digits[...]) else { return nil }
            thousandths = value
        }
        let magnitude = Int32(whole * 1000 + thousandths)
        self.init(millidegrees: isNegative ? -magnitude : magnitude)
    }
}
