import Quantities
import Telemetry
import TestKit

/// A source of steady power, read as the boards read theirs, whose sensor breaks in every way that sensors do.
struct ChaoticSource {
    enum Sensor {
        /// Power in whole microwatts: a rail of the board, a battery, a declared path.
        case power
        /// A counter that starts again at its range (RAPL), or never does (NVML).
        case counter(range: UInt64?)
        /// A document that a command prints.
        case document
    }

    enum Mood: CaseIterable { case fine, failing, garbage, gone, hanging }

    let name: String
    let kind: SourceKind
    let truth: Power
    private let sensor: Sensor
    private var traits: SourceTraits
    private let rated: Power
    /// What the source's counter stood at when time began, in µJ.
    private let start: UInt64
    private var register: EnergyCounter
    private var mood = Mood.fine
    private var until: Int64 = 0
    private var hasStumbled = false
    /// How often each mood came.
    private(set) var moods: [Mood: Int] = [:]

    init(_ name: String, _ kind: SourceKind, _ sensor: Sensor, milliwatts: Int64, rated: Int64) {
        self.name = name
        self.kind = kind
        self.sensor = sensor
        truth = Power(milliwatts: milliwatts)
        var range: UInt64?
        if case .counter(let wraps) = sensor { range = wraps }
        // Ten joules before the first wrap.
        start = range.map { $0 - 10_000_000 } ?? 50_000_000
        self.rated = Power(milliwatts: rated)
        register = EnergyCounter(range: range.map { EnergyRegister(microjoules: $0) })
        traits = SourceTraits(
            method: "chaos:" + name, step: Power(milliwatts: 1), counterStep: EnergyRegister(microjoules: 1000),
            rated: Power(milliwatts: rated), direction: kind == .battery ? .netOutput : .forward,
            parent: kind == .compute && name != "VDD_IN" ? "board" : nil)
    }

    /// Goes on as `mood` until `end`, or draws one that lasts a while.
    mutating func change(_ forced: Mood?, at now: Int64, until end: Int64, _ random: inout SeededRandom) {
        if let forced {
            mood = forced
            until = end
        } else if now >= until {
            mood = random.oneIn(2) ? .fine : Mood.allCases[random.number(in: 0...Mood.allCases.count - 1)]
            // Now and then long enough for a source to count as away.
            until = now + (random.oneIn(8) ? random.number(in: 70_000...120_000) : random.number(in: 1000...20_000))
        } else {
            return
        }
        moods[mood, default: 0] += 1
    }

    /// Now and then its limit is set to a thirtieth for some seconds, whatever it draws; not once it is to come back.
    mutating func limit(isOver: Bool, _ random: inout SeededRandom) {
        if traits.rated != rated, isOver || random.oneIn(6) {
            traits.rated = rated
        } else if !isOver, random.oneIn(300) {
            traits.rated = Power(milliwatts: rated.milliwatts / 30)
        }
    }

    /// Puts into `sample` what a reader of this source would; what it drew until then it drew since `origin`.
    mutating func show(in sample: inout TelemetrySample, since origin: BootTime, _ random: inout SeededRandom) {
        var source = EnergySource(name: name, kind: kind, evidence: .metered, traits: traits)
        let reason: UnavailableReason?
        switch mood {
        case .fine: reason = read(&source, garbage: nil, at: sample.taken, since: origin)
        case .garbage: reason = read(&source, garbage: random.next(), at: sample.taken, since: origin)
        case .failing: reason = [.inputOutput, .tryAgain, .noValue, .empty, .permission][random.number(in: 0...4)]
        case .hanging: reason = .timeout
        case .gone: reason = .absent
        }
        if let reason { sample.unavailable.append(Unavailable(name, reason)) }
        // What is gone is not listed at all.
        if mood != .gone { sample.sources.append(source) }
    }

    /// What the sensor shows, or what is wrong with it; garbage is what no source of this rating can have.
    private mutating func read(
        _ source: inout EnergySource, garbage: UInt64?, at now: BootTime, since origin: BootTime
    ) -> UnavailableReason? {
        let nonsense: [Int64] = [.max, .min, 1_000_000_000_000, 400_000_000_000]
        // µJ = mW × ms.
        let drawn = UInt64(truth.milliwatts) * UInt64(now.since(origin).milliseconds)
        switch sensor {
        case .power:
            source.power = garbage.map { Power(microwatts: nonsense[Int($0 % 4)]) } ?? truth
        case .counter(let range):
            var shown = start + drawn
            if let range { shown %= range }
            // Half its range away, and beyond every range; or, once between two good ones, nothing or half: who shows
            // that for longer is not found out.
            if let garbage {
                let half = (shown + (range ?? 1 << 50) / 2) % (range ?? .max)
                let stumble = [0, shown / 2][Int(garbage / 4 % 2)]
                shown = [half, .max, hasStumbled ? .max : stumble, hasStumbled ? half : stumble][Int(garbage % 4)]
                hasStumbled = true
            } else {
                hasStumbled = false
            }
            guard let reading = register.advance(to: shown, at: now) else { return .malformed }
            (source.counter, source.power) = (reading.register, reading.power)
        case .document:
            let texts = [
                "", "watts", "{\"power_mw\": 1e99}", "{\"power_mw\": 5000, \"power_uw\": 1}",
            ]
            let text = garbage.map { texts[Int($0 % 4)] } ?? "{\"energy_uj\": \(start + drawn)}"
            do throws(MeterDocumentError) {
                let document = try MeterDocument(Array(text.utf8))
                guard let counter = document.counter,
                    let reading = register.advance(to: counter.microjoules, at: now)
                else { return .malformed }
                (source.counter, source.power) = (reading.register, reading.power)
            } catch { return .malformed }
        }
        return nil
    }
}
