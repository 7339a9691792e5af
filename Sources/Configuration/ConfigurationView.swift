import Telemetry
import Wire

/// A configuration as it is shown: every key with its value and where that comes from; no secrets.
public struct ConfigurationView: Equatable, Sendable {
    /// One key.
    public struct Entry: Equatable, Sendable {
        /// The key with its section, `energy.window_milliseconds`.
        public let key: String
        /// The value; nil where there is none.
        public let value: ConfigurationValue?
        /// Where the value comes from.
        public let origin: ConfigurationOrigin
    }

    /// The files that were read.
    public let files: [String]
    /// Every key, section by section.
    public let entries: [Entry]

    /// How `configuration` looks on a board of `profile`; without a profile, what it would give is left open.
    public init(_ configuration: AgentConfiguration, profile: HardwareProfile?) {
        files = configuration.files
        entries = ConfigurationKey.all.map { key in
            if let value = key.read(configuration) {
                return Entry(key: key.path, value: value, origin: configuration.origin(of: key.path))
            }
            if let profile, let value = key.profileValue?(profile) {
                let origin = key.isGuess(profile) ? ConfigurationOrigin.guess(profile.name) : .profile(profile.name)
                return Entry(key: key.path, value: value, origin: origin)
            }
            return Entry(key: key.path, value: nil, origin: .builtIn)
        }
    }

    /// The view as one JSON object.
    ///
    /// `{"files": […], "settings": {"energy.window_milliseconds": 10000, …}}`; with origins each setting is
    /// `{"value": …, "origin": "default"}`.
    public func json(withOrigins: Bool) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.key("files")
        ConfigurationValue.list(files).write(to: &json)
        json.key("settings")
        json.beginObject()
        for entry in entries {
            json.key(entry.key)
            if withOrigins {
                json.beginObject()
                json.key("value")
                write(entry.value, to: &json)
                json.member("origin", entry.origin.text)
                json.endObject()
            } else {
                write(entry.value, to: &json)
            }
        }
        json.endObject()
        json.endObject()
        return json.text
    }

    private func write(_ value: ConfigurationValue?, to json: inout JSONWriter) {
        if let value { value.write(to: &json) } else { json.null() }
    }
}
