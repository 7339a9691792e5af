import Telemetry

@testable import Configuration

typealias File = ConfigurationSources.File
typealias Variable = ConfigurationSources.Variable

/// A file of a name and a text.
func file(_ text: String, _ name: String = "c.yaml") -> File { File(name: name, bytes: Array(text.utf8)) }

/// The configuration of one file.
func configuration(_ text: String) throws(ConfigurationRefusal) -> AgentConfiguration {
    try AgentConfiguration(ConfigurationSources(files: [file(text)], hostName: "sprout"))
}

/// The explanations of what is wrong with `sources`; empty where nothing is.
func refusals(_ sources: ConfigurationSources) -> [String] {
    do throws(ConfigurationRefusal) {
        _ = try AgentConfiguration(sources)
        return []
    } catch { return error.problems.map { $0.explanation } }
}

/// The explanations of what is wrong with one file.
func refusals(_ text: String) -> [String] { refusals(ConfigurationSources(files: [file(text)])) }

/// The YAML that sets `path` to `value`.
func yaml(_ path: String, _ value: String) -> String {
    var lines = [path + ": " + value]
    var group = ConfigurationKey.group(of: path)
    while !group.isEmpty {
        lines[0] = String(lines[0].dropFirst(group.count + 1))
        lines = [group + ":"] + lines.map { "  " + $0 }
        group = ConfigurationKey.group(of: group)
    }
    return lines.joined(separator: "\n") + "\n"
}

extension ConfigurationView {
    /// The entry of `key`.
    func entry(_ key: String) -> Entry? { entries.first { $0.key == key } }
}
