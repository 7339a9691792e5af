import Telemetry

/// The devices that were found on a board.
struct BoardDevices {
    let modes: Reading<PowerModeTable>
    let rails: [RailProbe]
    let counters: [PowercapProbe]
    let supplies: PowerSupplies
    /// What is there and cannot be read, so that rails may be missing; likewise below.
    private(set) var unreadRails: [Unavailable] = []
    let zones: [ZoneProbe]
    private(set) var unreadZones: [Unavailable] = []
    let hwmon: HwmonSensors
    let gpu: GPUProbe?
    let throttle: [ThrottleProbe]
    private(set) var unreadThrottle: [Unavailable] = []
    let memory: SensorFile?

    /// Looks for all that `profile` and the kernel's classes name.
    init(_ tree: SysfsTree, _ profile: HardwareProfile) {
        modes = tree.powerModes()
        let rails = tree.rails(profile, &unreadRails)
        let counters = tree.powercapCounters(profile, &unreadRails)
        supplies = PowerSupplies(tree, &unreadRails)
        let zones = tree.zones(&unreadZones)
        var hwmon = HwmonSensors(tree, profile, zones: zones.map { $0.name })
        var railNames = UniqueNames()
        // Folders of one class: they differ already.
        for battery in supplies.batteries { _ = railNames.name(battery.name) }
        self.rails = railNames.tellingApart(rails)
        self.counters = railNames.tellingApart(counters)
        var zoneNames = UniqueNames()
        self.zones = zoneNames.tellingApart(zones)
        hwmon.tellApart(zones: &zoneNames, rails: &railNames)
        self.hwmon = hwmon
        gpu = GPUProbe(tree, profile)
        throttle = tree.throttleCauses(&unreadThrottle)
        memory = tree.file("/proc/meminfo")
    }

    /// Names of the rails, whether they can be read or not, in the order of their readings.
    var railNames: [String] {
        rails.map { $0.name } + counters.map { $0.name } + hwmon.powers.map { $0.name }
            + hwmon.energies.map { $0.name } + supplies.batteries.map { $0.name }
    }

    /// Whether another search may find more: a device went away, or could not be looked at.
    var mayBeOthers: Bool {
        !unreadRails.isEmpty || !unreadZones.isEmpty || !unreadThrottle.isEmpty || supplies.hasEmptyPlace
            || rails.contains { $0.files.contains { $0?.isLost == true } }
            || counters.contains { $0.energy?.isLost == true }
            || supplies.batteries.contains { $0.files.contains { $0?.isLost == true } }
            || [hwmon.temperatures, hwmon.powers, hwmon.energies].contains { $0.contains { $0.isLost } }
            || zones.contains { $0.temperature?.isLost == true }
            || throttle.contains { $0.files.contains { $0?.isLost == true } }
            || [gpu?.load, gpu?.frequency, gpu?.maximum].contains { $0?.isLost == true }
    }
}
