import AgentCore
import Cryptography
import Federation
import Quantities
import Wire

/// Why a body is no task of a client; answered with status 400.
struct ClientTaskFault: Error, Equatable {
    let text: String

    init(_ text: String) { self.text = text }
}

/// Reads what a client sends to have a task run: `{"task": {…}, "signature": "…"}`.
///
/// A task has nine members of known kinds; others are passed over. Integers and other numbers are kept apart as they
/// were sent, since that is what is signed.
enum ClientTask {
    /// The request of `body`.
    static func request(_ body: [UInt8], showsKey: Bool) throws(ClientTaskFault) -> ClientRequest {
        let value = try parse(body, "Malformed JSON: ")
        if isNothing(value) { throw ClientTaskFault("No JSON data provided") }
        guard case .object = value else { throw ClientTaskFault("The body is not an object") }
        guard let task = value["task"], !isNothing(task) else { throw ClientTaskFault("No task provided") }
        guard case .object = task else { throw format("task is not an object") }
        let signature = value["signature"]?.text.flatMap { Base64.decode($0) }.flatMap { Signature($0) }
        return try ClientTask.request(of: task, signature: signature, showsKey: showsKey)
    }

    /// The value of a text in strict JSON that has few enough parts; a refusal begins with `what`.
    private static func parse(_ text: [UInt8], _ what: String) throws(ClientTaskFault) -> JSONValue {
        let (values, levels) = size(of: text)
        guard values <= HTTPLimits.jsonValues else {
            throw ClientTaskFault(what + "more than \(HTTPLimits.jsonValues) values")
        }
        guard levels <= HTTPLimits.jsonLevels else {
            throw ClientTaskFault(what + "more than \(HTTPLimits.jsonLevels) levels")
        }
        do throws(JSONError) { return try JSONValue(parsing: text) } catch {
            throw ClientTaskFault(what + "\(error.message) (line \(error.line), column \(error.column))")
        }
    }

    /// How many values the text has at most, and in how many levels, if it is JSON.
    private static func size(of text: [UInt8]) -> (values: Int, levels: Int) {
        var count = 1
        var (level, deepest) = (0, 0)
        var isText = false
        var isEscaped = false
        for byte in text {
            if isText {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isText = false
                }
            } else {
                switch byte {
                case UInt8(ascii: "\""): isText = true
                case UInt8(ascii: ","): count += 1
                case UInt8(ascii: "["), UInt8(ascii: "{"):
                    count += 1
                    level += 1
                    deepest = max(deepest, level)
                case UInt8(ascii: "]"), UInt8(ascii: "}"): level -= 1
                default: break
                }
            }
        }
        return (count, deepest)
    }

    /// What Python takes for nothing.
    private static func isNothing(_ value: JSONValue) -> Bool {
        switch value {
        case .null, .boolean(false), .integer(0), .string(""), .array([]), .object([]), .real("0.0"), .real("-0.0"):
            true
        default: false
        }
    }

    private static func format(_ text: String) -> ClientTaskFault { ClientTaskFault("Invalid task format: " + text) }

    private static let keys = [
        "task_id", "source_lct", "target_lct", "task_type", "operation", "atp_budget", "timeout_seconds", "parameters",
        "created_at",
    ]

    private static func request(
        of task: JSONValue, signature: Signature?, showsKey: Bool
    ) throws(ClientTaskFault) -> ClientRequest {
        // Without parameters they are empty.
        for key in keys where key != "parameters" && task[key] == nil { throw format("'\(key)'") }
        let name = try text(task, "task_id")
        guard (1...ClientLimits.nameBytes).contains(name.utf8.count), name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
        else { throw format("task_id has 1 to \(ClientLimits.nameBytes) bytes, none of them a control character") }
        let (source, target) = (try text(task, "source_lct"), try text(task, "target_lct"))
        let (type, operation) = (try text(task, "task_type"), try text(task, "operation"))
        let budget = try number(task, "atp_budget")
        let timeout = try number(task, "timeout_seconds")
        let created = try number(task, "created_at")
        let parameters = try parameters(of: task)

        guard let taskType = TaskType(name: type) else { throw ClientTaskFault("Invalid task type: " + shown(type)) }
        let order = try ClientOrder(operation, parameters)
        let terms = ClientTerms(
            task: name, source: try lct(source, "source"), target: try lct(target, "target"), targetText: target,
            type: taskType, typeText: type, operation: order.operation, budget: try amount(budget),
            timeout: try time(timeout), timeoutText: timeout.text, created: try moment(created))
        return ClientRequest(
            terms, input: order.input, parameters: order.parameters, signed: signable(task, parameters),
            signature: signature, showsKey: showsKey)
    }

    // MARK: Members

    private static func text(_ task: JSONValue, _ key: String) throws(ClientTaskFault) -> String {
        guard let text = task[key]?.text else { throw format("\(key) is not a text") }
        return text
    }

    private static func number(_ task: JSONValue, _ key: String) throws(ClientTaskFault) -> PythonNumber {
        guard let number = task[key].flatMap({ PythonNumber($0) }) else { throw format("\(key) is not a number") }
        return number
    }

    /// The parameters: an object, or the text of one.
    private static func parameters(of task: JSONValue) throws(ClientTaskFault) -> JSONValue {
        var value = task["parameters"] ?? .object([])
        if let text = value.text {
            value = try parse(Array(text.utf8), "Invalid task format: parameters are not JSON: ")
        }
        guard case .object = value else { throw format("parameters are not an object") }
        return value
    }

    private static func lct(_ text: String, _ what: String) throws(ClientTaskFault) -> LCT {
        do throws(LCTError) { return try LCT(text) } catch {
            throw ClientTaskFault("Invalid \(what) LCT: " + shown(text))
        }
    }

    /// The budget, rounded down to whole millijoules; at least one.
    private static func amount(_ number: PythonNumber) throws(ClientTaskFault) -> ClientAmount {
        guard let millijoules = number.thousandths, millijoules > 0,
            Energy(millijoules: millijoules) <= Energy.largest
        else { throw ClientTaskFault("Invalid ATP budget: " + number.text) }
        return ClientAmount(
            text: number.text, isWhole: number.isWhole, energy: Energy(millijoules: millijoules))
    }

    private static func time(_ number: PythonNumber) throws(ClientTaskFault) -> TimeSpan {
        guard let milliseconds = number.thousandths, milliseconds > 0,
            milliseconds <= ClientLimits.longestTimeout.milliseconds
        else { throw ClientTaskFault("Invalid timeout: " + number.text) }
        return TimeSpan(milliseconds: milliseconds)
    }

    private static func moment(_ number: PythonNumber) throws(ClientTaskFault) -> WallTime {
        guard let milliseconds = number.thousandths, milliseconds >= 0 else {
            throw format("created_at is not a time: " + number.text)
        }
        return WallTime(milliseconds: milliseconds)
    }

    // MARK: Signing

    /// What the client signs: the nine members as Python writes them, the parameters as a text of their own.
    ///
    /// That is Python's text of the object, or, where the parameters were sent as a text, that one as it stands.
    private static func signable(_ task: JSONValue, _ parameters: JSONValue) -> [[UInt8]] {
        var members: [JSONValue.Member] = []
        for key in keys where key != "parameters" {
            if let value = task[key] { members.append(JSONValue.Member(key: key, value: value)) }
        }
        func signable(_ text: String) -> [UInt8] {
            PythonJSON(.object(members + [JSONValue.Member(key: "parameters", value: .string(text))])).bytes
        }
        let text = PythonJSON.text(parameters)
        guard let sent = task["parameters"]?.text, !sent.utf8.elementsEqual(text.utf8) else { return [signable(text)] }
        return [signable(text), signable(sent)]
    }
}

extension PythonJSON {
    /// The text of `value`.
    static func text(_ value: JSONValue) -> String { String(decoding: PythonJSON(value).bytes, as: UTF8.self) }
}
