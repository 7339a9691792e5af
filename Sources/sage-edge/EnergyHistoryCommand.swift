import AgentCore
import Gateway
import Quantities
import Store
import Telemetry

let energyHistoryCommand = CommandSpecification(
    ["energy", "history"], "Show what the board drew: each sample, minute or hour",
    options: [
        OptionSpecification(
            "by", value: "RESOLUTION", "sample, minute (default) or hour"),
        OptionSpecification("from", value: "TIME", "What begins at this or after: 3d, 2026-11-27, …"),
        OptionSpecification("to", value: "TIME", "What begins before this"),
        timeOptions[3],
    ],
    examples: [
        "energy history", "energy history --by hour --from 7d", "energy history --by sample --json",
        "energy history --from yesterday --to today --utc-offset +01:00",
    ]
) { invocation throws(Failure) in
    let resolution: HistoryResolution
    switch invocation.value("by").map({ HistoryResolution(name: $0) }) {
    case .none: resolution = .minute
    case .some(.some(let named)): resolution = named
    case .some(.none):
        throw Failure(.usage, "--by takes sample, minute or hour, not '\(invocation.value("by") ?? "")'")
    }
    let choice = try TimeChoice(invocation)
    if let ahead = choice.ahead(hint: "sage-edge energy history --from today") { throw ahead }
    let history = try EnergyHistoryReader(invocation, resolution, choice).history()
    try Console.print(invocation.wantsJSON ? history.json : printable(history.text))
    return .success
}

/// Asks for the history in parts: of the running agent, or of its files where none runs.
struct EnergyHistoryReader {
    /// What is shown where nobody says from when on.
    private static let newest = 60

    private let invocation: Invocation
    private let choice: TimeChoice
    private let query: HistoryQuery

    init(_ invocation: Invocation, _ resolution: HistoryResolution, _ choice: TimeChoice) {
        self.invocation = invocation
        self.choice = choice
        query = HistoryQuery(resolution, from: choice.from, to: choice.to)
    }

    func history() throws(Failure) -> ShownHistory {
        var history = ShownHistory(resolution: query.resolution, offset: choice.offset)
        let client = AgentClient(invocation)
        guard var answer = try client.askIfRunning(.energyHistory(query)) else {
            history.prepend(try stored().value)
            return trimmed(history)
        }
        var query = query
        while true {
            history.prepend(answer.value)
            guard let before = answer.partBefore(query.before), !isEnough(history) else { return trimmed(history) }
            query.before = before
            answer = try client.ask(.energyHistory(query))
        }
    }

    private func isEnough(_ history: ShownHistory) -> Bool {
        choice.from == nil && history.parts.count >= EnergyHistoryReader.newest
    }

    private func trimmed(_ history: ShownHistory) -> ShownHistory {
        var history = history
        if choice.from == nil { history.keep(newest: EnergyHistoryReader.newest) }
        return history
    }

    private func stored() throws(Failure) -> AgentClient.Answer {
        guard let kind = query.resolution.recordKind else {
            throw Failure(
                .unavailable, "no agent is running, and samples are in its memory alone",
                hint: "sage-edge energy history --by minute")
        }
        let query = query
        let (records, settings) = try fromFiles(invocation) { store throws(StoreError) in
            (try store.allRecords(kind), try store.allRecords(.setting))
        }
        return try AgentClient.Answer(AgentViews.energyHistory(records, settings: settings, query))
    }
}
