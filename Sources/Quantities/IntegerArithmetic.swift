extension FixedWidthInteger {
    /// The quotient rounded towards negative infinity; `divisor` must be positive.
    public func flooredQuotient(by divisor: Self) -> Self {
        precondition(divisor > 0, "a positive divisor")
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

/// `value × numerator ÷ denominator` with a 128-bit product, rounded towards zero and
/// brought into `Int64`; nil when the denominator is zero.
public func scaled(_ value: Int64, by numerator: Int64, over denominator: Int64) -> Int64? {
    guard denominator != 0 else { return nil }
    return product(value, numerator, over: denominator)
}

/// `value` times `numerator` over `denominator`, which is not 0, rounded towards zero; saturates.
func product(_ value: Int64, _ numerator: Int64, over denominator: Int64) -> Int64 {
    // Nearly all products fit 64 bits, where dividing is several times as fast.
    let (product, overflow) = value.multipliedReportingOverflow(by: numerator)
    if !overflow, denominator > 0 { return product / denominator }
    return Int64(clamping: Int128(value) * Int128(numerator) / Int128(denominator))
}
