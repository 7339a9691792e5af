import Cryptography
import Quantities
import Wire

/// What a settled task costs.
public enum Pricing: UInt8, Sendable, CaseIterable {
    /// The measured energy, at most what is locked.
    case metered = 0
    /// The whole budget, whatever it took.
    case fixed = 1

    /// What is paid for a task that used `charged` of `locked`.
    public func settlement(charged: Energy, locked: Energy) -> Energy {
        switch self {
        case .metered: min(charged, locked).clampedToZero
        case .fixed: locked
        }
    }

    /// The pricing in the words of configuration and output.
    public var name: String {
        switch self {
        case .metered: "metered"
        case .fixed: "fixed"
        }
    }
}

/// How the quality of a result is known, from weakest to strongest.
public enum QualityBasis: UInt8, Sendable, CaseIterable, Comparable {
    /// The executor says so.
    case claimed = 0
    /// The delegator ran the operation's verifier.
    case checked = 1
    /// The operation was run again and the results compared.
    case replicated = 2
    /// Distinct witnesses attested to it.
    case witnessed = 3

    /// The basis in the words of configuration and output.
    public var name: String {
        switch self {
        case .claimed: "claimed"
        case .checked: "checked"
        case .replicated: "replicated"
        case .witnessed: "witnessed"
        }
    }

    /// Orders weaker before stronger.
    public static func < (left: QualityBasis, right: QualityBasis) -> Bool { left.rawValue < right.rawValue }
}

/// What holds when the payer stays silent after a delivered proof, until its deadline and the grace.
public enum SilenceRule: UInt8, Sendable, CaseIterable {
    /// Nothing is paid.
    case void = 0
    /// The settlement amount is paid.
    case pay = 1

    /// The rule in the words of configuration and output.
    public var name: String {
        switch self {
        case .void: "void"
        case .pay: "pay"
        }
    }
}

/// How many witnesses a result needs and how far their judgement may be off.
public struct WitnessRule: Hashable, Sendable {
    /// Attestations from distinct owners, `least` … `most`.
    public let count: UInt8
    /// Fewest witnesses that a rule may ask for.
    public static let least: UInt8 = 3
    /// Most witnesses that a rule may ask for.
    public static let most: UInt8 = 16
    /// How far a witness's quality may be from the verified one.
    public let tolerance: BasisPoints

    /// A rule; nil where `count` is outside 3 … 16.
    public init?(count: UInt8, tolerance: BasisPoints = BasisPoints(clamping: 1_000)) {
        guard (WitnessRule.least...WitnessRule.most).contains(count) else { return nil }
        self.count = count
        self.tolerance = tolerance
    }

    init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 2)
        let start = reader.offset
        let count = UInt8(try reader.unsigned(atMost: 255))
        guard let rule = WitnessRule(count: count, tolerance: try reader.share()) else {
            throw .invalidValue(at: start)
        }
        self = rule
        reader.endArray()
    }

    func write(to writer: inout CBORWriter) {
        writer.array(2)
        writer.unsigned(UInt64(count))
        writer.unsigned(UInt64(tolerance.value))
    }
}

/// What a task asks of the platform as a whole, matched against what the platform states.
public struct Requirement: Hashable, Sendable {
    /// The horizon the platform must serve; nil for any.
    public let horizon: Horizon?
    /// The convergence it must state at least; nil for any.
    public let minimumConvergence: BasisPoints?

    /// Nothing in particular.
    public static let none = Requirement(horizon: nil, minimumConvergence: nil)

    /// A requirement.
    public init(horizon: Horizon?, minimumConvergence: BasisPoints?) {
        self.horizon = horizon
        self.minimumConvergence = minimumConvergence
    }
}

/// The name of a horizon, such as `regional` or `session`: 1 … 32 bytes of `[A-Za-z0-9._-]`.
public struct Horizon: Hashable, Comparable, Sendable {
    /// The name.
    public let name: String

    /// The horizon called `name`, or nil where that is no such name.
    public init?(_ name: String) {
        let bytes = Array(name.utf8)
        guard (1...FederationLimits.maximumHorizonLength).contains(bytes.count), bytes.allSatisfy(LCT.isNameByte)
        else { return nil }
        self.name = name
    }

    init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        guard let horizon = Horizon(try reader.text(limit: FederationLimits.maximumHorizonLength)) else {
            throw .invalidValue(at: start)
        }
        self = horizon
    }

    /// Orders by the bytes of the name.
    public static func < (left: Horizon, right: Horizon) -> Bool { left.name < right.name }
}

/// What a task works on.
public enum TaskInput: Hashable, Sendable {
    /// The bytes themselves, at most `FederationLimits.maximumInlineLength`.
    case inline([UInt8])
    /// Bytes that travel apart: their hash and their number.
    case reference(hash: Bytes32, size: ByteCount)

    /// Number of bytes.
    public var size: ByteCount {
        switch self {
        case .inline(let bytes): ByteCount(bytes: Int64(bytes.count))
        case .reference(_, let size): size
        }
    }

    /// Reads `[bytes]` or `[hash, size]`.
    init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        switch try reader.beginArray(limit: 2) {
        case 1: self = .inline(try reader.byteString(limit: FederationLimits.maximumInlineLength))
        case 2:
            let hash = try reader.bytes32()
            self = .reference(hash: hash, size: ByteCount(bytes: try reader.nonNegative()))
        case let count: throw .wrongCount(at: start, expected: 1, found: count)
        }
        reader.endArray()
    }

    func write(to writer: inout CBORWriter) {
        switch self {
        case .inline(let bytes):
            writer.array(1)
            writer.byteString(bytes)
        case .reference(let hash, let size):
            writer.array(2)
            writer.byteString(hash)
            writer.integer(size.bytes)
        }
    }
}
