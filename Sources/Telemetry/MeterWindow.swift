import Quantities

/// What a meter found out about one window of time.
///
/// Windows of one boot touch: each begins where the one before ended, in time and in the register.
public struct MeterWindow: Hashable, Sendable {
    /// The register's epoch.
    public var epoch: UInt64
    /// Why that epoch began.
    public var epochReason: MeterEpochReason
    /// The boot whose timeline `start` and `end` are on.
    public var bootID: Bytes16
    /// Where the window begins.
    public var start: BootTime
    /// Where the window ends, after `start`.
    public var end: BootTime
    /// The register at the start.
    public var registerStart: EnergyRegister
    /// The register at the end.
    public var registerEnd: EnergyRegister
    /// Time within the window that was not measured; the register stands still in it.
    public var gap: TimeSpan
    /// Readings within the window.
    public var samples: UInt64
    /// Readings that the sample period demands, or `samples` where those were more.
    public var expected: UInt64
    /// Highest power at either end of, or as the mean over, any measured interval that touches the window.
    public var peak: Power
    /// How far the true energy of the window may be from the register's difference, in thousandths of it.
    public var errorBoundPermille: UInt32

    /// A window of `length` in which nothing was measured: what a declared source shows.
    public static func unmeasured(
        from start: BootTime, to end: BootTime, bootID: Bytes16, epoch: UInt64, epochReason: MeterEpochReason,
        register: EnergyRegister = .zero
    ) -> MeterWindow {
        MeterWindow(
            epoch: epoch, epochReason: epochReason, bootID: bootID, start: start, end: end, registerStart: register,
            registerEnd: register, gap: .zero, samples: 0, expected: 0, peak: .zero, errorBoundPermille: 0)
    }

    /// The window's length.
    public var length: TimeSpan { end.since(start) }

    /// The window's length less its gaps.
    public var covered: TimeSpan { length - gap }

    /// Mean power over the covered time; zero where nothing was covered.
    public var mean: Power {
        guard covered.milliseconds > 0, registerEnd >= registerStart else { return .zero }
        let energy = Int128(registerEnd.microjoules - registerStart.microjoules) * 1000
        return Power(microwatts: Int64(clamping: energy / Int128(covered.milliseconds)))
    }
}

/// A meter's register at one point in time.
public struct MeterRegisterReading: Hashable, Sendable {
    /// The register.
    public var register: EnergyRegister
    /// False while no reading at or after that time has come: then the last power is held, as an estimate.
    public var isSettled: Bool

    /// A register, and whether it can still change.
    public init(register: EnergyRegister, isSettled: Bool) {
        self.register = register
        self.isSettled = isSettled
    }
}

/// What a meter found out about a stretch of time inside its recent past.
public struct MeterInterval: Hashable, Sendable {
    /// The register at the start.
    public var registerStart: EnergyRegister
    /// The register at the end.
    public var registerEnd: EnergyRegister
    /// Time within the interval that was not measured.
    public var gap: TimeSpan
    /// How far the true energy of the measured time may be from the register's difference, where power does not
    /// turn between two readings: what the meter resolves.
    public var errorBound: Energy
    /// False while the end is an estimate.
    public var isSettled: Bool
}
