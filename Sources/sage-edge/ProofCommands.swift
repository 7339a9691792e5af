import AgentCore
import EnergyProofs
import Gateway
import Quantities
import Store
import Telemetry

let proofCommands = [
    CommandSpecification(
        ["proof", "latest"], "Show the newest energy proof", options: [timeOptions[0]],
        examples: ["proof latest", "proof latest --json"]
    ) { invocation throws(Failure) in
        let answer = try proofs(invocation, limit: 1)
        guard let proof = answer.value["proofs"]?.elements.first else {
            throw noProofs(invocation)
        }
        try Console.print(invocation.wantsJSON ? proof.line : proofText(proof))
        return .success
    },
    CommandSpecification(
        ["proof", "list"], "List the newest energy proofs",
        options: [OptionSpecification("limit", value: "N", "How many at most (default 20)")] + timeOptions,
        examples: ["proof list", "proof list --limit 100 --json", "proof list --from 2h"]
    ) { invocation throws(Failure) in
        let limit = Int(try invocation.number("limit", in: 1...Int64(GatewayLimits.listedRecords)) ?? 20)
        let answer = try proofs(invocation, limit: limit)
        let isEmpty = answer.value["proofs"]?.elements.isEmpty != false
        try Console.print(
            invocation.wantsJSON ? answer.line : isEmpty ? noProofs(invocation).message : proofListText(answer.value))
        return .success
    },
    proofExportCommand, proofVerifyCommand,
]

/// That there are no energy proofs, and why, as far as the running agent knows.
func noProofs(_ invocation: Invocation) -> Failure {
    let board = (try? AgentClient(invocation).askIfRunning(.status))?.value["board"]
    // What class of evidence the readings are is known from the first one on.
    if let board, board["evidence"]?.text == nil {
        return Failure(
            .noInput, "there are no energy proofs: no reading of the board's power was found",
            hint: "sage-edge telemetry shows what can be read, and what not and why")
    }
    return Failure(.noInput, "there are no energy proofs yet", hint: "the first comes with the first window")
}

/// That `supply` holds none of the pages of `selection`: which sources it has any of, or that none is of the time.
func noPages(_ selection: PageSelection, _ supply: PageSupply, _ invocation: Invocation) throws(Failure) -> Failure {
    let sources = try supply.sources()
    if sources.isEmpty { return noProofs(invocation) }
    if let source = selection.source, !sources.contains(source) {
        return Failure(.noInput, SourceID.noProof(of: source, among: sources))
    }
    var words = "there is no energy proof" + (selection.source.map { " of " + $0.text } ?? "")
    if selection.first > 0 { words += " from page \(selection.first) on" }
    if let from = selection.from { words += " that ends after " + CivilTime(from).text }
    if let to = selection.to { words += (selection.from == nil ? " that ends" : " and") + " by " + CivilTime(to).text }
    return Failure(.noInput, words, hint: "sage-edge proof list")
}

/// The newest proofs, newest first: from the agent, or from its files where none runs.
///
/// - Throws: `noInput` where a source or a time was chosen of which there are none.
private func proofs(_ invocation: Invocation, limit: Int) throws(Failure) -> AgentClient.Answer {
    var choice = try TimeChoice(invocation)
    let hasTime = choice.from != nil || choice.to != nil
    let supply = hasTime || choice.source != nil ? try PageSupply(invocation) : nil
    if let supply { try choice.complete(by: supply) }
    let command = AgentCommand.proofs(limit: limit, source: choice.source)
    if !hasTime, let answer = try AgentClient(invocation).askIfRunning(command) {
        if let supply, answer.value["proofs"]?.elements.isEmpty != false {
            throw try noPages(choice.selection(), supply, invocation)
        }
        return answer
    }
    if let supply {
        let pages = try chosen(choice, limit, supply)
        if pages.isEmpty { throw try noPages(choice.selection(), supply, invocation) }
        return try AgentClient.Answer(AgentViews.pages(pages))
    }
    let pages = try fromFiles(invocation) { store throws(StoreError) in
        try store.lastRecords(.proof, below: PageKeys.board.end, limit: limit)
    }
    return try AgentClient.Answer(AgentViews.pages(pages.map { $0.value }))
}

/// The last `limit` of the pages that `choice` means.
private func chosen(_ choice: TimeChoice, _ limit: Int, _ supply: PageSupply) throws(Failure) -> [[UInt8]] {
    let selection = choice.selection()
    var pages: [(end: WallTime, bytes: [UInt8])] = []
    try supply.read(selection) { supplied throws(Failure) in
        guard let page = supplied.page, selection.containsTime(of: page) else { return true }
        pages.append((page.proof.wallEnd, supplied.bytes))
        // Half of them goes at once, so that no page is moved more than a few times.
        if pages.count >= 2 * limit + 64 { pages = newest(pages, limit) }
        return true
    }
    return newest(pages, limit).reversed().map { $0.bytes }
}

/// The `limit` pages that end last, in the order of time and, at one time, as they came.
private func newest(_ pages: [(end: WallTime, bytes: [UInt8])], _ limit: Int) -> [(end: WallTime, bytes: [UInt8])] {
    let order = pages.indices.sorted { (pages[$0].end, $0) < (pages[$1].end, $1) }
    return order.suffix(limit).map { pages[$0] }
}

private func proofText(_ proof: JSONValue) -> String {
    var table = TextTable()
    table.row("source", proof.word("source") + ", " + proof.word("class"))
    table.row("page", proof.word("page") + " of register \(proof.word("epoch"))")
    table.row(
        "window",
        (proof["window_start_wall_ms"]?.number.map { utc(milliseconds: $0) } ?? "?") + " to "
            + (proof["window_end_wall_ms"]?.number.map { utc(milliseconds: $0) } ?? "?"))
    table.row("clock", proof.word("time_status"))
    table.row("drawn", drawn(proof) + ", " + proof.energy("work_mj") + " of it by tasks")
    table.row("chargeable", proof.energy("chargeable_mj"))
    table.row(
        "power",
        "without work " + proof.power("baseline_mw") + ", peak " + proof.power("peak_mw") + ", capacity "
            + proof.power("capacity_mw"))
    table.row("rated", proof.power("rated_mw") + (proof["power_mode"]?.text.map { ", mode \($0)" } ?? ""))
    table.row("hottest", proof["hottest_millidegrees"]?.number.map { degrees(millidegrees: $0) } ?? "unknown")
    table.row("throttle", proof.list("throttle") ?? "none")
    table.row("samples", proof.word("samples") + " of \(proof.word("expected")), " + proof.time("gap_ms") + " in gaps")
    let bound = proof["error_bound_permille"]?.number
    let isBounded = bound.map { $0 < Int64(MeterLimits.errorBoundCeilingPermille) } ?? true
    table.row(
        "error", isBounded ? "at most " + (bound.map { decimal(tenthsOf: $0 * 100) } ?? "?") + " %" : "not bounded")
    table.row("method", proof.word("validation_method"))
    table.row("hash", proof.word("hash"))
    return printable(table.text())
}

private func proofListText(_ answer: JSONValue) -> String {
    let proofs = answer["proofs"]?.elements ?? []
    var table = TextTable(header: [">page", "window ends", ">drawn", ">chargeable", ">gaps", "class"])
    for proof in proofs {
        table.row([
            proof.word("page"), proof["window_end_wall_ms"]?.number.map { utc(milliseconds: $0) } ?? "-",
            drawn(proof), proof.energy("chargeable_mj"), proof.time("gap_ms"), proof.word("class"),
        ])
    }
    return printable(table.text())
}

/// The energy that the register took in during the page's window.
private func drawn(_ proof: JSONValue) -> String {
    guard let start = proof.amount("register_start_mj"), let end = proof.amount("register_end_mj"), start <= end,
        start >= 0
    else { return "?" }
    return joules(millijoules: end - start)
}
