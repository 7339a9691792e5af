import EnergyProofs
import Quantities
import Telemetry
import Wire

/// One source as its operator sees it.
public struct SourceView: Sendable {
    /// The source's identity.
    public let source: SourceID
    /// What samples and the configuration call it.
    public let name: String
    /// How its energy is known; nil before its first reading.
    public internal(set) var evidence: EvidenceClass?
    /// How it is measured; nil before its first reading.
    public internal(set) var method: String?
    /// Its register; nil where it is not metered.
    public internal(set) var register: EnergyRegister?
    /// What was measured of it since the agent's start; nil where it is not metered.
    public internal(set) var measured: EnergyRegister?
    /// Its power in the last sample; nil where it was not read, or is not believed.
    public internal(set) var power: Power?
    /// What the last sample shows beyond what is believed of it; nil where it shows no such thing.
    public internal(set) var unbelieved: Power?
    /// What it is rated for now; nil where nobody says it.
    public internal(set) var rated: Power?
    /// Whether the last sample shows it.
    public internal(set) var isReporting = false
    /// When it was last read.
    public internal(set) var readAt: BootTime?
    /// What its windows came to since the agent's start.
    public internal(set) var tally = SourceTally()
    /// Its pages so far.
    public internal(set) var pages: UInt64 = 0
    /// Its last page since the agent's start; coverage, gap, error bound, capacity and what it lets charge are there.
    public internal(set) var lastPage: EnergyCapacityProof?
    /// What was charged from it since the agent's start.
    public internal(set) var charged = Energy.zero
    /// Why nothing is charged from it; nil where something was, or nothing was wanted yet.
    public internal(set) var refusal: ChargeRefusal?
    /// The source that it is a part of.
    public internal(set) var parent: SourceID?
    /// The battery that it fills.
    public internal(set) var feeds: SourceID?

    init(_ source: SourceID, name: String) {
        self.source = source
        self.name = name
    }

    /// Takes in what the last sample shows of a source that is rated for `rated`.
    mutating func show(_ power: Power?, rated: Power?) {
        self.rated = rated
        if let power, SourceLimits.isUnbelievable(power, rated: rated) {
            unbelieved = power
        } else {
            self.power = power
        }
    }

    /// Appends the view as one JSON object; `now` is the time that ages are told at.
    func write(to json: inout JSONWriter, now: BootTime) {
        json.beginObject()
        json.member("source", source.text)
        json.member("name", name)
        json.member("kind", source.kind.name)
        json.member("class", evidence?.name)
        json.member("method", method)
        json.member("reporting", isReporting)
        json.member("read_ms_ago", readAt.map { max(0, now.since($0).milliseconds) })
        json.member("register_mj", register.map { "\($0.energy.millijoules)" })
        json.member("power_mw", power?.milliwatts)
        json.member("unbelieved_mw", unbelieved?.milliwatts)
        json.member("rated_mw", rated?.milliwatts)
        json.member("capacity_mw", lastPage?.capacity.milliwatts)
        json.member("samples", tally.samples)
        json.member("missed", tally.missed)
        json.member("gaps", tally.gaps)
        json.member("pages", pages)
        json.member("page", lastPage?.page)
        json.member("coverage_bp", lastPage?.coverage.value)
        json.member("gap_ms", lastPage?.gap.milliseconds)
        json.member("error_bound_permille", lastPage?.errorBoundPermille)
        json.member("drawn_mj", lastPage.map { "\($0.drawn.millijoules)" })
        json.member("chargeable_mj", lastPage.map { "\($0.chargeable.millijoules)" })
        AgentViews.amount("charged_mj", charged, &json)
        json.member("charge_refused", refusal?.explanation)
        json.member("parent", parent?.text)
        json.member("feeds", feeds?.text)
        json.endObject()
    }
}

extension ThrottleCause {
    /// Appends the cause as one JSON object; `now` is the time that ages are told at.
    func write(to json: inout JSONWriter, now: BootTime) {
        json.beginObject()
        json.member("cause", cause)
        json.member("reason", reason.name)
        json.member("active", isActive)
        json.member("since_ms_ago", since.map { max(0, now.since($0).milliseconds) })
        json.member("ended_ms_ago", until.map { max(0, now.since($0).milliseconds) })
        json.member("state", state)
        json.member("max", maximum)
        json.member("depth", depth)
        json.member("events", events)
        json.member("time_ms", time.milliseconds)
        json.endObject()
    }
}

extension TotalResidual {
    /// Appends the residual as one JSON object.
    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("total", total)
        json.member("total_mw", power.milliwatts)
        json.key("parts")
        json.beginArray()
        for part in parts { json.string(part) }
        json.endArray()
        json.member("parts_mw", partsPower.milliwatts)
        json.member("residual_mw", residual.milliwatts)
        json.member("tolerance_mw", tolerance.milliwatts)
        json.endObject()
    }
}
