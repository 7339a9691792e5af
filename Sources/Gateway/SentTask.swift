import Cryptography
import Federation
import Quantities
import Wire

/// A task for a federation server over HTTP, signed: the program's own or one of the earlier ones.
///
/// What is signed is what the server makes of what it reads, so the numbers are those that Python would print.
public struct SentTask: Sendable {
    /// The task's id, by which the server tells a repeated one.
    public let taskID: String
    /// Who is to run it.
    public let target: String
    /// The most that it may cost.
    public let budget: JSONValue

    /// What is signed.
    let message: [UInt8]
    /// The task as it is sent.
    private let task: JSONValue

    /// What such a task says.
    public struct Terms: Sendable {
        /// Who hands it out.
        public var source: LCT
        /// Who is to run it, as it is spelled: servers tell spellings of one identity apart.
        public var target: String
        /// The kind of the target's task, as it is spelled there.
        public var taskType: String
        /// The operation, such as `perception`.
        public var operation: String
        /// The most that it may cost; one ATP is one joule.
        public var budget: Energy
        /// Time that it may take.
        public var timeoutSeconds: Int64
        /// Its parameters, an object.
        public var parameters: JSONValue
        /// When it was made.
        public var createdAt: WallTime

        /// Terms of their parts.
        public init(
            source: LCT, target: String, taskType: String, operation: String, budget: Energy, timeoutSeconds: Int64,
            parameters: JSONValue, createdAt: WallTime
        ) {
            self.source = source
            self.target = target
            self.taskType = taskType
            self.operation = operation
            self.budget = budget
            self.timeoutSeconds = timeoutSeconds
            self.parameters = parameters
            self.createdAt = createdAt
        }
    }

    /// The call with `terms`, whose task is called `taskID`; nil where the parameters are no object or no JSON could be
    /// made of them.
    public init?(_ taskID: String, _ terms: Terms) {
        guard case .object = terms.parameters else { return nil }
        self.taskID = taskID
        target = terms.target
        let dumped = JSONValue.string(String(decoding: PythonJSON(terms.parameters).bytes, as: UTF8.self))
        guard let signed = SentTask.task(taskID, terms, parameters: dumped),
            let task = SentTask.task(taskID, terms, parameters: terms.parameters),
            let budget = task["atp_budget"]
        else { return nil }
        message = PythonJSON(signed).bytes
        self.task = task
        self.budget = budget
    }

    /// The nine members of a task, read back so that every number is as Python has it.
    private static func task(_ taskID: String, _ terms: Terms, parameters: JSONValue) -> JSONValue? {
        var json = JSONWriter()
        json.beginObject()
        json.member("task_id", taskID)
        json.member("source_lct", terms.source.text)
        json.member("target_lct", terms.target)
        json.member("task_type", terms.taskType)
        json.member("operation", terms.operation)
        json.key("atp_budget")
        json.decimal(decimal(thousandths: terms.budget.millijoules))
        json.member("timeout_seconds", terms.timeoutSeconds)
        json.key("parameters")
        parameters.write(to: &json)
        json.key("created_at")
        json.decimal(decimal(thousandths: terms.createdAt.milliseconds))
        json.endObject()
        return try? JSONValue(parsing: Array(json.text.utf8))
    }

    private static func decimal(thousandths: Int64) -> String {
        let rest = "\(thousandths.magnitude % 1000)"
        let sign = thousandths < 0 ? "-" : ""
        return sign + "\(thousandths.magnitude / 1000)." + String(repeating: "0", count: 3 - rest.utf8.count) + rest
    }

    /// The request that hands the task to `server`, signed with `key`.
    public func request(to server: ServerAddress, signedWith key: SigningKey, timeout: TimeSpan) -> HTTPCallRequest? {
        let signature = Ed25519().sign(message.span, with: key)
        var json = JSONWriter()
        json.beginObject()
        json.key("task")
        task.write(to: &json)
        json.member("signature", Base64.encode(signature.array))
        json.endObject()
        // As Python writes it: there is nothing beyond ASCII that anybody on the way could read otherwise.
        guard let body = try? JSONValue(parsing: Array(json.text.utf8)) else { return nil }
        return HTTPCallRequest(
            server.call("consciousness/delegate"), body: PythonJSON(body).bytes,
            timeout: timeout + HTTPCallLimits.graceTime)
    }
}

/// The other questions that a federation server answers.
public enum ServerQuestion: Sendable {
    /// How it does.
    case health
    /// What an identity there has used, and may use.
    case status(lct: String)
    /// To take back a task, of this source where it is said.
    case cancel(taskID: String, source: LCT? = nil)

    /// The request that asks `server`.
    public func request(to server: ServerAddress) -> HTTPCallRequest {
        switch self {
        case .health: HTTPCallRequest(server.call("health"))
        case .status(let lct): HTTPCallRequest(server.call("consciousness/status", lct))
        case .cancel(let taskID, let source):
            HTTPCallRequest(
                server.call("consciousness/cancel", taskID, source.map { [("source_lct", $0.text)] } ?? []),
                body: Array("{}".utf8))
        }
    }
}
