import AgentCore
import Cryptography
import EnergyProofs
import Federation
import Ledger
import Quantities
import Wire

/// A refused request carries its answer.
extension CommandReply: Error {}

/// One request, its members read by name and type; everything that does not fit is refused by name.
struct ControlRequest {
    /// The commands, as they are named on the wire.
    enum Command: String, CaseIterable {
        case status
        case telemetry
        case delegate
        case tasks
        case cancel
        case balance
        case history
        case verify
        case reconcile
        case grant
        case energy
        case proofs
        case exportProofs = "export_proofs"
        case energyHistory = "energy_history"
        case runs
        case decisions
        case disputes
        case dispute
        case peers
        case peer
        case addPeer = "add_peer"
        case removePeer = "remove_peer"
        case trustKey = "trust_key"
        case identities
        case addIdentity = "add_identity"
        case checkIdentity = "check_identity"
        case ping
        case nodeRecord = "node_record"

        /// The members that the command has besides its name.
        var members: [String] {
            switch self {
            case .status, .telemetry, .energy, .tasks, .balance, .verify, .peers, .nodeRecord, .identities,
                .disputes:
                []
            case .delegate:
                [
                    "operation", "input", "parameters", "placement", "budget_mj", "timeout_ms", "hops", "trial",
                    "horizon", "convergence_bp",
                ]
            case .cancel, .dispute: ["task"]
            case .history: ["limit"]
            case .proofs: ["limit", "source"]
            case .exportProofs: ["first", "limit", "source"]
            case .energyHistory: ["resolution", "from_ms", "to_ms", "before", "limit"]
            case .runs: ["from_ms", "to_ms", "before", "limit"]
            case .decisions: ["before", "limit", "records"]
            case .addPeer: ["record"]
            case .trustKey: ["name", "pem"]
            case .addIdentity, .checkIdentity: ["text"]
            case .reconcile: ["name", "accept"]
            case .grant: ["account", "amount_mj", "back"]
            case .removePeer, .ping, .peer: ["name"]
            }
        }
    }

    static let anywhere = "any"
    static let here = "local"

    /// What is asked.
    let command: Command
    private let value: JSONValue

    /// The request that `value` is.
    init(_ value: JSONValue) throws(CommandReply) {
        guard case .object(let members) = value else {
            throw CommandReply(.invalid, "the request is not a JSON object")
        }
        guard let named = value["command"] else {
            throw CommandReply(.invalid, "the request has no member 'command'")
        }
        guard let name = named.text, let command = Command(rawValue: name) else {
            let known = Command.allCases.map { $0.rawValue }.joined(separator: ", ")
            throw CommandReply(.invalid, "there is no command " + quoted(named), hint: "the commands are: " + known)
        }
        for member in members where member.key != "command" && !command.members.contains(member.key) {
            let known = command.members.isEmpty ? "none" : command.members.joined(separator: ", ")
            throw CommandReply(
                .invalid, "'\(name)' has no member " + quoted(.string(member.key)),
                hint: "its members besides 'command' are: " + known)
        }
        self.command = command
        self.value = value
    }

    /// The text of `name`, which must be there and have at most `limit` bytes.
    func text(_ name: String, limit: Int) throws(CommandReply) -> String {
        guard let found = value[name] else { throw missing(name) }
        guard let text = found.text, text.utf8.count <= limit else {
            throw refusal(name, "a text of at most \(limit) bytes")
        }
        return text
    }

    /// The bytes of `name`, at most `limit` of them; nil where it is not there.
    func bytes(_ name: String, limit: Int) throws(CommandReply) -> [UInt8]? {
        guard let found = value[name] else { return nil }
        guard let bytes = found.text.flatMap({ Base64.decode($0) }) else { throw refusal(name, "base64") }
        guard bytes.count <= limit else {
            throw CommandReply(.invalid, "'\(name)' has \(bytes.count) bytes; \(limit) are the most")
        }
        return bytes
    }

    /// The whole number of `name` within `range`; nil where it is not there.
    func number(_ name: String, in range: ClosedRange<Int64>) throws(CommandReply) -> Int64? {
        guard let found = value[name] else { return nil }
        guard let number = found.number, range.contains(number) else {
            throw refusal(name, "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// The number of records that `limit` asks for.
    func limit(atMost most: Int, otherwise: Int = ControlProtocol.ordinaryLimit) throws(CommandReply) -> Int {
        Int(try number("limit", in: 1...Int64(most)) ?? Int64(otherwise))
    }

    /// The truth value of `name`; false where it is not there.
    func flag(_ name: String) throws(CommandReply) -> Bool {
        switch value[name] {
        case .none: return false
        case .some(.boolean(let flag)): return flag
        case .some: throw refusal(name, "true or false")
        }
    }

    /// The amount of `name`, positive millijoules in decimal digits without leading zeros; nil where it is not there.
    func energy(_ name: String) throws(CommandReply) -> Energy? {
        guard let found = value[name] else { return nil }
        guard let text = found.text, let number = Int64(text), "\(number)" == text, number > 0,
            number <= Energy.largest.millijoules
        else { throw refusal(name, "a text of digits from 1 to \(Energy.largest.millijoules)") }
        return Energy(millijoules: number)
    }

    /// The identity that `name` spells.
    func identity(_ name: String) throws(CommandReply) -> LCT {
        let text = try text(name, limit: FederationLimits.maximumLCTLength)
        do throws(LCTError) { return try LCT(text) } catch {
            throw CommandReply(.invalid, "'\(name)' is not an identity: " + error.explanation)
        }
    }

    /// How finely the history is to be told; by minutes where it is not said.
    func resolution(_ name: String) throws(CommandReply) -> HistoryResolution {
        guard let found = value[name] else { return .minute }
        guard let resolution = found.text.flatMap({ HistoryResolution(name: $0) }) else {
            throw refusal(name, "sample, minute or hour")
        }
        return resolution
    }

    /// The wall time of `name` in milliseconds since 1970; nil where it is not there.
    func wallTime(_ name: String) throws(CommandReply) -> WallTime? {
        try number(name, in: 0...Int64(1) << 53).map { WallTime(milliseconds: $0) }
    }

    /// The task that `name` names in hexadecimal.
    func task(_ name: String) throws(CommandReply) -> TaskID {
        let text = try text(name, limit: GatewayLimits.quotedBytes)
        guard let task = TaskID(text: text) else { throw refusal(name, "a task's id, 32 hexadecimal digits") }
        return task
    }

    /// The source that `name` names; nil where it is not there.
    func source(_ name: String) throws(CommandReply) -> SourceID? {
        guard let found = value[name] else { return nil }
        guard let source = found.text.flatMap({ SourceID($0) }) else {
            throw refusal(name, "the identity of a source, such as battery:BAT0")
        }
        return source
    }

    /// The platform name that `name` holds.
    func platform(_ name: String) throws(CommandReply) -> String {
        let text = try text(name, limit: FederationLimits.maximumPlatformNameLength)
        guard let platform = PlatformName(text) else { throw refusal(name, "a platform's name") }
        return platform.text
    }

    /// The platform or creator that a key is trusted for.
    func trustedName(_ name: String) throws(CommandReply) -> String {
        let text = try text(name, limit: FederationLimits.maximumLCTLength)
        guard let trusted = TrustedName(text) else {
            throw refusal(name, "a platform's name, or lct:web4:agent: and a creator's")
        }
        return trusted.text
    }

    /// Where a task may run; nil where it is not said.
    func placement(_ name: String) throws(CommandReply) -> Placement? {
        guard let found = value[name] else { return nil }
        switch found.text {
        case ControlRequest.anywhere: return .any
        case ControlRequest.here: return .local
        case .some(let text):
            if let platform = PlatformName(text) { return .platform(platform) }
            fallthrough
        case .none: throw refusal(name, "any, local, or a platform's name")
        }
    }

    /// What is asked of whoever runs a task: the horizon of member `horizon` and the convergence of `convergence`, each
    /// where it is there.
    func requirement(_ horizon: String, _ convergence: String) throws(CommandReply) -> Requirement {
        var named: Horizon?
        if let found = value[horizon] {
            guard let name = found.text.flatMap({ Horizon($0) }) else {
                throw refusal(
                    horizon, "1 to \(FederationLimits.maximumHorizonLength) characters of A-Z a-z 0-9 . _ -")
            }
            named = name
        }
        let least = try number(convergence, in: 0...Int64(BasisPoints.one.value))
        return Requirement(horizon: named, minimumConvergence: least.map { BasisPoints(clamping: $0) })
    }

    /// The refusal of a request without member `name`.
    func missing(_ name: String) -> CommandReply {
        CommandReply(.invalid, "'\(command.rawValue)' needs the member '\(name)'")
    }

    /// The refusal of what member `name` holds, where `due` is due.
    func refusal(_ name: String, _ due: String) -> CommandReply {
        CommandReply(.invalid, "'\(name)' takes \(due), not " + quoted(value[name] ?? .null))
    }
}

extension TaskID {
    /// The id that `text` spells in 32 hexadecimal digits; nil where it spells none.
    public init?(text: String) {
        guard let decoded = Wire.bytes(hexadecimal: text), let id = Bytes16(decoded) else { return nil }
        self.init(bytes: id)
    }
}

/// A foreign value as an answer repeats it: what kind it is, or its text, cut and without control characters.
private func quoted(_ value: JSONValue) -> String {
    switch value {
    case .null: return "null"
    case .boolean(let flag): return flag ? "true" : "false"
    case .integer(let number): return "\(number)"
    case .real(let token): return token
    case .array: return "an array"
    case .object: return "an object"
    case .string(let text):
        let scalars = text.unicodeScalars.map { $0.value < 0x20 || (0x7f..<0xa0).contains($0.value) ? "?" : $0 }
        var quoted = ""
        for scalar in scalars {
            guard quoted.utf8.count < GatewayLimits.quotedBytes else { return "'" + quoted + "…'" }
            quoted.unicodeScalars.append(scalar)
        }
        return "'" + quoted + "'"
    }
}
