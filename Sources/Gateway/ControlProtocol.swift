import AgentCore
import Cryptography
import EnergyProofs
import Federation
import Ledger
import Quantities
import Wire

/// What is said over the control socket: one JSON object per line asks, one JSON object per line answers.
///
/// The member `command` names what is asked; every other member belongs to that command, and an
/// unknown one is refused. Amounts are decimal texts, so that no reader rounds them; bytes are base64.
///
/// | command | members |
/// |---|---|
/// | `status` `telemetry` `energy` `tasks` `balance` `peers` `node_record` `identities` `disputes` | |
/// | `delegate` | `operation` `input` [`parameters`] [`placement`] [`budget_mj`] [`timeout_ms`] [`trial`] |
/// | | and [`hops`] [`horizon`] [`convergence_bp`] |
/// | `cancel` `dispute` | `task` |
/// | `history` | [`limit`] |
/// | `proofs` | [`limit`] [`source`] |
/// | `export_proofs` | [`first`] [`limit`] [`source`] |
/// | `energy_history` | [`resolution`] [`from_ms`] [`to_ms`] [`before`] [`limit`] |
/// | `runs` | [`from_ms`] [`to_ms`] [`before`] [`limit`] |
/// | `decisions` | [`before`] [`limit`] [`records`] |
/// | `add_peer` | `record` |
/// | `remove_peer` `ping` `peer` | `name` |
/// | `trust_key` | `name` `pem` |
/// | `add_identity` `check_identity` | `text` |
/// | `reconcile` | `name` [`accept`] |
/// | `grant` | `account` `amount_mj` [`back`] |
///
/// `source` is the identity of a source; without it the board is meant.
///
/// `placement` is `any`, `local`, or the name of a platform; without it the policy's holds. An answer is
/// what the command asked for, or holds `error` with `kind` (`CommandReply.Refusal`), `message` and `hint`.
public enum ControlProtocol {
    /// Entries of the journal and proofs that are listed where a request does not say how many.
    static let ordinaryLimit = 20

    /// The command that a line asks, or the answer that says why it asks none.
    ///
    /// - Complexity: O(bytes).
    public static func command(_ line: [UInt8]) -> Result<AgentCommand, CommandReply> {
        do throws(CommandReply) { return .success(try parse(line)) } catch { return .failure(error) }
    }

    private static func parse(_ line: [UInt8]) throws(CommandReply) -> AgentCommand {
        guard line.count <= GatewayLimits.requestBytes else {
            throw CommandReply(
                .invalid, "the request has \(line.count) bytes; \(GatewayLimits.requestBytes) are the most")
        }
        let value: JSONValue
        do throws(JSONError) { value = try JSONValue(parsing: line) } catch {
            throw CommandReply(.invalid, "the request is not JSON: \(error.message)")
        }
        let request = try ControlRequest(value)
        switch request.command {
        case .status: return .status
        case .telemetry: return .telemetry
        case .delegate: return .delegate(try delegation(request))
        case .tasks: return .tasks
        case .cancel: return .cancel(task: try request.task("task"))
        case .balance: return .balance
        case .history: return .history(limit: try request.limit(atMost: GatewayLimits.listedRecords))
        case .verify: return .verify
        case .reconcile:
            return .reconcile(name: try request.platform("name"), accepts: try request.flag("accept"))
        case .grant:
            guard let amount = try request.energy("amount_mj") else { throw request.missing("amount_mj") }
            return .grant(
                account: try request.identity("account"), amount: amount, takesBack: try request.flag("back"))
        case .energy: return .energy
        case .proofs:
            return .proofs(
                limit: try request.limit(atMost: GatewayLimits.listedRecords), source: try request.source("source"))
        case .exportProofs:
            return .exportProofs(
                first: UInt64(try request.number("first", in: 0...(1 << 53)) ?? 0),
                limit: try request.limit(atMost: GatewayLimits.exportedPages, otherwise: GatewayLimits.exportedPages),
                source: try request.source("source"))
        case .energyHistory:
            return .energyHistory(
                HistoryQuery(
                    try request.resolution("resolution"), from: try request.wallTime("from_ms"),
                    to: try request.wallTime("to_ms"),
                    before: try request.number("before", in: 0...Int64(1) << 53).map { UInt64($0) },
                    limit: try request.limit(
                        atMost: EnergyHistoryLimits.listed, otherwise: EnergyHistoryLimits.listed)))
        case .runs:
            return .runs(
                RunQuery(
                    from: try request.wallTime("from_ms"), to: try request.wallTime("to_ms"),
                    before: try request.number("before", in: 0...Int64(1) << 53).map { UInt64($0) },
                    limit: try request.limit(atMost: RunLimits.listed, otherwise: RunLimits.listed)))
        case .decisions:
            let tellsRecords = try request.flag("records")
            let most = DecisionQuery.most(tellingRecords: tellsRecords)
            return .decisions(
                DecisionQuery(
                    before: try request.number("before", in: 0...Int64(1) << 53).map { UInt64($0) },
                    limit: try request.limit(atMost: most), tellsRecords: tellsRecords))
        case .disputes: return .disputes
        case .dispute: return .dispute(task: try request.task("task"))
        case .peers: return .peers
        case .peer: return .peer(name: try request.platform("name"))
        case .addPeer:
            return .addPeer(record: try request.text("record", limit: FederationLimits.maximumNodeTextLength))
        case .removePeer: return .removePeer(name: try request.trustedName("name"))
        case .trustKey:
            return .trustKey(
                name: try request.trustedName("name"),
                pem: try request.text("pem", limit: IdentityLimits.textBytes))
        case .identities: return .identities
        case .addIdentity: return .addIdentity(text: try request.text("text", limit: IdentityLimits.textBytes))
        case .checkIdentity: return .checkIdentity(text: try request.text("text", limit: IdentityLimits.textBytes))
        case .ping: return .ping(name: try request.platform("name"))
        case .nodeRecord: return .nodeRecord
        }
    }

    private static func delegation(_ request: ControlRequest) throws(CommandReply) -> DelegationRequest {
        let name = try request.text("operation", limit: FederationLimits.maximumOperationLength)
        guard let operation = Operation(name) else {
            throw request.refusal("operation", "the name of an operation, such as perception.features")
        }
        guard let input = try request.bytes("input", limit: FederationLimits.maximumInlineLength) else {
            throw request.missing("input")
        }
        var delegation = DelegationRequest(operation: operation, input: input)
        delegation.parameters =
            try request.bytes("parameters", limit: FederationLimits.maximumParametersLength) ?? []
        delegation.placement = try request.placement("placement")
        delegation.budget = try request.energy("budget_mj")
        if let timeout = try request.number("timeout_ms", in: 1...GatewayLimits.longestTimeout.milliseconds) {
            delegation.timeout = .milliseconds(timeout)
        }
        delegation.hops = Int(try request.number("hops", in: 0...Int64(FederationLimits.maximumHops)) ?? 0)
        delegation.isTrial = try request.flag("trial")
        delegation.requirement = try request.requirement("horizon", "convergence_bp")
        return delegation
    }

    /// The line, without its end, that asks `command`; what `command(_:)` reads back.
    public static func request(_ command: AgentCommand) -> String {
        var json = JSONWriter()
        json.beginObject()
        func begin(_ name: ControlRequest.Command) { json.member("command", name.rawValue) }
        switch command {
        case .status: begin(.status)
        case .verify: begin(.verify)
        case .reconcile(let name, let accepts):
            begin(.reconcile)
            json.member("name", name)
            json.member("accept", accepts)
        case .grant(let account, let amount, let takesBack):
            begin(.grant)
            json.member("account", account.text)
            json.member("amount_mj", "\(amount.millijoules)")
            json.member("back", takesBack)
        case .telemetry: begin(.telemetry)
        case .delegate(let request):
            begin(.delegate)
            write(request, to: &json)
        case .tasks: begin(.tasks)
        case .cancel(let task):
            begin(.cancel)
            json.member("task", task.text)
        case .balance: begin(.balance)
        case .history(let limit):
            begin(.history)
            json.member("limit", limit)
        case .energy: begin(.energy)
        case .proofs(let limit, let source):
            begin(.proofs)
            json.member("limit", limit)
            if let source { json.member("source", source.text) }
        case .exportProofs(let first, let limit, let source):
            begin(.exportProofs)
            json.member("first", first)
            json.member("limit", limit)
            if let source { json.member("source", source.text) }
        case .energyHistory(let query):
            begin(.energyHistory)
            json.member("resolution", query.resolution.name)
            if let from = query.from { json.member("from_ms", from.milliseconds) }
            if let to = query.to { json.member("to_ms", to.milliseconds) }
            if let before = query.before { json.member("before", before) }
            json.member("limit", query.limit)
        case .runs(let query):
            begin(.runs)
            if let from = query.from { json.member("from_ms", from.milliseconds) }
            if let to = query.to { json.member("to_ms", to.milliseconds) }
            if let before = query.before { json.member("before", before) }
            json.member("limit", query.limit)
        case .decisions(let query):
            begin(.decisions)
            if let before = query.before { json.member("before", before) }
            json.member("limit", query.limit)
            json.member("records", query.tellsRecords)
        case .disputes: begin(.disputes)
        case .dispute(let task):
            begin(.dispute)
            json.member("task", task.text)
        case .peers: begin(.peers)
        case .peer(let name):
            begin(.peer)
            json.member("name", name)
        case .addPeer(let record):
            begin(.addPeer)
            json.member("record", record)
        case .removePeer(let name):
            begin(.removePeer)
            json.member("name", name)
        case .trustKey(let name, let pem):
            begin(.trustKey)
            json.member("name", name)
            json.member("pem", pem)
        case .identities: begin(.identities)
        case .addIdentity(let text):
            begin(.addIdentity)
            json.member("text", text)
        case .checkIdentity(let text):
            begin(.checkIdentity)
            json.member("text", text)
        case .ping(let name):
            begin(.ping)
            json.member("name", name)
        case .nodeRecord: begin(.nodeRecord)
        }
        json.endObject()
        return json.text
    }

    private static func write(_ request: DelegationRequest, to json: inout JSONWriter) {
        json.member("operation", request.operation.name)
        json.member("input", Base64.encode(request.input))
        json.member("parameters", Base64.encode(request.parameters))
        switch request.placement {
        case .any: json.member("placement", ControlRequest.anywhere)
        case .local: json.member("placement", ControlRequest.here)
        case .platform(let name): json.member("placement", name.text)
        case nil: break
        }
        if let budget = request.budget { json.member("budget_mj", "\(budget.millijoules)") }
        json.member("timeout_ms", request.timeout.milliseconds)
        if request.hops > 0 { json.member("hops", request.hops) }
        json.member("trial", request.isTrial)
        if let horizon = request.requirement.horizon { json.member("horizon", horizon.name) }
        if let least = request.requirement.minimumConvergence { json.member("convergence_bp", least.value) }
    }
}
