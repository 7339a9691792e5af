import EnergyProofs
import Quantities
import Telemetry

/// One look at a source, with all that its meter has to know of it.
struct SourceLook: Sendable {
    /// What was read.
    let reading: MeterReading
    /// When the sample was taken that shows it; a reading may be older.
    let now: BootTime
    /// What the meter has to know; of later looks only what the source is believed to have counts.
    let configuration: MeterConfiguration
    /// How the source is measured; nil where this look does not tell.
    let way: String?
}

/// One closed window of a source, with everything its page has to say and what is kept with it.
struct ClosedWindow: Sendable {
    let source: SourceID
    let window: MeterWindow
    let state: SourceState
    /// What to keep of the meter; nil for a source without readings.
    let meter: MeterState?
    /// How the source is measured.
    let way: String?
}

/// How a source of class `evidence` is measured, in words that change when its register cannot go on.
///
/// Those are what `method` says before its first comma. What stands behind it is about the rating.
func sourceWay(_ evidence: EvidenceClass, _ method: String) -> String {
    let reading = String(decoding: method.utf8.prefix { $0 != UInt8(ascii: ",") }, as: UTF8.self)
    return ProofText(replacing: evidence.name + " " + reading, limit: SourceLimits.wayBytes).text
}

/// The windows and the meter of one source, through restarts and changes in how it is measured.
struct SourceMeter: Sendable {
    /// A window that has closed, and what to keep of the meter then.
    struct Closed {
        let window: MeterWindow
        let meter: MeterState
    }

    private let bootID: Bytes16
    private let samplePeriod: TimeSpan
    private let window: TimeSpan
    private(set) var meter: Meter?
    private var record: SourceRecord?
    /// How the source is measured.
    private(set) var way: String?
    /// What the closed windows came to.
    private(set) var tally = SourceTally()
    /// The register where measuring began here, and what was measured in registers before this one, in µJ.
    private var measuredFrom: UInt64 = 0
    private var measuredBefore: UInt64 = 0

    /// A meter that goes on from what was stored.
    init(_ settings: EnergySettings, bootID: Bytes16, resuming record: SourceRecord?) {
        self.bootID = bootID
        samplePeriod = settings.samplePeriod
        window = settings.window
        self.record = record
        way = record?.way
    }

    /// The register as far as it is measured; nil before the first look.
    var register: EnergyRegister? { meter?.register }

    /// What was measured since the agent's start, through all registers; nil before the first look.
    ///
    /// A register goes back to its last page where an agent did not end by itself; this never does.
    var measured: EnergyRegister? {
        meter.map { EnergyRegister(microjoules: measuredBefore &+ ($0.register.microjoules &- measuredFrom)) }
    }

    /// Takes in a look; returns the windows that it completes.
    mutating func record(_ look: SourceLook) -> [Closed] {
        // What the look cannot measure across is closed before it.
        var closed = passTime(to: look.reading.at)
        let before = closed.count
        var meter = started(look, &closed)
        let former = (epoch: meter.epoch, register: meter.register.microjoules)
        if let found = look.way, let way, found != way {
            meter = anew(meter, look, &closed)
        }
        way = look.way ?? way
        meter.believe(as: look.configuration)
        let outcome = meter.record(look.reading)
        if case .newEpoch(_, let last?) = outcome { closed.append(Closed(window: last, meter: meter.state)) }
        if meter.epoch != former.epoch {
            measuredBefore &+= former.register &- measuredFrom
            measuredFrom = 0
        }
        self.meter = meter
        note(closed[before...])
        return closed + passTime(to: look.reading.at)
    }

    /// Closes the open window where the source was read last, since nothing comes after it; nil where nothing is open.
    mutating func end() -> Closed? {
        guard let last = meter?.lastReadingAt, let ended = meter?.closeWindow(at: last, now: last, isLast: true),
            let state = meter?.state
        else { return nil }
        let closed = Closed(window: ended, meter: state)
        note([closed])
        return closed
    }

    /// Closes every window whose end is decided at `now`.
    ///
    /// Time without readings that is longer than a window is one window, not a row of them.
    mutating func passTime(to now: BootTime) -> [Closed] {
        guard var meter else { return [] }
        var closed: [Closed] = []
        while true {
            let isSilent = meter.lastReadingAt.map { now.since($0) > meter.configuration.gapLimit } ?? true
            let start = max(meter.windowStart, meter.lastReadingAt ?? meter.windowStart)
            let windows = isSilent ? now.since(start).milliseconds / window.milliseconds : 1
            let isLong = windows > 1 && start == meter.windowStart
            let end = meter.windowStart + window * (isLong ? windows : 1)
            guard let ended = meter.closeWindow(at: end, now: now) else { break }
            closed.append(Closed(window: ended, meter: meter.state))
        }
        self.meter = meter
        note(closed[...])
        return closed
    }

    /// When the open window is decided at the latest, readings or not.
    var deadline: BootTime? {
        guard let meter else { return nil }
        let silent = max(meter.lastReadingAt ?? meter.windowStart, meter.windowStart + window)
        return silent + meter.configuration.gapLimit + samplePeriod
    }

    private mutating func started(_ look: SourceLook, _ closed: inout [Closed]) -> Meter {
        if let meter { return meter }
        let at = max(look.reading.at, min(ended ?? look.reading.at, look.now))
        defer { record = nil }
        var meter: Meter
        if let resumed = record?.meter {
            meter = Meter(resuming: resumed, look.configuration, bootID: bootID, at: at)
            if let found = look.way, let way, found != way, meter.epoch == resumed.epoch {
                meter = Meter(following: resumed, look.configuration, bootID: bootID, at: at, because: .sensorChanged)
            }
        } else if let page = record?.lastPage {
            // Pages without a register: it was lost, or the source had none, being the operator's word.
            meter = Meter(
                look.configuration, bootID: bootID, at: page.bootID == bootID ? min(page.windowEnd, at) : at,
                epoch: page.epoch &+ 1, because: way == nil ? .stateLost : .sensorChanged)
        } else {
            meter = Meter(look.configuration, bootID: bootID, at: at)
        }
        way = look.way ?? way
        measuredFrom = meter.register.microjoules
        // The time in which no agent ran is one window without energy, not a row of them.
        if let ended = meter.closeWindow(at: at, now: at) { closed.append(Closed(window: ended, meter: meter.state)) }
        return meter
    }

    /// Where the last page ended in this boot: a reading that it may know already begins nothing before that.
    private var ended: BootTime? {
        if let meter = record?.meter { return meter.bootID == bootID ? meter.windowEnd : nil }
        return record?.lastPage.flatMap { $0.bootID == bootID ? $0.windowEnd : nil }
    }

    /// A meter in the next epoch for a source that is measured in another way from now on; what was measured until
    /// now is closed before.
    private func anew(_ meter: Meter, _ look: SourceLook, _ closed: inout [Closed]) -> Meter {
        var old = meter
        if let last = old.lastReadingAt, let ended = old.closeWindow(at: last, now: last, isLast: true) {
            closed.append(Closed(window: ended, meter: old.state))
        }
        return Meter(
            following: old.state, look.configuration, bootID: bootID, at: look.reading.at, because: .sensorChanged)
    }

    private mutating func note(_ closed: ArraySlice<Closed>) {
        for ended in closed { tally.add(ended.window) }
    }
}

/// What the closed windows of a source came to since the agent's start.
public struct SourceTally: Hashable, Sendable {
    /// Readings that were counted.
    public private(set) var samples: UInt64 = 0
    /// Readings that there should have been besides.
    public private(set) var missed: UInt64 = 0
    /// Windows with time that was not measured.
    public private(set) var gaps: UInt64 = 0

    /// Takes in a window.
    mutating func add(_ window: MeterWindow) {
        samples &+= window.samples
        missed &+= window.expected &- window.samples
        if window.gap > .zero { gaps &+= 1 }
    }
}
