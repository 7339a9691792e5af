import CJansson
import Wire

/// Why a text is not JSON.
public struct JSONError: Error, Equatable, Sendable {
    /// What is wrong, in the parser's words.
    public let message: String
    /// Line of the text, from 1; −1 where it is not known.
    public let line: Int
    /// Column of the text in bytes.
    public let column: Int

    /// An error at a place of the text.
    public init(message: String, line: Int, column: Int) {
        self.message = message
        self.line = line
        self.column = column
    }
}

/// A JSON value, with integers and other numbers kept apart and members in the order of the text.
public enum JSONValue: Equatable, Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case boolean(Bool)
    /// A number written without fraction and exponent, within Int64.
    case integer(Int64)
    /// Any other number, as Python writes it: the least digits that read back as the same number, `0.1`, `50.0`,
    /// `1e-05`.
    case real(String)
    /// A text.
    case string(String)
    /// An array.
    case array([JSONValue])
    /// An object.
    case object([Member])

    /// One member of an object.
    public struct Member: Equatable, Sendable {
        /// The key.
        public let key: String
        /// The value.
        public let value: JSONValue

        /// A member of both.
        public init(key: String, value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// The value of `text`: exactly one JSON value, no key twice in an object, depth at most 2048.
    public init(parsing text: [UInt8]) throws(JSONError) {
        var message = [CChar](repeating: 0, count: 256)
        var line: Int32 = 0
        var column: Int32 = 0
        let root = unsafe text.withUnsafeBufferPointer { text in
            unsafe text.withMemoryRebound(to: CChar.self) { text in
                unsafe message.withUnsafeMutableBufferPointer { message -> UnsafeMutableRawPointer? in
                    guard let target = message.baseAddress else { return nil }
                    // An empty array has no address, and the empty text is not JSON: any address will do.
                    return unsafe cjansson_parse(
                        text.baseAddress ?? UnsafePointer(target), text.count, target, message.count, &line, &column)
                }
            }
        }
        guard let root = unsafe root else {
            let bytes = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw JSONError(message: String(decoding: bytes, as: UTF8.self), line: Int(line), column: Int(column))
        }
        unsafe self.init(copying: root)
        unsafe cjansson_free(root)
    }

    /// The member `key` of an object, or nil.
    public subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// The text, or nil where this is none.
    public var text: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    /// The integer, or nil where this is none.
    public var number: Int64? {
        guard case .integer(let value) = self else { return nil }
        return value
    }

    /// The elements of an array; empty where this is none.
    public var elements: [JSONValue] {
        guard case .array(let values) = self else { return [] }
        return values
    }

    /// The members of an object; empty where this is none.
    public var members: [Member] {
        guard case .object(let values) = self else { return [] }
        return values
    }

    /// Appends the value to `writer`.
    public func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.null()
        case .boolean(let value): writer.boolean(value)
        case .integer(let value): writer.integer(value)
        case .real(let token): writer.decimal(token)
        case .string(let value): writer.string(value)
        case .array(let values):
            writer.beginArray()
            for value in values { value.write(to: &writer) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for member in members {
                writer.key(member.key)
                member.value.write(to: &writer)
            }
            writer.endObject()
        }
    }

    private init(copying value: UnsafeRawPointer) {
        switch UInt32(bitPattern: unsafe cjansson_kind(value)) {
        case CJANSSON_TRUE.rawValue: self = .boolean(true)
        case CJANSSON_FALSE.rawValue: self = .boolean(false)
        case CJANSSON_INTEGER.rawValue: self = unsafe .integer(cjansson_integer(value))
        case CJANSSON_REAL.rawValue:
            var out = [CChar](repeating: 0, count: 40)
            let count = unsafe out.withUnsafeMutableBufferPointer { target in
                unsafe target.baseAddress.map { unsafe cjansson_real_text(value, $0, 40) } ?? 0
            }
            self = .real(String(decoding: out.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self))
        case CJANSSON_STRING.rawValue:
            var count = 0
            let bytes = unsafe cjansson_string(value, &count)
            self = unsafe .string(JSONValue.text(bytes, count))
        case CJANSSON_ARRAY.rawValue:
            let count = unsafe cjansson_count(value)
            self = .array((0..<count).map { unsafe JSONValue(copying: cjansson_element(value, $0)) })
        case CJANSSON_OBJECT.rawValue:
            var members: [Member] = []
            var cursor = unsafe cjansson_next_member(value, nil)
            while let member = unsafe cursor {
                var count = 0
                let key = unsafe cjansson_member_key(member, &count)
                unsafe members.append(
                    Member(key: JSONValue.text(key, count), value: JSONValue(copying: cjansson_member_value(member))))
                unsafe cursor = cjansson_next_member(value, member)
            }
            self = .object(members)
        default: self = .null
        }
    }

    private static func text(_ bytes: UnsafePointer<CChar>, _ count: Int) -> String {
        let buffer = unsafe UnsafeRawBufferPointer(start: bytes, count: count)
        return unsafe String(decoding: buffer, as: UTF8.self)
    }
}
