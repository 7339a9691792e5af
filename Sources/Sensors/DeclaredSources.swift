import Platform
import Quantities
import Telemetry

/// The sources that the operator declared, read beside the board's own.
///
/// It belongs to the thread of the sensors. Commands run on threads of their own and are never waited for.
public final class DeclaredSources {
    private enum Reader {
        case device(DeviceMeter)
        case file(FileMeter)
        case command(CommandMeter)
        case declared(Power)
    }

    private struct Source {
        let declaration: SourceDeclaration
        let evidence: EvidenceClass
        let method: String
        let reader: Reader
        /// That its meter counts for another source.
        var refusal: Unavailable?
        /// The battery that was found at its meter.
        var battery: String?
        var counter: EnergyCounter?
        /// What was read last.
        var shown: MeterFigures?
    }

    private var sources: [Source]
    private let clock: () -> ClockReading
    /// What the board itself is read from, and the batteries that were found on it.
    public var board = BoardMeters() { didSet { isJudged = isJudged && board == oldValue } }
    /// Names of batteries that were found, and are read as declared sources.
    public private(set) var replaced: [String] = []
    private var isJudged = false

    /// Readers of what was declared; at most `SensorLimits.declaredSources` of them, which the configuration sees to.
    ///
    /// - Parameter tree: where paths of devices are looked for; what a recording shows is replayed.
    public convenience init(_ declarations: [SourceDeclaration], tree: SysfsTree) {
        self.init(declarations, tree: tree, clock: ClockReading.now)
    }

    /// Readers that take the time from `clock`.
    init(_ declarations: [SourceDeclaration], tree: SysfsTree, clock: @escaping () -> ClockReading) {
        self.clock = clock
        sources = declarations.prefix(SensorLimits.declaredSources).map { declaration in
            var evidence = declaration.evidence
            let reader: Reader
            let method: String
            switch declaration.origin {
            case .path(let path):
                reader = .device(DeviceMeter(tree, path))
                method = "path:" + path
                if !tree.isLive, evidence == .metered { evidence = .replayed }
            case .file(let path):
                reader = .file(FileMeter(path))
                method = "file:" + path
            case .command(let words):
                reader = .command(CommandMeter(words))
                method = "command:" + (words.first ?? "")
            case .declared(let power):
                reader = .declared(power)
                method = "declared"
                evidence = .declared
            }
            return Source(declaration: declaration, evidence: evidence, method: method, reader: reader)
        }
    }

    /// Adds every declared source to `sample`, behind the board's own; what cannot be read is listed there too.
    ///
    /// A source that was found under the same name, or from the same battery, gives way to the declared one; the board
    /// itself does not. A meter counts once: of two sources that lead to one, by whatever path, the first has it.
    public func add(to sample: inout TelemetrySample) {
        judge(at: clock().boot)
        let found = sample.sources.filter { replaced.contains($0.name) }
        sample.sources.removeAll { replaced.contains($0.name) }
        for index in sources.indices {
            var source = source(of: sources[index])
            // It is as much a part of the board as the one that it takes the place of.
            let twin = found.first { $0.name == sources[index].battery }
            source.traits.parent = source.traits.parent ?? twin?.traits.parent
            // The first one that computes and is part of nothing is the board.
            let isBoard = source.kind == .compute && source.traits.parent == nil
            guard !isBoard || sample.sources.first.map({ $0.kind == .compute && $0.name != source.name }) ?? false
            else { continue }
            switch sources[index].refusal.map({ .unavailable($0.reason) }) ?? read(index) {
            case .value(let reading):
                (source.power, source.counter) = (reading.power, reading.counter)
                source.isPowerCounted = reading.isPowerCounted
                source.time = reading.time
            case .unavailable(let reason):
                sample.unavailable.append(sources[index].refusal ?? Unavailable(source.name, reason))
            }
            sample.sources.removeAll { $0.name == source.name }
            sample.sources.append(source)
        }
    }

    /// The declared sources whose meters count for another, by what is there at `now`.
    public func refusals(at now: BootTime) -> [Unavailable] {
        judge(at: now)
        return sources.compactMap { $0.refusal }
    }

    /// Sees which meters were found, and for which source each of them counts.
    private func judge(at now: BootTime) {
        for source in sources {
            if case .device(let meter) = source.reader, meter.searchIfNeeded(at: now) { isJudged = false }
        }
        guard !isJudged else { return }
        isJudged = true
        replaced = []
        var readers: [MeterPlace: String] = [:]
        for index in sources.indices {
            guard case .device(let meter) = sources[index].reader else { continue }
            let declaration = sources[index].declaration
            sources[index].battery = nil
            sources[index].refusal = refusal(of: declaration, meter.places, readers)
            guard sources[index].refusal == nil else { continue }
            for place in meter.places {
                readers[place] = declaration.name
                if let battery = board.batteries[place] {
                    replaced.append(battery)
                    sources[index].battery = battery
                }
            }
        }
    }

    /// Why the meters at `places` do not count for a source; nil where they do.
    private func refusal(
        of declaration: SourceDeclaration, _ places: Set<MeterPlace>, _ readers: [MeterPlace: String]
    ) -> Unavailable? {
        // What parts of the board charge, the board does not charge once more.
        let isPart = declaration.kind == .compute && declaration.parent == SourceDeclaration.boardName
        if !isPart, places.contains(where: { $0.isProcessor || board.own.contains($0) }) {
            return Unavailable(declaration.name, .board)
        }
        // At most two, of one device.
        if let reader = places.compactMap({ readers[$0] }).min() {
            return Unavailable(declaration.name, .counted, by: reader)
        }
        if declaration.kind != .battery, let battery = places.compactMap({ board.batteries[$0] }).min() {
            return Unavailable(declaration.name, .counted, by: battery)
        }
        return nil
    }

    private func source(of source: Source) -> EnergySource {
        let declaration = source.declaration
        var traits = SourceTraits(
            method: source.method, rated: declaration.rated,
            direction: declaration.kind == .battery ? .netOutput : .forward, parent: declaration.parent)
        traits.step = Power(milliwatts: 1)
        traits.counterStep = EnergyRegister(microjoules: 1000)
        // What another program tells is renewed when that likes.
        switch source.reader {
        case .file, .command: traits.validity = SensorLimits.meterAge
        case .device, .declared: break
        }
        return EnergySource(
            name: declaration.name, kind: declaration.kind, evidence: source.evidence, traits: traits)
    }

    private func read(_ index: Int) -> Reading<MeterFigures> {
        let now = clock()
        let figures: Reading<MeterFigures>
        switch sources[index].reader {
        case .device(let meter): figures = meter.read(at: now.boot)
        case .file(let meter): figures = meter.read(at: now)
        case .command(let meter): figures = meter.read(at: now.boot)
        case .declared(let power): return .value(MeterFigures(power: power, counter: nil))
        }
        guard case .value(var reading) = figures else { return figures }
        let time = reading.time ?? ReadingTime(earliest: now.boot, latest: clock().boot)
        // What is shown again counts once.
        if let shown = sources[index].shown, shown.time == time { return .value(shown) }
        reading.time = time
        if let counter = reading.counter {
            var known = sources[index].counter ?? EnergyCounter(range: reading.counterRange)
            let advanced = known.advance(to: counter.microjoules, at: time)
            sources[index].counter = known
            reading.counter = advanced?.register
            reading.isPowerCounted = reading.power == nil
            reading.power = reading.power ?? advanced?.power
        }
        sources[index].shown = reading
        return .value(reading)
    }
}

extension SysfsTree {
    /// Why the device at `path` cannot be read as a meter now; nil where it can.
    public func fault(ofMeterAt path: String) -> UnavailableReason? {
        guard case .unavailable(let reason) = DeviceMeter(self, path).read(at: Clock.bootTime) else { return nil }
        return reason
    }
}

/// What a meter showed.
struct MeterFigures: Hashable, Sendable {
    var power: Power?
    /// Whether that is but what the counter gained.
    var isPowerCounted = false
    var counter: EnergyRegister?
    /// What is added when the counter wraps; nil where it never does.
    var counterRange: EnergyRegister?
    /// When it showed them; nil for now.
    var time: ReadingTime?
}
