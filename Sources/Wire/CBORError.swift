/// Why bytes are not an accepted encoding; every case names the offset of the offending item.
///
/// The accepted subset is RFC 8949 §4.2.1 without floats, tags, null, undefined, other simple
/// values and indefinite lengths, and with unsigned integers as the only map keys.
public enum CBORError: Error, Equatable, Sendable {
    /// The input ends inside an item.
    case truncated(at: Int)
    /// Bytes follow the last item.
    case trailingBytes(at: Int)
    /// An integer or a length is not in its shortest form.
    case notShortest(at: Int)
    /// A float, tag, null, indefinite length or reserved initial byte.
    case unsupported(at: Int, initialByte: UInt8)
    /// An item of another kind stands where `expected` was due.
    case unexpectedKind(at: Int, expected: CBORKind, found: CBORKind)
    /// A map key is not above the key before it.
    case unsortedKey(at: Int)
    /// A map key stands twice.
    case repeatedKey(at: Int)
    /// A text is not UTF-8.
    case invalidUTF8(at: Int)
    /// Arrays and maps are nested deeper than `CBORLimits.maximumDepth`.
    case tooDeep(at: Int)
    /// A message, byte string or text is longer than its limit.
    case tooLong(at: Int, limit: Int)
    /// A number does not fit its field.
    case outOfRange(at: Int)
    /// An array or map has another number of entries than its type.
    case wrongCount(at: Int, expected: Int, found: Int)
    /// A field that the type requires is absent.
    case missingField(UInt64, at: Int)
    /// A field below 64 that the type does not know.
    case unknownField(UInt64, at: Int)
    /// A well-formed item whose value its type does not allow.
    case invalidValue(at: Int)

    /// Offset of the offending item in the input.
    public var offset: Int {
        switch self {
        case .truncated(let at), .trailingBytes(let at), .notShortest(let at), .unsupported(let at, _),
            .unexpectedKind(let at, _, _), .unsortedKey(let at), .repeatedKey(let at), .invalidUTF8(let at),
            .tooDeep(let at), .tooLong(let at, _), .outOfRange(let at), .wrongCount(let at, _, _),
            .missingField(_, let at), .unknownField(_, let at), .invalidValue(let at):
            return at
        }
    }

    /// What is wrong, for a person, with the offset.
    public var explanation: String {
        let what: String
        switch self {
        case .truncated: what = "the input ends inside an item"
        case .trailingBytes: what = "bytes follow the last item"
        case .notShortest: what = "a number or length is not in its shortest form"
        case .unsupported(_, let byte): what = "unsupported item (initial byte \(byte))"
        case .unexpectedKind(_, let expected, let found): what = "expected \(expected.name), found \(found.name)"
        case .unsortedKey: what = "map keys are not in ascending order"
        case .repeatedKey: what = "a map key stands twice"
        case .invalidUTF8: what = "a text is not UTF-8"
        case .tooDeep: what = "nested deeper than \(CBORLimits.maximumDepth) levels"
        case .tooLong(_, let limit): what = "longer than the limit of \(limit) bytes"
        case .outOfRange: what = "a number does not fit its field"
        case .wrongCount(_, let expected, let found): what = "expected \(expected) entries, found \(found)"
        case .missingField(let key, _): what = "field \(key) is missing"
        case .unknownField(let key, _): what = "field \(key) is unknown"
        case .invalidValue: what = "a value that its type does not allow"
        }
        return "\(what) at byte \(offset)"
    }
}

/// The kinds of item in the subset.
public enum CBORKind: UInt8, Sendable {
    /// An integer ≥ 0.
    case unsigned = 0
    /// An integer < 0.
    case negative = 1
    /// A byte string.
    case bytes = 2
    /// A UTF-8 text.
    case text = 3
    /// An array.
    case array = 4
    /// A map with unsigned keys.
    case map = 5
    /// `true` or `false`.
    case boolean = 7

    /// The kind in words.
    public var name: String {
        switch self {
        case .unsigned: "an unsigned integer"
        case .negative: "a negative integer"
        case .bytes: "a byte string"
        case .text: "a text"
        case .array: "an array"
        case .map: "a map"
        case .boolean: "a boolean"
        }
    }
}

/// Limits of the encoding.
public enum CBORLimits {
    /// Deepest nesting of arrays and maps.
    public static let maximumDepth = 8
    /// Keys from here on may be unknown to a reader: they are carried and ignored.
    public static let firstIgnorableKey: UInt64 = 64
}
