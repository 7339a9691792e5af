import Platform
import Quantities
import Wire

/// What the agent asks the service of workers for: an operation, and what it may use.
///
/// A CBOR map of 1: the operation's name, 2: the memory that it may use besides the program, in bytes, 3: its processor
/// time in seconds. Beside it come two descriptors: the worker's standard input and its standard output.
public struct WorkerOrder: Equatable, Sendable {
    /// The operation.
    public var operation: String
    /// Memory besides the program; at most `WorkerLimits.maximumMemory`.
    public var memory: ByteCount
    /// Processor time in seconds, at least one.
    public var processorSeconds: UInt32

    /// An order.
    public init(operation: String, memory: ByteCount, processorSeconds: UInt32) {
        self.operation = operation
        self.memory = memory
        self.processorSeconds = processorSeconds
    }

    private enum Field {
        static let operation: UInt64 = 1
        static let memory: UInt64 = 2
        static let processorSeconds: UInt64 = 3
    }

    /// The order whose encoding `bytes` is; its operation is one that workers know.
    public init(decoding bytes: Span<UInt8>) throws(CBORError) {
        var reader = try CBORReader(bytes, limit: WorkerLimits.maximumOrderBytes)
        var map = try reader.beginMap()
        try reader.field(Field.operation, of: &map)
        let start = reader.offset
        operation = try reader.text(limit: WorkerLimits.maximumOperationBytes)
        guard WorkerOperation(rawValue: operation) != nil else { throw .invalidValue(at: start) }
        try reader.field(Field.memory, of: &map)
        let memoryStart = reader.offset
        let bytes = try reader.unsigned()
        guard bytes <= UInt64(WorkerLimits.maximumMemory.bytes) else { throw .invalidValue(at: memoryStart) }
        memory = ByteCount(bytes: Int64(bytes))
        try reader.field(Field.processorSeconds, of: &map)
        let secondsStart = reader.offset
        let seconds = try reader.unsigned()
        guard (1...UInt64(UInt32.max)).contains(seconds) else { throw .invalidValue(at: secondsStart) }
        processorSeconds = UInt32(seconds)
        try reader.endMap(&map)
        try reader.finish()
    }

    /// The encoding.
    public var encoded: [UInt8] {
        var writer = CBORWriter()
        writer.map(3)
        writer.unsigned(Field.operation)
        writer.text(operation)
        writer.unsigned(Field.memory)
        writer.unsigned(UInt64(max(0, memory.bytes)))
        writer.unsigned(Field.processorSeconds)
        writer.unsigned(UInt64(processorSeconds))
        return writer.bytes
    }
}

/// What the service of workers answers once, before it closes the connection.
///
/// A CBOR map of either 1: the code that the worker exited with, or 2: the signal that ended it, both followed by
/// 3: its processor time in microseconds and 4: its peak memory in bytes; or of 5: the error number that kept it from
/// starting.
public enum WorkerReport: Equatable, Sendable {
    /// It ran and has ended.
    case ended(ChildExit)
    /// It was not started.
    case notStarted(Errno)

    private enum Field {
        static let code: UInt64 = 1
        static let signal: UInt64 = 2
        static let processor: UInt64 = 3
        static let peak: UInt64 = 4
        static let error: UInt64 = 5
    }

    /// The report whose encoding `bytes` is.
    public init(decoding bytes: Span<UInt8>) throws(CBORError) {
        var reader = try CBORReader(bytes, limit: WorkerLimits.maximumReportBytes)
        var map = try reader.beginMap()
        if try reader.hasField(Field.code, of: &map) {
            let code = try WorkerReport.number(&reader, upTo: 255)
            self = .ended(try WorkerReport.exit(.exited(Int32(code)), &reader, &map))
        } else if try reader.hasField(Field.signal, of: &map) {
            let signal = try WorkerReport.number(&reader, upTo: 64)
            self = .ended(try WorkerReport.exit(.signalled(Signal(rawValue: Int32(signal))), &reader, &map))
        } else {
            try reader.field(Field.error, of: &map)
            self = .notStarted(Errno(rawValue: Int32(try WorkerReport.number(&reader, upTo: 4095))))
        }
        try reader.endMap(&map)
        try reader.finish()
    }

    private static func exit(_ manner: ChildExit.Manner, _ reader: inout CBORReader, _ map: inout CBORMapFields)
        throws(CBORError) -> ChildExit
    {
        try reader.field(Field.processor, of: &map)
        let processor = try number(&reader, upTo: UInt64(Int64.max))
        try reader.field(Field.peak, of: &map)
        let peak = try number(&reader, upTo: UInt64(Int64.max))
        return ChildExit(
            manner: manner,
            usage: ResourceUsage(processorMicroseconds: Int64(processor), peakResident: ByteCount(bytes: Int64(peak))))
    }

    private static func number(_ reader: inout CBORReader, upTo limit: UInt64) throws(CBORError) -> UInt64 {
        let start = reader.offset
        let number = try reader.unsigned()
        guard number <= limit else { throw .invalidValue(at: start) }
        return number
    }

    /// The encoding.
    public var encoded: [UInt8] {
        var writer = CBORWriter()
        switch self {
        case .ended(let exit):
            writer.map(3)
            switch exit.manner {
            case .exited(let code):
                writer.unsigned(Field.code)
                writer.unsigned(UInt64(max(0, code)))
            case .signalled(let signal):
                writer.unsigned(Field.signal)
                writer.unsigned(UInt64(max(0, signal.rawValue)))
            }
            writer.unsigned(Field.processor)
            writer.unsigned(UInt64(max(0, exit.usage.processorMicroseconds)))
            writer.unsigned(Field.peak)
            writer.unsigned(UInt64(max(0, exit.usage.peakResident.bytes)))
        case .notStarted(let errno):
            writer.map(1)
            writer.unsigned(Field.error)
            writer.unsigned(UInt64(max(0, errno.rawValue)))
        }
        return writer.bytes
    }
}
