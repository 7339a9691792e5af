import Quantities
import Telemetry

/// What a board's sensors show: power that moves and rises with work, memory and heat that come and go.
public struct SimulatedSensors: Sendable {
    private var random: SimulationRandom
    private var base: Int64
    private var memoryMebibytes: Int64
    private var millidegrees: Int64
    /// Samples that are still left out.
    private var silent: Int64 = 0
    private let samplesBetweenGaps: Int64
    private var isTotalComplete = true
    private var mode: PowerMode? = PowerMode(identifier: 1, name: "15W", rated: Power(milliwatts: 15_000))
    /// What the total shows instead of what is drawn.
    private var shown: Power?
    private var throttle: [String: ThrottleReading] = [:]
    /// The sources beside the board.
    private var others: [SimulatedSource]

    /// Sensors as `random` draws them, with `others` beside the board.
    init(_ random: inout SimulationRandom, others: [SimulatedSource] = []) {
        self.random = random.split()
        self.others = others
        base = self.random.number(in: 3_000...9_000)
        memoryMebibytes = 4_096
        millidegrees = self.random.number(in: 40_000...60_000)
        samplesBetweenGaps = [0, 0, 30, 200][Int(self.random.number(below: 4))]
    }

    /// So much memory is available from now on.
    mutating func setMemory(mebibytes: Int64) { memoryMebibytes = mebibytes }

    /// It is so hot from now on.
    mutating func setHeat(millidegrees: Int64) { self.millidegrees = millidegrees }

    /// Whether every rail of the total can be read from now on.
    mutating func setTotal(isComplete: Bool) { isTotalComplete = isComplete }

    /// The power mode from now on; nil where nobody can tell.
    mutating func set(_ mode: PowerMode?) { self.mode = mode }

    /// What the total shows from now on, whatever is drawn; nil for what is drawn.
    mutating func setShown(_ power: Power?) { shown = power }

    /// The source called `name` beside the board; one that was there before is replaced.
    mutating func set(_ source: SimulatedSource) {
        others.removeAll { $0.name == source.name }
        others.append(source)
    }

    /// The source called `name` is gone.
    mutating func remove(_ name: String) { others.removeAll { $0.name == name } }

    /// A cause that slows the board down, at `step` of two; zero for none.
    mutating func setThrottle(_ cause: String, step: Int64) {
        throttle[cause] = ThrottleReading(cause: cause, state: step, maximum: 2)
    }

    /// An over-current counter stands at `count`.
    mutating func setOverCurrent(count: Int64) {
        throttle["over-current:3"] = ThrottleReading(cause: "over-current:3", state: count, maximum: nil)
    }

    /// Memory runs short, or is there again.
    public mutating func changeMemory() {
        memoryMebibytes = random.chance(permille: 500) ? random.number(in: 300...900) : random.number(in: 2_000...6_000)
    }

    /// The board runs hot, or cools down.
    public mutating func changeHeat() {
        millidegrees =
            random.chance(permille: 300) ? random.number(in: 80_000...97_000) : random.number(in: 35_000...70_000)
    }

    /// The board is cool, has memory, and its sensors answer.
    public mutating func heal() {
        memoryMebibytes = 4_096
        millidegrees = 50_000
        silent = 0
        isTotalComplete = true
    }

    /// The sample at `now` with `workers` running; nil where the sensors are silent.
    public mutating func sample(at now: BootTime, workers: Int, isHealed: Bool) -> TelemetrySample? {
        if !isHealed, samplesBetweenGaps > 0, silent == 0, random.number(below: samplesBetweenGaps) == 0 {
            silent = random.number(in: 1...12)
        }
        if silent > 0 {
            silent -= 1
            return nil
        }
        var sample = TelemetrySample(taken: now, board: BoardIdentity(profile: "simulated"))
        let milliwatts = base + random.number(in: -200...200) + 3_000 * Int64(workers)
        let power = shown ?? Power(milliwatts: milliwatts)
        sample.rails = [RailReading(name: "VDD_IN", role: .total, power: power, source: .ina3221)]
        sample.total = TotalPower(power: power, isComplete: isTotalComplete, rails: ["VDD_IN"], scope: .module)
        let zone = ZoneReading(
            name: "tj-thermal",
            temperature: Temperature(millidegrees: Int32(millidegrees + random.number(in: -500...500))))
        sample.zones = [zone]
        sample.hottest = zone
        sample.memory = MemoryReading(
            total: .mebibytes(8_192), available: .mebibytes(memoryMebibytes + random.number(in: -50...50)))
        sample.powerMode = mode
        if millidegrees > 95_000 {
            sample.throttle = [ThrottleReading(cause: "gpu-throttle-alert", state: 1, maximum: 3)]
        }
        sample.throttle += throttle.values.sorted { $0.cause < $1.cause }
        sample.sources = [EnergySource(name: "VDD_IN", kind: .compute, evidence: .metered)]
        for index in others.indices {
            if let source = others[index].look(at: now, &random) { sample.sources.append(source) }
        }
        return sample
    }
}
