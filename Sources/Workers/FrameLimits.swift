/// Limits of what counts as a frame, and the fixed numbers of the analysis.
///
/// The analysis numbers are part of the definition of `perception.features`: changing one changes
/// results, so it comes with a new `PerceptionFeatures.formatVersion`.
public enum FrameLimits {
    /// Most pixels of one frame (16 Mpixel).
    public static let maximumPixels = 1 << 24
    /// Most pixels in one row or one column.
    public static let maximumSide = 65_535
    /// Largest number of grey levels less one that a Netpbm header may announce.
    public static let maximumSampleValue = 65_535
    /// Most frames in one input: the frame before, and the frame itself.
    public static let maximumFrames = 2

    /// Sobel magnitude |gx| + |gy| from which a pixel lies on an edge; the most there can be is 2040.
    public static let edgeMagnitude = 128
    /// Difference in grey levels from which a pixel has changed.
    public static let changedLevels = 16
    /// Most cells along either side of the grid in which regions are sought.
    public static let regionGridSide = 256
}
