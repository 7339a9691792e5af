import Quantities

/// What `/proc/meminfo` says about memory as a whole (proc(5)).
extension MemoryReading {
    /// Reads `MemTotal` and `MemAvailable`; a line that is absent or not well formed leaves its part nil.
    ///
    /// Complexity: O(bytes).
    public init(procMeminfo bytes: [UInt8]) {
        self.init()
        for line in TextScanner(bytes.prefix(TelemetryLimits.fileBytes)).lines() {
            let words = TextScanner(line).words()
            guard words.count == 3, words[2].elementsEqual("kB".utf8) else { continue }
            let amount = DecimalText.unsigned(words[1]).flatMap { Int64(exactly: $0) }
            if words[0].elementsEqual("MemTotal:".utf8) {
                total = amount.map { ByteCount.kibibytes($0) }
            } else if words[0].elementsEqual("MemAvailable:".utf8) {
                available = amount.map { ByteCount.kibibytes($0) }
            }
        }
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
    /// Whether a cooling device of this type does: an alert of the firmware, or a cap on the GPU's clock.
    ///
    /// Fans and the governors' ordinary steps do not.
    public static func isThrottle(coolingType type: String) -> Bool {
        type.hasSuffix("-throttle-alert") || type.hasPrefix("devfreq-gpu-")
    }

    /// The name of over-current counter `number`.
    public static func overCurrent(_ number: Int) -> String { "over-current:\(number)" }
}
