import Quantities
import Wire

/// The connected regions of a frame that stand out from its background.
///
/// The frame is parted into square cells, so few that neither side has more than
/// `FrameLimits.regionGridSide`; a cell is bright where the mean of its pixels is above the threshold.
/// Whichever of bright and dark has fewer cells stands out, bright where they are equal. Cells that share
/// a side are connected. Memory is bounded by the grid, whatever the frame.
public struct FrameRegions: Equatable, Sendable {
    /// Number of regions.
    public let count: UInt32
    /// Whether the regions are brighter than their background.
    public let areBright: Bool
    /// Share of all cells that lie in a region.
    public let coveredShare: BasisPoints
    /// The region of most cells, the one that begins first (row by row) among equals; nil where there is none.
    public let largest: FrameRegion?

    /// The regions of `frame`, whose bright pixels are those above `threshold`.
    init(_ frame: GreyFrame, threshold: UInt8) {
        let grid = RegionGrid(frame, threshold: threshold)
        let roots = grid.regionRoots()
        var areas = [Int](repeating: 0, count: roots.count)
        for cell in roots.indices where grid.standsOut[cell] { areas[roots[cell]] += 1 }
        count = UInt32(areas.count { $0 > 0 })
        areBright = grid.foregroundIsBright
        coveredShare = BasisPoints(Int64(areas.reduce(0, +)), of: Int64(areas.count))
        var first = 0
        for root in areas.indices where areas[root] > areas[first] { first = root }
        largest = areas[first] > 0 ? FrameRegion(from: first, roots, grid, frame) : nil
    }

    private enum Field {
        static let count: UInt64 = 1
        static let areBright: UInt64 = 2
        static let coveredShare: UInt64 = 3
        static let largest: UInt64 = 4
    }

    /// Reads regions; refuses figures out of range, and a largest region where there is none or none where there is.
    public init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        var map = try reader.beginMap()
        try reader.field(Field.count, of: &map)
        let cells = FrameLimits.regionGridSide * FrameLimits.regionGridSide
        count = UInt32(try reader.unsigned(atMost: UInt64(cells)))
        try reader.field(Field.areBright, of: &map)
        areBright = try reader.boolean()
        try reader.field(Field.coveredShare, of: &map)
        coveredShare = try reader.share()
        largest = try reader.hasField(Field.largest, of: &map) ? try FrameRegion(from: &reader) : nil
        guard (largest == nil) == (count == 0) else { throw .invalidValue(at: start) }
        try reader.endMap(&map)
    }

    /// Appends the encoding.
    public func write(to writer: inout CBORWriter) {
        writer.map(largest == nil ? 3 : 4)
        writer.unsigned(Field.count)
        writer.unsigned(UInt64(count))
        writer.unsigned(Field.areBright)
        writer.boolean(areBright)
        writer.unsigned(Field.coveredShare)
        writer.unsigned(UInt64(coveredShare.value))
        if let largest {
            writer.unsigned(Field.largest)
            largest.write(to: &writer)
        }
    }

    /// Appends the JSON view.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("count", count)
        json.member("bright", areBright)
        json.member("covered_bp", coveredShare.value)
        json.key("largest")
        if let largest { largest.write(to: &json) } else { json.null() }
        json.endObject()
    }
}

/// One region: the smallest box around it in pixels, and how much of the frame it covers.
public struct FrameRegion: Equatable, Sendable {
    /// Column of the box's left edge.
    public let x: UInt32
    /// Row of the box's upper edge.
    public let y: UInt32
    /// Columns of the box.
    public let width: UInt32
    /// Rows of the box.
    public let height: UInt32
    /// Share of the frame's cells that belong to the region.
    public let share: BasisPoints

    /// The region whose first cell is `root`.
    init(from root: Int, _ roots: [Int], _ grid: RegionGrid, _ frame: GreyFrame) {
        var cells = 0
        var (left, right, bottom) = (Int.max, 0, 0)
        for cell in root..<roots.count where roots[cell] == root {
            cells += 1
            left = min(left, cell % grid.columns)
            right = max(right, cell % grid.columns)
            bottom = max(bottom, cell / grid.columns)
        }
        let top = root / grid.columns
        x = UInt32(left * grid.pitch)
        y = UInt32(top * grid.pitch)
        width = UInt32(min((right + 1) * grid.pitch, frame.width) - left * grid.pitch)
        height = UInt32(min((bottom + 1) * grid.pitch, frame.height) - top * grid.pitch)
        share = BasisPoints(Int64(cells), of: Int64(roots.count))
    }

    /// Reads a region; refuses a box that no frame has room for.
    public init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        try reader.beginArray(of: 5)
        let side = UInt64(FrameLimits.maximumSide)
        x = UInt32(try reader.unsigned(atMost: side))
        y = UInt32(try reader.unsigned(atMost: side))
        width = UInt32(try reader.unsigned(atMost: side))
        height = UInt32(try reader.unsigned(atMost: side))
        share = try reader.share()
        reader.endArray()
        guard width > 0, height > 0 else { throw .invalidValue(at: start) }
    }

    /// Appends the encoding: an array of `x`, `y`, width, height and share.
    public func write(to writer: inout CBORWriter) {
        writer.array(5)
        for value in [x, y, width, height] { writer.unsigned(UInt64(value)) }
        writer.unsigned(UInt64(share.value))
    }

    /// Appends the JSON view.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("x", x)
        json.member("y", y)
        json.member("width", width)
        json.member("height", height)
        json.member("share_bp", share.value)
        json.endObject()
    }
}
