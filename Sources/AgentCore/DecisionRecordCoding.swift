import Cryptography
import Federation
import Ledger
import Quantities
import Wire

// The stored form of a decision: a map of 1 when (wall ms), 2 whether that is synchronized, 3 trial, 4 the input,
// 5 the digest, 6 the sentence, 7 the chosen platform and 8 its cost in mJ (both absent where it was refused), 9 the
// end (absent while open): [outcome, ms, failed attempts, task or empty, platform or empty, mJ or -1, paid mJ or -1,
// ms or -1].
extension DecisionRecord {
    /// The decision that a record's value holds.
    ///
    /// - Throws: what is wrong with the bytes, and where.
    public init(decoding bytes: [UInt8]) throws(CBORError) {
        var reader = try CBORReader(bytes.span, limit: DecisionLimits.recordBytes)
        try self.init(from: &reader)
        try reader.finish()
    }

    init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(1, of: &map)
        decided = WallTime(milliseconds: try reader.nonNegative())
        try reader.field(2, of: &map)
        timeStatus = try reader.boolean() ? .synchronized : .unsynchronized
        try reader.field(3, of: &map)
        isTrial = try reader.boolean()
        try reader.field(4, of: &map)
        input = try DecisionInput(from: &reader)
        try reader.field(5, of: &map)
        digest = try reader.bytes32()
        try reader.field(6, of: &map)
        sentence = try reader.text(limit: DecisionLimits.sentenceBytes)
        chosen = try reader.hasField(7, of: &map) ? try PlatformName(from: &reader) : nil
        cost = try reader.hasField(8, of: &map) ? Energy(millijoules: try reader.integer()) : nil
        end = try reader.hasField(9, of: &map) ? try DecisionEnd(from: &reader) : nil
        try reader.endMap(&map)
    }

    /// The decision as a record's value.
    public var encoded: [UInt8] {
        var writer = CBORWriter(capacity: 512)
        writer.map(6 + (chosen == nil ? 0 : 1) + (cost == nil ? 0 : 1) + (end == nil ? 0 : 1))
        writer.unsigned(1)
        writer.integer(decided.milliseconds)
        writer.unsigned(2)
        writer.boolean(timeStatus == .synchronized)
        writer.unsigned(3)
        writer.boolean(isTrial)
        writer.unsigned(4)
        input.write(to: &writer)
        writer.unsigned(5)
        writer.byteString(digest)
        writer.unsigned(6)
        writer.text(sentence)
        if let chosen {
            writer.unsigned(7)
            writer.text(chosen.text)
        }
        if let cost {
            writer.unsigned(8)
            writer.integer(cost.millijoules)
        }
        if let end {
            writer.unsigned(9)
            end.write(to: &writer)
        }
        return writer.bytes
    }
}

extension DecisionEnd {
    init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 8)
        let start = reader.offset
        guard let outcome = Outcome(rawValue: UInt8(clamping: try reader.unsigned())) else {
            throw .invalidValue(at: start)
        }
        self.outcome = outcome
        after = .milliseconds(try reader.nonNegative())
        failedAttempts = UInt32(try reader.unsigned(atMost: UInt64(UInt32.max)))
        let taskStart = reader.offset
        let id = try reader.byteString(limit: 16)
        guard id.isEmpty || id.count == 16 else { throw .invalidValue(at: taskStart) }
        task = Bytes16(id).map { TaskID(bytes: $0) }
        let nameStart = reader.offset
        let name = try reader.text(limit: FederationLimits.maximumPlatformNameLength)
        platform = PlatformName(name)
        guard platform != nil || name.utf8.isEmpty else { throw .invalidValue(at: nameStart) }
        energy = try DecisionEnd.optional(&reader).map { Energy(millijoules: $0) }
        paid = try DecisionEnd.optional(&reader).map { Energy(millijoules: $0) }
        time = try DecisionEnd.optional(&reader).map { .milliseconds($0) }
        reader.endArray()
    }

    private static func optional(_ reader: inout CBORReader) throws(CBORError) -> Int64? {
        let start = reader.offset
        let value = try reader.integer()
        guard value >= -1 else { throw .invalidValue(at: start) }
        return value == -1 ? nil : value
    }

    func write(to writer: inout CBORWriter) {
        writer.array(8)
        writer.unsigned(UInt64(outcome.rawValue))
        writer.integer(after.milliseconds)
        writer.unsigned(UInt64(failedAttempts))
        writer.byteString(task?.bytes.array ?? [])
        writer.text(platform?.text ?? "")
        writer.integer(energy?.millijoules ?? -1)
        writer.integer(paid?.millijoules ?? -1)
        writer.integer(time?.milliseconds ?? -1)
    }
}
