import AgentCore
import Gateway
import Telemetry

/// A source of energy as an agent's `status` tells it.
struct ToldSource: Equatable {
    /// Its identity.
    var source: String
    /// What samples and the configuration call it.
    var name: String
    /// How its energy is known; nil before its first reading.
    var evidence: EvidenceClass?
    /// Whether the last sample shows it.
    var isReporting: Bool
    /// How long ago it was last read; nil where it never was, and for one without readings.
    var readMillisecondsAgo: Int64?
    var milliwatts: Int64?
    /// What it shows beyond what is believed of it.
    var unbelievedMilliwatts: Int64?
    var ratedMilliwatts: Int64?
    var registerMillijoules: Int64?
    var chargedMillijoules: Int64
    /// Ten-thousandths of its last page's window that were measured.
    var coverage: Int64?
    /// Why nothing is charged from it.
    var refusal: String?
}

/// That a source shows `milliwatts`, and why nobody believes it.
func unbelievedText(milliwatts power: Int64, isRated: Bool) -> String {
    watts(milliwatts: power)
        + (isRated
            ? ", above \(SourceLimits.believedOverRated) times its rating, not believed"
            : ", more than is believed of what nobody rated")
}

extension ToldSource {
    /// The sources in a `status` answer, the board first.
    static func all(_ status: JSONValue) -> [ToldSource] {
        (status["sources"]?.elements ?? []).compactMap { ToldSource($0) }
    }

    private init?(_ value: JSONValue) {
        guard let source = value["source"]?.text else { return nil }
        self.init(
            source: source, name: value["name"]?.text ?? source,
            evidence: value["class"]?.text.flatMap { EvidenceClass(name: $0) },
            isReporting: value["reporting"] == .boolean(true), readMillisecondsAgo: value["read_ms_ago"]?.number,
            milliwatts: value["power_mw"]?.number, unbelievedMilliwatts: value["unbelieved_mw"]?.number,
            ratedMilliwatts: value["rated_mw"]?.number, registerMillijoules: value.amount("register_mj"),
            chargedMillijoules: value.amount("charged_mj") ?? 0,
            coverage: value["coverage_bp"]?.number, refusal: value["charge_refused"]?.text)
    }
}
