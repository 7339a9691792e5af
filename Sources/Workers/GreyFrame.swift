import Wire

/// A picture of 256 grey levels, row by row from the top, each row from the left.
public struct GreyFrame: Equatable, Sendable {
    /// Pixels in a row, 1 … `FrameLimits.maximumSide`.
    public let width: Int
    /// Rows, 1 … `FrameLimits.maximumSide`.
    public let height: Int
    /// Grey levels, 0 (black) … 255 (white); `width × height` of them, at most `FrameLimits.maximumPixels`.
    public let pixels: [UInt8]

    /// The frame of exactly `width × height` grey levels.
    ///
    /// - Throws: `.noPixels`, `.sideTooLong`, `.tooManyPixels` for the size, `.missingSamples`,
    ///   `.trailingBytes` for the number of levels.
    public init(width: Int, height: Int, pixels: [UInt8]) throws(FrameError) {
        let count = try GreyFrame.pixelCount(width: width, height: height)
        guard pixels.count >= count else { throw .missingSamples(expected: count, found: pixels.count) }
        guard pixels.count == count else { throw .trailingBytes(at: count) }
        self.init(checkedWidth: width, height: height, pixels: pixels)
    }

    /// A frame whose size has been checked already.
    init(checkedWidth width: Int, height: Int, pixels: [UInt8]) {
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// Pixels of a frame of this size, once it is within the limits.
    static func pixelCount(width: Int, height: Int) throws(FrameError) -> Int {
        guard width > 0, height > 0 else { throw .noPixels(width: width, height: height) }
        guard width <= FrameLimits.maximumSide, height <= FrameLimits.maximumSide else {
            throw .sideTooLong(width: width, height: height)
        }
        guard width * height <= FrameLimits.maximumPixels else { throw .tooManyPixels(width: width, height: height) }
        return width * height
    }
}

/// What a perception operation looks at: a frame and, for motion, the frame before it.
///
/// Inputs hold their frames in the order in which they were taken, as a stream does.
public struct FrameInput: Equatable, Sendable {
    /// The frame before, of the same size.
    public let previous: GreyFrame?
    /// The frame to look at.
    public let current: GreyFrame

    /// The frame `current` after `previous`; refuses two sizes with `.framesDiffer`.
    public init(previous: GreyFrame?, current: GreyFrame) throws(FrameError) {
        if let previous, previous.width != current.width || previous.height != current.height {
            throw .framesDiffer(
                previousWidth: previous.width, previousHeight: previous.height, width: current.width,
                height: current.height)
        }
        self.previous = previous
        self.current = current
    }

    /// One or two Netpbm images (`P2`, `P5`, `P6`), the bytes of the second right after those of the first.
    public init(netpbm bytes: [UInt8]) throws(FrameError) {
        var reader = NetpbmReader(bytes)
        let first = try reader.frame()
        guard !reader.isAtEnd else {
            try self.init(previous: nil, current: first)
            return
        }
        let second = try reader.frame()
        guard reader.isAtEnd else { throw .trailingBytes(at: reader.offset) }
        try self.init(previous: first, current: second)
    }

    /// One or two frames of bare grey levels.
    public init(raw bytes: [UInt8], _ size: FrameSize) throws(FrameError) {
        let (width, height) = (Int(size.width), Int(size.height))
        let count = try GreyFrame.pixelCount(width: width, height: height)
        guard bytes.count == FrameLimits.maximumFrames * count else {
            try self.init(previous: nil, current: GreyFrame(width: width, height: height, pixels: bytes))
            return
        }
        let frames = (Array(bytes[..<count]), Array(bytes[count...]))
        try self.init(
            previous: GreyFrame(checkedWidth: width, height: height, pixels: frames.0),
            current: GreyFrame(checkedWidth: width, height: height, pixels: frames.1))
    }
}

/// The size of bare frames; encoded it is the parameters of a perception operation.
public struct FrameSize: Hashable, Sendable {
    /// Pixels in a row.
    public var width: UInt16
    /// Rows.
    public var height: UInt16

    /// A size of `width × height` pixels.
    public init(width: UInt16, height: UInt16) {
        self.width = width
        self.height = height
    }

    private enum Field {
        static let width: UInt64 = 1
        static let height: UInt64 = 2
    }

    /// The size whose encoding `bytes` is.
    public init(decoding bytes: Span<UInt8>) throws(CBORError) {
        var reader = try CBORReader(bytes, limit: WorkerLimits.maximumParametersBytes)
        try self.init(from: &reader)
        try reader.finish()
    }

    /// Reads a size.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(Field.width, of: &map)
        width = UInt16(try reader.unsigned(atMost: UInt64(FrameLimits.maximumSide)))
        try reader.field(Field.height, of: &map)
        height = UInt16(try reader.unsigned(atMost: UInt64(FrameLimits.maximumSide)))
        try reader.endMap(&map)
    }

    /// The encoding: a CBOR map of 1: width, 2: height.
    public var encoded: [UInt8] {
        var writer = CBORWriter()
        write(to: &writer)
        return writer.bytes
    }

    /// Appends the encoding.
    public func write(to writer: inout CBORWriter) {
        writer.map(2)
        writer.unsigned(Field.width)
        writer.unsigned(UInt64(width))
        writer.unsigned(Field.height)
        writer.unsigned(UInt64(height))
    }
}
