import Quantities

/// What a battery's files say (Documentation/ABI/testing/sysfs-class-power).
public struct BatteryFigures: Hashable, Sendable {
    /// `status`, as the kernel writes it.
    public var status: String
    /// `power_now`, in µW.
    public var microwatts: Int64?
    /// `voltage_now`, in µV.
    public var microvolts: Int64?
    /// `current_now`, in µA; some drivers give it a sign of their own.
    public var microamperes: Int64?

    /// Figures of a battery with this status.
    public init(status: String, microwatts: Int64? = nil, microvolts: Int64? = nil, microamperes: Int64? = nil) {
        self.status = status
        self.microwatts = microwatts
        self.microvolts = microvolts
        self.microamperes = microamperes
    }

    /// Whether the battery gives energy now.
    public var isDischarging: Bool { status == "Discharging" }

    /// Whether the status says in which direction power flows; the kernel's `Unknown` does not.
    public var isDirected: Bool { isDischarging || ["Charging", "Full", "Not charging"].contains(status) }

    /// Power, positive out of the battery; nil where the files do not tell it, or tell what no battery has.
    ///
    /// The status tells the direction, since drivers disagree about signs. A battery that neither charges nor
    /// discharges takes what still flows; where the status is unknown, only no power at all is believed.
    public var output: Power? {
        guard let magnitude else { return nil }
        guard isDirected else { return magnitude == 0 ? .zero : nil }
        return Power(microwatts: isDischarging ? magnitude : -magnitude)
    }

    /// Voltage, where it is one.
    public var voltage: Voltage? {
        microvolts.flatMap { (0...TelemetryLimits.batteryMicrounits).contains($0) ? $0 : nil }
            .map { Voltage(millivolts: $0 / 1000) }
    }

    /// Current, positive out of the battery.
    public var current: Current? {
        guard let microamperes, let output, microamperes.magnitude <= TelemetryLimits.batteryMicrounits.magnitude else {
            return nil
        }
        let milliamperes = Int64(microamperes.magnitude / 1000)
        return Current(milliamperes: output < .zero ? -milliamperes : milliamperes)
    }

    private var magnitude: Int64? {
        let limit = TelemetryLimits.batteryMicrounits.magnitude
        if let microwatts { return microwatts.magnitude <= limit ? Int64(microwatts.magnitude) : nil }
        guard let microvolts, let microamperes, microvolts >= 0, microvolts.magnitude <= limit,
            microamperes.magnitude <= limit
        else { return nil }
        return Int64(clamping: UInt128(microvolts.magnitude) * UInt128(microamperes.magnitude) / 1_000_000)
    }
}
