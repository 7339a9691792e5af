import CLinux

/// Whether and how large a terminal is.
public enum Terminal {
    /// Whether a descriptor is a terminal.
    public static func isTerminal(_ descriptor: Int32) -> Bool { clinux_is_terminal(descriptor) == 1 }

    /// The width and height in characters; nil where the descriptor is no terminal or does not know its width.
    ///
    /// A terminal that knows its width alone has a height of 0.
    public static func size(_ descriptor: Int32) -> (columns: Int, rows: Int)? {
        var columns: CInt = 0
        var rows: CInt = 0
        guard unsafe clinux_terminal_size(descriptor, &columns, &rows) >= 0, columns > 0 else { return nil }
        return (Int(columns), Int(rows))
    }
}

/// What is given to the program.
public enum StandardInput {
    /// Its descriptor, to wait for.
    public static let descriptor: Int32 = 0

    /// Reads up to `limit` bytes and appends them to `bytes`.
    public static func read(upTo limit: Int, appendingTo bytes: inout [UInt8]) throws(SystemError) -> ReadResult {
        try readBytes(descriptor, upTo: limit, appendingTo: &bytes)
    }

    /// Everything up to the end.
    ///
    /// - Throws: `fileTooLarge` where that is more than `limit` bytes.
    public static func readAll(limit: Int) throws(SystemError) -> [UInt8] {
        try FileDescriptor(duplicating: descriptor).readAll(limit: limit)
    }
}

/// Text on its way to a standard stream, written when enough has come together or when asked.
///
/// A write that fails is remembered: what follows is dropped, and `flush()` tells. A reader that has gone away is the
/// error `brokenPipe`, provided `Signal.pipe` is ignored.
public struct OutputBuffer: ~Copyable {
    /// Where it goes: 1 for results, 2 for messages.
    public let descriptor: Int32
    private var bytes: [UInt8] = []
    private var failure: SystemError?

    /// A buffer for the results of the program.
    public static var standardOutput: OutputBuffer { OutputBuffer(descriptor: 1) }
    /// A buffer for messages to whoever runs it.
    public static var standardError: OutputBuffer { OutputBuffer(descriptor: 2) }

    private init(descriptor: Int32) { self.descriptor = descriptor }

    /// Appends `text`.
    public mutating func write(_ text: String) { write(Array(text.utf8)) }

    /// Appends `text` and a newline.
    public mutating func line(_ text: String) {
        write(text)
        write([UInt8(ascii: "\n")])
    }

    /// Appends `more`.
    public mutating func write(_ more: [UInt8]) {
        guard failure == nil else { return }
        bytes += more
        if bytes.count >= PlatformLimits.outputBufferBytes { writeOut() }
    }

    /// Writes what is there.
    ///
    /// - Throws: the first failure of this buffer, again at each call.
    public mutating func flush() throws(SystemError) {
        writeOut()
        if let failure { throw failure }
    }

    private mutating func writeOut() {
        guard failure == nil, !bytes.isEmpty else { return }
        do throws(SystemError) {
            try writeAllBytes(descriptor, bytes.span)
        } catch {
            failure = error
        }
        bytes.removeAll(keepingCapacity: true)
    }
}
