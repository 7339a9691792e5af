// Configuration and hardware profiles: what is accepted can be used and shown, and what is shown is accepted again.
// The first part of the input up to a NUL is a file; further parts are variables of the environment.

import Configuration
import Cryptography
import Federation
import Quantities
import Telemetry

private let isReady = prepareCryptography()
private let node = KeyID(bytes: .zero)

func fuzz(_ input: [UInt8]) {
    precondition(isReady, "libsodium starts")
    let parts = input.split(separator: 0, omittingEmptySubsequences: false).map { Array($0) }
    let profile = try? HardwareProfileFile.parse(parts[0], file: "board.yaml")
    var sources = ConfigurationSources(files: [.init(name: "/c.yaml", bytes: parts[0])], hostName: "board")
    for part in parts.dropFirst() {
        let pair = String(decoding: part, as: UTF8.self).split(separator: "=", maxSplits: 1)
        if pair.count == 2 { sources.environment.append(.init(name: String(pair[0]), value: String(pair[1]))) }
    }
    guard let configuration = try? AgentConfiguration(sources) else { return }
    let settings = configuration.settings(profile: profile ?? HardwareProfile(name: "board", title: ""), node: node)
    precondition(settings.energy.window.milliseconds >= 3 * settings.energy.samplePeriod.milliseconds, "a window")
    precondition(settings.chargeTarget <= settings.supply, "a charge target")

    let view = ConfigurationView(configuration, profile: nil)
    precondition(!view.json(withOrigins: true).isEmpty, "JSON")
    var flags: [ConfigurationFlag] = []
    for entry in view.entries {
        // The elements of a list may contain the comma that separates them here; so may a path.
        switch entry.value {
        case .number, .boolean: flags.append(ConfigurationFlag("--set", key: entry.key, value: entry.value?.text ?? ""))
        case .text, .list, nil: break
        }
    }
    guard let again = try? AgentConfiguration(ConfigurationSources(flags: flags)) else {
        preconditionFailure("what is shown is not accepted")
    }
    let shown = ConfigurationView(again, profile: nil)
    for (before, after) in zip(view.entries, shown.entries) {
        if case .number = before.value { precondition(before.value == after.value, "a number changed") }
        if case .boolean = before.value { precondition(before.value == after.value, "a truth value changed") }
    }
}
