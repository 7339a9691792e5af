import AgentCore
import Configuration
import Cryptography
import Gateway
import Quantities
import Store
import Wire

/// The decisions that are kept on this board, as the running agent tells them, or its files where none runs; newest
/// first.
struct DecisionSupply {
    /// The decisions.
    private(set) var decisions: [NumberedDecision] = []
    /// Records that cannot be read.
    private(set) var damaged = 0

    /// All of them.
    init(_ invocation: Invocation) throws(Failure) {
        let client = AgentClient(invocation)
        let query = DecisionQuery(limit: DecisionLimits.told, tellsRecords: true)
        if let answer = try client.askIfRunning(.decisions(query)) {
            try take(answer, query, client)
        } else {
            let records = try fromFiles(invocation) { store throws(StoreError) in try store.allRecords(.decision) }
            for record in records.reversed() { take(record) }
        }
    }

    /// Takes the agent's part by part.
    private mutating func take(
        _ first: AgentClient.Answer, _ query: DecisionQuery, _ client: AgentClient
    ) throws(Failure) {
        var (answer, query) = (first, query)
        while true {
            for told in answer.value["decisions"]?.elements ?? [] {
                guard let number = told["number"]?.number, number >= 0,
                    let bytes = told["record"]?.text.flatMap({ Base64.decode($0) })
                else { throw Failure(.badData, "the agent tells a decision that is none") }
                do throws(CBORError) {
                    decisions.append(
                        NumberedDecision(number: UInt64(number), record: try DecisionRecord(decoding: bytes)))
                } catch { throw Failure(.badData, "decision \(number) cannot be read: " + error.explanation) }
            }
            damaged += Int(answer.value["damaged"]?.number ?? 0)
            guard let before = answer.partBefore(query.before) else { return }
            query.before = before
            answer = try client.ask(.decisions(query))
        }
    }

    private mutating func take(_ record: StoredRecord) {
        do throws(CBORError) { decisions.append(try NumberedDecision(record)) } catch { damaged += 1 }
    }

    /// The decision called `text`.
    func decision(_ text: String) throws(Failure) -> NumberedDecision {
        guard let number = UInt64(text) else {
            throw Failure(
                .usage, "'\(printable(text))' is not the number of a decision", hint: "sage-edge decisions list")
        }
        guard let found = decisions.first(where: { $0.number == number }) else {
            throw Failure(.noInput, "decision \(number) is not kept", hint: "sage-edge decisions list")
        }
        return found
    }
}
