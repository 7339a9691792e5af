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
            rails.append(
                RailReading(
                    name: rail.name, role: profile.role(ofRail: rail.name),
                    power: Power(milliwatts: rail.current), source: .tegrastats))
        }
        total = choice.total(of: rails)
        if total == nil { unavailable.append(Unavailable("total", .absent)) }
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
        if let graphics = line.graphics {
            gpu = GPUReading(
                loadPermille: graphics.percent.flatMap { $0 <= 100 ? $0 * 10 : nil },
                frequencyKilohertz: graphics.megahertz.first.flatMap { $0 <= 1_000_000 ? $0 * 1000 : nil },
                maximumKilohertz: nil)
        }
        if let memory = line.memory { self.memory.total = .mebibytes(memory.total) }
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
