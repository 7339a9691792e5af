import Quantities
import Telemetry

extension SysfsTree {
    /// What the machine says about itself.
    public func facts() -> HardwareFacts {
        var facts = HardwareFacts()
        for folder in ["/proc/device-tree", "/sys/firmware/devicetree/base"] where facts.compatible.isEmpty {
            if case .value(let bytes) = bytes(of: folder + "/compatible") {
                facts.compatible = DeviceTreeText.list(bytes)
            }
            if case .value(let bytes) = bytes(of: folder + "/model") { facts.model = DeviceTreeText.text(bytes) }
        }
        facts.model = facts.model ?? text(of: "/sys/class/dmi/id/product_name")
        if case .value(let bytes) = bytes(of: "/proc/meminfo") {
            facts.memory = MemoryReading(procMeminfo: bytes).total
        }
        facts.hasFirmwareTables =
            folder("/sys/class/dmi/id") != nil || folder("/sys/firmware/acpi") != nil
            || names(in: "/sys/class/powercap").contains { $0.hasPrefix("intel-rapl") }
        facts.hasBattery = names(in: "/sys/class/power_supply").prefix(SensorLimits.devices).contains { name in
            let supply = "/sys/class/power_supply/" + name
            return text(of: supply + "/type") == "Battery" && text(of: supply + "/scope") != "Device"
        }
        return facts
    }

    /// Whether the machine describes itself by a device tree, as boards do; that of a PC, where it has one, is empty.
    var hasDeviceTree: Bool {
        ["/proc/device-tree", "/sys/firmware/devicetree/base"].contains { place($0 + "/compatible") != nil }
    }

    /// The release of Jetson Linux; nil where there is none.
    func release() -> String? {
        guard case .value(let bytes) = bytes(of: "/etc/nv_tegra_release") else { return nil }
        return TegraRelease.text(bytes)
    }

    /// The modes of the board's power mode file.
    func powerModes() -> Reading<PowerModeTable> {
        switch bytes(of: "/etc/nvpmodel.conf", limit: SensorLimits.wholeFileBytes) {
        case .value(let bytes): .value(PowerModeTable(bytes))
        case .unavailable(let reason): .unavailable(reason)
        }
    }
}
