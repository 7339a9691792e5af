import Quantities
import Telemetry

/// One thermal zone's file.
struct ZoneProbe: NamedProbe {
    var name: String
    let temperature: SensorFile?

    /// What a sensor that is off reports, in thousandths of a degree.
    static let off: Int64 = -256_000

    func read(_ buffer: inout [UInt8]) -> Reading<ZoneReading> {
        guard let temperature else { return .unavailable(.absent) }
        switch temperature.integer(&buffer) {
        case .unavailable(let reason): return .unavailable(reason)
        case .value(ZoneProbe.off): return .unavailable(.disabled)
        case .value(let millidegrees):
            guard let millidegrees = Int32(exactly: millidegrees), TelemetryLimits.millidegrees.contains(millidegrees)
            else { return .unavailable(.malformed) }
            return .value(ZoneReading(name: name, temperature: Temperature(millidegrees: millidegrees)))
        }
    }
}

/// The files of one cause of throttling: those of every device that gives it, since two of one type are one cause.
struct ThrottleProbe {
    /// One device.
    struct Device {
        let state: SensorFile?
        /// The highest step; nil for a counter.
        let maximum: SensorFile?
    }

    let cause: String
    let isCounter: Bool
    /// Whether it is shown before it ever acted.
    let isShownIdle: Bool
    private(set) var devices: [Device]

    /// Files that can be found to be gone.
    var files: [SensorFile?] { devices.flatMap { [$0.state, $0.maximum] } }

    /// Reads the sum of the counters, or the deepest step of all devices.
    ///
    /// A device that cannot be read is listed in `unavailable`. What the others show is then told only where it says
    /// that the cause acts: a sum without one of its parts would fall, and rise again without an event.
    func read(_ buffer: inout [UInt8], _ unavailable: inout [Unavailable]) -> ThrottleReading? {
        var state: Int64 = 0
        var highest: Int64 = 0
        var failure: UnavailableReason?
        for device in devices {
            switch read(device, &buffer) {
            case .unavailable(let reason): failure = failure ?? reason
            case .value(let (step, limit)):
                if isCounter {
                    let (sum, isTooMuch) = state.addingReportingOverflow(step)
                    state = isTooMuch ? .max : sum
                } else {
                    state = max(state, step)
                }
                highest = max(highest, limit)
            }
        }
        if let failure {
            unavailable.append(Unavailable(cause, failure))
            if isCounter || state == 0 { return nil }
        }
        return ThrottleReading(cause: cause, state: state, maximum: isCounter ? nil : highest)
    }

    private func read(_ device: Device, _ buffer: inout [UInt8]) -> Reading<(Int64, Int64)> {
        let state = ThrottleProbe.number(device.state, &buffer)
        guard !isCounter, case .value(let step) = state else {
            return state.value.map { .value(($0, 0)) } ?? .unavailable(state.reason ?? .absent)
        }
        switch ThrottleProbe.number(device.maximum, &buffer) {
        case .unavailable(let reason): return .unavailable(reason)
        case .value(let highest): return .value((step, highest))
        }
    }

    private static func number(_ file: SensorFile?, _ buffer: inout [UInt8]) -> Reading<Int64> {
        let reading = file?.integer(&buffer) ?? .unavailable(.absent)
        if case .value(let value) = reading, value < 0 { return .unavailable(.malformed) }
        return reading
    }

    /// Adds the files of another device to the cause that it gives.
    static func add(_ device: Device, _ cause: String, isCounter: Bool, isShownIdle: Bool, to probes: inout [Self]) {
        if let index = probes.firstIndex(where: { $0.cause == cause }) {
            probes[index].devices.append(device)
        } else {
            probes.append(
                ThrottleProbe(cause: cause, isCounter: isCounter, isShownIdle: isShownIdle, devices: [device]))
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
        // A machine has one for every processor, before and between those that tell of heat.
        for name in devices.prefix(SensorLimits.coolingDevices) where probes.count < SensorLimits.devices {
            let device = "/sys/class/thermal/" + name
            guard let type = text(of: device + "/type", &unread), ThrottleCause.isThrottle(coolingType: type) else {
                continue
            }
            ThrottleProbe.add(
                ThrottleProbe.Device(state: file(device + "/cur_state"), maximum: file(device + "/max_state")), type,
                isCounter: false, isShownIdle: ThrottleCause.isShownIdle(coolingType: type), to: &probes)
        }
        for name in names(in: "/sys/class/hwmon").prefix(SensorLimits.devices) {
            let chip = "/sys/class/hwmon/" + name
            guard text(of: chip + "/name") == "soctherm_oc" else { continue }
            for number in 1...9 {
                guard let counter = file(chip + "/oc\(number)_event_cnt") else { continue }
                ThrottleProbe.add(
                    ThrottleProbe.Device(state: counter, maximum: nil), ThrottleCause.overCurrent(number),
                    isCounter: true, isShownIdle: true, to: &probes)
            }
        }
        return probes
    }
}
