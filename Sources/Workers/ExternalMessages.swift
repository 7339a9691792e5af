import Cryptography
import JSON
import Quantities
import Wire

/// A task as it is put to a process of an external executor: one line of JSON (docs/workers.md).
struct ExternalRequest {
    /// The number of the descriptor that the input lies behind.
    static let inputDescriptor = 3

    /// The line, its end counted.
    let line: [UInt8]

    init(_ job: WorkerJob) {
        var json = JSONWriter()
        json.beginObject()
        json.member("id", ExternalRequest.name(of: job.id))
        json.member("operation", job.request.operation)
        json.key("input")
        json.beginObject()
        json.member("descriptor", ExternalRequest.inputDescriptor)
        json.member("bytes", job.request.input.count)
        json.endObject()
        let parameters = job.request.parameters
        if !parameters.isEmpty {
            if let value = try? JSONValue(parsing: parameters) {
                json.key("parameters")
                value.write(to: &json)
            } else {
                json.member("parameters_base64", Base64.encode(parameters))
            }
        }
        if let result = job.verified {
            if let value = try? JSONValue(parsing: result) {
                json.key("verify")
                value.write(to: &json)
            } else {
                json.member("verify_base64", Base64.encode(result))
            }
        }
        json.member("timeout_ms", job.time.milliseconds)
        json.endObject()
        line = Array(json.text.utf8) + [UInt8(ascii: "\n")]
    }

    /// What a task is called in lines.
    static func name(of id: Bytes16) -> String { hexadecimal(id.array) }
}

/// A line that a process of an external executor writes.
enum ExternalMessage: Equatable {
    /// It can take tasks.
    case ready
    /// How far it is with a task.
    case progress(task: String, BasisPoints)
    /// A task's result, how good it says that is, and how long it says that graphics processors worked for it.
    case result(task: String, [UInt8], quality: BasisPoints?, graphics: TimeSpan?)
    /// A task has no result; whether that is because of its input, and why.
    case failure(task: String, isInput: Bool, String)

    /// The message in `line`, of which every member is known.
    init(_ line: [UInt8]) throws(ExternalFault) {
        let value: JSONValue
        do throws(JSONError) { value = try JSONValue(parsing: line) } catch { throw .malformed(error.message) }
        guard case .object(let members) = value else { throw .malformed("a line is an object") }
        if members.count == 1, value["ready"] == .boolean(true) {
            self = .ready
            return
        }
        guard let task = value["id"]?.text else { throw .malformed("it has no id") }
        let keys = members.map { $0.key }.filter { $0 != "id" && $0 != "quality" && $0 != "gpu_ms" }
        guard keys.count == 1, let key = keys.first, let content = value[key] else {
            throw .malformed("there is one of result, result_base64, error and progress")
        }
        switch key {
        case "progress":
            self = .progress(task: task, try ExternalMessage.share(content, "progress"))
        case "result", "result_base64":
            let bytes = try ExternalMessage.result(content, isEncoded: key != "result")
            var quality: BasisPoints?
            if let stated = value["quality"] { quality = try ExternalMessage.share(stated, "quality") }
            let graphics = try value["gpu_ms"].map { value throws(ExternalFault) in
                try ExternalMessage.milliseconds(value, "gpu_ms")
            }
            self = .result(task: task, bytes, quality: quality, graphics: graphics)
        case "error":
            guard let message = content["message"]?.text else { throw .malformed("an error has a message") }
            self = .failure(task: task, isInput: content["code"]?.text == "bad_input", message)
        default: throw .malformed("a member is not known")
        }
    }

    private static func result(_ content: JSONValue, isEncoded: Bool) throws(ExternalFault) -> [UInt8] {
        let bytes: [UInt8]
        if isEncoded {
            guard let text = content.text, let decoded = Base64.decode(text) else {
                throw .malformed("result_base64 is not base64")
            }
            bytes = decoded
        } else {
            var json = JSONWriter()
            content.write(to: &json)
            bytes = Array(json.text.utf8)
        }
        guard bytes.count <= WorkerLimits.maximumResultBytes else {
            throw .resultTooLarge(limit: WorkerLimits.maximumResultBytes)
        }
        return bytes
    }

    /// A number of milliseconds, of which the whole ones count; at most those of the longest task.
    private static func milliseconds(_ value: JSONValue, _ name: String) throws(ExternalFault) -> TimeSpan {
        let most = WorkerLimits.longestClaim.milliseconds
        switch value {
        case .integer(let number) where (0...most).contains(number): return .milliseconds(number)
        case .real(let token):
            let parts = token.split(separator: ".", omittingEmptySubsequences: false)
            // Below one ten-thousandth a number has an exponent, and from 1e16 on.
            if token.utf8.contains(UInt8(ascii: "e")) {
                if token.hasPrefix("-") || !token.utf8.contains(UInt8(ascii: "-")) { break }
                return .zero
            }
            guard parts.count == 2, let whole = Int64(parts[0]), (0...most).contains(whole), !token.hasPrefix("-")
            else { break }
            return .milliseconds(whole)
        default: break
        }
        throw .malformed(name + " is not a number from 0 to \(most)")
    }

    /// A number from 0 to 1, cut after its fourth digit.
    static func share(_ value: JSONValue, _ name: String) throws(ExternalFault) -> BasisPoints {
        switch value {
        case .integer(0): return .zero
        case .integer(1): return .one
        case .real(let token):
            if let share = share(token) { return share }
        default: break
        }
        throw .malformed(name + " is not a number from 0 to 1")
    }

    /// The share that `token` says, as Python writes numbers; nil where that is not one.
    private static func share(_ token: String) -> BasisPoints? {
        let bytes = Array(token.utf8)
        guard bytes.first != UInt8(ascii: "-") else { return token.allSatisfy { "-0.".contains($0) } ? .zero : nil }
        // Below one ten-thousandth a number has an exponent.
        if bytes.contains(UInt8(ascii: "e")) { return bytes.contains(UInt8(ascii: "-")) ? .zero : nil }
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].count == 1 else { return nil }
        let digits = parts[1] + Array(repeating: UInt8(ascii: "0"), count: 4)
        let fraction = digits.prefix(4).reduce(Int64(0)) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
        switch parts[0].first {
        case UInt8(ascii: "0"): return BasisPoints(clamping: fraction)
        case UInt8(ascii: "1"): return parts[1].allSatisfy { $0 == UInt8(ascii: "0") } ? .one : nil
        default: return nil
        }
    }
}
