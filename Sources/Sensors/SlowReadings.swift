import Quantities
import Telemetry

/// What changes slowly, as it was read last: the power mode and the limits of processors, temperatures, the graphics
/// processor's load, memory, and what slows the board down.
///
/// A meter may sample ten times a second; these are read at most every `SensorLimits.slowPause`, which on a board
/// with dozens of zones and caps is most of the work.
struct SlowReadings {
    private(set) var powerMode: PowerMode?
    /// What processors are limited to, by the names of their counters.
    private(set) var limits: [String: Power] = [:]
    private(set) var zones: [ZoneReading] = []
    private(set) var gpu: GPUReading?
    private(set) var memory = MemoryReading()
    /// What slows the board down, and what could; of the caps on clocks only those that do, or did.
    private(set) var throttle: [ThrottleReading] = []
    /// Why others are missing, by what they belong to.
    private(set) var missing = Missing()

    struct Missing {
        var powerMode: [Unavailable] = []
        var zones: [Unavailable] = []
        var gpu: [Unavailable] = []
        var memory: [Unavailable] = []
        var throttle: [Unavailable] = []
    }

    /// When they were read; nil before the first time, and when devices were searched anew.
    private var readAt: BootTime?
    /// The causes of throttling that acted so far: they are shown from then on, so that whoever looks sees them end.
    private var acted: Set<String> = []

    /// Has everything read by the next sample.
    mutating func forget() { readAt = nil }

    /// Whether it is time to read everything anew: that was not done a moment before `now`.
    func isDue(at now: BootTime) -> Bool {
        guard let readAt, readAt < now else { return true }
        return !(now.since(readAt) < SensorLimits.slowPause)
    }

    /// Reads everything anew.
    mutating func read(
        _ devices: BoardDevices, _ tree: SysfsTree, _ profile: HardwareProfile, isJetson: Bool, at now: BootTime,
        _ buffer: inout [UInt8]
    ) {
        readAt = now
        missing = Missing()
        readPowerMode(devices, tree, profile, isJetson: isJetson)
        limits = [:]
        for probe in devices.counters { limits[probe.name] = probe.rated(&buffer) }
        readZones(devices, &buffer)
        gpu = devices.gpu?.read(&buffer, &missing.gpu)
        if devices.gpu == nil, profile.gpu != HardwareProfile.GPU() {
            missing.gpu.append(Unavailable("gpu", .absent))
        }
        readMemory(devices, &buffer)
        readThrottling(devices, &buffer)
    }

    private mutating func readPowerMode(
        _ devices: BoardDevices, _ tree: SysfsTree, _ profile: HardwareProfile, isJetson: Bool
    ) {
        powerMode = nil
        switch tree.bytes(of: "/var/lib/nvpmodel/status") {
        case .value(let bytes):
            guard let status = PowerModeStatus(bytes) else {
                missing.powerMode.append(Unavailable("power_mode", .malformed))
                return
            }
            let name = devices.modes.value?.name(of: status.identifier)
            if let reason = devices.modes.reason, reason != .absent {
                missing.powerMode.append(Unavailable("power_mode.name", reason))
            }
            powerMode = PowerMode(
                identifier: status.identifier, name: name, rated: name.flatMap { profile.rated(modeNamed: $0) })
        case .unavailable(let reason):
            if isJetson { missing.powerMode.append(Unavailable("power_mode", reason)) }
        }
    }

    private mutating func readZones(_ devices: BoardDevices, _ buffer: inout [UInt8]) {
        zones = []
        missing.zones = devices.unreadZones
        for probe in devices.zones { note(probe.read(&buffer), probe.name) }
        for probe in devices.hwmon.temperatures { note(probe.zone(&buffer), probe.name) }
        if devices.zones.isEmpty, devices.hwmon.temperatures.isEmpty {
            missing.zones.append(Unavailable("zones", devices.unreadZones.first?.reason ?? .absent))
        }
    }

    private mutating func note(_ reading: Reading<ZoneReading>, _ name: String) {
        switch reading {
        case .value(let reading): zones.append(reading)
        case .unavailable(let reason): missing.zones.append(Unavailable(name, reason))
        }
    }

    private mutating func readMemory(_ devices: BoardDevices, _ buffer: inout [UInt8]) {
        memory = MemoryReading()
        switch devices.memory?.read(into: &buffer) ?? .unavailable(.absent) {
        case .value(let count): memory = MemoryReading(procMeminfo: Array(buffer[..<count]), &missing.memory)
        case .unavailable(let reason): missing.memory.append(Unavailable("memory", reason))
        }
    }

    private mutating func readThrottling(_ devices: BoardDevices, _ buffer: inout [UInt8]) {
        throttle = []
        missing.throttle = devices.unreadThrottle
        for probe in devices.throttle {
            guard let reading = probe.read(&buffer, &missing.throttle) else { continue }
            if reading.state > 0, acted.count < SensorLimits.devices { acted.insert(reading.cause) }
            if reading.state > 0 || probe.isShownIdle || acted.contains(reading.cause) { throttle.append(reading) }
        }
    }
}
