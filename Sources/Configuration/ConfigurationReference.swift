/// What may be configured, as a reference for people: the same table that files are read by.
public enum ConfigurationReference {
    /// One key.
    public struct Key: Sendable {
        /// The key with its section, `energy.window_milliseconds`.
        public let path: String
        /// What it is for, what it takes, what counts where nobody sets it, and the variable that sets it.
        public let description: String
        /// Whether a changed value counts at once when the configuration is read again.
        public let isLive: Bool
    }

    /// Every key, section by section.
    public static var keys: [Key] {
        let defaults = AgentConfiguration(federation: FederationSection(hostName: "node"))
        return ConfigurationKey.all.map { key in
            let isNamed = key.path == "federation.platform"
            let standard = isNamed ? "the host name up to its first dot" : key.read(defaults).map { $0.text } ?? ""
            let unset = key.profileValue == nil ? "" : "; by default what the board's profile says"
            return Key(
                path: key.path,
                description: ConfigurationKey.meaning(of: key.path) + ". Value: " + key.allowed
                    + (standard.isEmpty ? unset : "; by default " + standard) + ". Variable: " + key.variable + ".",
                isLive: key.isLive)
        }
    }
}
