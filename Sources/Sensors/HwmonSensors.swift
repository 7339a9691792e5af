import CHardware
import Quantities
import Telemetry

/// What a sensor of a hwmon chip shows.
enum HwmonQuantity {
    case temperature
    case power
    /// A counter, in µJ.
    case energy
}

/// One temperature, power or counter of a hwmon chip.
struct HwmonProbe: NamedProbe {
    /// How it is read.
    enum Origin {
        /// The kernel's file, in thousandths of a degree, or in µW or µJ.
        case file(SensorFile?)
        /// Through libsensors, since the user's configuration computes the value.
        case library(SensorsLibrary, UInt32)
    }

    /// `chip:label`.
    var name: String
    let role: RailRole
    let quantity: HwmonQuantity
    /// The kernel's file, through whatever it is read.
    let path: String
    let origin: Origin
    /// Whether nobody knows what its chip measures.
    let isForeign: Bool

    /// Whether it went away, or the library has forgotten it.
    var isLost: Bool {
        switch origin {
        case .file(let file): file?.isLost == true
        case .library(let library, _): library.isOutOfDate
        }
    }

    /// Reads millionths of a degree, or µW, or µJ.
    private func millionths(_ buffer: inout [UInt8]) -> Reading<Int64> {
        switch origin {
        case .library(let library, let index): return library.value(index)
        case .file(let file):
            switch file?.integer(&buffer) ?? .unavailable(.absent) {
            case .unavailable(let reason): return .unavailable(reason)
            case .value(let value):
                let (product, isTooMuch) = value.multipliedReportingOverflow(by: quantity == .temperature ? 1000 : 1)
                return isTooMuch ? .unavailable(.malformed) : .value(product)
            }
        }
    }

    /// Reads it as a zone.
    func zone(_ buffer: inout [UInt8]) -> Reading<ZoneReading> {
        switch millionths(&buffer) {
        case .unavailable(let reason): return .unavailable(reason)
        case .value(let value):
            guard let millidegrees = Int32(exactly: value / 1000) else { return .unavailable(.malformed) }
            let temperature = Temperature(millidegrees: millidegrees)
            return .value(ZoneReading(name: name, temperature: temperature, isForeign: isForeign))
        }
    }

    /// Reads it as a rail.
    func rail(_ buffer: inout [UInt8]) -> Reading<RailReading> {
        switch millionths(&buffer) {
        case .unavailable(let reason): return .unavailable(reason)
        case .value(let value):
            guard value.magnitude <= TelemetryLimits.microwatts.magnitude else { return .unavailable(.malformed) }
            return .value(RailReading(name: name, role: role, power: Power(microwatts: value), source: .hwmon))
        }
    }

    /// Reads it as a rail that counts; `counter` is what was known of it before.
    func rail(_ counter: inout EnergyCounter, at now: BootTime, _ buffer: inout [UInt8]) -> Reading<RailReading> {
        millionths(&buffer).rail(&counter, name: name, role: role, source: .hwmon, at: now)
    }
}

/// libsensors after one search: discovery and names by the user's sensors3.conf.
@safe
final class SensorsLibrary {
    private let list: OpaquePointer
    let count: UInt32
    /// Whether a newer search has made these numbers invalid.
    private(set) var isOutOfDate = false

    /// A new search; nil where the library cannot be started.
    init?() {
        var made: OpaquePointer?
        let found = unsafe chardware_sensors_search(UInt32(SensorLimits.librarySensors), &made)
        guard found >= 0, let made = unsafe made else { return nil }
        unsafe list = made
        count = UInt32(found)
    }

    deinit { unsafe chardware_sensors_forget(list) }

    func value(_ index: UInt32) -> Reading<Int64> {
        var value: Int64 = 0
        switch unsafe chardware_sensors_value(list, index, &value) {
        case 0: return .value(value)
        case -100:
            isOutOfDate = true
            return .unavailable(.absent)
        // The file opens and holds no number: the driver has nothing to give.
        case -3: return .unavailable(.noValue)
        case -4: return .unavailable(.absent)
        default: return .unavailable(.inputOutput)
        }
    }

    /// What was found, as the walk over the files gives it.
    func found() -> [HwmonSensor] {
        (0..<count).map { index in
            let file = unsafe String(cString: chardware_sensors_file(list, index))
            let isComputed = unsafe chardware_sensors_is_computed(list, index) == 1
            let isPower = unsafe chardware_sensors_kind(list, index) == Int32(CHARDWARE_SENSORS_POWER)
            return HwmonSensor(
                chip: unsafe String(cString: chardware_sensors_chip(list, index)),
                label: unsafe String(cString: chardware_sensors_label(list, index)), path: file,
                quantity: isPower ? .power : .temperature,
                computed: isComputed || file.isEmpty ? index : nil)
        }
    }
}

/// A sensor of a hwmon chip, as it was found.
struct HwmonSensor {
    let chip: String
    let label: String
    /// The file that it is read from.
    let path: String
    let quantity: HwmonQuantity
    /// Its number in libsensors, where it is read through that.
    var computed: UInt32?

    /// Whether nobody knows what it is the temperature of.
    var isForeign: Bool { quantity == .temperature && HwmonChip.temperatures(of: chip) == .foreign }
}

/// What of the hwmon chips is read.
struct HwmonSensors {
    private(set) var temperatures: [HwmonProbe] = []
    private(set) var powers: [HwmonProbe] = []
    private(set) var energies: [HwmonProbe] = []

    /// Looks for chips: by the kernel's files, and on this machine itself by libsensors.
    ///
    /// The library is asked only where there is anything that it could know better. Counters are read as the kernel
    /// shows them: a computed one would be none.
    ///
    /// - Parameter zones: types of the thermal zones; where one lies on a die, temperatures of the processor's chips
    ///   are not needed, nor on a board with a device tree, whose zones show what matters, those of any other.
    init(_ tree: SysfsTree, _ profile: HardwareProfile, zones: [String]) {
        let hasDieZone = zones.contains { profile.isDieZone($0) }
        let hidden: Hidden = !hasDieZone ? .none : tree.hasDeviceTree ? .all : .processors
        let walked = tree.hwmonSensors(profile, hidden, zones)
        let isKnownBetter = walked.contains { $0.quantity != .energy }
        var library: SensorsLibrary?
        var found = walked
        if isKnownBetter, tree.isThisMachine, let started = SensorsLibrary() {
            library = started
            let known = started.found().filter { tree.isUsed($0, profile, hidden, zones) }
            found = tree.ordered(known + walked.filter { $0.quantity == .energy })
        }
        // What nobody knows takes no known sensor's place.
        found = found.filter { !$0.isForeign } + found.filter { $0.isForeign }
        for sensor in found.prefix(SensorLimits.devices) {
            let origin: HwmonProbe.Origin =
                if let library, let index = sensor.computed { .library(library, index) } else {
                    .file(tree.file(sensor.path))
                }
            let name = sensor.chip + ":" + sensor.label
            let role = profile.rail(name)?.role ?? HwmonChip.role(of: sensor.chip)
            let probe = HwmonProbe(
                name: name, role: role, quantity: sensor.quantity, path: sensor.path, origin: origin,
                isForeign: sensor.isForeign)
            switch sensor.quantity {
            case .temperature: temperatures.append(probe)
            case .power: powers.append(probe)
            case .energy: energies.append(probe)
            }
        }
    }

    /// Whose temperatures are not needed.
    fileprivate enum Hidden {
        case none
        case processors
        case all
    }

    /// Gives the sensors names that none of `zones` and of `rails` has.
    mutating func tellApart(zones: inout UniqueNames, rails: inout UniqueNames) {
        temperatures = zones.tellingApart(temperatures)
        powers = rails.tellingApart(powers)
        energies = rails.tellingApart(energies)
    }
}

extension SysfsTree {
    /// The sensors of hwmon chips that matter, by the kernel's files.
    fileprivate func hwmonSensors(
        _ profile: HardwareProfile, _ hidden: HwmonSensors.Hidden, _ zones: [String]
    ) -> [HwmonSensor] {
        var sensors: [HwmonSensor] = []
        for folder in names(in: "/sys/class/hwmon").prefix(SensorLimits.devices) {
            let path = "/sys/class/hwmon/" + folder
            // A chip without a name is not listed by libsensors either.
            guard let chip = text(of: path + "/name") else { continue }
            let files = names(in: path)
            for file in files {
                guard let quantity = HwmonSensor.quantity(ofFile: file),
                    let feature = HwmonSensor.feature(ofFile: file, files)
                else { continue }
                let label = text(of: path + "/" + feature + "_label") ?? feature
                let sensor = HwmonSensor(chip: chip, label: label, path: path + "/" + file, quantity: quantity)
                if isUsed(sensor, profile, hidden, zones) { sensors.append(sensor) }
            }
        }
        return ordered(sensors)
    }

    /// Whether a sensor is a zone or a rail of this board.
    fileprivate func isUsed(
        _ sensor: HwmonSensor, _ profile: HardwareProfile, _ hidden: HwmonSensors.Hidden, _ zones: [String]
    ) -> Bool {
        guard !sensor.label.isEmpty else { return false }
        guard sensor.quantity == .temperature else {
            return HwmonChip.hasRails(sensor.chip, device: place(sensor.path)?.path ?? "")
                && !profile.rails.contains { $0.chip == sensor.chip }
        }
        guard hidden == .none || hidden == .processors && !HwmonChip.isProcessor(sensor.chip) else { return false }
        switch HwmonChip.temperatures(of: sensor.chip) {
        case .none: return false
        case .first: return sensor.path.hasSuffix("/temp1_input")
        case .all: return true
        case .foreign: return hidden != .all && !isShownElsewhere(sensor, zones)
        }
    }

    /// Whether the chip of a temperature shows what another reader shows: the kernel makes one of every thermal zone,
    /// named as the zone is but for `-`, and of every battery.
    private func isShownElsewhere(_ sensor: HwmonSensor, _ zones: [String]) -> Bool {
        if zones.contains(where: { $0.utf8.elementsEqual(sensor.chip.utf8) { $0 == $1 || $0 == 0x2d && $1 == 0x5f } }) {
            return true
        }
        let folders = (place(sensor.path)?.path ?? "").split(separator: "/")
        return folders.contains { $0 == "power_supply" || $0 == "thermal" }
            || !HwmonChip.hasRails(sensor.chip, device: "")
    }

    /// Sensors in the order of their devices, since the numbers of chips move between boots, and then of their files.
    fileprivate func ordered(_ sensors: [HwmonSensor]) -> [HwmonSensor] {
        sensors.map { (key: place($0.path)?.path ?? $0.path, sensor: $0) }
            .sorted { NaturalOrder.precedes($0.key, $1.key) }.map { $0.sensor }
    }
}

extension HwmonSensor {
    /// What `file` is about; nil where it is nothing that is read.
    fileprivate static func quantity(ofFile file: String) -> HwmonQuantity? {
        if file.hasPrefix("temp") { return .temperature }
        if file.hasPrefix("power") { return .power }
        return file.hasPrefix("energy") ? .energy : nil
    }

    /// The feature that `file` is the input of, such as `temp1`; nil where it is something else, or its average where
    /// there is an input too.
    fileprivate static func feature(ofFile file: String, _ files: [String]) -> String? {
        let parts = file.split(separator: "_", maxSplits: 1).map { String($0) }
        guard parts.count == 2, parts[0].utf8.drop(while: { !$0.isDigitByte }).allSatisfy({ $0.isDigitByte }) else {
            return nil
        }
        switch parts[1] {
        case "input": return parts[0]
        case "average" where parts[0].hasPrefix("power") && !files.contains(parts[0] + "_input"): return parts[0]
        default: return nil
        }
    }
}

extension UInt8 {
    fileprivate var isDigitByte: Bool { (0x30...0x39).contains(self) }
}
