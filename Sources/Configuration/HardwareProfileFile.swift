import CHardwareProfiles
import Quantities
import Telemetry

/// Reads hardware profiles from YAML, and holds those that are built into the program.
public enum HardwareProfileFile {
    /// The profile in the bytes of a file; its name is the file's name without `.yaml`.
    ///
    /// - Throws: `YAMLError` for an unknown key, a wrong type, an impossible value, or parts that contradict
    ///   each other, with line and key.
    public static func parse(_ bytes: [UInt8], file: String) throws(YAMLError) -> HardwareProfile {
        var top = try YAMLDocument(bytes, file: file).mapping
        let name = try name(of: file)
        var profile = HardwareProfile(name: name, title: try top.string("title") ?? name)
        profile.family = try top.string("family") ?? name
        if let recognition = try top.mapping("recognise") { profile.recognition = try self.recognition(recognition) }
        for rail in try top.mappings("rails") ?? [] {
            let parsed = try self.rail(rail, after: profile.rails)
            profile.rails.append(parsed)
        }
        for total in try top.mappings("totals") ?? [] {
            profile.totals.append(try self.total(total, of: profile.rails))
        }
        for mode in try top.mappings("power_modes") ?? [] {
            let parsed = try self.mode(mode, after: profile.powerModes)
            profile.powerModes.append(parsed)
        }
        profile.moduleRating = try top.power("module_rating_milliwatts")
        if let thermal = try top.mapping("thermal") { profile.thermal = try self.thermal(thermal) }
        if let reserve = try top.integer("memory_reserve_mib", in: 0...1_048_576) {
            profile.memoryReserve = .mebibytes(reserve)
        }
        if let gpu = try top.mapping("gpu") { profile.gpu = try self.gpu(gpu) }
        if let priors = try top.mapping("priors") { profile.priors = try self.priors(priors) }
        try top.finish()
        return profile
    }

    /// The profiles that are built into the program, in the order of detection.
    ///
    /// - Throws: `YAMLError` where one of them is wrong, which the tests exclude.
    public static func builtIn() throws(YAMLError) -> [HardwareProfile] {
        var profiles: [HardwareProfile] = []
        for (name, bytes) in builtInFiles() { profiles.append(try parse(bytes, file: name + ".yaml")) }
        return profiles
    }

    /// The file of the built-in profile called `name`, as it is; nil where there is none.
    public static func builtInText(_ name: String) -> [UInt8]? { builtInFiles().first { $0.name == name }?.bytes }

    private static func builtInFiles() -> [(name: String, bytes: [UInt8])] {
        var count = 0
        let files = unsafe chardwareprofiles_files(&count)
        return (0..<count).map { index in
            let file = unsafe files[index]
            return unsafe (
                String(cString: file.name), [UInt8](UnsafeBufferPointer(start: file.bytes, count: file.length))
            )
        }
    }

    /// `profiles` with an operator's own: one of the same name is replaced, a new one goes first.
    public static func merging(_ own: [HardwareProfile], into profiles: [HardwareProfile]) -> [HardwareProfile] {
        var merged = profiles
        var added: [HardwareProfile] = []
        for profile in own {
            if let index = merged.firstIndex(where: { $0.name == profile.name }) {
                merged[index] = profile
            } else {
                added.append(profile)
            }
        }
        return added + merged
    }

    /// The profile name in a file name: letters a–z, digits and `-`.
    private static func name(of file: String) throws(YAMLError) -> String {
        var name = file.split(separator: "/").last.map { String($0) } ?? ""
        if name.hasSuffix(".yaml") { name.removeLast(5) }
        guard isName(name) else {
            let problem = YAMLProblem.notAllowed(
                found: "'" + name + "'", allowed: "a file name of a-z, 0-9 and '-' before .yaml")
            throw YAMLError(file: file, line: 0, key: "", problem: problem)
        }
        return name
    }

    /// Whether `name` can be a profile's.
    static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 64 && name.utf8.allSatisfy(isNameByte)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2d
    }

    private static func recognition(_ mapping: YAMLMapping) throws(YAMLError) -> HardwareProfile.Recognition {
        var mapping = mapping
        var recognition = HardwareProfile.Recognition()
        recognition.modules = try mapping.strings("modules") ?? []
        recognition.compatible = try mapping.strings("compatible") ?? []
        recognition.minimumMemory = try mapping.integer("minimum_memory_mib", in: 1...1_073_741_824).map {
            .mebibytes($0)
        }
        recognition.maximumMemory = try mapping.integer("maximum_memory_mib", in: 1...1_073_741_824).map {
            .mebibytes($0)
        }
        recognition.firmwareTables = try mapping.boolean("firmware_tables")
        recognition.battery = try mapping.boolean("battery")
        if let least = recognition.minimumMemory, let most = recognition.maximumMemory, most < least {
            throw mapping.error(
                "maximum_memory_mib",
                .notAllowed(found: "less than minimum_memory_mib", allowed: "minimum_memory_mib or more"))
        }
        try mapping.finish()
        return recognition
    }

    private static func rail(
        _ mapping: YAMLMapping, after known: [HardwareProfile.Rail]
    ) throws(YAMLError) -> HardwareProfile.Rail {
        var mapping = mapping
        let name = try mapping.required("name", try mapping.string("name"))
        try mapping.refuseRepeated(name, among: known.map { $0.name })
        let word = try mapping.required(
            "role", try mapping.choice("role", among: RailRole.allCases.map { $0.rawValue }))
        let rail = HardwareProfile.Rail(
            name: name, role: RailRole(rawValue: word) ?? .other, chip: try mapping.string("chip"),
            step: try mapping.power("step_milliwatts"))
        try mapping.finish()
        return rail
    }

    /// A rule whose rails are all known and do not contain each other: a rail with the role `total` stands alone.
    private static func total(
        _ mapping: YAMLMapping, of known: [HardwareProfile.Rail]
    ) throws(YAMLError) -> TotalRule {
        var mapping = mapping
        let rails = try mapping.required("rails", try mapping.strings("rails"))
        guard !rails.isEmpty else {
            throw mapping.error("rails", .notAllowed(found: "an empty list", allowed: "names of rails of this file"))
        }
        for (index, name) in rails.enumerated() {
            guard let rail = known.first(where: { $0.name == name }) else {
                let names = known.map { $0.name }.joined(separator: ", ")
                throw mapping.error(
                    "rails", .notAllowed(found: "'" + name + "'", allowed: "rails of this file: " + names))
            }
            guard !rails[..<index].contains(name) else {
                throw mapping.error("rails", .notAllowed(found: "'" + name + "' twice", allowed: "every rail once"))
            }
            guard rail.role != .total || rails.count == 1 else {
                throw mapping.error(
                    "rails", .notAllowed(found: "'" + name + "' in a sum", allowed: "a rail of role total by itself"))
            }
        }
        let scopes = TotalScope.allCases.map { $0.rawValue }
        let scope = try mapping.required("scope", try mapping.choice("scope", among: scopes))
        try mapping.finish()
        return TotalRule(rails: rails, scope: TotalScope(rawValue: scope) ?? .internalRails)
    }

    private static func mode(
        _ mapping: YAMLMapping, after known: [HardwareProfile.Mode]
    ) throws(YAMLError) -> HardwareProfile.Mode {
        var mapping = mapping
        let name = try mapping.required("name", try mapping.string("name"))
        try mapping.refuseRepeated(name, among: known.map { $0.name })
        let rated = try mapping.required("rated_milliwatts", try mapping.power("rated_milliwatts"))
        try mapping.finish()
        return HardwareProfile.Mode(name: name, rated: rated)
    }

    private static func thermal(_ mapping: YAMLMapping) throws(YAMLError) -> HardwareProfile.Thermal {
        var mapping = mapping
        var thermal = HardwareProfile.Thermal()
        if let soft = try mapping.temperature("soft_millidegrees") { thermal.soft = soft }
        if let throttle = try mapping.temperature("throttle_millidegrees") { thermal.throttle = throttle }
        thermal.dieZones = try mapping.strings("die_zones") ?? []
        guard thermal.soft < thermal.throttle else {
            let key = mapping.contains("throttle_millidegrees") ? "throttle_millidegrees" : "soft_millidegrees"
            throw mapping.error(
                key,
                .notAllowed(
                    found: "throttle \(thermal.throttle.millidegrees), soft \(thermal.soft.millidegrees)",
                    allowed: "a throttle limit above the soft limit"))
        }
        try mapping.finish()
        return thermal
    }

    private static func gpu(_ mapping: YAMLMapping) throws(YAMLError) -> HardwareProfile.GPU {
        var mapping = mapping
        var gpu = HardwareProfile.GPU()
        gpu.loadPaths = try mapping.strings("load") ?? []
        if let path = gpu.loadPaths.first(where: { !$0.hasPrefix("/sys/") }) {
            throw mapping.error("load", .notAllowed(found: "'" + path + "'", allowed: "paths that begin with /sys/"))
        }
        gpu.devfreqNames = try mapping.strings("devfreq") ?? []
        if let name = gpu.devfreqNames.first(where: { $0.contains("/") }) {
            throw mapping.error(
                "devfreq", .notAllowed(found: "'" + name + "'", allowed: "names under /sys/class/devfreq"))
        }
        try mapping.finish()
        return gpu
    }

    private static func priors(_ mapping: YAMLMapping) throws(YAMLError) -> HardwareProfile.Priors {
        var mapping = mapping
        var priors = HardwareProfile.Priors()
        if let idle = try mapping.power("idle_milliwatts") { priors.idle = idle }
        if let core = try mapping.power("core_milliwatts") { priors.core = core }
        if let gpu = try mapping.power("gpu_milliwatts") { priors.gpu = gpu }
        if let speed = try mapping.integer("core_speed_permille", in: 1...1_000_000) { priors.corePermille = speed }
        try mapping.finish()
        return priors
    }
}

extension YAMLMapping {
    /// A power of 0 … 1 MW.
    fileprivate mutating func power(_ key: String) throws(YAMLError) -> Power? {
        try integer(key, in: 0...1_000_000_000).map { Power(milliwatts: $0) }
    }

    /// A temperature of 1 … 150 °C.
    fileprivate mutating func temperature(_ key: String) throws(YAMLError) -> Temperature? {
        try integer(key, in: 1000...150_000).map { Temperature(millidegrees: Int32($0)) }
    }

    fileprivate func refuseRepeated(_ name: String, among known: [String]) throws(YAMLError) {
        guard !known.contains(name) else {
            throw error("name", .notAllowed(found: "'" + name + "' again", allowed: "every name once"))
        }
    }
}
