/// Where a value of the configuration comes from; later cases win over earlier ones.
public enum ConfigurationOrigin: Hashable, Sendable {
    /// Built into the program.
    case builtIn
    /// The machine's name in the network.
    case hostName
    /// The board's hardware profile, by its name.
    case profile(String)
    /// What the board's hardware profile, by its name, guesses where it does not know.
    case guess(String)
    /// A configuration file, by its name and line.
    case file(String, line: Int)
    /// A variable of the environment, by its name.
    case environment(String)
    /// An option of the command line, as it is written there.
    case flag(String)

    /// The origin in a few words.
    public var text: String {
        switch self {
        case .builtIn: "default"
        case .hostName: "host name"
        case .profile(let name): "profile " + name
        case .guess(let name): "guess of " + name
        case .file(let name, let line): name + ":\(line)"
        case .environment(let name): "environment " + name
        case .flag(let name): "option " + name
        }
    }
}

/// A value that the command line gives for one key.
public struct ConfigurationFlag: Hashable, Sendable {
    /// The option as it is written, `--sysroot`.
    public var name: String
    /// The key that it sets, `telemetry.sysroot`.
    public var key: String
    /// The value as text; commas separate the elements of a list.
    public var value: String

    /// The option `name`, which sets `key`.
    public init(_ name: String, key: String, value: String) {
        self.name = name
        self.key = key
        self.value = value
    }
}

/// Everything that a configuration is made of, as bytes and text.
public struct ConfigurationSources: Sendable {
    /// The content of one file.
    public struct File: Sendable {
        /// Its path, for messages and for paths that it gives relative to itself.
        public var name: String
        /// Its bytes.
        public var bytes: [UInt8]

        /// A file of its name and bytes.
        public init(name: String, bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }
    }

    /// A variable of the environment.
    public struct Variable: Hashable, Sendable {
        /// Its name.
        public var name: String
        /// Its value.
        public var value: String

        /// A variable of its name and value.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The files, later ones winning.
    public var files: [File]
    /// The environment; variables that do not begin with `SAGE_EDGE_` are passed over.
    public var environment: [Variable]
    /// What the command line says; later ones win.
    public var flags: [ConfigurationFlag]
    /// The machine's name, of which the platform's is made where no other is given.
    public var hostName: String

    /// Sources; without any, the defaults.
    public init(
        files: [File] = [], environment: [Variable] = [], flags: [ConfigurationFlag] = [], hostName: String = ""
    ) {
        self.files = files
        self.environment = environment
        self.flags = flags
        self.hostName = hostName
    }
}
