/// Which sensors of hwmon chips matter beside the kernel's thermal zones and the power monitors of boards.
public enum HwmonChip {
    /// Which temperatures of a chip are zones.
    public enum Temperatures: Hashable, Sendable {
        /// None: to be looked at harms the device, or another reader shows them.
        case none
        /// All, beside the board's own: nobody knows what they are of, so that none is ever the board's heat.
        case foreign
        /// The first, which is the whole of what the others are parts of.
        case first
        /// All.
        case all
    }

    /// The temperatures of the chip called `name` that are zones.
    public static func temperatures(of name: String) -> Temperatures {
        switch name {
        // The package and then its cores; the composite that the drive throttles by and then its sensors.
        case "coretemp", "nvme": .first
        case "k10temp", "zenpower", "amdgpu": .all
        // A disk that is asked for its temperature does not come to rest (Documentation/hwmon/drivetemp.rst).
        case "drivetemp": .none
        default: .foreign
        }
    }

    /// Whether the chip called `name` is a processor's, whose heat a thermal zone on a die shows too.
    public static func isProcessor(_ name: String) -> Bool { ["coretemp", "k10temp", "zenpower"].contains(name) }

    /// Whether powers and counters of the chip called `name` are rails: not those that another reader knows better.
    ///
    /// A battery is in the power supply class, and what USB-C says was negotiated, not measured.
    public static func hasRails(_ name: String, device: String) -> Bool {
        !["ina3221", "ina3221x", "ina238", "soctherm_oc"].contains(name) && !name.hasPrefix("ucsi_")
            && !device.split(separator: "/").contains("power_supply")
    }

    /// What a rail of the chip called `name` feeds, unless the profile knows better.
    public static func role(of name: String) -> RailRole {
        switch name {
        case "amdgpu", "i915", "xe": .gpu
        case "amd_energy": .cpu
        default: .other
        }
    }
}
