import Cryptography
import Quantities
import Wire

/// What `perception.features` finds in a frame.
///
/// Integer arithmetic throughout, every rounding stated: the same input gives the same bytes on every
/// machine, so that anybody can check a result by computing it again (docs/perception-features.md).
public struct PerceptionFeatures: Equatable, Sendable {
    /// Version of the definition; results of different versions are not comparable.
    public static let formatVersion: UInt64 = 1

    /// Pixels in a row.
    public let width: UInt32
    /// Rows.
    public let height: UInt32
    /// Mean grey level in thousandths, rounded down; 0 … 255,000.
    public let brightness: UInt32
    /// Standard deviation of the grey levels in thousandths, rounded down; 0 … 127,500.
    public let contrast: UInt32
    /// The levels that 0, 5, 25, 50, 75, 95 and 100 % of the pixels do not exceed; never descending.
    public let percentiles: [UInt8]
    /// Otsu's threshold between dark and bright levels.
    public let threshold: UInt8
    /// Share of the pixels inside the border that lie on an edge.
    public let edgeShare: BasisPoints
    /// The regions that stand out from the background.
    public let regions: FrameRegions
    /// A difference hash: near frames differ in few bits.
    public let perceptualHash: UInt64
    /// The difference to the frame before, where one was given.
    public let motion: FrameMotion?

    /// The percentages of `percentiles`.
    public static let percentages = [0, 5, 25, 50, 75, 95, 100]

    /// The features of `input`.
    ///
    /// - Complexity: Linear in the pixels; besides the frames it needs less than 3 MiB.
    public init(of input: FrameInput) {
        let frame = input.current
        let histogram = GreyHistogram(frame)
        width = UInt32(frame.width)
        height = UInt32(frame.height)
        brightness = histogram.mean
        contrast = histogram.deviation
        percentiles = PerceptionFeatures.percentages.map { histogram.percentile($0) }
        threshold = histogram.threshold
        edgeShare = frame.edgeShare
        regions = FrameRegions(frame, threshold: threshold)
        perceptualHash = frame.perceptualHash
        motion = input.previous.map { FrameMotion(from: $0, to: frame) }
    }

    /// The encoding, which is the operation's result.
    public var encoded: [UInt8] {
        var writer = CBORWriter(capacity: 128)
        write(to: &writer)
        return writer.bytes
    }

    /// The hash that an execution proof carries for this result.
    public var resultHash: Bytes32 { Hashing.hash(encoded, for: .result) }

    private enum Field {
        static let formatVersion: UInt64 = 1
        static let width: UInt64 = 2
        static let height: UInt64 = 3
        static let brightness: UInt64 = 4
        static let contrast: UInt64 = 5
        static let percentiles: UInt64 = 6
        static let threshold: UInt64 = 7
        static let edgeShare: UInt64 = 8
        static let regions: UInt64 = 9
        static let perceptualHash: UInt64 = 10
        static let motion: UInt64 = 11
    }

    /// The features whose encoding `bytes` is.
    public init(decoding bytes: Span<UInt8>) throws(CBORError) {
        var reader = try CBORReader(bytes, limit: WorkerLimits.maximumResultBytes)
        try self.init(from: &reader)
        try reader.finish()
    }

    /// Reads features; refuses another version and figures out of range.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(Field.formatVersion, of: &map)
        let versionOffset = reader.offset
        guard try reader.unsigned() == PerceptionFeatures.formatVersion else {
            throw .invalidValue(at: versionOffset)
        }
        try reader.field(Field.width, of: &map)
        width = UInt32(try reader.unsigned(atMost: UInt64(FrameLimits.maximumSide)))
        try reader.field(Field.height, of: &map)
        height = UInt32(try reader.unsigned(atMost: UInt64(FrameLimits.maximumSide)))
        try reader.field(Field.brightness, of: &map)
        brightness = try reader.millilevels()
        try reader.field(Field.contrast, of: &map)
        contrast = try reader.millilevels()
        try reader.field(Field.percentiles, of: &map)
        try reader.beginArray(of: PerceptionFeatures.percentages.count)
        var levels: [UInt8] = []
        for _ in PerceptionFeatures.percentages {
            let offset = reader.offset
            let level = UInt8(try reader.unsigned(atMost: 255))
            if let last = levels.last, level < last { throw .invalidValue(at: offset) }
            levels.append(level)
        }
        reader.endArray()
        percentiles = levels
        try reader.field(Field.threshold, of: &map)
        threshold = UInt8(try reader.unsigned(atMost: 255))
        try reader.field(Field.edgeShare, of: &map)
        edgeShare = try reader.share()
        try reader.field(Field.regions, of: &map)
        regions = try FrameRegions(from: &reader)
        try reader.field(Field.perceptualHash, of: &map)
        perceptualHash = try reader.unsigned()
        motion = try reader.hasField(Field.motion, of: &map) ? try FrameMotion(from: &reader) : nil
        try reader.endMap(&map)
    }

    /// Appends the encoding.
    public func write(to writer: inout CBORWriter) {
        writer.map(motion == nil ? 10 : 11)
        let figures: [(UInt64, UInt64)] = [
            (Field.formatVersion, PerceptionFeatures.formatVersion), (Field.width, UInt64(width)),
            (Field.height, UInt64(height)), (Field.brightness, UInt64(brightness)),
            (Field.contrast, UInt64(contrast)),
        ]
        for (field, value) in figures {
            writer.unsigned(field)
            writer.unsigned(value)
        }
        writer.unsigned(Field.percentiles)
        writer.array(percentiles.count)
        for level in percentiles { writer.unsigned(UInt64(level)) }
        writer.unsigned(Field.threshold)
        writer.unsigned(UInt64(threshold))
        writer.unsigned(Field.edgeShare)
        writer.unsigned(UInt64(edgeShare.value))
        writer.unsigned(Field.regions)
        regions.write(to: &writer)
        writer.unsigned(Field.perceptualHash)
        writer.unsigned(perceptualHash)
        if let motion {
            writer.unsigned(Field.motion)
            motion.write(to: &writer)
        }
    }

    /// Appends the JSON view: an object; levels in thousandths, shares in ten-thousandths, the hash in hexadecimal.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("format_version", PerceptionFeatures.formatVersion)
        json.member("width", width)
        json.member("height", height)
        json.member("brightness_millilevels", brightness)
        json.member("contrast_millilevels", contrast)
        json.key("percentiles")
        json.beginObject()
        for (percentage, level) in zip(PerceptionFeatures.percentages, percentiles) {
            json.member("p\(percentage)", level)
        }
        json.endObject()
        json.member("threshold", threshold)
        json.member("edges_bp", edgeShare.value)
        json.key("regions")
        regions.write(to: &json)
        let digits = String(perceptualHash, radix: 16)
        json.member("perceptual_hash", String(repeating: "0", count: 16 - digits.utf8.count) + digits)
        json.key("motion")
        if let motion { motion.write(to: &json) } else { json.null() }
        json.endObject()
    }
}

extension CBORReader {
    /// The next item, a share in ten-thousandths.
    mutating func share() throws(CBORError) -> BasisPoints {
        BasisPoints(clamping: Int64(try unsigned(atMost: UInt64(BasisPoints.one.value))))
    }

    /// The next item, thousandths of a grey level.
    mutating func millilevels() throws(CBORError) -> UInt32 { UInt32(try unsigned(atMost: 255_000)) }
}
