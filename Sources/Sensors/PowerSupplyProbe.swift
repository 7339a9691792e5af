import Quantities
import Telemetry

/// One battery's files.
struct BatteryProbe {
    /// The name of its folder, such as `BAT0`.
    let name: String
    /// Its identity as a source, such as `battery:BAT0-38109`.
    let source: String
    let status: SensorFile?
    let power: SensorFile?
    let voltage: SensorFile?
    let current: SensorFile?

    /// Files that can be found to be gone.
    var files: [SensorFile?] { [status, power, voltage, current] }

    /// Reads what it gives (positive) or takes.
    func read(_ buffer: inout [UInt8]) -> Reading<RailReading> {
        guard let status else { return .unavailable(.absent) }
        let count: Int
        switch status.read(into: &buffer) {
        case .unavailable(let reason): return .unavailable(reason)
        case .value(let read): count = read
        }
        guard let word = nameText(buffer[..<count]) else { return .unavailable(.malformed) }
        var figures = BatteryFigures(status: word)
        var failure: UnavailableReason?
        func value(_ file: SensorFile?, _ isNeeded: Bool) -> Int64? {
            guard let file else { return nil }
            switch file.integer(&buffer) {
            case .value(let value): return value
            case .unavailable(let reason):
                if isNeeded { failure = failure ?? reason }
                return nil
            }
        }
        figures.microwatts = value(power, false)
        figures.microvolts = value(voltage, figures.microwatts == nil)
        figures.microamperes = value(current, figures.microwatts == nil)
        guard let output = figures.output else {
            let isTold = figures.microwatts != nil || (figures.microvolts != nil && figures.microamperes != nil)
            return .unavailable(failure ?? (!isTold ? .absent : figures.isDirected ? .malformed : .noValue))
        }
        return .value(
            RailReading(
                name: name, role: .other, counter: nil, power: output, voltage: figures.voltage,
                current: figures.current, source: .powerSupply))
    }
}

/// The batteries that feed the machine, and its supplies from outside.
struct PowerSupplies {
    private(set) var batteries: [BatteryProbe] = []
    /// `online` of every supply from outside.
    private(set) var adapters: [SensorFile] = []
    /// Whether a battery is missing from its place, so that one may come.
    private(set) var hasEmptyPlace = false

    /// Looks for them under `/sys/class/power_supply`.
    ///
    /// A battery of a mouse or a pen feeds that alone (`scope` is `Device`). What USB-C says under names of UCSI was
    /// negotiated, not measured; that something is plugged in and feeds the machine is a fact.
    init(_ tree: SysfsTree, _ unread: inout [Unavailable]) {
        let root = "/sys/class/power_supply"
        for name in tree.names(in: root, &unread).prefix(SensorLimits.devices) {
            let supply = root + "/" + name
            guard !name.hasPrefix("ucsi-") else {
                if let online = tree.file(supply + "/online") { adapters.append(online) }
                continue
            }
            guard let type = tree.text(of: supply + "/type", &unread) else { continue }
            guard type == "Battery" else {
                if let online = tree.file(supply + "/online") { adapters.append(online) }
                continue
            }
            guard tree.text(of: supply + "/scope") != "Device" else { continue }
            guard tree.value(of: supply + "/present") != 0 else {
                hasEmptyPlace = true
                continue
            }
            let identity = tree.text(of: supply + "/serial_number") ?? tree.text(of: supply + "/model_name")
            batteries.append(
                BatteryProbe(
                    name: name, source: PowerSupplies.source(name, identity), status: tree.file(supply + "/status"),
                    power: tree.file(supply + "/power_now"), voltage: tree.file(supply + "/voltage_now"),
                    current: tree.file(supply + "/current_now")))
        }
    }

    /// The name of the source: no more than what a source's identity may hold, with `_` in place of the rest.
    private static func source(_ name: String, _ identity: String?) -> String {
        let text = name + (identity.map { "-" + $0 } ?? "")
        let allowed = text.utf8.prefix(SensorLimits.sourceNameBytes).map { byte in
            let isAllowed =
                (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
            return isAllowed ? byte : UInt8(ascii: "_")
        }
        return "battery:" + String(decoding: allowed, as: UTF8.self)
    }

    /// The total where nothing better is known: what the batteries give while nothing else feeds the machine.
    ///
    /// Nil where a supply from outside is connected, or a battery takes energy.
    func total(of readings: [RailReading], _ buffer: inout [UInt8]) -> TotalPower? {
        guard !batteries.isEmpty else { return nil }
        for adapter in adapters {
            guard case .value(0) = adapter.integer(&buffer) else { return nil }
        }
        let rule = TotalRule(rails: batteries.map { $0.name }, scope: .battery)
        guard let total = TotalRuleChoice.total(of: readings, by: rule), let power = total.power, .zero < power,
            readings.allSatisfy({ $0.source != .powerSupply || ($0.power.map { !($0 < .zero) } ?? false) })
        else { return nil }
        return total
    }
}

extension SysfsTree {
    /// What the machine's batteries are called as sources.
    public var batteryNames: [String] {
        var unread: [Unavailable] = []
        return PowerSupplies(self, &unread).batteries.map { $0.source }
    }
}
