import Wire

/// What a worker process reads from its standard input, up to the end: one operation to run.
///
/// A CBOR map of 1: the operation's name, 2: the input, and, where there are any, 3: the parameters as bytes in
/// the operation's own encoding.
public struct WorkerRequest: Equatable, Sendable {
    /// Name of the operation.
    public var operation: String
    /// The input; at most `WorkerLimits.maximumInputBytes` bytes.
    public var input: [UInt8]
    /// The operation's own parameters, empty for none; at most `WorkerLimits.maximumParametersBytes` bytes.
    public var parameters: [UInt8]

    /// The request to run `operation` on `input`.
    public init(operation: String, input: [UInt8], parameters: [UInt8] = []) {
        self.operation = operation
        self.input = input
        self.parameters = parameters
    }

    private enum Field {
        static let operation: UInt64 = 1
        static let input: UInt64 = 2
        static let parameters: UInt64 = 3
    }

    /// The request whose encoding `bytes` is.
    public init(decoding bytes: Span<UInt8>) throws(CBORError) {
        var reader = try CBORReader(bytes, limit: WorkerLimits.maximumRequestBytes)
        try self.init(from: &reader)
        try reader.finish()
    }

    /// Reads a request; refuses whatever is beyond the limits.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(Field.operation, of: &map)
        operation = try reader.text(limit: WorkerLimits.maximumOperationBytes)
        try reader.field(Field.input, of: &map)
        input = try reader.byteString(limit: WorkerLimits.maximumInputBytes)
        parameters = []
        if try reader.hasField(Field.parameters, of: &map) {
            let start = reader.offset
            parameters = try reader.byteString(limit: WorkerLimits.maximumParametersBytes)
            // None have one form: no field.
            guard !parameters.isEmpty else { throw .invalidValue(at: start) }
        }
        try reader.endMap(&map)
    }

    /// The encoding.
    public var encoded: [UInt8] {
        var writer = CBORWriter(capacity: input.count + 256)
        write(to: &writer)
        return writer.bytes
    }

    /// Appends the encoding.
    public func write(to writer: inout CBORWriter) {
        writer.map(parameters.isEmpty ? 2 : 3)
        writer.unsigned(Field.operation)
        writer.text(operation)
        writer.unsigned(Field.input)
        writer.byteString(input)
        guard !parameters.isEmpty else { return }
        writer.unsigned(Field.parameters)
        writer.byteString(parameters)
    }
}

/// What a worker process writes to its standard output before it ends.
///
/// A CBOR map of either 1: the result, or 2: the number of a refusal and 3: its explanation.
public enum WorkerAnswer: Equatable, Sendable {
    /// The operation's result; at most `WorkerLimits.maximumResultBytes` bytes.
    case result([UInt8])
    /// No result, and why.
    case refused(WorkerRefusal)

    private enum Field {
        static let result: UInt64 = 1
        static let code: UInt64 = 2
        static let explanation: UInt64 = 3
    }

    /// The answer whose encoding `bytes` is.
    public init(decoding bytes: Span<UInt8>) throws(CBORError) {
        var reader = try CBORReader(bytes, limit: WorkerLimits.maximumAnswerBytes)
        try self.init(from: &reader)
        try reader.finish()
    }

    /// Reads an answer; refuses whatever is beyond the limits.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        if try reader.hasField(Field.result, of: &map) {
            self = .result(try reader.byteString(limit: WorkerLimits.maximumResultBytes))
        } else {
            try reader.field(Field.code, of: &map)
            let start = reader.offset
            guard let code = WorkerRefusal.Code(rawValue: try reader.unsigned()) else {
                throw .invalidValue(at: start)
            }
            try reader.field(Field.explanation, of: &map)
            let explanation = try reader.text(limit: WorkerLimits.maximumExplanationBytes)
            self = .refused(WorkerRefusal(code, explanation))
        }
        try reader.endMap(&map)
    }

    /// The encoding.
    public var encoded: [UInt8] {
        var writer = CBORWriter()
        write(to: &writer)
        return writer.bytes
    }

    /// Appends the encoding.
    public func write(to writer: inout CBORWriter) {
        switch self {
        case .result(let result):
            writer.map(1)
            writer.unsigned(Field.result)
            writer.byteString(result)
        case .refused(let refusal):
            writer.map(2)
            writer.unsigned(Field.code)
            writer.unsigned(refusal.code.rawValue)
            writer.unsigned(Field.explanation)
            writer.text(refusal.explanation)
        }
    }
}
