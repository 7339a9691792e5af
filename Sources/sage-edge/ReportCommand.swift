import AgentCore
import Configuration
import Cryptography
import EnergyProofs
import Platform
import Quantities

let reportCommands = [
    CommandSpecification(
        ["report", "energy"], "Energy per hour, day, source or task, and its signed sums", positionals: ["[FILE]"],
        options: timeOptions + [
            OptionSpecification("by", value: "PERIOD", "hour, day, source, or task (default: hour or day, as fits)"),
            OptionSpecification("format", value: "FORMAT", "table, json, csv, html or ocmf (default table)"),
            OptionSpecification("output", value: "FILE", "Write it to this file"),
        ],
        examples: [
            "report energy", "report energy --from 30d --by day --format html --output month.html",
            "report energy sprout.proofs --by source --json",
            "report energy --from yesterday --to today --format ocmf",
            "report energy --by task --from 7d --format html",
        ]
    ) { invocation throws(Failure) in
        var request = try ReportRequest(invocation)
        let (text, entries) = try request.isByTask ? request.runs(invocation) : request.periods(invocation)
        try writeFile(request.output, Array(text.utf8))
        if request.output != "-" {
            Console.note("\(entries) \(entries == 1 ? "entry" : "entries") in \(request.output)")
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

    /// What `--by` takes.
    static let periods = ["hour", "day", "source", "task"]

    private(set) var choice: TimeChoice
    /// Whether every run of a task is an entry.
    let isByTask: Bool
    private let interval: ReportInterval?
    let format: Format
    /// The file to write to; `-` for standard output.
    let output: String

    init(_ invocation: Invocation) throws(Failure) {
        choice = try TimeChoice(invocation)
        output = invocation.value("output") ?? "-"
        switch invocation.value("by") {
        case nil: interval = nil
        case "hour": interval = .hour
        case "day": interval = .day
        case "source", "task": interval = .whole
        case .some(let text): throw Failure(.usage, "--by takes hour, day, source or task, not '\(text)'")
        }
        isByTask = invocation.value("by") == "task"
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

    /// The report per hour, day or source as it is written, and how many entries it has.
    mutating func periods(_ invocation: Invocation) throws(Failure) -> (text: String, entries: Int) {
        let report = try report(invocation)
        return (try text(of: report, invocation), report.energy.entries.count)
    }

    /// The report over the pages that `invocation` means.
    private mutating func report(_ invocation: Invocation) throws(Failure) -> ShownReport {
        let supply: PageSupply
        if let path = invocation.positionals.first {
            supply = try PageSupply(readExport(path))
        } else {
            supply = try PageSupply(invocation)
        }
        try complete(by: supply)
        let periods = try periods(supply)
        var report = EnergyReport(periods: periods, domain: supply.domain, key: supply.key, source: choice.source)
        try supply.read(PageSelection(source: choice.source, from: periods.from, to: periods.to)) {
            page throws(Failure) in
            try take(page, into: &report)
            return true
        }
        guard !report.totals.isEmpty else {
            if let source = choice.source, !(try supply.sources()).contains(source) {
                throw try noPages(choice.selection(), supply, invocation)
            }
            throw Failure(
                .noInput,
                "there is no energy proof " + words(periods), hint: "sage-edge proof list")
        }
        return ShownReport(energy: report, board: supply.board, made: choice.now)
    }

    /// Takes the source that is chosen for the one that it names among those of `supply`.
    mutating func complete(by supply: PageSupply) throws(Failure) { try choice.complete(by: supply) }

    /// The time of a report, and whose it is, in words.
    func words(_ periods: ReportPeriods) -> String {
        "from \(CivilTime(periods.from, offset: choice.offset).text) to "
            + CivilTime(periods.to, offset: choice.offset).text + (choice.source.map { " of " + $0.text } ?? "")
    }

    /// The time of the report: what was asked for; for an export all of it; else the last whole day and what of this
    /// hour has passed.
    func periods(_ supply: PageSupply?) throws(Failure) -> ReportPeriods {
        var (from, to) = (choice.from, choice.to)
        if from == nil || to == nil, let extent = try supply?.exportedExtent(of: choice.source) {
            from = from ?? extent.from
            to = to ?? extent.to
        }
        let end = to ?? choice.now
        let hour = ReportInterval.hour.length ?? .seconds(3600)
        let start = from ?? wholeHour(end - hour * 24)
        guard start < end else {
            if to == nil, let ahead = choice.ahead(hint: "sage-edge report energy --from today") { throw ahead }
            let (begin, last) = (
                CivilTime(start, offset: choice.offset).text, CivilTime(end, offset: choice.offset).text
            )
            throw Failure(
                .noInput, "there is no page in that time: it would begin at \(begin) and end at \(last)",
                hint: "sage-edge proof list")
        }
        let interval = interval ?? (end.since(start) <= hour * 49 ? .hour : .day)
        guard let periods = ReportPeriods(from: start, to: end, by: interval, offset: choice.offset) else {
            throw Failure(
                .usage,
                "\(CivilTime(start).text) to \(CivilTime(end).text) is no time for a report in periods of "
                    + (interval == .day ? "a day" : "an hour") + ": at most \(EnergyProofLimits.reportPeriods) of them",
                hint: "sage-edge report energy --from TIME --to TIME"
                    + (interval == .hour ? " --by day" : ""))
        }
        return periods
    }

    private func wholeHour(_ time: WallTime) -> WallTime {
        let local = (max(.origin, time) + choice.offset).milliseconds
        return max(.origin, WallTime(milliseconds: local.flooredQuotient(by: 3_600_000) * 3_600_000) - choice.offset)
    }

    /// The report as it is written.
    private func text(of report: ShownReport, _ invocation: Invocation) throws(Failure) -> String {
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

/// The export in the file at `path`.
func readExport(_ path: String) throws(Failure) -> ProofExport {
    let bytes = try readFile(
        path, limit: EnergyProofLimits.exportBytes, hint: "sage-edge proof export FILE makes such a file")
    do throws(ProofExportError) { return try ProofExport(decoding: bytes) } catch {
        if let strange = StrangeFile(bytes, at: path) {
            throw Failure(.badData, "\(path): \(strange.explanation)", hint: strange.hint)
        }
        throw Failure(.badData, "\(path): \(error.explanation)")
    }
}
