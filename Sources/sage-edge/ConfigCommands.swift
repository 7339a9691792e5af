import Configuration
import Platform
import Sensors
import Telemetry
import Wire

let configCommands = [
    CommandSpecification(
        ["config", "check"], "Check the configuration without starting anything",
        examples: ["config check", "config check --config ./config.yaml"]
    ) { invocation throws(Failure) in
        let (configuration, files) = try loadConfiguration(invocation)
        let profiles = try hardwareProfiles(configuration, files)
        do throws(ConfigurationError) {
            _ = try configuration.presharedKey()
            _ = try configuration.httpKey()
        } catch { throw failure(error) }
        let named = NamedThings(configuration, profiles)
        guard named.missing.isEmpty else {
            throw Failure(
                .configuration,
                "the agent would not start\n" + indented((named.missing + named.warnings).joined(separator: "\n")))
        }
        for warning in named.warnings { Console.note(printable("warning: " + warning)) }
        if invocation.wantsJSON {
            try Console.print { json in
                json.member("valid", true)
                json.key("files")
                json.beginArray()
                for file in configuration.files { json.string(file) }
                json.endArray()
                json.key("warnings")
                json.beginArray()
                for warning in named.warnings { json.string(warning) }
                json.endArray()
            }
        } else {
            let read =
                configuration.files.isEmpty
                ? "no file; defaults only (\(files.main) is not there)"
                : "read " + configuration.files.joined(separator: ", ")
            try Console.print(Console.paint("the configuration is valid", .green) + "\n" + read)
        }
        return .success
    },
    CommandSpecification(
        ["config", "show"], "Show every setting",
        options: [OptionSpecification("origin", "Show where each value comes from")],
        examples: ["config show", "config show --origin", "config show --json"]
    ) { invocation throws(Failure) in
        let (configuration, files) = try loadConfiguration(invocation)
        let facts = SysfsTree(root: configuration.telemetry.sysroot).facts()
        let profiles = try hardwareProfiles(configuration, files)
        let profile =
            configuration.telemetry.profile.flatMap { name in profiles.first { $0.name == name } }
            ?? HardwareProfile.detect(facts, among: profiles)
        let view = ConfigurationView(configuration, profile: profile)
        if invocation.wantsJSON {
            try Console.print(view.json(withOrigins: invocation.has("origin")))
        } else {
            let hasOrigin = invocation.has("origin")
            var table = TextTable()
            // A value that is long would push the origins out of sight: it stands below, whole.
            var long = TextTable()
            for entry in view.entries {
                let value = entry.value?.text ?? ""
                let isLong = hasOrigin && value.count > longestBesideOrigin
                let shown = value.isEmpty ? "-" : isLong ? "(see below)" : value
                table.row([entry.key, shown] + (hasOrigin ? [entry.origin.text] : []))
                if isLong { long.row(entry.key, value) }
            }
            let below = long.text()
            try Console.print(printable(table.text() + (below.isEmpty ? "" : "\n" + below)))
        }
        return .success
    },
]

/// The longest value that stands between its key and its origin.
private let longestBesideOrigin = 32
