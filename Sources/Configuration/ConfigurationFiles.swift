import Platform
import Quantities
import Telemetry

/// Where an agent's configuration is read from.
///
/// The order is: the file that the command line names, alone; systemd's `$CONFIGURATION_DIRECTORY`;
/// `/etc/sage-edge` for root; `$XDG_CONFIG_HOME/sage-edge` for everybody else. A folder holds `config.yaml`
/// and, in `conf.d`, files ending in `.yaml` that are read after it in the order of their names; each may be absent.
/// An operator's own hardware profiles lie in `profiles` beside the main file.
public struct ConfigurationFiles: Sendable {
    /// The folder; nil where the command line names a file.
    public let folder: String?
    /// The main file.
    public let main: String

    /// The folder of root, and of an agent that the package installs.
    public static let systemFolder = "/etc/sage-edge"

    /// The places for a file given on the command line, or the default ones.
    public init(given: String?) {
        if let given {
            self.init(folder: nil, main: given)
        } else {
            let isRoot = Program.effectiveUserID == 0
            self.init(
                folder: ConfigurationFiles.defaultFolder(
                    isRoot: isRoot, home: Program.homeFolder, environment: Program.environment))
        }
    }

    /// The places in `folder`.
    init(folder: String) { self.init(folder: folder, main: folder + "/config.yaml") }

    private init(folder: String?, main: String) {
        self.folder = folder
        self.main = main
    }

    /// The configuration from the files, the environment and `flags`.
    ///
    /// - Throws: `refused` where anything in it is wrong; `tooManyDropIns`; `system` where a file cannot be
    ///   read, and where the one that the command line names is missing.
    public func load(flags: [ConfigurationFlag] = []) throws(ConfigurationError) -> AgentConfiguration {
        let sources = ConfigurationSources(
            files: try files(), environment: ConfigurationEnvironment.variables(), flags: flags, hostName: Host.name)
        do throws(ConfigurationRefusal) { return try AgentConfiguration(sources) } catch { throw .refused(error) }
    }

    /// The built-in hardware profiles and the operator's own, which replace built-in ones of the same name.
    ///
    /// Own ones lie in the folder that `configuration` names, or else in `profiles` beside the main file.
    /// - Throws: `refused` where an own profile is wrong, or where `configuration` names one that does not exist;
    ///   `tooManyDropIns`; `system` where a file or the named folder cannot be read.
    public func profiles(for configuration: AgentConfiguration) throws(ConfigurationError) -> [HardwareProfile] {
        try locatedProfiles(for: configuration).map { $0.profile }
    }

    /// A hardware profile, and where it comes from.
    public struct LocatedProfile: Equatable, Sendable {
        /// The profile.
        public let profile: HardwareProfile
        /// The operator's file; nil for one that is built into the program.
        public let file: String?
        /// Whether an operator's file stands in the place of a built-in profile.
        public let replacesBuiltIn: Bool
    }

    /// The profiles of `profiles(for:)`, each with its origin.
    ///
    /// - Throws: as `profiles(for:)`.
    public func locatedProfiles(for configuration: AgentConfiguration) throws(ConfigurationError) -> [LocatedProfile] {
        var own: [HardwareProfile] = []
        var paths: [String: String] = [:]
        let isNamed = configuration.telemetry.profilesFolder != nil
        for path in try yamlFiles(in: profilesFolder(for: configuration), mayBeAbsent: !isNamed) {
            let bytes = try read(path)
            let profile = try parse { () throws(YAMLError) in try HardwareProfileFile.parse(bytes, file: path) }
            own.append(profile)
            paths[profile.name] = path
        }
        let builtIn = try parse { () throws(YAMLError) in try HardwareProfileFile.builtIn() }
        let profiles = HardwareProfileFile.merging(own, into: builtIn)
        if let refusal = configuration.refusalOfProfile(among: profiles) { throw .refused(refusal) }
        return profiles.map { profile in
            let file = paths[profile.name]
            let isReplacement = file != nil && builtIn.contains { $0.name == profile.name }
            return LocatedProfile(profile: profile, file: file, replacesBuiltIn: isReplacement)
        }
    }

    /// The folder in which an operator's own profiles are looked for; nil stands for a configuration that names none.
    public func profilesFolder(for configuration: AgentConfiguration?) -> String {
        if let named = configuration?.telemetry.profilesFolder { return named }
        let bytes = Array(main.utf8)
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "profiles" }
        return String(decoding: bytes[...slash], as: UTF8.self) + "profiles"
    }

    static func defaultFolder(isRoot: Bool, home: String, environment: (String) -> String?) -> String {
        // systemd separates several folders with colons; the first is this service's own.
        if let given = environment("CONFIGURATION_DIRECTORY")?.split(separator: ":").first { return String(given) }
        if isRoot { return systemFolder }
        if let given = environment("XDG_CONFIG_HOME"), given.hasPrefix("/") { return given + "/sage-edge" }
        return home + "/.config/sage-edge"
    }

    /// The main file and the drop-ins, as far as they are there.
    private func files() throws(ConfigurationError) -> [ConfigurationSources.File] {
        if folder == nil, main == "-" { throw .standardInput }
        var paths = [main]
        if let folder {
            if try status(main) == nil { paths = [] }
            paths += try yamlFiles(in: folder + "/conf.d", mayBeAbsent: true)
        }
        var files: [ConfigurationSources.File] = []
        for path in paths { files.append(ConfigurationSources.File(name: path, bytes: try read(path))) }
        return files
    }

    /// The files in `folder` that end in `.yaml` and are not hidden, in the order of their names.
    private func yamlFiles(in folder: String, mayBeAbsent: Bool) throws(ConfigurationError) -> [String] {
        if mayBeAbsent, try status(folder) == nil { return [] }
        let names = try system { () throws(SystemError) in try FileSystem.list(folder) }
            .filter { $0.hasSuffix(".yaml") && !$0.hasPrefix(".") }
        guard names.count <= ConfigurationLimits.dropIns else {
            throw .tooManyDropIns(folder: folder, count: names.count)
        }
        return names.map { folder + "/" + $0 }
    }

    private func status(_ path: String) throws(ConfigurationError) -> FileStatus? {
        try system { () throws(SystemError) in try FileSystem.status(path) }
    }

    private func read(_ path: String) throws(ConfigurationError) -> [UInt8] {
        do throws(SystemError) { return try FileSystem.read(path, limit: YAMLLimits.fileBytes) } catch {
            guard error.errno == .fileTooLarge, let size = try? FileSystem.status(path)?.size else {
                throw .system(error)
            }
            let problem = YAMLProblem.tooLarge(bytes: Int(clamping: size.bytes))
            throw .refused(ConfigurationRefusal(problems: [YAMLError(file: path, line: 0, key: "", problem: problem)]))
        }
    }

    private func system<Result>(_ body: () throws(SystemError) -> Result) throws(ConfigurationError) -> Result {
        do throws(SystemError) { return try body() } catch { throw .system(error) }
    }

    private func parse<Result>(_ body: () throws(YAMLError) -> Result) throws(ConfigurationError) -> Result {
        do throws(YAMLError) { return try body() } catch { throw .refused(ConfigurationRefusal(problems: [error])) }
    }
}

/// The variables of this process's environment that concern the configuration.
enum ConfigurationEnvironment {
    /// Those of known keys, and the unknown ones that begin with `SAGE_EDGE_`.
    static func variables() -> [ConfigurationSources.Variable] {
        let known = ConfigurationKey.all.map { $0.variable }
        let environment =
            (try? FileSystem.read("/proc/self/environ", limit: ConfigurationLimits.environmentBytes)) ?? []
        let unknown = names(in: environment).filter { name in
            name.hasPrefix(ConfigurationKey.variablePrefix) && !known.contains(name)
        }
        return (known + unknown).compactMap { name in
            Program.environment(name).map { ConfigurationSources.Variable(name: name, value: $0) }
        }
    }

    /// The names in the bytes of `/proc/<pid>/environ`, in their order.
    static func names(in environment: [UInt8]) -> [String] {
        environment.split(separator: 0).map { entry in
            String(decoding: entry.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self)
        }
    }
}
