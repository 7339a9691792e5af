import Quantities
import Telemetry

/// A meter that the kernel shows: a file of hwmon, power supply or industrial I/O, or the folder of such a device.
///
/// Numbers of hwmon and of industrial I/O move between boots, so an operator names the device that holds them
/// (`/sys/bus/i2c/devices/1-0041`), whose monitor is then looked for. What goes away is looked for again after
/// `SensorLimits.searchPause`. What was negotiated, and what feeds a device alone, is no meter of the machine's power.
final class DeviceMeter {
    /// What a file of this name holds.
    private struct Kind {
        let isCounter: Bool
        let factor: Int64

        /// Documentation/hwmon/sysfs-interface.rst, Documentation/ABI/testing/sysfs-class-power, and the older
        /// kernels' files of Jetson.
        init?(fileName name: String) {
            let isPower = name.hasPrefix("power") || name.hasPrefix("in_power")
            switch name {
            case "power_now": (isCounter, factor) = (false, 1)
            case "energy_uj": (isCounter, factor) = (true, 1)
            case _ where name.hasPrefix("in_power") && name.hasSuffix("_input"): (isCounter, factor) = (false, 1000)
            case _ where isPower && (name.hasSuffix("_input") || name.hasSuffix("_average")):
                (isCounter, factor) = (false, 1)
            case _ where name.hasPrefix("energy") && name.hasSuffix("_input"): (isCounter, factor) = (true, 1)
            default: return nil
            }
        }
    }

    private enum Found {
        case file(SensorFile, Kind, range: EnergyRegister?)
        /// Voltage and current, in the unit whose product is a millionth of this many microwatts.
        case product(SensorFile, SensorFile, divisor: Int64)
        case battery(BatteryProbe)
    }

    private let tree: SysfsTree
    private let path: String
    private var found: Found?
    /// The meters that it is read from, as of the last search.
    private(set) var places: Set<MeterPlace> = []
    /// Why what was found is not read.
    private var refusal: UnavailableReason?
    private var searchedAt: BootTime?
    private var buffer = [UInt8](repeating: 0, count: SensorLimits.fileBytes)

    init(_ tree: SysfsTree, _ path: String) {
        self.tree = tree
        self.path = path
    }

    /// Searches where that is due; whether it did.
    func searchIfNeeded(at now: BootTime) -> Bool {
        guard found == nil, searchedAt.map({ !(now.since($0) < SensorLimits.searchPause) }) ?? true else {
            return false
        }
        searchedAt = now
        places = []
        refusal = nil
        found = search()
        return true
    }

    func read(at now: BootTime) -> Reading<MeterFigures> {
        tree.beginRound()
        _ = searchIfNeeded(at: now)
        if let refusal { return .unavailable(refusal) }
        guard let found else { return .unavailable(tree.place(path) == nil ? .absent : .notSupported) }
        let figures = read(found)
        if case .unavailable(.absent) = figures { self.found = nil }
        return figures
    }

    private func read(_ found: Found) -> Reading<MeterFigures> {
        switch found {
        case .battery(let probe):
            switch probe.read(&buffer) {
            case .value(let rail): return .value(MeterFigures(power: rail.power, counter: nil))
            case .unavailable(let reason): return .unavailable(reason)
            }
        case .file(let file, let kind, let range):
            switch file.integer(&buffer) {
            case .unavailable(let reason): return .unavailable(reason)
            case .value(let value):
                guard value.magnitude <= UInt64(TelemetryLimits.microwatts / kind.factor) else {
                    return .unavailable(.malformed)
                }
                guard kind.isCounter else {
                    return .value(MeterFigures(power: Power(microwatts: value * kind.factor), counter: nil))
                }
                guard value >= 0, UInt64(value) <= TelemetryLimits.counterMicrojoules else {
                    return .unavailable(.malformed)
                }
                let counter = EnergyRegister(microjoules: UInt64(value))
                return .value(MeterFigures(power: nil, counter: counter, counterRange: range))
            }
        case .product(let voltage, let current, let divisor):
            switch (voltage.integer(&buffer), current.integer(&buffer)) {
            case (.value(let volts), .value(let amperes)):
                let product = Int128(volts) * Int128(amperes) / Int128(divisor)
                guard product.magnitude <= UInt128(TelemetryLimits.microwatts) else { return .unavailable(.malformed) }
                return .value(MeterFigures(power: Power(microwatts: Int64(product)), counter: nil))
            case (.unavailable(let reason), _), (_, .unavailable(let reason)): return .unavailable(reason)
            }
        }
    }

    private func search() -> Found? {
        guard let place = tree.folder(path) ?? tree.place(path) else { return nil }
        guard place.isFolder else {
            let folder = String(place.path.dropLast(place.name.utf8.count + 1))
            // What a battery's file shows has no sign: only its state says which way it flows.
            if tree.text(of: folder + "/type") == "Battery" { return meter(in: folder) }
            return meter(at: place.path, called: place.name)
        }
        let inside = tree.names(in: place.path + "/hwmon").map { place.path + "/hwmon/" + $0 }
        let numbered = tree.names(in: place.path).filter { $0.hasPrefix("iio:device") }.map { place.path + "/" + $0 }
        for folder in [place.path] + inside + numbered {
            if let found = meter(in: folder) { return found }
        }
        return nil
    }

    /// Whether the files in `folder` are those of a meter of the machine's power; `refusal` says why not.
    private func isRefused(_ folder: String) -> Bool {
        let supply = MeterPlace.supply(of: folder) ?? folder
        let name = supply.split(separator: "/").last ?? ""
        if name.hasPrefix("ucsi-") || tree.text(of: folder + "/name")?.hasPrefix("ucsi_") == true {
            refusal = .negotiated
        } else if tree.text(of: supply + "/scope") == "Device" {
            refusal = .device
        }
        return refusal != nil
    }

    /// Notes that what was found is read from these files.
    private func use(_ paths: [String]) { places = MeterPlace.all(paths.map { tree.place($0)?.path ?? $0 }) }

    private func meter(at path: String, called name: String) -> Found? {
        guard let kind = Kind(fileName: name), let file = tree.file(path) else { return nil }
        guard !isRefused(String(path.dropLast(name.utf8.count + 1))) else { return nil }
        use([path])
        // A processor's counter starts again at a number that stands beside it.
        let range = name == "energy_uj" ? tree.value(of: path.dropLast(name.count) + "max_energy_range_uj") : nil
        return .file(
            file, kind, range: range.flatMap { UInt64(exactly: $0) }.map { EnergyRegister(microjoules: $0) })
    }

    private func meter(in folder: String) -> Found? {
        func file(_ name: String) -> SensorFile? { tree.file(folder + "/" + name) }
        if tree.text(of: folder + "/type") == "Battery" {
            guard !isRefused(folder) else { return nil }
            use([folder + "/status"])
            return .battery(
                BatteryProbe(
                    name: path, source: path, status: file("status"), power: file("power_now"),
                    voltage: file("voltage_now"), current: file("current_now")))
        }
        for name in ["energy1_input", "energy_uj", "power1_input", "power1_average", "power_now", "in_power0_input"] {
            if let found = meter(at: folder + "/" + name, called: name) { return found }
        }
        // mV × mA is µW; µV × µA is a millionth of one.
        for (first, second, divisor) in [
            ("in1_input", "curr1_input", Int64(1)), ("in_voltage0_input", "in_current0_input", 1),
            ("voltage_now", "current_now", 1_000_000),
        ] {
            if let voltage = file(first), let current = file(second) {
                guard !isRefused(folder) else { return nil }
                use([folder + "/" + first, folder + "/" + second])
                return .product(voltage, current, divisor: divisor)
            }
        }
        return nil
    }
}
