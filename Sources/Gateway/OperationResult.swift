import Cryptography
import Federation
import Wire

/// The result of an operation as a client gets it: always an object.
enum OperationResult {
    /// The result `bytes` of `operation`.
    ///
    /// A JSON object is itself; another JSON value stands behind `result`, a text behind `text`, other bytes in base64
    /// behind `result_base64`. The features of a frame are told by name, with the bytes that others can compute again
    /// beside them.
    static func object(_ bytes: [UInt8], of operation: Federation.Operation) -> JSONValue {
        if operation.name == "perception.features", let features = features(bytes) { return features }
        if let value = try? JSONValue(parsing: bytes) {
            if case .object = value { return value }
            return one("result", value)
        }
        // What no JSON text may hold is left to base64.
        if let text = String(validating: bytes, as: UTF8.self) { return one("text", .string(text)) }
        return one("result_base64", .string(Base64.encode(bytes)))
    }

    private static func one(_ key: String, _ value: JSONValue) -> JSONValue {
        .object([JSONValue.Member(key: key, value: value)])
    }

    // MARK: Features

    private static let names: [UInt64: String] = [
        1: "version", 2: "width", 3: "height", 4: "brightness", 5: "contrast", 6: "percentiles", 7: "threshold",
        8: "edges", 9: "regions", 10: "perceptual_hash", 11: "motion",
    ]
    private static let regionNames: [UInt64: String] = [1: "count", 2: "bright", 3: "share", 4: "largest"]
    private static let motionNames: [UInt64: String] = [1: "mean", 2: "changed"]

    /// The features in their encoding (docs/perception-features.md), by name; nil where they are none.
    private static func features(_ bytes: [UInt8]) -> JSONValue? {
        guard let value = try? CBORValue(decoding: bytes.span), case .map(let entries) = value else { return nil }
        var members: [JSONValue.Member] = []
        for entry in entries {
            guard let name = names[entry.key] else { return nil }
            let value: JSONValue?
            switch entry.key {
            case 9: value = named(entry.value, regionNames)
            case 10: value = hash(entry.value)
            case 11: value = named(entry.value, motionNames)
            default: value = plain(entry.value)
            }
            guard let value else { return nil }
            members.append(JSONValue.Member(key: name, value: value))
        }
        members.append(JSONValue.Member(key: "result_base64", value: .string(Base64.encode(bytes))))
        return .object(members)
    }

    private static func named(_ value: CBORValue, _ names: [UInt64: String]) -> JSONValue? {
        guard case .map(let entries) = value else { return nil }
        var members: [JSONValue.Member] = []
        for entry in entries {
            guard let name = names[entry.key], let value = plain(entry.value) else { return nil }
            members.append(JSONValue.Member(key: name, value: value))
        }
        return .object(members)
    }

    /// Sixty-four bits, which not every reader of JSON has as a number, in hexadecimal.
    private static func hash(_ value: CBORValue) -> JSONValue? {
        guard case .unsigned(let bits) = value else { return nil }
        let digits = String(bits, radix: 16)
        return .string(String(repeating: "0", count: 16 - digits.utf8.count) + digits)
    }

    private static func plain(_ value: CBORValue) -> JSONValue? {
        switch value {
        case .unsigned(let number): return Int64(exactly: number).map { .integer($0) }
        case .boolean(let value): return .boolean(value)
        case .array(let values):
            var elements: [JSONValue] = []
            for value in values {
                guard let element = plain(value) else { return nil }
                elements.append(element)
            }
            return .array(elements)
        case .negative, .bytes, .text, .map: return nil
        }
    }
}
