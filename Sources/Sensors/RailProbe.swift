import Quantities
import Telemetry

/// One rail's files.
struct RailProbe: NamedProbe {
    var name: String
    let role: RailRole
    let source: ReadingSource
    let voltage: SensorFile?
    let current: SensorFile?
    let power: SensorFile?
    /// What one of the numbers in `power` is, in µW.
    var powerUnit: Int64 = 1
    let enable: SensorFile?

    /// Files that can be found to be gone.
    var files: [SensorFile?] { [voltage, current, power, enable] }

    /// Reads voltage and current, or power where they are not both there.
    ///
    /// A switch that cannot be read is listed in `unavailable`, and the values are read all the same.
    func read(_ buffer: inout [UInt8], _ unavailable: inout [Unavailable]) -> Reading<RailReading> {
        switch enable?.integer(&buffer) {
        case .value(0)?: return .unavailable(.disabled)
        case .unavailable(let reason)?: unavailable.append(Unavailable(name + ".enable", reason))
        default: break
        }
        guard let voltage, let current else { return readPower(&buffer) }
        switch (
            RailProbe.value(voltage, within: TelemetryLimits.millivolts, &buffer),
            RailProbe.value(current, within: TelemetryLimits.milliamperes, &buffer)
        ) {
        case (.value(let millivolts), .value(let milliamperes)):
            return .value(
                RailReading(
                    name: name, role: role, voltage: Voltage(millivolts: millivolts),
                    current: Current(milliamperes: milliamperes), source: source))
        case (.unavailable(let reason), _), (_, .unavailable(let reason)):
            return .unavailable(reason)
        }
    }

    private func readPower(_ buffer: inout [UInt8]) -> Reading<RailReading> {
        guard let power else {
            // One of the two is not there; the other may be there and closed.
            return .unavailable((voltage ?? current)?.integer(&buffer).reason ?? .absent)
        }
        switch RailProbe.value(power, within: TelemetryLimits.microwatts / powerUnit, &buffer) {
        case .value(let units):
            let power = Power(microwatts: units * powerUnit)
            return .value(RailReading(name: name, role: role, power: power, source: source))
        case .unavailable(let reason):
            return .unavailable(reason)
        }
    }

    private static func value(_ file: SensorFile, within limit: Int64, _ buffer: inout [UInt8]) -> Reading<Int64> {
        let reading = file.integer(&buffer)
        if case .value(let value) = reading, value.magnitude > limit.magnitude { return .unavailable(.malformed) }
        return reading
    }
}

extension SysfsTree {
    /// The rails of every power monitor, in the order of the monitors' bus addresses and of their channels.
    ///
    /// Monitors are found by the name of their driver, since hwmon numbers move between boots; under
    /// `/sys/class/hwmon`, and under the driver's own folder where the class has no entry.
    /// What is there and cannot be read, so that a monitor or a channel may be missing, is added to `unread`.
    func rails(_ profile: HardwareProfile, _ unread: inout [Unavailable]) -> [RailProbe] {
        var monitors: [Place] = []
        func add(_ path: String) {
            guard monitors.count < SensorLimits.devices, let place = folder(path, &unread),
                !monitors.contains(place)
            else { return }
            monitors.append(place)
        }
        for name in names(in: "/sys/class/hwmon", &unread) { add("/sys/class/hwmon/" + name) }
        for driver in ["ina3221", "ina3221x", "ina238"] {
            for device in names(in: "/sys/bus/i2c/drivers/" + driver, &unread) {
                let path = "/sys/bus/i2c/drivers/" + driver + "/" + device
                for name in names(in: path + "/hwmon", &unread) { add(path + "/hwmon/" + name) }
                for name in names(in: path) where name.hasPrefix("iio:device") { add(path + "/" + name) }
            }
        }
        for name in names(in: "/sys/bus/iio/devices", &unread) { add("/sys/bus/iio/devices/" + name) }
        monitors.sort { NaturalOrder.precedes(SysfsTree.device(of: $0), SysfsTree.device(of: $1)) }
        var probes: [RailProbe] = []
        for monitor in monitors { probes += rails(of: monitor.path, profile, &unread) }
        return probes
    }

    /// The bus address of a monitor's device, and the monitor's own name where devices are alike.
    private static func device(of monitor: Place) -> String {
        let components = monitor.path.split(separator: "/").map { String($0) }
        let device = components.last { !$0.hasPrefix("hwmon") && !$0.hasPrefix("iio:") } ?? ""
        return device + "/" + monitor.name
    }

    private func rails(of monitor: String, _ profile: HardwareProfile, _ unread: inout [Unavailable]) -> [RailProbe] {
        let chip = text(of: monitor + "/name", &unread) ?? ""
        switch chip {
        case "ina3221": return (1...3).compactMap { channel(Int($0), of: monitor, profile, &unread) }
        case "ina3221x": return (0...2).compactMap { iioChannel(Int($0), of: monitor, profile, &unread) }
        default:
            let unlabelled = profile.rails.first { $0.chip == chip }
            guard chip == "ina238" || unlabelled != nil else { return [] }
            return [singleChannel(of: monitor, chip: chip, label: unlabelled?.name, profile, &unread)]
        }
    }

    /// A channel of an INA3221 (Documentation/hwmon/ina3221.rst): 1 … 3 are rails, the others are sums.
    private func channel(
        _ number: Int, of monitor: String, _ profile: HardwareProfile, _ unread: inout [Unavailable]
    ) -> RailProbe? {
        let prefix = monitor + "/in\(number)"
        guard let name = text(of: prefix + "_label", &unread), name != "NC" else { return nil }
        return RailProbe(
            name: name, role: profile.role(ofRail: name), source: .ina3221, voltage: file(prefix + "_input"),
            current: file(monitor + "/curr\(number)_input"), power: nil, enable: file(prefix + "_enable"))
    }

    /// A channel of an INA3221 under the older kernels' driver, which gives its power in mW.
    private func iioChannel(
        _ number: Int, of monitor: String, _ profile: HardwareProfile, _ unread: inout [Unavailable]
    ) -> RailProbe? {
        guard let name = text(of: monitor + "/rail_name_\(number)", &unread), name != "NC" else { return nil }
        return RailProbe(
            name: name, role: profile.role(ofRail: name), source: .iio,
            voltage: file(monitor + "/in_voltage\(number)_input"),
            current: file(monitor + "/in_current\(number)_input"),
            power: file(monitor + "/in_power\(number)_input"), powerUnit: 1000, enable: nil)
    }

    /// The one channel of an INA238 (Documentation/hwmon/ina238.rst) or a like chip, which often has no label.
    private func singleChannel(
        of monitor: String, chip: String, label: String?, _ profile: HardwareProfile, _ unread: inout [Unavailable]
    ) -> RailProbe {
        let name =
            text(of: monitor + "/in1_label", &unread) ?? text(of: monitor + "/label", &unread) ?? label ?? chip
        return RailProbe(
            name: name, role: profile.role(ofRail: name), source: chip == "ina238" ? .ina238 : .hwmon,
            voltage: file(monitor + "/in1_input"), current: file(monitor + "/curr1_input"),
            power: file(monitor + "/power1_input") ?? file(monitor + "/power1_average"),
            enable: file(monitor + "/in1_enable"))
    }
}
