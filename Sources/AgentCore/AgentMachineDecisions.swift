import Cryptography
import Federation
import Ledger
import Quantities
import Wire

/// What is asked of the decisions that are kept.
public struct DecisionQuery: Hashable, Sendable {
    /// Only what has a lower number, as an answer's `next_before` says; nil for the newest.
    public var before: UInt64?
    /// Most decisions.
    public var limit: Int
    /// Whether the answer holds the kept records themselves, too, to make the decisions again.
    public var tellsRecords: Bool

    /// A question for the newest `limit` decisions.
    public init(before: UInt64? = nil, limit: Int, tellsRecords: Bool = false) {
        self.before = before
        self.limit = limit
        self.tellsRecords = tellsRecords
    }

    /// The most that may be asked for.
    public static func most(tellingRecords: Bool) -> Int {
        tellingRecords ? DecisionLimits.told : DecisionLimits.listed
    }
}

// Decisions with their inputs: kept by number, written together with what follows from them.
extension AgentMachine {
    /// Keeps `decision`, which was made from `input`.
    mutating func keep(_ decision: Decision, from input: DecisionInput, isTrial: Bool) -> NumberedDecision {
        let kept = NumberedDecision(
            number: decisions.next,
            record: DecisionRecord(
                decision, from: input, decided: now.wall, timeStatus: now.status, isTrial: isTrial))
        decisions.next += 1
        decisions.show(DecisionLine(decidedAt: ledgerNow, operation: input.task.operation, sentence: decision.sentence))
        store(kept)
        var writer = CBORWriter()
        writer.unsigned(decisions.next)
        staging.write(.put(.setting, key: SettingKey.nextDecision, value: writer.bytes))
        if kept.number >= DecisionLimits.kept {
            let lowest = AgentMachine.numberKey(kept.number - DecisionLimits.kept + 1)
            staging.write(.removeRange(.decision, from: AgentMachine.numberKey(0), below: lowest))
        }
        return kept
    }

    private mutating func store(_ kept: NumberedDecision) {
        staging.write(.put(.decision, key: AgentMachine.numberKey(kept.number), value: kept.record.encoded))
    }

    /// Keeps how `errand` ended, with this event's writes.
    mutating func keepEnd(of errand: Errand, _ outcome: DecisionEnd.Outcome, _ run: ErrandOutcome? = nil) {
        var kept = errand.kept
        // What has made room for later decisions does not come back.
        guard kept.number + DecisionLimits.kept >= decisions.next else { return }
        var end = DecisionEnd(
            outcome, after: now.boot.since(errand.began), failedAttempts: errand.attempts.count,
            task: run?.task ?? errand.task)
        end.platform = run?.platform
        end.energy = run?.energy
        end.paid = run?.paid
        end.time = run?.time
        kept.record.end = end
        store(kept)
    }

    /// Answers what is asked of the decisions, later, from the store.
    mutating func tellDecisions(_ query: DecisionQuery, for command: CommandID) {
        guard mayAskStore(for: command) else { return }
        let end = min(query.before ?? decisions.next, decisions.next)
        let most = DecisionQuery.most(tellingRecords: query.tellsRecords)
        let first = end - min(end, UInt64(max(1, min(query.limit, most))))
        let nextBefore = AgentMachine.nextBefore(first, next: decisions.next, kept: DecisionLimits.kept)
        decisions.questions[nextQuery] = DecisionQuestion(
            command: command, tellsRecords: query.tellsRecords, nextBefore: nextBefore)
        let (from, below) = (AgentMachine.numberKey(first), AgentMachine.numberKey(end))
        askStore(.decisions(from: from, below: below), limit: Int(end - first))
    }

    /// Answers with what the store found; false where the question was not one of the decisions.
    mutating func answerDecisions(_ id: UInt64, _ found: StoreAnswer) -> Bool {
        guard let asked = decisions.questions.removeValue(forKey: id) else { return false }
        guard let records = records(in: found, for: asked.command) else { return true }
        reply(
            asked.command,
            AgentViews.decisions(records, tellsRecords: asked.tellsRecords, nextBefore: asked.nextBefore))
        return true
    }
}

/// The decisions as far as they are in memory.
struct DecisionBook {
    /// The number of the next one that is kept.
    var next: UInt64
    /// Questions to the store about them.
    var questions: [UInt64: DecisionQuestion] = [:]
    /// The last ones, for `status`, oldest first.
    private(set) var lines: [DecisionLine] = []

    /// Decisions that `status` lists.
    static let listed = 8

    init(next: UInt64) { self.next = next }

    /// Adds the newest one.
    mutating func show(_ line: DecisionLine) {
        lines.append(line)
        if lines.count > DecisionBook.listed { lines.removeFirst() }
    }
}

/// A question to the store about decisions.
struct DecisionQuestion: Sendable {
    /// The command.
    let command: CommandID
    /// Whether the answer holds the records.
    let tellsRecords: Bool
    /// Where the part before this one ends; nil where there is none.
    let nextBefore: UInt64?
}
