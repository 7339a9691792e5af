/// A share between nothing and all, in ten-thousandths: quality, trust, haircuts, coverage.
public struct BasisPoints: Hashable, Comparable, Sendable {
    /// Ten-thousandths, 0 … 10,000.
    public let value: Int32

    /// Nothing.
    public static let zero = BasisPoints(clamping: 0)
    /// All of it.
    public static let one = BasisPoints(clamping: 10_000)

    /// The share of `value` ten-thousandths, or nil outside 0 … 10,000.
    public init?(_ value: Int64) {
        guard (0...10_000).contains(value) else { return nil }
        self.value = Int32(value)
    }

    /// The share of `value` ten-thousandths, brought into 0 … 10,000.
    public init(clamping value: Int64) { self.value = Int32(max(0, min(10_000, value))) }

    /// The share of `part` in `whole`, rounded towards zero; nothing when `whole` is not positive.
    public init(_ part: Int64, of whole: Int64) {
        guard whole > 0, part > 0 else {
            self = .zero
            return
        }
        self.init(clamping: Int64(clamping: Int128(part) * 10_000 / Int128(whole)))
    }

    /// The product of two shares, rounded towards zero.
    public static func * (left: BasisPoints, right: BasisPoints) -> BasisPoints {
        BasisPoints(clamping: Int64(left.value) * Int64(right.value) / 10_000)
    }

    /// What is left of the whole.
    public var complement: BasisPoints { BasisPoints(clamping: 10_000 - Int64(value)) }

    /// In percent, with as many digits after the point as it needs: `99.5 %`.
    public var percent: String {
        let (whole, rest) = (value / 100, value % 100)
        if rest == 0 { return "\(whole) %" }
        return "\(whole)." + (rest % 10 == 0 ? "\(rest / 10)" : rest < 10 ? "0\(rest)" : "\(rest)") + " %"
    }

    /// Orders smaller before larger.
    public static func < (left: BasisPoints, right: BasisPoints) -> Bool { left.value < right.value }
}
