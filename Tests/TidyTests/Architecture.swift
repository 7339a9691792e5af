/// Who may import whom (docs/architecture.md).
enum Architecture {
    /// Targets from the bottom row up; a target imports only from rows below its own.
    static let rows: [[String]] = [
        ["Quantities", "Wire", "Cryptography"],
        ["EnergyProofs", "Ledger", "Link", "Consensus", "Telemetry"],
        ["Federation"],
        ["AgentCore"],
        ["Platform", "JSON"],
        ["Sensors", "Store", "Workers", "Gateway", "Configuration"],
        ["Daemon", "Experiments"],
        ["sage-edge"],
    ]

    /// Imports within a row that are allowed all the same.
    static let sideways: [String: Set<String>] = [
        "Wire": ["Quantities"],
        "Cryptography": ["Wire", "Quantities"],
        "EnergyProofs": ["Telemetry"],
    ]

    /// Imports from a lower row that are not allowed: these meet only in AgentCore.
    static let apart: [String: Set<String>] = ["Federation": ["Link", "Consensus"]]

    /// The targets that each C shim belongs to.
    static let shimOwners: [String: Set<String>] = [
        "CSodium": ["Cryptography"], "CLinux": ["Platform", "Sensors"], "CHardware": ["Sensors"],
        "CSQLite": ["Store"], "CYAML": ["Configuration"], "CHardwareProfiles": ["Configuration"],
        "CMicroHTTPD": ["Gateway"], "CCurl": ["Gateway"], "CJansson": ["JSON"],
    ]

    /// Modules of the toolchain that sources may import, all of them present in Embedded Swift.
    static let toolchain: Set<String> = ["Synchronization"]

    /// The highest row without input and output, clocks and randomness.
    static let highestPureRow = 3

    static func row(of target: String) -> Int? { rows.firstIndex { $0.contains(target) } }

    static func isPure(_ target: String) -> Bool { row(of: target).map { $0 <= highestPureRow } ?? false }

    /// Why `target` may not depend on `module`, or nil where it may.
    static func refusal(of module: String, in target: String) -> String? {
        guard let own = row(of: target) else { return "\(target) has no row in the architecture" }
        if toolchain.contains(module) {
            return isPure(target) ? "row \(own) is pure and imports no \(module)" : nil
        }
        if let owners = shimOwners[module] {
            return owners.contains(target) ? nil : "\(target) may not call \(module)"
        }
        guard let other = row(of: module) else { return "\(target) may not import \(module)" }
        if apart[target]?.contains(module) == true { return "\(target) and \(module) meet only in AgentCore" }
        if other < own || sideways[target]?.contains(module) == true { return nil }
        return "\(target) (row \(own)) may not import \(module) (row \(other))"
    }
}
