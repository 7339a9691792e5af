/// A temperature in whole thousandths of a degree Celsius.
public struct Temperature: Hashable, Comparable, Sendable {
    /// Thousandths of a degree Celsius.
    public var millidegrees: Int32

    /// A temperature of `millidegrees` m°C.
    public init(millidegrees: Int32) { self.millidegrees = millidegrees }

    /// Orders colder before hotter.
    public static func < (left: Temperature, right: Temperature) -> Bool { left.millidegrees < right.millidegrees }
}
