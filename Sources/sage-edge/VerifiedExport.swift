import Cryptography
import EnergyProofs
import Quantities
import Telemetry
import Wire

/// What is shown of an export that was verified.
struct VerifiedExport {
    let export: ProofExport
    let summary: ProofExportSummary
    /// Whose key signed it.
    let owner: String
    /// Whether it had to be for a certain federation.
    let isFederationExpected: Bool

    /// Writes the members of one JSON object.
    func write(to json: inout JSONWriter) {
        json.member("verified", true)
        json.member("key_id", export.key.id.text)
        json.member("fingerprint", export.key.id.fingerprint)
        json.member("owner", owner)
        json.member("federation", hexadecimal(export.domain.federation.array))
        json.member("federation_expected", isFederationExpected)
        json.member("configuration_epoch", export.domain.configurationEpoch)
        json.member("board", export.board.text)
        json.member("pages", summary.pages)
        json.key("sources")
        json.beginArray()
        for source in summary.sources {
            json.beginObject()
            write(source, to: &json)
            json.endObject()
        }
        json.endArray()
    }

    private func write(_ source: SourceSummary, to json: inout JSONWriter) {
        json.member("source", source.source.text)
        json.member("class", source.evidence.name)
        json.member("pages", source.pages)
        json.member("first_page", source.firstPage)
        json.member("last_page", source.lastPage)
        json.member("first_window_wall_ms", source.firstWindow.milliseconds)
        json.member("last_window_wall_ms", source.lastWindow.milliseconds)
        json.member("time_status", VerifiedExport.name(source.timeStatus))
        json.member("energy_mj", "\(source.energy.millijoules)")
        json.member("work_mj", "\(source.work.millijoules)")
        json.member("chargeable_mj", "\(source.chargeable.millijoules)")
        json.member("time_ms", source.time.milliseconds)
        json.member("gap_ms", source.gap.milliseconds)
        json.member("coverage_bp", source.coverage.value)
        json.member("reboots", source.reboots)
        json.member("new_registers", source.newEpochs)
        json.member("error_bound_permille", source.isWord ? nil : source.errorBoundPermille)
        json.member("unbounded_error_pages", source.unboundedPages)
    }

    /// The text: the file as a whole, then each source.
    var text: String {
        var table = TextTable()
        table.row("key", export.key.id.fingerprint)
        table.row("", owner)
        table.row("federation", hexadecimal(export.domain.federation.array))
        table.row(
            "",
            "epoch \(export.domain.configurationEpoch), "
                + (isFederationExpected ? "the expected one" : "as the file says; --federation NAME checks it"))
        table.row("board", export.board.text)
        table.row("pages", "\(summary.pages)")
        return table.text() + summary.sources.map { "\n" + text(of: $0) }.joined()
    }

    private func text(of source: SourceSummary) -> String {
        var table = TextTable()
        table.row("source", source.source.text)
        table.row("class", source.evidence.name)
        table.row("pages", "\(source.pages), numbers \(source.firstPage) to \(source.lastPage)")
        table.row("from", utc(milliseconds: source.firstWindow.milliseconds))
        table.row(
            "to",
            utc(milliseconds: source.lastWindow.milliseconds) + ", clock " + VerifiedExport.name(source.timeStatus))
        table.row("energy", VerifiedExport.energy(of: source))
        table.row("chargeable", joules(millijoules: source.chargeable.millijoules))
        table.row(
            "coverage",
            percent(basisPoints: Int64(source.coverage.value)) + " of "
                + duration(milliseconds: source.time.milliseconds)
                + ", gaps " + duration(milliseconds: source.gap.milliseconds))
        if !source.isWord { table.row("error", VerifiedExport.error(of: source)) }
        table.row("reboots", "\(source.reboots), new registers \(source.newEpochs)")
        return table.text()
    }

    /// What was measured of `source`, or what is said of it.
    private static func energy(of source: SourceSummary) -> String {
        guard !source.isWord else {
            return "not measured; declared, rated " + watts(milliwatts: source.rated.milliwatts)
        }
        guard source.isMeasured else { return "not measured" }
        return joules(millijoules: source.energy.millijoules) + ", " + joules(millijoules: source.work.millijoules)
            + " of it by tasks"
    }

    /// How far the energy of `source` may be from the truth.
    private static func error(of source: SourceSummary) -> String {
        guard source.errorBound != nil else { return "not bounded" }
        let bound = "at most " + decimal(tenthsOf: Int64(source.errorBoundPermille) * 100) + " %"
        guard source.unboundedPages > 0 else { return bound }
        return "not bounded in " + counted(Int64(source.unboundedPages), "page") + ", " + bound + " in the others"
    }

    private static func name(_ status: TimeStatus) -> String {
        status == .synchronized ? "synchronized" : "unsynchronized"
    }
}
