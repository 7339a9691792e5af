import Quantities
import Wire

/// What the agent asks the service of workers for: a program, and what it may use.
///
/// A CBOR map of 1: an operation's name, 2: the memory that it may use, in bytes, 3: its processor time in seconds,
/// 4: a command's words, 5: its environment. There is either 1 or 4 and 5; without 3 the command stays until it is
/// ended. Beside it come two to four descriptors: the worker's standard input and output, and where it has them its
/// standard error and the memory that holds its payloads.
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

    /// An order.
    public init(_ program: Program, memory: ByteCount, processorSeconds: UInt32?) {
        self.program = program
        self.memory = memory
        self.processorSeconds = processorSeconds
    }

    private enum Field {
        static let operation: UInt64 = 1
        static let memory: UInt64 = 2
        static let processorSeconds: UInt64 = 3
        static let words: UInt64 = 4
        static let environment: UInt64 = 5
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
        processorSeconds = nil
        if try reader.hasField(Field.processorSeconds, of: &map) {
            let secondsStart = reader.offset
            let seconds = try reader.unsigned()
            guard (1...UInt64(UInt32.max)).contains(seconds) else { throw .invalidValue(at: secondsStart) }
            processorSeconds = UInt32(seconds)
        }
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
        try reader.endMap(&map)
        try reader.finish()
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
        switch program {
        case .operation(let name):
            writer.map(processorSeconds == nil ? 2 : 3)
            writer.unsigned(Field.operation)
            writer.text(name)
            writeLimits(to: &writer)
        case .command(let words, let environment):
            writer.map(processorSeconds == nil ? 3 : 4)
            writeLimits(to: &writer)
            for (field, texts) in [(Field.words, words), (Field.environment, environment)] {
                writer.unsigned(field)
                writer.array(texts.count)
                for text in texts { writer.text(text) }
            }
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
