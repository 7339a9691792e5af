import Cryptography
import EnergyProofs
import Quantities
import Telemetry
import Testing

@testable import Configuration

private let names =
    "a kind (compute, battery, solar, wind, grid, nuclear, human), a colon, and A-Z a-z 0-9 . _ - @ #, "
    + "at most 128 bytes"
private let origins = "path, file, command, declared_watts"

@Suite struct `sources beside the board` {
    @Test func `are declared in a list`() throws {
        let text = """
            energy:
              sources:
                - name: solar:roof
                  path: /sys/class/hwmon/hwmon5
                  rated_watts: 400
                  feeds: battery:BAT0
                - {name: roof, kind: wind, file: turbine.json, class: metered, parent: "grid:meter"}
                - {name: "grid:meter", command: [read-meter, --json]}
                - {name: "human:dana", declared_watts: 62.5}
            """
        let found = try AgentConfiguration(ConfigurationSources(files: [file(text, "/etc/s/c.yaml")])).energy.sources
        #expect(
            found == [
                SourceDeclaration(
                    name: "solar:roof", kind: .solar, evidence: .metered, origin: .path("/sys/class/hwmon/hwmon5"),
                    rated: Power(milliwatts: 400_000), feeds: "battery:BAT0"),
                SourceDeclaration(
                    name: "wind:roof", kind: .wind, evidence: .metered, origin: .file("/etc/s/turbine.json"),
                    parent: "grid:meter"),
                SourceDeclaration(
                    name: "grid:meter", kind: .grid, evidence: .declared,
                    origin: .command(["/etc/s/read-meter", "--json"])),
                SourceDeclaration(
                    name: "human:dana", kind: .human, evidence: .declared,
                    origin: .declared(Power(milliwatts: 62_500))),
            ])
    }

    @Test func `reach the agent's settings`() throws {
        let read = try configuration("energy: {sources: [{name: 'human:dana', declared_watts: 100}]}")
        let settings = read.settings(profile: HardwareProfile(name: "p", title: "P"), node: KeyID(bytes: .zero))
        #expect(settings.energy.declarations == read.energy.sources)
        #expect(settings.energy.declarations.count == 1)
    }

    @Test(arguments: [
        ("{name: a}", "[0].name: 'a' is not allowed; allowed: " + names),
        ("{name: 'tide:a', file: x}", "[0].name: 'tide:a' is not allowed; allowed: " + names),
        ("{name: 'solar:ä', file: x}", "[0].name: 'solar:ä' is not allowed; allowed: " + names),
        ("{file: x}", "[0].name: the key is required"), ("5", "[0]: expected a mapping, found '5'"),
        (
            "{name: 'solar:a', kind: tide, file: x}",
            "[0].kind: 'tide' is not allowed; allowed: compute, battery, solar, wind, grid, nuclear, human"
        ),
        ("{name: 'solar:a'}", "[0].name: a source that nothing tells of is not allowed; allowed: one of " + origins),
        (
            "{name: 'solar:a', file: x, declared_watts: 5}",
            "[0].declared_watts: file with declared_watts is not allowed; allowed: one of " + origins
        ),
        (
            "{name: 'solar:a', path: /etc/passwd}",
            "[0].path: '/etc/passwd' is not allowed; allowed: a file or folder under /sys/, without .."
        ),
        (
            "{name: 'solar:a', path: /sys/../etc/passwd}",
            "[0].path: '/sys/../etc/passwd' is not allowed; allowed: a file or folder under /sys/, without .."
        ),
        (
            "{name: 'solar:a', path: /sys/class/hwmon/..}",
            "[0].path: '/sys/class/hwmon/..' is not allowed; allowed: a file or folder under /sys/, without .."
        ),
        ("{name: 'solar:a', command: read}", "[0].command: expected a list, found 'read'"),
        (
            "{name: 'solar:a', command: []}",
            "[0].command: a list of 0 is not allowed; allowed: a command and at most 63 words"
        ),
        (
            "{name: 'solar:a', file: x, class: replayed}",
            "[0].class: 'replayed' is not allowed; allowed: metered, modeled, declared"
        ),
        (
            "{name: 'solar:a', declared_watts: 5, class: metered}",
            "[0].class: 'metered' is not allowed; allowed: declared"
        ),
        ("{name: 'solar:a', file: x, rated_watts: 0}", "[0].rated_watts: 0 is not allowed; allowed: 0.001 … 1000000"),
        (
            "{name: 'solar:a', file: x, rated_watts: much}",
            "[0].rated_watts: expected a number with at most 3 digits after the point, found 'much'"
        ),
        (
            "{name: 'solar:a', file: x, feeds: 'grid:b'}",
            "[0].feeds: 'grid:b' is not allowed; allowed: the name of a battery"
        ),
        (
            "{name: 'solar:a', file: x, feeds: BAT0}",
            "[0].feeds: 'BAT0' is not allowed; allowed: a source's name, such as battery:BAT0"
        ),
        (
            "{name: 'solar:a', file: x, parent: roof}",
            "[0].parent: 'roof' is not allowed; allowed: board, or a source's name, such as battery:BAT0"
        ),
        (
            "{name: 'solar:a', file: x, parent: 'solar:a'}",
            "[0].parent: 'solar:a' is not allowed; allowed: a source that is no part of another"
        ),
        ("{name: 'human:d', declared_watts: 49.9}", "[0].declared_watts: 49.9 is not allowed; allowed: 50 … 200"),
        ("{name: 'human:d', declared_watts: 201}", "[0].declared_watts: 201 is not allowed; allowed: 50 … 200"),
        ("{name: 'human:d', file: x}", "[0].file: a person with readings is not allowed; allowed: declared_watts"),
        (
            "{name: 'solar:a', fiel: x, file: x}",
            "[0].fiel: unknown key, perhaps 'file' is meant; allowed here: class, feeds, file, kind, name, parent, "
                + "rated_watts"
        ),
        (
            "{name: 'solar:a', file: x}, {name: a, kind: solar, file: y}",
            "[1].name: 'solar:a' again is not allowed; allowed: every name once"
        ),
        (
            "{name: 'grid:a', file: x}, {name: 'grid:b', file: x}",
            "[1].file: reading grid:b from what grid:a is read from is not allowed; allowed: one source for one meter"
        ),
        (
            "{name: 'grid:a', file: x, parent: board}, {name: 'grid:b', file: y, parent: 'grid:a'}",
            "[1].parent: 'grid:a' is not allowed; allowed: a source that is no part of another"
        ),
    ])
    func `are refused with file, line, key and what is allowed`(elements: String, explanation: String) {
        #expect(refusals("energy:\n  sources: [\(elements)]") == ["c.yaml:2: energy.sources" + explanation])
    }

    @Test(arguments: [
        "{name: 'grid:a', kind: solar, file: x}", "{name: 'a:b', kind: solar, file: x}", "{name: 'grid:a:b', file: x}",
    ])
    func `have one kind, and one colon after it`(element: String) {
        let found = refusals("energy:\n  sources: [\(element)]")
        #expect(found.count == 1 && found.first?.hasPrefix("c.yaml:2: energy.sources[0].name: '") == true)
    }

    @Test func `are all told of that are wrong`() {
        let found = refusals(
            "energy:\n  sources:\n    - {name: 'grid:a', declared_watts: 5, rated_wats: 5}\n    - {name: sun}\n"
                + "    - {name: 'wind:b', file: x}\n    - {name: 'wind:b', file: y}\n")
        #expect(
            found.map { $0.prefix { $0 != " " } + $0.dropFirst(10).prefix { $0 != ":" } } == [
                "c.yaml:3:energy.sources[0].rated_wats", "c.yaml:4:energy.sources[1].name",
                "c.yaml:6:energy.sources[3].name",
            ])
    }

    @Test func `are refused on the line on which they stand`() {
        let text = "energy:\n  sources:\n    - name: solar:roof\n      file: x\n      rated_watts: -1\n"
        #expect(
            refusals(text) == ["c.yaml:5: energy.sources[0].rated_watts: -1 is not allowed; allowed: 0.001 … 1000000"])
    }

    @Test func `are so many as an agent meters, and no more`() {
        let many = (0..<16).map { "{name: 'grid:\($0)', file: x\($0)}" }
        #expect(refusals("energy: {sources: [\(many.dropLast().joined(separator: ", "))]}") == [])
        #expect(
            refusals("energy: {sources: [\(many.joined(separator: ", "))]}")
                == ["c.yaml:1: energy.sources: a list of 16 is not allowed; allowed: at most 15"])
    }
}
