import Cryptography
import EnergyProofs
import Federation
import Ledger
import Quantities
import Telemetry
import Wire

// The stored form of a run: a map of 1 the task, 2 the operation, 3 the payer's node and 4 its name (both absent for
// the own operator), 5 end (wall ms), 6 length (ms), 7 whether the wall time was synchronized, 8 outcome,
// 9 energy (mJ), 10 its error bound (mJ; absent where no meter resolved it), 11 class, 12 source, 13 the register's
// epoch, 14 its start and 15 its end (mJ; these three absent where the register is not known), 16 charged (mJ),
// 17 paid (mJ; absent while the claim is open), 18 processor time (ms; absent in records of earlier versions),
// 19 the worker's claim of graphics processors' time (ms; absent where it made none).
extension RunRecord {
    private enum Field {
        static let task: UInt64 = 1
        static let operation: UInt64 = 2
        static let payer: UInt64 = 3
        static let payerName: UInt64 = 4
        static let ended: UInt64 = 5
        static let duration: UInt64 = 6
        static let timeStatus: UInt64 = 7
        static let outcome: UInt64 = 8
        static let energy: UInt64 = 9
        static let errorBound: UInt64 = 10
        static let evidence: UInt64 = 11
        static let source: UInt64 = 12
        static let epoch: UInt64 = 13
        static let registerStart: UInt64 = 14
        static let registerEnd: UInt64 = 15
        static let charged: UInt64 = 16
        static let paid: UInt64 = 17
        static let processor: UInt64 = 18
        static let graphicsClaim: UInt64 = 19
    }

    /// Reads a run.
    init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(Field.task, of: &map)
        task = TaskID(bytes: try reader.bytes16())
        try reader.field(Field.operation, of: &map)
        operation = try RunRecord.value(&reader) { reader throws(CBORError) in
            Operation(try reader.text(limit: FederationLimits.maximumOperationLength))
        }
        if try reader.hasField(Field.payer, of: &map) {
            let id = PlatformID(bytes: try reader.bytes32())
            try reader.field(Field.payerName, of: &map)
            let name = try RunRecord.value(&reader) { reader throws(CBORError) in
                PlatformName(try reader.text(limit: FederationLimits.maximumPlatformNameLength))
            }
            payer = RunPayer(id: id, name: name)
        }
        try reader.field(Field.ended, of: &map)
        ended = WallTime(milliseconds: try reader.nonNegative())
        try reader.field(Field.duration, of: &map)
        duration = .milliseconds(try reader.nonNegative())
        try reader.field(Field.timeStatus, of: &map)
        timeStatus = try reader.boolean() ? .synchronized : .unsynchronized
        try reader.field(Field.outcome, of: &map)
        outcome = try RunRecord.value(&reader) { reader throws(CBORError) in
            RunOutcome(rawValue: UInt8(clamping: try reader.unsigned()))
        }
        try reader.field(Field.energy, of: &map)
        energy = try RunRecord.energy(&reader)
        errorBound = try reader.hasField(Field.errorBound, of: &map) ? try RunRecord.energy(&reader) : nil
        try reader.field(Field.evidence, of: &map)
        evidence = try RunRecord.value(&reader) { reader throws(CBORError) in
            EvidenceClass(rawValue: UInt8(clamping: try reader.unsigned()))
        }
        try reader.field(Field.source, of: &map)
        source = try RunRecord.value(&reader) { reader throws(CBORError) in
            SourceID(try reader.text(limit: EnergyProofLimits.sourceIDBytes))
        }
        if try reader.hasField(Field.epoch, of: &map) {
            let epoch = try reader.unsigned()
            try reader.field(Field.registerStart, of: &map)
            let start = try RunRecord.energy(&reader)
            try reader.field(Field.registerEnd, of: &map)
            let offset = reader.offset
            guard let span = RegisterSpan(epoch: epoch, start: start, end: try RunRecord.energy(&reader)) else {
                throw .invalidValue(at: offset)
            }
            self.span = span
        }
        try reader.field(Field.charged, of: &map)
        charged = try RunRecord.energy(&reader)
        paid = try reader.hasField(Field.paid, of: &map) ? try RunRecord.energy(&reader) : nil
        processor = try reader.hasField(Field.processor, of: &map) ? .milliseconds(try reader.nonNegative()) : nil
        graphicsClaim =
            try reader.hasField(Field.graphicsClaim, of: &map) ? .milliseconds(try reader.nonNegative()) : nil
        try reader.endMap(&map)
    }

    /// Appends the run's encoding.
    func write(to writer: inout CBORWriter) {
        writer.map(
            10 + (payer == nil ? 0 : 2) + (errorBound == nil ? 0 : 1) + (span == nil ? 0 : 3) + (paid == nil ? 0 : 1)
                + (processor == nil ? 0 : 1) + (graphicsClaim == nil ? 0 : 1))
        writer.unsigned(Field.task)
        writer.byteString(task.bytes)
        writer.unsigned(Field.operation)
        writer.text(operation.name)
        if let payer {
            writer.unsigned(Field.payer)
            writer.byteString(payer.id.bytes)
            writer.unsigned(Field.payerName)
            writer.text(payer.name.text)
        }
        RunRecord.write(Field.ended, ended.milliseconds, to: &writer)
        RunRecord.write(Field.duration, duration.milliseconds, to: &writer)
        writer.unsigned(Field.timeStatus)
        writer.boolean(timeStatus == .synchronized)
        RunRecord.write(Field.outcome, Int64(outcome.rawValue), to: &writer)
        RunRecord.write(Field.energy, energy.millijoules, to: &writer)
        if let errorBound { RunRecord.write(Field.errorBound, errorBound.millijoules, to: &writer) }
        RunRecord.write(Field.evidence, Int64(evidence.rawValue), to: &writer)
        writer.unsigned(Field.source)
        writer.text(source.text)
        if let span {
            writer.unsigned(Field.epoch)
            writer.unsigned(span.epoch)
            RunRecord.write(Field.registerStart, span.start.millijoules, to: &writer)
            RunRecord.write(Field.registerEnd, span.end.millijoules, to: &writer)
        }
        RunRecord.write(Field.charged, charged.millijoules, to: &writer)
        if let paid { RunRecord.write(Field.paid, paid.millijoules, to: &writer) }
        if let processor { RunRecord.write(Field.processor, processor.milliseconds, to: &writer) }
        if let graphicsClaim { RunRecord.write(Field.graphicsClaim, graphicsClaim.milliseconds, to: &writer) }
    }

    private static func write(_ field: UInt64, _ value: Int64, to writer: inout CBORWriter) {
        writer.unsigned(field)
        writer.unsigned(UInt64(max(0, value)))
    }

    private static func energy(_ reader: inout CBORReader) throws(CBORError) -> Energy {
        Energy(millijoules: try reader.nonNegative())
    }

    /// What `read` makes of the next value; one that it makes nothing of is refused.
    private static func value<Value>(
        _ reader: inout CBORReader, _ read: (inout CBORReader) throws(CBORError) -> Value?
    ) throws(CBORError) -> Value {
        let offset = reader.offset
        guard let value = try read(&reader) else { throw .invalidValue(at: offset) }
        return value
    }

    /// The run that a record's value holds.
    ///
    /// - Throws: what is wrong with the bytes, and where.
    public init(decoding bytes: [UInt8]) throws(CBORError) {
        var reader = try CBORReader(bytes.span, limit: RunLimits.recordBytes)
        try self.init(from: &reader)
        try reader.finish()
    }

    /// The run as a record's value.
    var encoded: [UInt8] {
        var writer = CBORWriter(capacity: 256)
        write(to: &writer)
        return writer.bytes
    }
}
