import Quantities
import Wire

/// What the agent asks the service of workers for: a program, and what it may use.
///
/// A CBOR map of 1: an operation's name, 2: the memory that it may use, in bytes, 3: its processor time in seconds,
/// 4: a command's words, 5: its environment, 6: the cores that it may use. There is either 1 or 4 and 5; without 3 the
/// command stays until it is ended, without 6 it may use all. Beside it come two to four descriptors: the worker's
/// standard input and output, and where it has them its standard error and the memory that holds its payloads.
public struct WorkerOrder: Equatable, Sendable {
    /// What is run.
    public enum Program: Equatable, Sendable {
        /// This program, for an operation that it knows; its memory is what it may use besides the program itself.
        case operation(String)
        /// A program of the operator's: its words, the first of which is its file, and its whole environment.
        case command([String], environment: [String])
    }

    /// What is run.
    public var program: Program
    /// Memory that it may use; at most `WorkerLimits.maximumMemory`.
    public var memory: ByteCount
    /// Processor time in seconds, at least one; nil for a command that stays.
    public var processorSeconds: UInt32?
    /// Cores that it may use, at least one; nil for all that there are.
    public var cores: UInt32?

    /// An order.
    public init(_ program: Program, memory: ByteCount, processorSeconds: UInt32?, cores: UInt32? = nil) {
        self.program = program
        self.memory = memory
        self.processorSeconds = processorSeconds
        self.cores = cores
    }

    private enum Field {
        static let operation: UInt64 = 1
        static let memory: UInt64 = 2
        static let processorSeconds: UInt64 = 3
        static let words: UInt64 = 4
        static let environment: UInt64 = 5
        static let cores: UInt64 = 6
    }

    /// The order whose encoding `bytes` is; its operation is one that workers know, or its command's file has a whole
    /// path.
    public init(decoding bytes: Span<UInt8>) throws(CBORError) {
        var reader = try CBORReader(bytes, limit: WorkerLimits.maximumOrderBytes)
        var map = try reader.beginMap()
        let start = reader.offset
        var operation: String?
        if try reader.hasField(Field.operation, of: &map) {
            let name = try reader.text(limit: WorkerLimits.maximumOperationBytes)
            guard WorkerOperation(rawValue: name) != nil else { throw .invalidValue(at: start) }
            operation = name
        }
        try reader.field(Field.memory, of: &map)
        let memoryStart = reader.offset
        let bytes = try reader.unsigned()
        guard bytes <= UInt64(WorkerLimits.maximumMemory.bytes) else { throw .invalidValue(at: memoryStart) }
        memory = ByteCount(bytes: Int64(bytes))
        processorSeconds = try WorkerOrder.positive(Field.processorSeconds, &reader, &map)
        if let operation {
            guard processorSeconds != nil else { throw .invalidValue(at: start) }
            program = .operation(operation)
        } else {
            try reader.field(Field.words, of: &map)
            let wordsStart = reader.offset
            let words = try WorkerOrder.texts(&reader, limit: WorkerLimits.maximumCommandWords)
            guard let file = words.first, file.utf8.first == UInt8(ascii: "/") else {
                throw .invalidValue(at: wordsStart)
            }
            try reader.field(Field.environment, of: &map)
            program = .command(
                words, environment: try WorkerOrder.texts(&reader, limit: WorkerLimits.maximumVariables))
        }
        cores = try WorkerOrder.positive(Field.cores, &reader, &map)
        try reader.endMap(&map)
        try reader.finish()
    }

    /// The number in `field`, at least one; nil where there is none.
    private static func positive(
        _ field: UInt64, _ reader: inout CBORReader, _ map: inout CBORMapFields
    ) throws(CBORError) -> UInt32? {
        guard try reader.hasField(field, of: &map) else { return nil }
        let start = reader.offset
        guard let number = UInt32(exactly: try reader.unsigned()), number > 0 else { throw .invalidValue(at: start) }
        return number
    }

    private static func texts(_ reader: inout CBORReader, limit: Int) throws(CBORError) -> [String] {
        let count = try reader.beginArray(limit: limit)
        var texts: [String] = []
        for _ in 0..<count { texts.append(try reader.text(limit: WorkerLimits.maximumCommandBytes)) }
        reader.endArray()
        return texts
    }

    /// The encoding.
    public var encoded: [UInt8] {
        var writer = CBORWriter()
        let limits = 1 + (processorSeconds == nil ? 0 : 1) + (cores == nil ? 0 : 1)
        switch program {
        case .operation(let name):
            writer.map(1 + limits)
            writer.unsigned(Field.operation)
            writer.text(name)
            writeLimits(to: &writer)
        case .command(let words, let environment):
            writer.map(2 + limits)
            writeLimits(to: &writer)
            for (field, texts) in [(Field.words, words), (Field.environment, environment)] {
                writer.unsigned(field)
                writer.array(texts.count)
                for text in texts { writer.text(text) }
            }
        }
        if let cores {
            writer.unsigned(Field.cores)
            writer.unsigned(UInt64(cores))
        }
        return writer.bytes
    }

    private func writeLimits(to writer: inout CBORWriter) {
        writer.unsigned(Field.memory)
        writer.unsigned(UInt64(max(0, memory.bytes)))
        guard let processorSeconds else { return }
        writer.unsigned(Field.processorSeconds)
        writer.unsigned(UInt64(processorSeconds))
    }
}
