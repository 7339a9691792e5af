import Quantities
import Wire

/// The part of an LCT that a refusal is about.
public enum LCTPart: UInt8, Sendable {
    /// Creator and its children, before the `@`.
    case lineage = 1
    /// The platform, between `@` and `#`.
    case context = 2
    /// The task type, after the `#`.
    case task = 3

    /// The part in words.
    public var name: String {
        switch self {
        case .lineage: "lineage"
        case .context: "context"
        case .task: "task"
        }
    }
}

/// Why a text is not an LCT.
public enum LCTError: Error, Equatable, Sendable {
    /// Longer than `FederationLimits.maximumLCTLength` bytes.
    case tooLong(length: Int)
    /// Does not begin with `lct:web4:agent:`.
    case wrongPrefix
    /// A part is not there at all.
    case missing(LCTPart)
    /// A part, or a segment of the lineage between two dots, has no characters; `at` is its byte offset.
    case empty(LCTPart, at: Int)
    /// A byte that the part does not allow.
    case invalidByte(LCTPart, at: Int, byte: UInt8)
    /// The context is longer than a platform name may be.
    case contextTooLong(length: Int)
    /// The task is not one of the LUPS types.
    case unknownTask(String)

    /// What is wrong, for a person.
    public var explanation: String {
        switch self {
        case .tooLong(let length): "\(length) bytes, at most \(FederationLimits.maximumLCTLength) are allowed"
        case .wrongPrefix: "does not begin with lct:web4:agent:"
        case .missing(let part): "has no \(part.name)"
        case .empty(let part, let at): "the \(part.name) is empty at byte \(at)"
        case .invalidByte(let part, let at, let byte): "byte \(byte) at \(at) is not allowed in the \(part.name)"
        case .contextTooLong(let length):
            "the context has \(length) bytes, at most \(FederationLimits.maximumPlatformNameLength) are allowed"
        case .unknownTask(let name): "the task \(name) is not a LUPS task type"
        }
    }
}

/// The name of a platform, which is the context of the LCTs that live there: `Thor`.
///
/// 1 … 64 bytes of `[A-Za-z0-9._:-]`, case-sensitive.
public struct PlatformName: Hashable, Comparable, Sendable {
    /// The name.
    public let text: String

    /// The platform called `text`, or nil where that is no platform name.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard (1...FederationLimits.maximumPlatformNameLength).contains(bytes.count),
            bytes.allSatisfy({ LCT.isNameByte($0) || $0 == UInt8(ascii: ":") })
        else { return nil }
        self.text = text
    }

    init(checked text: String) { self.text = text }

    /// Reads a name; another text is refused as `invalidValue`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        guard let name = PlatformName(try reader.text(limit: FederationLimits.maximumPlatformNameLength)) else {
            throw .invalidValue(at: start)
        }
        self = name
    }

    /// Orders by the bytes of the name.
    public static func < (left: PlatformName, right: PlatformName) -> Bool { left.text < right.text }
}

/// A Linked Context Token: who acts, where, and in which role.
///
/// `lct:web4:agent:<lineage>@<context>#<task>`, such as `lct:web4:agent:dp@Thor#consciousness.sage`.
/// Lineage is a creator and its children, separated by dots. An alias of a task type is read as
/// the type itself, so that two spellings of one identity are equal.
public struct LCT: Hashable, Comparable, Sendable {
    /// Creator and its children: `dp.child`.
    public let lineage: String
    /// The platform it lives on.
    public let context: PlatformName
    /// Its role.
    public let task: TaskType

    /// The whole text, with the task type's first name.
    ///
    /// It is made once: identities are looked up, stored and told by it.
    public let text: String

    static let prefix = "lct:web4:agent:"

    /// The LCT that `text` spells.
    public init(_ text: String) throws(LCTError) {
        let reading = try LCT.read(text)
        guard let context = reading.context else { throw .missing(.context) }
        guard let task = reading.task else { throw .missing(.task) }
        self.init(lineage: reading.lineage, context: context, task: task)
        let length = self.text.utf8.count
        guard length <= FederationLimits.maximumLCTLength else { throw .tooLong(length: length) }
    }

    /// The same lineage in another place and role, or nil where the text would be too long.
    public init?(lineageOf other: LCT, context: PlatformName, task: TaskType) {
        self.init(lineage: other.lineage, context: context, task: task)
        guard text.utf8.count <= FederationLimits.maximumLCTLength else { return nil }
    }

    private init(lineage: String, context: PlatformName, task: TaskType) {
        self.lineage = lineage
        self.context = context
        self.task = task
        text = LCT.prefix + lineage + "@" + context.text + "#" + task.name
    }

    /// Whether the texts are the same, which say everything.
    public static func == (left: LCT, right: LCT) -> Bool { left.text == right.text }

    /// Hashes the text.
    public func hash(into hasher: inout Hasher) { hasher.combine(text) }

    /// Orders by text.
    public static func < (left: LCT, right: LCT) -> Bool { left.text < right.text }

    /// An LCT from a record that may be older than contexts and tasks.
    public struct OldRecord: Equatable, Sendable {
        /// The complete LCT.
        public let lct: LCT
        /// The parts that the text lacked; a person should be told.
        public let filledIn: [LCTPart]
    }

    /// The LCT that `text` spells, where a missing context is `platform` and a missing task is `task`.
    public static func oldRecord(
        _ text: String, platform: PlatformName, task: TaskType
    ) throws(LCTError) -> OldRecord {
        let reading = try LCT.read(text)
        var filledIn: [LCTPart] = []
        if reading.context == nil { filledIn.append(.context) }
        if reading.task == nil { filledIn.append(.task) }
        let lct = LCT(lineage: reading.lineage, context: reading.context ?? platform, task: reading.task ?? task)
        guard lct.text.utf8.count <= FederationLimits.maximumLCTLength else {
            throw .tooLong(length: lct.text.utf8.count)
        }
        return OldRecord(lct: lct, filledIn: filledIn)
    }

    init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        let text = try reader.text(limit: FederationLimits.maximumLCTLength)
        // Only the first spelling is accepted on the wire: a value has one encoding.
        do throws(LCTError) {
            self = try LCT(text)
        } catch { throw .invalidValue(at: start) }
        guard self.text == text else { throw .invalidValue(at: start) }
    }

    // MARK: Grammar

    private struct Reading {
        var lineage: String
        var context: PlatformName?
        var task: TaskType?
    }

    static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func read(_ text: String) throws(LCTError) -> Reading {
        let bytes = Array(text.utf8)
        guard bytes.count <= FederationLimits.maximumLCTLength else { throw .tooLong(length: bytes.count) }
        guard bytes.starts(with: prefix.utf8) else { throw .wrongPrefix }
        let body = bytes[prefix.utf8.count...]
        let hash = body.firstIndex(of: UInt8(ascii: "#"))
        let address = body[..<(hash ?? body.endIndex)]
        let at = address.firstIndex(of: UInt8(ascii: "@"))

        let lineage = try part(.lineage, address[..<(at ?? address.endIndex)])
        var segmentStart = address.startIndex
        for segment in address[..<(at ?? address.endIndex)].split(
            separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        {
            guard !segment.isEmpty else { throw .empty(.lineage, at: segmentStart) }
            segmentStart = segment.endIndex + 1
        }
        var reading = Reading(lineage: lineage)
        if let at {
            let context = address[(at + 1)...]
            let name = try part(.context, context)
            guard context.count <= FederationLimits.maximumPlatformNameLength else {
                throw .contextTooLong(length: context.count)
            }
            reading.context = PlatformName(checked: name)
        }
        if let hash {
            let name = try part(.task, body[(hash + 1)...])
            guard let task = TaskType(name: name) else { throw .unknownTask(name) }
            reading.task = task
        }
        return reading
    }

    private static func part(_ part: LCTPart, _ bytes: ArraySlice<UInt8>) throws(LCTError) -> String {
        guard !bytes.isEmpty else { throw .empty(part, at: bytes.startIndex) }
        for index in bytes.indices {
            let byte = bytes[index]
            guard isNameByte(byte) || (part != .task && byte == UInt8(ascii: ":")) else {
                throw .invalidByte(part, at: index, byte: byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
