import Quantities

/// Makes one growing register out of a source's own counter, which may start again at its range (RAPL's `energy_uj`).
///
/// A counter that moves as no believable power explains, twice in a row, was reset: the register then goes back to what
/// the counter shows, so that a meter sees the break and begins anew. Once is a reading that failed. Several wraps
/// between two readings cannot be told apart from one; at 100 W the common range wraps after 44 minutes.
public struct EnergyCounter: Hashable, Sendable {
    /// What the counter showed, made to grow; and the mean power since the reading before.
    public struct Reading: Hashable, Sendable {
        /// The register.
        public var register: EnergyRegister
        /// The mean power since the last reading; nil for the first, after a reset and after a long silence.
        public var power: Power?

        /// A reading of its two parts.
        public init(register: EnergyRegister, power: Power?) {
            self.register = register
            self.power = power
        }
    }

    /// What is added when the counter wraps, in µJ; nil where it never wraps.
    public let range: UInt64?
    private var count: UInt64 = 0
    private var readAt: BootTime?
    private var doubt: TimeSpan = .zero
    private var register: UInt64 = 0
    /// Whether the last reading was not believed.
    private var isDoubted = false

    /// A counter that was not read yet.
    public init(range: EnergyRegister?) {
        self.range = range.flatMap {
            $0 == .zero || TelemetryLimits.counterMicrojoules < $0.microjoules ? nil : $0.microjoules
        }
    }

    /// Takes in what the counter shows, in µJ; nil where no counter reaches that far, or not from the last reading.
    ///
    /// - Parameter time: when it was read; power is taken from the middle of one such time to that of the next.
    public mutating func advance(to shown: UInt64, at time: ReadingTime) -> Reading? {
        let now = time.earliest
        guard shown <= TelemetryLimits.counterMicrojoules else { return nil }
        let isBelieved = isBelieved(shown, at: now)
        if !isBelieved, !isDoubted {
            isDoubted = true
            return nil
        }
        isDoubted = false
        defer {
            count = shown
            readAt = now
            doubt = time.doubt
        }
        guard isBelieved, let readAt, now >= readAt, let advance = advance(to: shown),
            register + advance <= TelemetryLimits.counterMicrojoules
        else {
            register = shown
            return Reading(register: EnergyRegister(microjoules: register), power: nil)
        }
        register += advance
        let span = now.since(readAt)
        var power: Power?
        if span > .zero, !(TelemetryLimits.counterSpan < span) {
            // µJ over ms is mW.
            let between = max(1, span.milliseconds + (time.doubt - doubt).milliseconds / 2)
            power = Power(microwatts: Int64(clamping: UInt128(advance) * 1000 / UInt128(between)))
        }
        return Reading(register: EnergyRegister(microjoules: register), power: power)
    }

    /// Takes in what the counter shows at `now`, in µJ; nil where no counter reaches that far, or not from the last
    /// reading.
    public mutating func advance(to shown: UInt64, at now: BootTime) -> Reading? {
        advance(to: shown, at: ReadingTime(at: now))
    }

    private func advance(to shown: UInt64) -> UInt64? {
        if shown >= count { return shown - count }
        guard let range, count <= range, shown <= range else { return nil }
        return range - count + shown
    }

    /// Whether the counter can show that at `now`: the first reading, and any after boot time went back, can.
    private func isBelieved(_ shown: UInt64, at now: BootTime) -> Bool {
        guard let readAt, now >= readAt else { return true }
        return advance(to: shown).map { isBelievable($0, over: now.since(readAt)) } ?? false
    }

    private func isBelievable(_ advance: UInt64, over span: TimeSpan) -> Bool {
        let most = TelemetryLimits.counterPower.held(for: span + MeterLimits.counterLatency)
        return advance <= UInt64(max(0, most.millijoules)) * 1000
    }
}
