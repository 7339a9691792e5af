import Quantities
import Telemetry

/// One thermal zone's file.
struct ZoneProbe {
    let name: String
    let temperature: SensorFile?

    /// What a sensor that is off reports, in thousandths of a degree.
    static let off: Int64 = -256_000

    func read(_ buffer: inout [UInt8]) -> Reading<ZoneReading> {
        guard let temperature else { return .unavailable(.absent) }
        switch temperature.integer(&buffer) {
        case .unavailable(let reason): return .unavailable(reason)
        case .value(ZoneProbe.off): return .unavailable(.disabled)
        case .value(let millidegrees):
            guard let millidegrees = Int32(exactly: millidegrees) else { return .unavailable(.malformed) }
            return .value(ZoneReading(name: name, temperature: Temperature(millidegrees: millidegrees)))
        }
    }
}

/// The files of one cause of throttling.
struct ThrottleProbe {
    let cause: String
    let state: SensorFile?
    /// The highest step; nil for a counter.
    let maximum: SensorFile?
    let isCounter: Bool

    func read(_ buffer: inout [UInt8]) -> Reading<ThrottleReading> {
        guard let state else { return .unavailable(.absent) }
        switch state.integer(&buffer) {
        case .unavailable(let reason): return .unavailable(reason)
        case .value(let value) where value < 0: return .unavailable(.malformed)
        case .value(let value):
            guard !isCounter else { return .value(ThrottleReading(cause: cause, state: value, maximum: nil)) }
            guard let maximum else { return .unavailable(.absent) }
            switch maximum.integer(&buffer) {
            case .unavailable(let reason): return .unavailable(reason)
            case .value(let highest) where highest < 0: return .unavailable(.malformed)
            case .value(let highest): return .value(ThrottleReading(cause: cause, state: value, maximum: highest))
            }
        }
    }
}

extension SysfsTree {
    /// The thermal zones, in the order of their numbers.
    ///
    /// A zone whose type cannot be read is called by its folder, and what is wrong with it added to `unread`.
    func zones(_ unread: inout [Unavailable]) -> [ZoneProbe] {
        let names = names(in: "/sys/class/thermal", &unread).filter { $0.hasPrefix("thermal_zone") }
        return names.prefix(SensorLimits.devices).map { name in
            let zone = "/sys/class/thermal/" + name
            return ZoneProbe(name: text(of: zone + "/type", &unread) ?? name, temperature: file(zone + "/temp"))
        }
    }

    /// The temperatures at which the kernel slows the board down for a zone on a die.
    func passiveTrips(_ profile: HardwareProfile) -> [Temperature] {
        var trips: [Temperature] = []
        for name in names(in: "/sys/class/thermal").prefix(SensorLimits.devices) where name.hasPrefix("thermal_zone") {
            let zone = "/sys/class/thermal/" + name
            guard let type = text(of: zone + "/type"), profile.isDieZone(type) else { continue }
            for trip in 0..<SensorLimits.trips where text(of: zone + "/trip_point_\(trip)_type") == "passive" {
                guard case .value(let bytes) = bytes(of: zone + "/trip_point_\(trip)_temp"),
                    let limit = DecimalText.value(ofFile: bytes).flatMap({ Int32(exactly: $0) })
                else { continue }
                trips.append(Temperature(millidegrees: limit))
            }
        }
        return trips
    }

    /// The cooling devices that slow the board down, in the order of their numbers, then the over-current counters.
    ///
    /// A device whose type cannot be read, so that it may be one of them, is added to `unread`.
    func throttleCauses(_ unread: inout [Unavailable]) -> [ThrottleProbe] {
        var probes: [ThrottleProbe] = []
        let devices = names(in: "/sys/class/thermal").filter { $0.hasPrefix("cooling_device") }
        for name in devices.prefix(SensorLimits.devices) {
            let device = "/sys/class/thermal/" + name
            guard let type = text(of: device + "/type", &unread), ThrottleCause.isThrottle(coolingType: type) else {
                continue
            }
            probes.append(
                ThrottleProbe(
                    cause: type, state: file(device + "/cur_state"), maximum: file(device + "/max_state"),
                    isCounter: false))
        }
        for name in names(in: "/sys/class/hwmon").prefix(SensorLimits.devices) {
            let chip = "/sys/class/hwmon/" + name
            guard text(of: chip + "/name") == "soctherm_oc" else { continue }
            for number in 1...9 {
                guard let counter = file(chip + "/oc\(number)_event_cnt") else { continue }
                probes.append(
                    ThrottleProbe(
                        cause: ThrottleCause.overCurrent(number), state: counter, maximum: nil, isCounter: true))
            }
        }
        return probes
    }
}
