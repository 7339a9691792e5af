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
        var monitors: [Monitor] = []
        func add(_ path: String, driver: String? = nil) {
            guard let place = folder(path, &unread), !monitors.contains(where: { $0.place == place }) else { return }
            let chip = text(of: place.path + "/name", &unread) ?? driver
            let monitor = Monitor(place: place, chip: chip ?? "")
            if let known = monitors.firstIndex(where: { $0.isSame(as: monitor) }) {
                if monitors[known].address == nil { monitors[known] = monitor }
            } else if monitors.count < SensorLimits.devices {
                monitors.append(monitor)
            }
        }
        for name in names(in: "/sys/class/hwmon", &unread) { add("/sys/class/hwmon/" + name) }
        for driver in ["ina3221", "ina3221x", "ina238"] {
            for device in names(in: "/sys/bus/i2c/drivers/" + driver, &unread) {
                let path = "/sys/bus/i2c/drivers/" + driver + "/" + device
                for name in names(in: path + "/hwmon", &unread) { add(path + "/hwmon/" + name, driver: driver) }
                for name in names(in: path) where name.hasPrefix("iio:device") {
                    add(path + "/" + name, driver: driver)
                }
            }
        }
        for name in names(in: "/sys/bus/iio/devices", &unread) { add("/sys/bus/iio/devices/" + name) }
        monitors.sort { NaturalOrder.precedes($0.key, $1.key) }
        var probes: [RailProbe] = []
        for monitor in monitors { probes += rails(of: monitor, profile, &unread) }
        return probes
    }

    /// A power monitor's folder and what it is.
    private struct Monitor {
        let place: Place
        let chip: String

        /// The bus address of the device, such as `1-0040`; nil where the path does not tell it.
        var address: String? {
            let parts = device.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
            let isAddress =
                parts.count == 2
                && parts.allSatisfy { part in
                    !part.isEmpty
                        && part.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
                }
            return isAddress ? device : nil
        }

        private var device: String {
            let components = place.path.split(separator: "/").map { String($0) }
            return components.last { !$0.hasPrefix("hwmon") && !$0.hasPrefix("iio:") } ?? ""
        }

        /// The device, and the monitor's own name where devices are alike.
        var key: String { device + "/" + place.name }

        /// Whether two folders are of one chip: copies in a recording, where the kernel has links to one.
        ///
        /// A number is given to one monitor at a time, and an address of a bus has one chip.
        func isSame(as other: Monitor) -> Bool {
            guard chip == other.chip, place.name == other.place.name else { return false }
            guard let address, let second = other.address else { return true }
            return address == second
        }
    }

    private func rails(
        of found: Monitor, _ profile: HardwareProfile, _ unread: inout [Unavailable]
    ) -> [RailProbe] {
        let (monitor, chip) = (found.place.path, found.chip)
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
