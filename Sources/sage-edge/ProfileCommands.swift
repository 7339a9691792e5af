import Configuration
import Platform
import Quantities
import Sensors
import Telemetry
import Wire

let profileCommands = [
    CommandSpecification(
        ["profile", "detect"], "Say which hardware profile is used here, and why",
        options: [sysrootOption], examples: ["profile detect", "profile detect --sysroot ./captured-board --json"]
    ) { invocation throws(Failure) in
        let detection = try ProfileDetection(invocation)
        if invocation.wantsJSON {
            try Console.print { json in detection.write(to: &json) }
        } else {
            try Console.print(printable(detection.text))
        }
        return .success
    },
    CommandSpecification(
        ["profile", "list"], "List the hardware profiles, built in and own",
        options: [sysrootOption], examples: ["profile list", "profile list --json"]
    ) { invocation throws(Failure) in
        let detection = try ProfileDetection(invocation)
        if invocation.wantsJSON {
            try Console.print { json in
                json.key("profiles")
                json.beginArray()
                for located in detection.profiles {
                    json.beginObject()
                    detection.write(located, to: &json)
                    json.endObject()
                }
                json.endArray()
            }
        } else {
            var table = TextTable(header: ["", "profile", "board", "from"])
            for located in detection.profiles {
                let isUsed = located.profile.name == detection.used?.profile.name
                table.row([isUsed ? "*" : "", located.profile.name, located.profile.title, located.originText])
            }
            try Console.print(printable(table.text()))
        }
        return .success
    },
    CommandSpecification(
        ["profile", "show"], "Show a hardware profile; without a name the one used here",
        positionals: ["[PROFILE]"],
        options: [sysrootOption, OptionSpecification("yaml", "Print its file, to begin a profile of your own from")],
        examples: ["profile show", "profile show agx-thor --json", "profile show nano --yaml > nano.yaml"]
    ) { invocation throws(Failure) in
        let detection = try ProfileDetection(invocation)
        let located = try detection.profile(named: invocation.positionals.first)
        if invocation.has("yaml") {
            if invocation.wantsJSON { throw Failure(.usage, "--yaml and --json do not go together") }
            try Console.print(try located.yaml())
        } else if invocation.wantsJSON {
            try Console.print { json in
                detection.write(located, to: &json)
                located.profile.write(to: &json)
            }
        } else {
            try Console.print(printable(located.text))
        }
        return .success
    },
]

private let sysrootOption = OptionSpecification(
    "sysroot", value: "DIR", "Look at the board whose files are under this folder")

/// The profiles, and how far each fits the board that `invocation` means.
struct ProfileDetection {
    let profiles: [ConfigurationFiles.LocatedProfile]
    let facts: HardwareFacts
    /// Those that fit, the best first, then those that come near.
    let matches: [HardwareMatch]
    /// The setting that names the profile, and where it stands; nil where the board decides.
    let setBy: String?
    /// The one that is used; nil where none fits.
    let used: ConfigurationFiles.LocatedProfile?

    init(_ invocation: Invocation) throws(Failure) {
        let (configuration, files) = try loadConfiguration(invocation)
        let root = invocation.value("sysroot") ?? configuration.telemetry.sysroot
        let tree = SysfsTree(root: root)
        guard tree.isThere else { throw noTree(root) }
        do throws(ConfigurationError) { profiles = try files.locatedProfiles(for: configuration) } catch {
            throw failure(error)
        }
        facts = tree.facts()
        matches = HardwareMatch.all(facts, among: profiles.map { $0.profile })
        let name = configuration.telemetry.profile
        setBy = name.map { _ in "telemetry.profile, " + configuration.origin(of: "telemetry.profile").text }
        let best = name ?? matches.first { $0.fits }?.profile.name
        used = profiles.first { $0.profile.name == best }
    }

    /// The profile called `name`, or the one used here.
    func profile(named name: String?) throws(Failure) -> ConfigurationFiles.LocatedProfile {
        guard let name else {
            if let used { return used }
            throw Failure(.noInput, "no hardware profile fits this board", hint: "sage-edge profile list")
        }
        if let found = profiles.first(where: { $0.profile.name == name }) { return found }
        let guess = nearestName(to: name, among: profiles.map { $0.profile.name }).map { "did you mean \($0)?" }
        throw Failure(
            .noInput, "there is no hardware profile '\(name)'", hint: guess ?? "sage-edge profile list")
    }

    /// What `profile detect` says.
    var text: String {
        var table = TextTable()
        if let used {
            table.row("profile", used.profile.name + ", " + used.profile.title)
            table.row("from", used.originText)
        } else {
            table.row("profile", "none fits")
        }
        if let setBy { table.row("set by", setBy) }
        if let match = matches.first(where: { $0.profile.name == used?.profile.name }) {
            if match.checks.isEmpty { table.row("because", "no other profile fits: it has no conditions") }
            for check in match.checks { table.row("because", check.text) }
        }
        table.row("model", facts.model ?? "unknown")
        for (index, entry) in facts.compatible.enumerated() {
            table.row(index == 0 ? "device tree" : "", entry)
        }
        if facts.compatible.isEmpty { table.row("device tree", "none") }
        table.row("memory", facts.memory.map { memorySize(bytes: $0.bytes) } ?? "unknown")
        table.row("firmware", facts.hasFirmwareTables ? "tables of a PC" : "no tables of a PC")
        table.row("battery", facts.hasBattery ? "yes" : "no")
        var text = table.text()
        if !others.isEmpty {
            var near = TextTable(header: ["also near", "why not"])
            for match in others { near.row(match.profile.name, whyNot(match)) }
            text += "\n" + near.text()
        }
        return text
    }

    /// The matches besides the profile that is used.
    private var others: [HardwareMatch] { matches.filter { $0.profile.name != used?.profile.name } }

    private func whyNot(_ match: HardwareMatch) -> String {
        if match.fits {
            return match.checks.isEmpty
                ? "fits any board; taken where no other does" : "fits, too, but less closely"
        }
        return match.checks.filter { !$0.holds }.map { $0.text }.joined(separator: "; ")
    }

    func write(to json: inout JSONWriter) {
        json.member("profile", used?.profile.name)
        json.member("title", used?.profile.title)
        json.member("file", used?.file)
        json.member("set_by", setBy)
        json.key("facts")
        json.beginObject()
        json.member("model", facts.model)
        json.key("compatible")
        json.beginArray()
        for entry in facts.compatible { json.string(entry) }
        json.endArray()
        json.member("memory_bytes", facts.memory?.bytes)
        json.member("firmware_tables", facts.hasFirmwareTables)
        json.member("battery", facts.hasBattery)
        json.endObject()
        json.key("matches")
        json.beginArray()
        for match in matches {
            json.beginObject()
            json.member("profile", match.profile.name)
            json.member("fits", match.fits)
            json.key("conditions")
            json.beginArray()
            for check in match.checks {
                json.beginObject()
                json.member("condition", check.condition.rawValue)
                json.member("wanted", check.wanted)
                json.member("found", check.found)
                json.member("holds", check.holds)
                json.endObject()
            }
            json.endArray()
            json.endObject()
        }
        json.endArray()
    }

    func write(_ located: ConfigurationFiles.LocatedProfile, to json: inout JSONWriter) {
        json.member("name", located.profile.name)
        json.member("title", located.profile.title)
        json.member("built_in", located.file == nil)
        json.member("file", located.file)
        json.member("replaces_built_in", located.replacesBuiltIn)
        json.member("used", located.profile.name == used?.profile.name)
    }
}

extension HardwareMatch.Check {
    /// The condition and what was found, in words.
    fileprivate var text: String {
        let subject =
            switch condition {
            case .deviceTree: "device tree"
            case .minimumMemory, .maximumMemory: "memory"
            case .firmwareTables: "firmware tables"
            case .battery: "battery"
            }
        let verb = holds ? "is" : "is not"
        return switch (condition, found) {
        case (.deviceTree, .some(let entry)):
            holds ? "the device tree names \(wanted): \(entry)" : "\(entry) is not \(wanted)"
        case (.deviceTree, .none): "there is no device tree, so not \(wanted)"
        case (.firmwareTables, .some(let found)), (.battery, .some(let found)): "\(subject): \(found)"
        case (_, .some(let found)): "\(subject) of \(found) \(verb) \(wanted)"
        case (_, .none): "\(subject) is unknown, \(wanted) is wanted"
        }
    }
}
