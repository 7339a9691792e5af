import Quantities
import Wire

/// How a frame differs from the frame before it.
public struct FrameMotion: Equatable, Sendable {
    /// Mean of the absolute differences in thousandths of a grey level, rounded down; 0 … 255,000.
    public let meanDifference: UInt32
    /// Share of pixels that differ by at least `FrameLimits.changedLevels`.
    public let changedShare: BasisPoints

    /// Compares two frames of one size.
    init(from previous: GreyFrame, to current: GreyFrame) {
        precondition(previous.pixels.count == current.pixels.count, "frames of one size")
        var sum = 0
        var changed = 0
        for index in current.pixels.indices {
            let difference = abs(Int(current.pixels[index]) - Int(previous.pixels[index]))
            sum += difference
            if difference >= FrameLimits.changedLevels { changed += 1 }
        }
        meanDifference = UInt32(sum * 1000 / current.pixels.count)
        changedShare = BasisPoints(Int64(changed), of: Int64(current.pixels.count))
    }

    private enum Field {
        static let meanDifference: UInt64 = 1
        static let changedShare: UInt64 = 2
    }

    /// Reads a motion; refuses figures out of range.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(Field.meanDifference, of: &map)
        meanDifference = try reader.millilevels()
        try reader.field(Field.changedShare, of: &map)
        changedShare = try reader.share()
        try reader.endMap(&map)
    }

    /// Appends the encoding.
    public func write(to writer: inout CBORWriter) {
        writer.map(2)
        writer.unsigned(Field.meanDifference)
        writer.unsigned(UInt64(meanDifference))
        writer.unsigned(Field.changedShare)
        writer.unsigned(UInt64(changedShare.value))
    }

    /// Appends the JSON view.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("mean_difference_millilevels", meanDifference)
        json.member("changed_bp", changedShare.value)
        json.endObject()
    }
}
