import Foundation
import Telemetry
import TestKit
import Testing

@testable import Configuration

private func text(_ path: String) throws -> String {
    try String(contentsOf: Repository.root.appendingPathComponent(path), encoding: .utf8)
}

/// The blocks of `language` between fences in a Markdown text.
private func snippets(_ language: String, in text: String) -> [String] {
    text.components(separatedBy: "```" + language + "\n").dropFirst().compactMap {
        $0.components(separatedBy: "```").first
    }
}

/// `text` with the keys that are commented out taken in: `#key: value`, without a blank behind the `#`.
private func withEveryKey(_ text: String) -> String {
    text.replacing(/(?m)^( *)#([a-z_]+:)/) { $0.1 + $0.2 }
}

@Suite struct `examples and documentation` {
    @Test func `are read as they stand`() throws {
        let folder = Repository.root.appendingPathComponent("examples/config")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(names == ["demo-society.yaml", "full.yaml", "minimal.yaml"])
        for name in names { #expect(refusals(try text("examples/config/" + name)) == [], "\(name)") }
    }

    @Test func `change nothing in the full example`() throws {
        let full = try configuration(try text("examples/config/full.yaml"))
        let defaults = try configuration("")
        let shown = ConfigurationView(full, profile: nil).entries
        #expect(shown.map { $0.value } == ConfigurationView(defaults, profile: nil).entries.map { $0.value })
        #expect(full.energy.charging == defaults.energy.charging)
    }

    @Test func `show every key in the full example`() throws {
        let full = try configuration(withEveryKey(try text("examples/config/full.yaml")))
        for key in ConfigurationKey.all {
            guard case .file = full.origin(of: key.path) else {
                Issue.record("\(key.path) is missing")
                continue
            }
        }
    }

    @Test func `let recordings charge only where they say so`() throws {
        let demo = try configuration(try text("examples/config/demo-society.yaml"))
        #expect(demo.energy.charging.shares == [.metered: .one, .replayed: .one])
        #expect(try configuration(try text("examples/config/minimal.yaml")).energy.charging.shares == [.metered: .one])
    }

    @Test func `list every key with its default and what it may be`() throws {
        let defaults = ConfigurationView(try configuration(""), profile: nil)
        let page = try text("docs/configuration.md")
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `") }
            .map { $0.components(separatedBy: "|").map { $0.trimmingCharacters(in: .whitespaces) } }
        #expect(rows.map { $0[1] } == ConfigurationKey.all.map { "`" + $0.path + "`" })
        for (row, key) in zip(rows, ConfigurationKey.all) {
            #expect(row[3] == key.allowed, "\(key.path)")
            let meaning = row[4].replacing(/\[([^\]]*)\]\([^)]*\)/) { $0.1 }.replacing("`", with: "")
            #expect(!meaning.isEmpty && meaning == ConfigurationKey.meaning(of: key.path), "\(key.path)")
            switch defaults.entry(key.path)?.value {
            case nil: #expect(!row[2].hasPrefix("`") || key.path == "telemetry.profiles", "\(key.path)")
            case .list([])?, .mappings([])?: #expect(row[2] == "none", "\(key.path)")
            case let value?:
                let isHostName = key.path == "federation.platform"
                #expect(row[2] == (isHostName ? "the host name up to its first dot" : "`\(value.text)`"))
            }
        }
    }

    @Test func `show configurations that are read`() throws {
        let found = snippets("yaml", in: try text("docs/configuration.md"))
        #expect(found.count == 4)
        for snippet in found { #expect(refusals(snippet) == [], "\(snippet)") }
    }

    @Test func `show refusals as they are`() throws {
        let shown = try #require(snippets("text", in: try text("docs/configuration.md")).first)
        let wrong = "# x\nenergy:\n  windw_milliseconds: 1\ntelemetry:\n  period_milliseconds: 5\n"
        let found = refusals(ConfigurationSources(files: [file(wrong, "/etc/sage-edge/config.yaml")]))
        #expect(found.joined(separator: "\n") + "\n" == shown)
    }

    @Test func `name the variables as they are`() throws {
        let page = try text("docs/configuration.md")
        let named = page.matches(of: /SAGE_EDGE_[A-Z_]*[A-Z]/).map { String($0.output) }
        #expect(named.count == 2)
        for name in named { #expect(ConfigurationKey.all.contains { $0.variable == name }, "\(name)") }
    }
}

@Suite struct `a configuration is shown` {
    @Test func `as JSON that other programs read`() throws {
        let read = try configuration(
            "policy: {delegation_threshold: 0.35, auto_delegate: false}\nlink: {peers: ['/a\"b']}")
        let plain = try #require(
            try JSONSerialization.jsonObject(
                with: Data(ConfigurationView(read, profile: nil).json(withOrigins: false).utf8))
                as? [String: Any])
        #expect(plain["files"] as? [String] == ["c.yaml"])
        let settings = try #require(plain["settings"] as? [String: Any])
        #expect(settings.count == ConfigurationKey.all.count)
        #expect(settings["policy.delegation_threshold"] as? Double == 0.35)
        #expect(settings["policy.auto_delegate"] as? Bool == false)
        #expect(settings["link.peers"] as? [String] == ["/a\"b"])
        #expect(settings["keys.psk_file"] is NSNull)
    }

    @Test func `as JSON with the origin of every value`() throws {
        let read = try configuration("federation: {name: workshop}")
        let json = ConfigurationView(read, profile: nil).json(withOrigins: true)
        #expect(
            json.hasPrefix(
                #"{"files":["c.yaml"],"settings":{"federation.name":{"value":"workshop","origin":"c.yaml:1"},"#
                    + #""federation.configuration_epoch":{"value":1,"origin":"default"},"#
                    + #""federation.platform":{"value":"sprout","origin":"host name"},"#))
        #expect(json.contains(#""energy.rated_watts":{"value":null,"origin":"default"}"#))
    }
}
