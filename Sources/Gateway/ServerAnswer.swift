import Cryptography
import Wire

/// Why a server's answer is not accepted.
public enum ServerRefusal: Error, Equatable, Sendable {
    /// The server sends the caller elsewhere; nobody goes there by itself.
    case elsewhere(String)
    /// What answers is no federation server.
    case notAServer(status: Int32, reason: String)
    /// The server refuses, and says why.
    case refused(status: Int32, reason: String, retrySeconds: Int64?)
    /// The answer is not what the task asked for.
    case untrue(String)
    /// The answer has no signature, though the server's key was given.
    case unsigned
    /// The signature is not that of the server's key.
    case badSignature

    /// What is wrong, for a person.
    public var explanation: String {
        switch self {
        case .elsewhere(let address): "the server sends elsewhere, to \(address)"
        case .notAServer(let status, let reason): "what answers is no federation server: status \(status), \(reason)"
        case .refused(_, let reason, _): "refused: " + reason
        case .untrue(let reason): "the answer is not accepted: " + reason
        case .unsigned: "the answer is not signed"
        case .badSignature: "the answer's signature is not that of the server's key"
        }
    }
}

/// A server's proof that a task was done, as far as it can be checked from here.
public struct ServerAnswer: Sendable {
    /// What is known of the answer's signature.
    public enum SignatureState: Equatable, Sendable {
        /// It is that of this key.
        case verified(KeyID)
        /// There is one, and no key to check it with.
        case unknownKey
        /// There is none; servers of before have none.
        case notSigned

        /// The word for it in JSON.
        public var name: String {
            switch self {
            case .verified: "verified"
            case .unknownKey: "not_checked"
            case .notSigned: "not_signed"
            }
        }
    }

    /// The proof as it was sent.
    public let proof: JSONValue
    /// The signature as it was sent.
    public let signature: String?
    /// What is known of it.
    public let state: SignatureState

    /// What `reply` proves of `call`, by a server that is to have `key`.
    ///
    /// Not only that it was done: the proof must be of this task, by whom it was sent to, for no more than it may cost.
    public init(_ reply: HTTPCallReply, to call: SentTask, key: PublicKey?) throws(ServerRefusal) {
        let answer = try ServerAnswer.object(reply)
        guard answer["success"] == .boolean(true), let proof = answer["proof"], case .object = proof else {
            throw .untrue("it tells of success and has no proof")
        }
        try ServerAnswer.check(proof, call)
        guard let result = ServerAnswer.result(proof) else { throw .untrue("the result is neither an object nor JSON") }
        self.proof = proof
        switch answer["signature"] {
        case .string(let text) where !text.isEmpty:
            signature = text
            guard let key else {
                state = .unknownKey
                return
            }
            guard let message = ServerAnswer.message(proof, result),
                let signature = Base64.decode(text).flatMap({ Signature($0) }),
                Ed25519().isValid(signature, of: message.span, by: key)
            else { throw .badSignature }
            state = .verified(key.id)
        case .null, .string, .none:
            guard key == nil else { throw .unsigned }
            signature = nil
            state = .notSigned
        case .boolean, .integer, .real, .array, .object: throw .untrue("the signature is no text")
        }
    }

    // MARK: What every answer has

    /// The object that `reply` is; a refusal where it says so.
    public static func object(_ reply: HTTPCallReply) throws(ServerRefusal) -> JSONValue {
        if (300..<400).contains(reply.status) {
            throw .elsewhere(reply.redirect.map { cut($0) } ?? "nowhere that it names")
        }
        let value: JSONValue
        do throws(JSONError) { value = try JSONValue(parsing: reply.body) } catch {
            throw .notAServer(status: reply.status, reason: "and the body is not JSON: " + cut(error.message))
        }
        guard case .object = value else { throw .notAServer(status: reply.status, reason: "and the body is no object") }
        guard reply.status == 200 else {
            let reason = reason(value) ?? "status \(reply.status) without a reason"
            throw .refused(status: reply.status, reason: reason, retrySeconds: reply.retrySeconds)
        }
        if value["success"] == .boolean(false) {
            throw .refused(status: 400, reason: reason(value) ?? "no reason is given", retrySeconds: nil)
        }
        return value
    }

    /// Why a server refuses: a text, or an object with one.
    private static func reason(_ answer: JSONValue) -> String? {
        guard let text = answer["error"]?.text ?? answer["error"]?["message"]?.text, !text.isEmpty else { return nil }
        return cut(text)
    }

    private static func cut(_ text: String) -> String {
        text.utf8.count <= HTTPCallLimits.reasonBytes
            ? text : String(text.prefix(HTTPCallLimits.reasonBytes / 4)) + "…"
    }

    // MARK: The proof

    private static func check(_ proof: JSONValue, _ call: SentTask) throws(ServerRefusal) {
        guard let taskID = proof["task_id"]?.text, taskID.utf8.elementsEqual(call.taskID.utf8) else {
            throw .untrue("the proof is of the task " + shown(proof["task_id"]) + ", and not of \(call.taskID)")
        }
        guard let executor = proof["executor_lct"]?.text, executor.utf8.elementsEqual(call.target.utf8) else {
            throw .untrue("the proof is by " + shown(proof["executor_lct"]) + ", and not by \(call.target)")
        }
        guard let cost = DecimalNumber(proof["atp_consumed"]), cost >= .zero else {
            throw .untrue("atp_consumed is " + shown(proof["atp_consumed"]))
        }
        guard let budget = DecimalNumber(call.budget), cost <= budget else {
            throw .untrue("it cost \(shown(proof["atp_consumed"])) ATP of a budget of \(shown(call.budget))")
        }
        guard let quality = DecimalNumber(proof["quality_score"]), quality >= .zero, quality <= .one else {
            throw .untrue("quality_score is " + shown(proof["quality_score"]) + ", and not from 0 to 1")
        }
        guard let time = DecimalNumber(proof["execution_time"]), time >= .zero else {
            throw .untrue("execution_time is " + shown(proof["execution_time"]))
        }
        guard DecimalNumber(proof["created_at"]) != nil else {
            throw .untrue("created_at is " + shown(proof["created_at"]))
        }
    }

    /// A value of a proof in a message.
    private static func shown(_ value: JSONValue?) -> String {
        switch value {
        case .string(let text): "'" + cut(text) + "'"
        case .integer(let number): "\(number)"
        case .real(let token): token
        case .boolean(let flag): flag ? "true" : "false"
        case .null: "null"
        case .array, .object: "no single value"
        case .none: "missing"
        }
    }

    /// The result, which is an object, or its text in JSON.
    private static func result(_ proof: JSONValue) -> JSONValue? {
        switch proof["result"] {
        case .object: proof["result"]
        case .string(let text): try? JSONValue(parsing: Array(text.utf8))
        case .null, .boolean, .integer, .real, .array, .none: nil
        }
    }

    /// What is signed of a proof: its seven members, the result as the text that Python makes of it.
    static func message(_ proof: JSONValue, _ result: JSONValue) -> [UInt8]? {
        let dumped = JSONValue.string(String(decoding: PythonJSON(result).bytes, as: UTF8.self))
        var json = JSONWriter()
        json.beginObject()
        for key in ["task_id", "executor_lct", "atp_consumed", "execution_time", "quality_score", "created_at"] {
            guard let value = proof[key] else { return nil }
            json.key(key)
            value.write(to: &json)
        }
        json.key("result")
        dumped.write(to: &json)
        json.endObject()
        guard let signed = try? JSONValue(parsing: Array(json.text.utf8)) else { return nil }
        return PythonJSON(signed).bytes
    }
}
