import Quantities
import Telemetry

/// A source beside a simulated board: its power wanders around a mean, and it is there or not.
public struct SimulatedSource: Sendable {
    /// Its name in samples.
    public let name: String
    /// What kind of source it is.
    public let kind: SourceKind
    /// Its mean power in milliwatts; below zero into a battery.
    public var milliwatts: Int64
    /// How far its power wanders either way.
    public var wander: Int64 = 0
    /// Whether it shows a counter and no power.
    public var hasCounter = false
    /// How often its reading is renewed, as that of a file is; nil where every look is a reading.
    public var rhythm: TimeSpan?
    /// Looks of a thousand in which it is not shown, and shows nothing, each.
    public var failurePermille: Int64 = 0
    /// Whether it is shown without anything that could be read, as a battery of unknown status is.
    public var isUnreadable = false
    /// What does not change from look to look.
    public var traits = SourceTraits()
    private var counter: UInt64 = 0
    private var counterAt: BootTime?

    /// A source that always shows the same power.
    public init(_ name: String, _ kind: SourceKind, milliwatts: Int64) {
        self.name = name
        self.kind = kind
        self.milliwatts = milliwatts
        traits.direction = kind == .battery ? .netOutput : .forward
    }

    /// How the source is shown at `now`; nil where it is not.
    mutating func look(at now: BootTime, _ random: inout SimulationRandom) -> EnergySource? {
        let power = milliwatts + (wander > 0 ? random.number(in: -wander...wander) : 0)
        if hasCounter {
            // µJ = mW × ms.
            let passed = max(0, now.since(counterAt ?? now).milliseconds)
            counter &+= UInt64(max(0, power)) &* UInt64(passed)
            counterAt = now
        }
        var source = EnergySource(name: name, kind: kind, evidence: .metered, traits: traits)
        if isUnreadable { return source }
        if failurePermille > 0, random.chance(permille: failurePermille) {
            return random.chance(permille: 500) ? nil : source
        }
        if let rhythm {
            let written = BootTime(
                milliseconds: now.milliseconds / max(1, rhythm.milliseconds) * rhythm.milliseconds)
            source.time = ReadingTime(at: written)
            // Since boot.
            source.counter = EnergyRegister(
                microjoules: UInt64(max(0, milliwatts)) * UInt64(max(0, written.milliseconds)))
            source.traits.validity = .seconds(10)
        } else if hasCounter {
            source.counter = EnergyRegister(microjoules: counter)
        } else {
            source.power = Power(milliwatts: power)
        }
        return source
    }
}
