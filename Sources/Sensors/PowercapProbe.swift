import Quantities
import Telemetry

/// One energy counter of an x86 processor (RAPL).
struct PowercapProbe: NamedProbe {
    /// The domain's name, such as `package-0`; one inside it is `package-0/core`.
    var name: String
    let role: RailRole
    let energy: SensorFile?
    let range: EnergyRegister?
    /// The most it may draw for long, in µW: the limit that is set, which changes, and the highest that can be.
    let limit: SensorFile?
    let maximum: SensorFile?

    /// Reads the most it may draw for long; nil where nothing says it.
    func rated(_ buffer: inout [UInt8]) -> Power? {
        func power(_ file: SensorFile?) -> Power? {
            guard let file, case .value(let value) = file.integer(&buffer) else { return nil }
            return Power(microwatts: value)
        }
        return PowercapZone.rated(limit: power(limit), maximum: power(maximum))
    }

    /// Reads the counter; `counter` is what was known of it before.
    func read(_ counter: inout EnergyCounter, at now: BootTime, _ buffer: inout [UInt8]) -> Reading<RailReading> {
        guard let energy else { return .unavailable(.absent) }
        return energy.integer(&buffer).rail(&counter, name: name, role: role, source: .rapl, at: now)
    }
}

extension SysfsTree {
    /// The energy counters of x86 processors, each package followed by what is inside it.
    ///
    /// A zone can be switched off as a limit (`enabled` is 0) and counts all the same.
    func powercapCounters(_ profile: HardwareProfile, _ unread: inout [Unavailable]) -> [PowercapProbe] {
        let root = "/sys/class/powercap"
        var probes: [PowercapProbe] = []
        var names: [String: String] = [:]
        for folder in self.names(in: root, &unread).prefix(SensorLimits.devices) {
            guard let zone = PowercapZone(folder: folder), let domain = text(of: root + "/" + folder + "/name", &unread)
            else { continue }
            var name = domain
            if let parent = zone.parent { name = (names[parent] ?? parent) + "/" + domain }
            // Two of one name would be taken for one.
            if names.values.contains(name) { name = folder }
            names[folder] = name
            let path = root + "/" + folder
            let role = profile.rail(name)?.role ?? PowercapZone.role(ofDomain: domain)
            let range = value(of: path + "/max_energy_range_uj")
            probes.append(
                PowercapProbe(
                    name: name, role: role, energy: file(path + "/energy_uj"),
                    range: range.flatMap { UInt64(exactly: $0) }.map { EnergyRegister(microjoules: $0) },
                    limit: file(path + "/constraint_0_power_limit_uw"),
                    maximum: file(path + "/constraint_0_max_power_uw")))
        }
        return probes
    }

    /// The whole number in the file that `path` leads to; nil where there is none.
    func value(of path: String) -> Int64? {
        guard case .value(let bytes) = bytes(of: path) else { return nil }
        return DecimalText.value(ofFile: bytes)
    }
}
