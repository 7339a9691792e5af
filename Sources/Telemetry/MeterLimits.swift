import Quantities

/// Limits of a meter.
public enum MeterLimits {
    /// Intervals kept for `Meter.register(at:)`; the oldest is dropped (four minutes at one sample per second).
    public static let history = 256
    /// Intervals for which a change of power is remembered, and that have to be seen before a load counts as
    /// known (four minutes at one sample per second).
    public static let memory = 256
    /// An interval of more sample periods than this is a gap: it adds nothing.
    public static let gapPeriods: Int64 = 3
    /// Longest sample period.
    public static let longestPeriod = TimeSpan.seconds(3600)
    /// A reading above this in magnitude is a broken sensor, not a power.
    public static let largestPower = Power(milliwatts: 1_000_000_000)
    /// A register that would pass this begins a new epoch.
    public static let largestRegister = EnergyRegister(microjoules: UInt64(Energy.largest.millijoules) * 1000)
    /// Largest error bound that is told apart, in thousandths: ten times the energy.
    public static let errorBoundCeilingPermille: UInt32 = 10_000
    /// How far a hardware counter may run ahead of its time stamps before it counts as reset.
    public static let counterLatency = TimeSpan.seconds(1)
}
