import Quantities

/// What `/proc/meminfo` says about memory as a whole (proc(5)).
extension MemoryReading {
    /// Reads `MemTotal` and `MemAvailable`; what is not there, or no amount of memory, is listed in `unavailable`.
    ///
    /// More available than there is in all is no amount either. Complexity: O(bytes).
    public init(procMeminfo bytes: [UInt8], _ unavailable: inout [Unavailable]) {
        let lines = TextScanner(bytes.prefix(TelemetryLimits.fileBytes)).lines().map { TextScanner($0).words() }
        func amount(_ key: String, _ what: String, atMost limit: Int64) -> ByteCount? {
            guard let words = lines.last(where: { $0.first?.elementsEqual(key.utf8) == true }) else {
                unavailable.append(Unavailable(what, .absent))
                return nil
            }
            guard words.count == 3, words[2].elementsEqual("kB".utf8), let kibibytes = DecimalText.unsigned(words[1]),
                kibibytes <= UInt64(limit / 1024)
            else {
                unavailable.append(Unavailable(what, .malformed))
                return nil
            }
            return .kibibytes(Int64(kibibytes))
        }
        let total = amount("MemTotal:", "memory.total_bytes", atMost: .max)
        let available = amount("MemAvailable:", "memory.available_bytes", atMost: total?.bytes ?? .max)
        self.init(total: total, available: available)
    }

    /// Reads `MemTotal` and `MemAvailable`; what cannot be read is nil.
    public init(procMeminfo bytes: [UInt8]) {
        var unavailable: [Unavailable] = []
        self.init(procMeminfo: bytes, &unavailable)
    }
}

/// Properties of the device tree.
public enum DeviceTreeText {
    /// The entries of a list of texts that each end with NUL; entries that are not text are left out.
    public static func list(_ bytes: [UInt8]) -> [String] {
        bytes.prefix(TelemetryLimits.fileBytes).split(separator: 0).compactMap { nameText($0) }
    }

    /// A single text.
    public static func text(_ bytes: [UInt8]) -> String? {
        bytes.prefix(TelemetryLimits.fileBytes).split(separator: 0).first.flatMap { nameText($0) }
    }
}

/// The release in `/etc/nv_tegra_release`.
public enum TegraRelease {
    /// The release as `R36.4.4`, from `# R36 (release), REVISION: 4.4, ...`; nil where it is not there.
    public static func text(_ bytes: [UInt8]) -> String? {
        guard let line = TextScanner(bytes.prefix(TelemetryLimits.fileBytes)).lines().first else { return nil }
        let words = TextScanner(line).words()
        guard
            let major = words.first(where: {
                $0.first == UInt8(ascii: "R") && DecimalText.unsigned($0.dropFirst()) != nil
            }),
            let key = words.firstIndex(where: { $0.elementsEqual("REVISION:".utf8) }), key + 1 < words.count
        else { return nil }
        let revision = words[key + 1].prefix { $0.isDigit || $0 == UInt8(ascii: ".") }
        let parts = revision.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard !parts.isEmpty, parts.allSatisfy({ DecimalText.unsigned($0) != nil }), major.count <= 8,
            revision.count <= 16
        else { return nil }
        return String(decoding: major, as: UTF8.self) + "." + String(decoding: revision, as: UTF8.self)
    }
}

/// Which cooling devices say that a board is being slowed down.
public enum ThrottleCause {
    /// Whether a cooling device of this type does: an alert of the firmware, or a cap on a clock.
    ///
    /// Fans do not, nor what a PC calls `Processor`, `intel_powerclamp` or `TCC Offset`: those have other uses than
    /// heat, and some stand above zero on an idle machine.
    public static func isThrottle(coolingType type: String) -> Bool {
        type.hasSuffix("-throttle-alert") || isClockCap(coolingType: type)
    }

    /// Whether a cooling device of this type holds a clock below what it could be, for the heat.
    ///
    /// The kernel's cpufreq and devfreq coolers are called so, in older kernels with `thermal-` before it; the GPU's of
    /// Jetsons by the name of its device alone, such as `17000000.gpu`.
    public static func isClockCap(coolingType type: String) -> Bool {
        if ["cpufreq-", "devfreq-", "thermal-cpufreq-", "thermal-devfreq-"].contains(where: { type.hasPrefix($0) }) {
            return true
        }
        let parts = type.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 2 && (1...16).contains(parts[0].utf8.count)
            && parts[0].utf8.allSatisfy { $0.isDigit || (0x61...0x66).contains($0) }
            && ["gpu", "ga10b", "gv11b", "gp10b", "gm20b"].contains(parts[1])
    }

    /// Whether a cooling device of this type is shown before it ever acted: of a board's many caps only the GPU's are.
    public static func isShownIdle(coolingType type: String) -> Bool {
        type.hasSuffix("-throttle-alert") || type.hasPrefix("devfreq-gpu-")
    }

    /// The name of over-current counter `number`.
    public static func overCurrent(_ number: Int) -> String { "over-current:\(number)" }
}
