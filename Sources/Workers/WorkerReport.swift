import Platform
import Quantities
import Wire

/// Which of its limits a worker was ended for.
public enum WorkerExcess: Hashable, Sendable {
    /// It and its children had more memory than this.
    case memory(limit: ByteCount)
    /// They were more processes than this.
    case processes(limit: Int)
}

/// What the service of workers answers: what a worker has used whenever it is asked, and at last how it ended.
///
/// One byte of length, and a CBOR map of either 1: the code that the worker exited with, or 2: the signal that ended
/// it, both followed by 3: its processor time in microseconds and 4: its peak memory in bytes; or of 3 and 4 alone
/// while it runs; or of 5: the error number that kept it from starting; or of 6: the memory, or 7: the processes that
/// it had more of than it might, before it is ended for that.
public enum WorkerReport: Equatable, Sendable {
    /// It ran and has ended.
    case ended(ChildExit)
    /// It was not started.
    case notStarted(Errno)
    /// It runs and has used this.
    case used(ResourceUsage)
    /// It is ended because of a limit.
    case exceeded(WorkerExcess)

    private enum Field {
        static let code: UInt64 = 1
        static let signal: UInt64 = 2
        static let processor: UInt64 = 3
        static let peak: UInt64 = 4
        static let error: UInt64 = 5
        static let memory: UInt64 = 6
        static let processes: UInt64 = 7
    }

    /// The report whose encoding, its length left out, `bytes` is.
    public init(decoding bytes: Span<UInt8>) throws(CBORError) {
        var reader = try CBORReader(bytes, limit: WorkerLimits.maximumReportBytes)
        var map = try reader.beginMap()
        if try reader.hasField(Field.code, of: &map) {
            let code = try WorkerReport.number(&reader, upTo: 255)
            self = .ended(
                ChildExit(manner: .exited(Int32(code)), usage: try WorkerReport.usage(&reader, &map)))
        } else if try reader.hasField(Field.signal, of: &map) {
            let signal = Signal(rawValue: Int32(try WorkerReport.number(&reader, upTo: 64)))
            self = .ended(ChildExit(manner: .signalled(signal), usage: try WorkerReport.usage(&reader, &map)))
        } else if try reader.hasField(Field.processor, of: &map) {
            self = .used(try WorkerReport.usageAfterField(&reader, &map))
        } else if try reader.hasField(Field.error, of: &map) {
            self = .notStarted(Errno(rawValue: Int32(try WorkerReport.number(&reader, upTo: 4095))))
        } else if try reader.hasField(Field.memory, of: &map) {
            let bytes = Int64(try WorkerReport.number(&reader, upTo: UInt64(Int64.max)))
            self = .exceeded(.memory(limit: ByteCount(bytes: bytes)))
        } else {
            try reader.field(Field.processes, of: &map)
            self = .exceeded(.processes(limit: Int(try WorkerReport.number(&reader, upTo: UInt64(UInt32.max)))))
        }
        try reader.endMap(&map)
        try reader.finish()
    }

    private static func usage(_ reader: inout CBORReader, _ map: inout CBORMapFields) throws(CBORError)
        -> ResourceUsage
    {
        try reader.field(Field.processor, of: &map)
        return try usageAfterField(&reader, &map)
    }

    private static func usageAfterField(_ reader: inout CBORReader, _ map: inout CBORMapFields) throws(CBORError)
        -> ResourceUsage
    {
        let processor = try number(&reader, upTo: UInt64(Int64.max))
        try reader.field(Field.peak, of: &map)
        let peak = try number(&reader, upTo: UInt64(Int64.max))
        return ResourceUsage(processorMicroseconds: Int64(processor), peakResident: ByteCount(bytes: Int64(peak)))
    }

    private static func number(_ reader: inout CBORReader, upTo limit: UInt64) throws(CBORError) -> UInt64 {
        let start = reader.offset
        let number = try reader.unsigned()
        guard number <= limit else { throw .invalidValue(at: start) }
        return number
    }

    /// The encoding, without its length.
    public var encoded: [UInt8] {
        var writer = CBORWriter()
        func write(_ field: UInt64, _ value: Int64) {
            writer.unsigned(field)
            writer.unsigned(UInt64(max(0, value)))
        }
        func write(_ usage: ResourceUsage) {
            write(Field.processor, usage.processorMicroseconds)
            write(Field.peak, usage.peakResident.bytes)
        }
        switch self {
        case .ended(let exit):
            writer.map(3)
            switch exit.manner {
            case .exited(let code): write(Field.code, Int64(code))
            case .signalled(let signal): write(Field.signal, Int64(signal.rawValue))
            }
            write(exit.usage)
        case .used(let usage):
            writer.map(2)
            write(usage)
        case .notStarted(let errno):
            writer.map(1)
            write(Field.error, Int64(errno.rawValue))
        case .exceeded(.memory(let limit)):
            writer.map(1)
            write(Field.memory, limit.bytes)
        case .exceeded(.processes(let limit)):
            writer.map(1)
            write(Field.processes, Int64(limit))
        }
        return writer.bytes
    }

    /// The encoding behind its length, as it is sent.
    public var framed: [UInt8] {
        let bytes = encoded
        return [UInt8(truncatingIfNeeded: bytes.count)] + bytes
    }
}
