import AgentCore
import Configuration
import Cryptography
import EnergyProofs
import Platform
import Quantities

let reportCommands = [
    CommandSpecification(
        ["report", "energy"], "Sum signed energy per hour, day or source", positionals: ["[FILE]"],
        options: timeOptions + [
            OptionSpecification("by", value: "PERIOD", "hour, day, or source for one sum each (default: what fits)"),
            OptionSpecification("format", value: "FORMAT", "table, json, csv, html or ocmf (default table)"),
            OptionSpecification("output", value: "FILE", "Write it to this file"),
        ],
        examples: [
            "report energy", "report energy --from 30d --by day --format html --output month.html",
            "report energy sprout.proofs --by source --json",
            "report energy --from yesterday --to today --format ocmf",
        ]
    ) { invocation throws(Failure) in
        let request = try ReportRequest(invocation)
        let report = try request.report(invocation)
        try writeFile(request.output, Array(try request.text(of: report, invocation).utf8))
        if request.output != "-" {
            Console.note("\(report.energy.entries.count) entries in \(request.output)")
        }
        return .success
    }
]

/// What a report is made of besides its pages.
struct ReportRequest {
    /// How a report is written.
    enum Format: String, CaseIterable {
        case table
        case json
        case csv
        case html
        case ocmf
    }

    private let choice: TimeChoice
    private let interval: ReportInterval?
    private let format: Format
    /// The file to write to; `-` for standard output.
    let output: String

    init(_ invocation: Invocation) throws(Failure) {
        choice = try TimeChoice(invocation)
        output = invocation.value("output") ?? "-"
        switch invocation.value("by") {
        case nil: interval = nil
        case "hour": interval = .hour
        case "day": interval = .day
        case "source": interval = .whole
        case .some(let text): throw Failure(.usage, "--by takes hour, day or source, not '\(text)'")
        }
        let given = invocation.value("format")
        guard let format = Format(rawValue: given ?? (invocation.wantsJSON ? "json" : "table")) else {
            let known = Format.allCases.map { $0.rawValue }.joined(separator: ", ")
            throw Failure(.usage, "--format takes one of \(known), not '\(given ?? "")'")
        }
        if invocation.wantsJSON, format != .json {
            throw Failure(.usage, "--json and --format \(format.rawValue) are two formats")
        }
        self.format = format
    }

    /// The report over the pages that `invocation` means.
    func report(_ invocation: Invocation) throws(Failure) -> ShownReport {
        let supply: PageSupply
        if let path = invocation.positionals.first {
            supply = try PageSupply(readExport(path))
        } else {
            supply = try PageSupply(invocation)
        }
        let periods = try periods(supply)
        var report = EnergyReport(periods: periods, domain: supply.domain, key: supply.key, source: choice.source)
        var reader = ReportReader(report: report)
        try supply.read(PageSelection(source: choice.source, from: periods.from, to: periods.to)) {
            page throws(Failure) in
            try reader.add(page)
            return true
        }
        report = reader.report
        guard !report.totals.isEmpty else {
            throw Failure(
                .noInput,
                "there is no energy proof from \(CivilTime(periods.from, offset: choice.offset).text) to "
                    + CivilTime(periods.to, offset: choice.offset).text
                    + (choice.source.map { " of " + $0.text } ?? ""), hint: "sage-edge proof list")
        }
        return ShownReport(energy: report, board: supply.board, made: choice.now)
    }

    /// The time of the report: what was asked for; for an export all of it; else the last whole day and what of this
    /// hour has passed.
    private func periods(_ supply: PageSupply) throws(Failure) -> ReportPeriods {
        var (from, to) = (choice.from, choice.to)
        if from == nil || to == nil, let extent = try supply.exportedExtent(of: choice.source) {
            from = from ?? extent.from
            to = to ?? extent.to
        }
        let end = to ?? choice.now
        let hour = ReportInterval.hour.length ?? .seconds(3600)
        let start = from ?? wholeHour(end - hour * 24)
        let interval = interval ?? (end.since(start) <= hour * 49 ? .hour : .day)
        guard let periods = ReportPeriods(from: start, to: end, by: interval, offset: choice.offset) else {
            throw Failure(
                .usage,
                "\(CivilTime(start).text) to \(CivilTime(end).text) is no time for a report in periods of "
                    + "an \(interval == .day ? "day" : "hour"): at most \(EnergyProofLimits.reportPeriods) of them",
                hint: "sage-edge report energy --from TIME --to TIME --by day")
        }
        return periods
    }

    private func wholeHour(_ time: WallTime) -> WallTime {
        let local = (max(.origin, time) + choice.offset).milliseconds
        return max(.origin, WallTime(milliseconds: local.flooredQuotient(by: 3_600_000) * 3_600_000) - choice.offset)
    }

    /// The report as it is written.
    func text(of report: ShownReport, _ invocation: Invocation) throws(Failure) -> String {
        switch format {
        case .table: printable(report.table)
        case .json: report.json + "\n"
        case .csv: report.csv
        case .html: report.html
        case .ocmf: try report.meteringExport(signedWith: try signingKey(report, invocation))
        }
    }

    /// The key that made the pages, from its file: what is signed stays with those who may read it.
    private func signingKey(_ report: ShownReport, _ invocation: Invocation) throws(Failure) -> SigningKey {
        let key: SigningKey
        do throws(Failure) { key = try nodeKeys(invocation).identity } catch {
            throw error.code == .permission
                ? Failure(.permission, error.message, hint: "an OCMF report is signed: run this as the agent's user")
                : error
        }
        guard key.publicKey == report.energy.key else {
            throw Failure(
                .badData,
                "the pages are of key \(report.energy.key.id.fingerprint), which is not this node's: only it can sign "
                    + "this report")
        }
        return key
    }
}

/// Takes pages into a report, and what is wrong with one as a failure.
private struct ReportReader {
    var report: EnergyReport
    private let scheme = Ed25519()

    init(report: EnergyReport) { self.report = report }

    mutating func add(_ supplied: SuppliedPage) throws(Failure) {
        guard let page = supplied.page else {
            do throws(EnergyProofError) { _ = try ProofPage(decoding: supplied.bytes) } catch {
                throw Failure(.badData, "a page cannot be read: \(error.explanation)")
            }
            return
        }
        do throws(EnergyReportError) {
            try report.add(page, isResumed: supplied.isResumed, using: scheme)
        } catch { throw Failure(.badData, "not reported: " + error.explanation, hint: "sage-edge proof export FILE") }
    }
}

/// The export in the file at `path`.
func readExport(_ path: String) throws(Failure) -> ProofExport {
    let bytes = try readFile(path, limit: EnergyProofLimits.exportBytes)
    do throws(ProofExportError) { return try ProofExport(decoding: bytes) } catch {
        throw Failure(.badData, "\(path): \(error.explanation)")
    }
}
