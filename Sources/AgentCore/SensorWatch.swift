import EnergyProofs
import Quantities
import Telemetry

/// Whether what has to be read is read: the board's total where its profile knows one, and what the operator declares.
///
/// What fails for a moment is not told; what fails for `SourceLimits.failureTime` is, once, and once more when it is
/// back.
struct SensorWatch: Sendable {
    /// What has to be read.
    private struct Sensor {
        /// What the log calls it.
        let name: String
        /// Why the last look found nothing to believe; nil where it did.
        var fault: String?
        var failingSince: BootTime?
        /// Whether the operator knows of it.
        var isTold = false

        /// Takes in a look; returns what is to be told.
        mutating func note(_ fault: String?, at now: BootTime) -> LogEntry? {
            self.fault = fault
            guard let fault else {
                failingSince = nil
                defer { isTold = false }
                return isTold ? LogEntry(.notice, name + " can be read again", kind: .sensorBack) : nil
            }
            let since = failingSince ?? now
            failingSince = since
            guard !isTold, now.since(since) >= SourceLimits.failureTime else { return nil }
            isTold = true
            return LogEntry(.warning, name + " cannot be read: " + fault, kind: .sensorFailed)
        }
    }

    private let profile: HardwareProfile
    private let declarations: [SourceDeclaration]
    private var total = Sensor(name: "the board's power")
    private var declared: [Sensor]
    /// Whether a total was read that the profile knows.
    private var isTotalKnown = false

    /// Nothing seen yet of a board with this profile and these sources beside it.
    init(_ profile: HardwareProfile, _ declarations: [SourceDeclaration]) {
        self.profile = profile
        self.declarations = declarations.filter { $0.origin.isRead }
        declared = self.declarations.map { Sensor(name: $0.name) }
    }

    /// Whether the last sample lacks a total that it should have.
    var isTotalMissing: Bool { total.fault != nil }

    /// What fails, and why, for as long as that is told.
    var faults: [String] {
        ([total] + declared).compactMap { sensor in
            guard sensor.isTold, let fault = sensor.fault else { return nil }
            return sensor.name + " cannot be read: " + fault
        }
    }

    /// Takes in a sample of a board that is rated for `rated`, or by nobody; returns what is to be told.
    ///
    /// - Parameter contradiction: why its total cannot be what the board draws.
    mutating func record(_ sample: TelemetrySample, rated: Power?, contradiction: String?) -> [LogEntry] {
        var entries: [LogEntry] = []
        let fault = totalFault(sample, rated) ?? contradiction
        if let entry = total.note(fault, at: sample.taken) { entries.append(entry) }
        for index in declared.indices {
            let declaration = declarations[index]
            // A sample may be without it for other reasons than its own, as one of tegrastats that had no line.
            guard let source = sample.sources.first(where: { $0.name == declaration.name }) else { continue }
            let fault = SensorWatch.fault(of: source, sample, rated: declaration.rated)
            if let entry = declared[index].note(fault, at: sample.taken) { entries.append(entry) }
        }
        return entries
    }

    private static func fault(of source: EnergySource, _ sample: TelemetrySample, rated: Power?) -> String? {
        if let power = source.power { return disbelief(of: power, rated: rated) }
        guard source.counter == nil else { return nil }
        let entry = sample.unavailable.first { $0.what == source.name } ?? Unavailable(source.name, .noValue)
        return entry.refusal ?? entry.text
    }

    private mutating func totalFault(_ sample: TelemetrySample, _ rated: Power?) -> String? {
        guard let total = sample.total else {
            return !profile.totals.isEmpty && isTotalWanted(sample) ? missing(in: sample) : nil
        }
        // What a battery gives is a total only while the machine runs from it.
        if total.scope != .battery { isTotalKnown = true }
        guard total.isComplete else {
            let lacking = sample.unavailable.first { total.rails.contains($0.what) }
            return "incomplete" + (lacking.map { ", " + $0.what + ": " + $0.reason.rawValue } ?? "")
        }
        return total.power.flatMap { SensorWatch.disbelief(of: $0, rated: rated) }
    }

    private func missing(in sample: TelemetrySample) -> String { (sample.reason(of: "total") ?? .absent).rawValue }

    /// Whether a board without a total should have one.
    ///
    /// A profile for boards of any kind names what some of them have; a rule may stand for what a machine lacks.
    private func isTotalWanted(_ sample: TelemetrySample) -> Bool {
        guard !isTotalKnown else { return true }
        switch sample.reason(of: "total") {
        case .notSupported: return false
        case .absent, nil: return profile.recognition != HardwareProfile.Recognition()
        default: return true
        }
    }

    /// Why `power` is not believed of what is rated for `rated`; nil where it is.
    static func disbelief(of power: Power, rated: Power?) -> String? {
        guard SourceLimits.isUnbelievable(power, rated: rated) else { return nil }
        let most =
            rated == nil
            ? "more than is believed without a rating" : "above \(SourceLimits.believedOverRated) times its rating"
        return "\(power.milliwatts) mW is " + most
    }
}

extension TelemetrySample {
    /// Why `what` could not be read; nil where it was, or was not tried.
    func reason(of what: String) -> UnavailableReason? { unavailable.first { $0.what == what }?.reason }
}

// What has to be read, and is not.
extension AgentMachine {
    /// Tells of sensors that went away or came back with `sample`.
    mutating func watchSensors(_ sample: TelemetrySample) {
        for entry in sensors.record(
            sample, rated: energy.judgedRating, contradiction: energy.contradiction)
        {
            log(entry.level, entry.text, kind: entry.kind)
        }
    }

    /// What of the board, and of what its operator declares, has not been read for a while, and why.
    public var sensorFaults: [String] { sensors.faults }

    /// Goes on watching where `other`, the agent before this one in the same program, ends: what it has told is known.
    public mutating func goOnWatching(after other: AgentMachine) {
        sensors = other.sensors
        logLimiter = other.logLimiter
    }
}
