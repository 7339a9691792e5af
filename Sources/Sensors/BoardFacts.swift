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
        // One that is plugged onto a board makes it no laptop.
        facts.hasBattery =
            (facts.compatible.isEmpty || isPortable)
            && names(in: "/sys/class/power_supply").prefix(SensorLimits.devices).contains { name in
                let supply = "/sys/class/power_supply/" + name
                return text(of: supply + "/type") == "Battery" && text(of: supply + "/scope") != "Device"
            }
        return facts
    }

    /// Whether the firmware says that the machine is one to be carried about: the device tree's `chassis-type`, or the
    /// number that SMBIOS has for portables, notebooks and tablets (DSP0134, 7.4.1).
    private var isPortable: Bool {
        for folder in ["/proc/device-tree", "/sys/firmware/devicetree/base"] {
            guard case .value(let bytes) = bytes(of: folder + "/chassis-type") else { continue }
            return ["laptop", "convertible", "tablet"].contains(DeviceTreeText.text(bytes))
        }
        let type = value(of: "/sys/class/dmi/id/chassis_type")
        return type.map { [8, 9, 10, 14, 30, 31, 32].contains($0) } ?? false
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
