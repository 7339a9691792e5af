import Quantities
import Telemetry

/// Reads one board: finds its devices once, then reads their files again and again.
///
/// Every file is tried once per sample; what fails is listed with its reason and tried again with the next
/// sample. When a device goes away, or the rails of the total have not shown up yet, the devices are searched
/// anew, at most every `SensorLimits.searchPause`.
///
/// A read of a power monitor takes about half a millisecond of bus time, so this belongs on a thread of its own.
public final class BoardReader {
    /// The profile in use; its throttle limit is lowered to the board's own where that is lower.
    public let profile: HardwareProfile
    /// How the readings are known: metered on a running machine, replayed from a recording.
    public let evidence: EvidenceClass
    private let tree: SysfsTree
    private let board: BoardIdentity
    private var choice: TotalRuleChoice
    private var devices: Devices
    private var searched: BootTime?
    private var mustSearch = false
    private var buffer = [UInt8](repeating: 0, count: SensorLimits.fileBytes)

    /// A reader of the tree with the best fitting of `profiles`, which hold a generic one.
    ///
    /// Nil when not one profile fits.
    public convenience init?(tree: SysfsTree, profiles: [HardwareProfile]) {
        let facts = tree.facts()
        guard let profile = HardwareProfile.detect(facts, among: profiles) else { return nil }
        self.init(tree: tree, profile: profile, model: facts.model)
    }

    /// A reader of the tree with a profile that was chosen.
    public init(tree: SysfsTree, profile: HardwareProfile, model: String?) {
        self.tree = tree
        var profile = profile
        profile.thermal.lower(to: tree.passiveTrips(profile))
        self.profile = profile
        evidence = tree.isLive ? .metered : .replayed
        board = BoardIdentity(profile: profile.name, model: model, l4t: tree.release())
        choice = TotalRuleChoice(rules: profile.totals)
        devices = Devices(tree, profile)
    }

    /// The devices that were found.
    private struct Devices {
        let modes: Reading<PowerModeTable>
        let rails: [RailProbe]
        /// What is there and cannot be read, so that rails may be missing; likewise below.
        private(set) var unreadRails: [Unavailable] = []
        let zones: [ZoneProbe]
        private(set) var unreadZones: [Unavailable] = []
        let gpu: GPUProbe?
        let throttle: [ThrottleProbe]
        private(set) var unreadThrottle: [Unavailable] = []
        let memory: SensorFile?
        let processor: SensorFile?

        init(_ tree: SysfsTree, _ profile: HardwareProfile) {
            modes = tree.powerModes()
            rails = tree.rails(profile, &unreadRails)
            zones = tree.zones(&unreadZones)
            gpu = GPUProbe(tree, profile)
            throttle = tree.throttleCauses(&unreadThrottle)
            memory = tree.file("/proc/meminfo")
            processor = tree.file("/proc/stat")
        }

        /// Whether another search may find more: a device went away, or could not be looked at.
        var mayBeOthers: Bool {
            !unreadRails.isEmpty || !unreadZones.isEmpty || !unreadThrottle.isEmpty
                || rails.contains { $0.files.contains { $0?.isLost == true } }
                || zones.contains { $0.temperature?.isLost == true }
                || throttle.contains { $0.state?.isLost == true || $0.maximum?.isLost == true }
                || [gpu?.load, gpu?.frequency, gpu?.maximum].contains { $0?.isLost == true }
        }
    }

    /// Reads everything once.
    ///
    /// - Parameter now: the time that the sample carries.
    public func sample(at now: BootTime) -> TelemetrySample {
        searchAgainIfNeeded(now)
        var sample = TelemetrySample(taken: now, board: board)
        readPowerMode(&sample)
        readRails(&sample)
        readZones(&sample)
        if let gpu = devices.gpu {
            sample.gpu = gpu.read(&buffer, &sample.unavailable)
        } else if profile.gpu != HardwareProfile.GPU() {
            sample.unavailable.append(Unavailable("gpu", .absent))
        }
        readMemory(&sample)
        sample.unavailable += devices.unreadThrottle
        for probe in devices.throttle {
            switch probe.read(&buffer) {
            case .value(let reading): sample.throttle.append(reading)
            case .unavailable(let reason): sample.unavailable.append(Unavailable(probe.cause, reason))
            }
        }
        if sample.total != nil {
            sample.sources = [EnergySource(name: "compute:" + profile.name, kind: .compute, evidence: evidence)]
        }
        mustSearch = devices.mayBeOthers || (sample.total == nil && !profile.totals.isEmpty)
        return sample
    }

    private func searchAgainIfNeeded(_ now: BootTime) {
        guard let last = searched else {
            searched = now
            return
        }
        guard mustSearch, !(now.since(last) < SensorLimits.searchPause) else { return }
        devices = Devices(tree, profile)
        searched = now
    }

    private func readPowerMode(_ sample: inout TelemetrySample) {
        switch tree.bytes(of: "/var/lib/nvpmodel/status") {
        case .value(let bytes):
            guard let status = PowerModeStatus(bytes) else {
                sample.unavailable.append(Unavailable("power_mode", .malformed))
                return
            }
            let name = devices.modes.value?.name(of: status.identifier)
            if let reason = devices.modes.reason, reason != .absent {
                sample.unavailable.append(Unavailable("power_mode.name", reason))
            }
            sample.powerMode = PowerMode(
                identifier: status.identifier, name: name, rated: name.flatMap { profile.rated(modeNamed: $0) })
        case .unavailable(let reason):
            if !profile.powerModes.isEmpty || board.l4t != nil {
                sample.unavailable.append(Unavailable("power_mode", reason))
            }
        }
    }

    private func readRails(_ sample: inout TelemetrySample) {
        sample.unavailable += devices.unreadRails
        for probe in devices.rails {
            switch probe.read(&buffer, &sample.unavailable) {
            case .value(let reading): sample.rails.append(reading)
            case .unavailable(let reason): sample.unavailable.append(Unavailable(probe.name, reason))
            }
        }
        sample.total = choice.total(of: sample.rails)
        // A rail that was not found may be one of those that could not be looked at.
        let missing = devices.unreadRails.first?.reason ?? .absent
        if let chosen = choice.chosen {
            for name in profile.totals[chosen].rails where !devices.rails.contains(where: { $0.name == name }) {
                sample.unavailable.append(Unavailable(name, missing))
            }
        }
        if sample.total == nil {
            let failed = sample.unavailable.first { entry in devices.rails.contains { $0.name == entry.what } }
            sample.unavailable.append(
                Unavailable("total", profile.totals.isEmpty ? .notSupported : failed?.reason ?? missing))
        }
    }

    private func readZones(_ sample: inout TelemetrySample) {
        sample.unavailable += devices.unreadZones
        for probe in devices.zones {
            switch probe.read(&buffer) {
            case .value(let reading): sample.zones.append(reading)
            case .unavailable(let reason): sample.unavailable.append(Unavailable(probe.name, reason))
            }
        }
        if devices.zones.isEmpty {
            sample.unavailable.append(Unavailable("zones", devices.unreadZones.first?.reason ?? .absent))
        }
        sample.hottest = profile.hottest(of: sample.zones)
    }

    private func readMemory(_ sample: inout TelemetrySample) {
        switch devices.memory?.read(into: &buffer) ?? .unavailable(.absent) {
        case .value(let count):
            sample.memory = MemoryReading(procMeminfo: Array(buffer[..<count]), &sample.unavailable)
        case .unavailable(let reason):
            sample.unavailable.append(Unavailable("memory", reason))
        }
        if case .value(let count) = devices.processor?.read(into: &buffer) ?? .unavailable(.absent) {
            sample.processorTime = ProcessorTime(procStat: Array(buffer[..<count]))
        }
    }
}
