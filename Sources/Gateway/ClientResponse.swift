import AgentCore
import Cryptography
import Quantities
import Wire

/// How answers to clients are signed.
public struct ClientSigner: Sendable {
    private let key: SigningKey
    private let scheme: any SignatureScheme

    /// Signs with `key`.
    public init(_ key: SigningKey, _ scheme: any SignatureScheme) {
        self.key = key
        self.scheme = scheme
    }

    func sign(_ bytes: [UInt8]) -> String { Base64.encode(scheme.sign(bytes.span, with: key).array) }
}

extension HTTPResponse {
    /// What the core answers to a client's call.
    public init(_ answer: ClientAnswer, to call: FederationCall, by signer: ClientSigner) {
        switch answer {
        case .proven(let proof, let terms): self.init(200, HTTPResponse.proven(proof, terms, signer))
        case .refused(let refusal, let terms):
            var headers: [HTTPField] = []
            if let seconds = refusal.retryAfter { headers.append(HTTPField("Retry-After", "\(seconds)")) }
            if refusal.status == 401 { headers.append(HTTPAccess.challenge) }
            self.init(refusal.status, call.refusal(refusal.text(terms)), headers: headers)
        case .status(let status): self.init(200, HTTPResponse.object(status))
        case .unknown(let text): self.init(404, call.refusal("No consciousness found for " + shown(text)))
        case .cancelled(let amount):
            self.init(
                200,
                HTTPResponse.object([
                    ("atp_refunded", HTTPResponse.asWritten(amount)), ("cancelled", .boolean(true)), ("error", .null),
                    ("success", .boolean(true)),
                ]))
        case .notActive(let task): self.init(400, call.refusal("Task \(shown(task)) not active"))
        case .ambiguous(let task):
            self.init(
                400,
                call.refusal(
                    "Task \(shown(task)) is active for several sources; say which: cancel/TASK?source_lct=LCT"))
        case .unavailable(let reason): self.init(unavailable: reason, call)
        }
    }

    /// That nothing can be asked at present.
    public init(unavailable reason: String, _ call: FederationCall) {
        self.init(503, call.refusal("Not now: " + reason), headers: [HTTPField("Retry-After", "10")])
    }

    /// That as many clients wait for their tasks as may, or as many of one of them.
    public init(crowded call: FederationCall) {
        self.init(
            429, call.refusal("As many requests as may be wait for their tasks"),
            headers: [HTTPField("Retry-After", "5")])
    }

    private static func proven(_ proof: ClientProof, _ terms: ClientTerms, _ signer: ClientSigner) -> JSONValue {
        let result = OperationResult.object(proof.result, of: terms.operation)
        // What an integer has capped is that integer.
        let charged =
            proof.isCapped && terms.budget.isWhole
            ? asWritten(terms.budget) : PythonNumber(thousandths: proof.charged.millijoules).value
        func members(_ result: JSONValue) -> JSONValue {
            object([
                ("atp_consumed", charged),
                ("created_at", PythonNumber(thousandths: proof.ended.milliseconds).value),
                ("execution_time", PythonNumber(thousandths: proof.time.milliseconds).value),
                ("executor_lct", .string(terms.targetText)),
                ("quality_score", PythonNumber(tenThousandths: proof.quality.value).value), ("result", result),
                ("task_id", .string(terms.task)),
            ])
        }
        let signature = signer.sign(PythonJSON(members(.string(PythonJSON.text(result)))).bytes)
        return object([
            ("error", .null), ("proof", members(result)), ("signature", .string(signature)),
            ("success", .boolean(true)),
        ])
    }

    private static func object(_ status: ClientStatus) -> JSONValue {
        let remaining = status.budget.map { ($0.subtracting(status.spent) ?? .zero).clampedToZero }
        func amount(_ energy: Energy?) -> JSONValue {
            energy.map { PythonNumber(thousandths: $0.millijoules).value } ?? .null
        }
        let members = object([
            ("active_tasks", .integer(status.running)), ("atp_budget", amount(status.budget)),
            ("atp_remaining", amount(remaining)), ("atp_spent", amount(status.spent)),
            ("awareness_level", PythonNumber(tenThousandths: status.free.value).value),
            ("created_at", PythonNumber(thousandths: status.since.milliseconds).value),
            ("is_active", .boolean(status.isGood)), ("lct_id", .string(status.text)),
            ("loop_count", .integer(Int64(clamping: status.tasks))), ("max_tasks", .integer(status.limit)),
            ("task", .string(status.task)),
            ("total_runtime", PythonNumber(thousandths: status.runtime.milliseconds).value),
        ])
        return object([("error", .null), ("status", members), ("success", .boolean(true))])
    }

    private static func asWritten(_ amount: ClientAmount) -> JSONValue {
        (amount.isWhole ? Int64(amount.text) : nil).map { .integer($0) } ?? .real(amount.text)
    }

    private static func object(_ members: [(String, JSONValue)]) -> JSONValue {
        .object(members.map { JSONValue.Member(key: $0.0, value: $0.1) })
    }
}
