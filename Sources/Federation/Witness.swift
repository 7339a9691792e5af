import Cryptography
import Ledger
import Quantities
import Wire

/// The result that a witness is asked about: who is to look at it gets the same operation, input and parameters.
public struct WitnessSubject: Hashable, Sendable {
    /// The task that it is the result of.
    public let task: TaskID
    /// The hash of the proof that came with it.
    public let proofHash: Bytes32
    /// Its bytes.
    public let result: [UInt8]

    /// A result that a witness is asked about.
    public init(task: TaskID, proofHash: Bytes32, result: [UInt8]) {
        self.task = task
        self.proofHash = proofHash
        self.result = result
    }

    /// Reads `[task, proof hash, result]`.
    init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 3)
        task = try reader.task()
        proofHash = try reader.bytes32()
        result = try reader.byteString(limit: FederationLimits.maximumInlineLength)
        reader.endArray()
    }

    func write(to writer: inout CBORWriter) {
        writer.array(3)
        writer.byteString(task.bytes)
        writer.byteString(proofHash)
        writer.byteString(result)
    }
}

/// A witness's word on a result: the result of its own task, under the signature of that task's proof.
public struct Attestation: Hashable, Sendable {
    /// The task whose result it is about.
    public let task: TaskID
    /// The hash of the proof that came with that.
    public let proofHash: Bytes32
    /// How good it found the result.
    public let quality: BasisPoints

    /// A word on `subject`.
    public init(on subject: WitnessSubject, quality: BasisPoints) {
        task = subject.task
        proofHash = subject.proofHash
        self.quality = quality
    }

    /// The word that `bytes` encode.
    public init(decoding bytes: [UInt8]) throws(CBORError) {
        var reader = try CBORReader(bytes.span, limit: 128)
        try reader.beginArray(of: 3)
        task = try reader.task()
        proofHash = try reader.bytes32()
        quality = try reader.share()
        reader.endArray()
        try reader.finish()
    }

    /// Its encoding, `[task, proof hash, quality]`.
    public var encoded: [UInt8] {
        var writer = CBORWriter()
        writer.array(3)
        writer.byteString(task.bytes)
        writer.byteString(proofHash)
        writer.unsigned(UInt64(quality.value))
        return writer.bytes
    }
}

/// What witnesses make of one result.
public struct WitnessPanel: Sendable {
    /// How many have to agree, and how closely.
    public let rule: WitnessRule
    /// What they said, in the order in which it came.
    public private(set) var qualities: [BasisPoints] = []

    /// Most witnesses of one result, for every one that is needed.
    public static let mostForEach = 2

    /// Nobody has been heard yet.
    public init(_ rule: WitnessRule) { self.rule = rule }

    /// Most witnesses that are asked.
    public var most: Int { WitnessPanel.mostForEach * Int(rule.count) }

    /// Takes in one word.
    public mutating func add(_ quality: BasisPoints) { qualities.append(quality) }

    /// The median of what was said, of two in the middle the lesser; nil before anybody was heard.
    public var median: BasisPoints? {
        let sorted = qualities.sorted()
        return sorted.isEmpty ? nil : sorted[(sorted.count - 1) / 2]
    }

    /// Whether `quality` is as near to the median as the rule asks for.
    public func isAccurate(_ quality: BasisPoints) -> Bool {
        guard let median else { return false }
        return abs(quality.value - median.value) <= rule.tolerance.value
    }

    /// Whether so many were heard that a word can be held against their median.
    public var isScored: Bool { qualities.count >= Int(WitnessRule.least) }

    /// The quality that more than half of them attest to; nil while there are too few.
    ///
    /// As many have to agree as the rule says or, where `isLast` says that nobody else can be asked, to have been
    /// heard.
    public func verdict(isLast: Bool) -> BasisPoints? {
        let accurate = qualities.count { isAccurate($0) }
        let counted = isLast ? qualities.count : accurate
        return counted >= Int(rule.count) && accurate * 2 > qualities.count ? median : nil
    }
}

/// How near a peer's words as a witness were to those of the others.
public struct WitnessRecord: Hashable, Sendable {
    /// Moving average; starts at one half.
    public private(set) var accuracy = MovingShare(BasisPoints(clamping: 5_000))
    /// Words so far.
    public private(set) var words: UInt32 = 0

    /// A peer that has not been a witness.
    public init() {}

    /// Takes in whether a word was accurate.
    public mutating func add(isAccurate: Bool) {
        accuracy.add(isAccurate ? .one : .zero)
        if words < .max { words += 1 }
    }

    /// Whether it may be asked before all others were: its accuracy is at least that of a chosen worker's reputation,
    /// once it is known.
    public var isFit: Bool { words < Reputation.knownAfter || accuracy.value >= Reputation.minimum }

    /// Whether it is asked before `other`: it may be asked where that may not, or is the more accurate.
    public func isBetter(than other: WitnessRecord) -> Bool {
        isFit == other.isFit ? accuracy.value > other.accuracy.value : isFit
    }

    /// Reads `[accuracy, words]`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 2)
        accuracy = MovingShare(try reader.share())
        words = try reader.unsigned32()
        reader.endArray()
    }

    /// Appends the record's encoding.
    public func write(to writer: inout CBORWriter) {
        writer.array(2)
        writer.unsigned(UInt64(accuracy.value.value))
        writer.unsigned(UInt64(words))
    }
}
