import AgentCore
import Configuration
import Federation
import Quantities
import Wire

/// Kept decisions, made again from what they were made from.
struct DecisionReplay {
    /// One of them.
    private struct Entry {
        let kept: NumberedDecision
        let again: Decision
        /// Where the task goes now, and went then.
        var isSamePlace: Bool { again.chosen?.platform == kept.record.chosen }
        /// By how much more the place chosen now was expected to cost; nil where one of both is none.
        var difference: Energy? {
            guard let now = again.chosen?.cost, let then = kept.record.cost else { return nil }
            return Energy(millijoules: now.millijoules - then.millijoules)
        }
    }

    private let entries: [Entry]
    private let damaged: Int
    /// The file whose policy is tried; nil for that of each decision.
    private let policyFile: String?

    /// What `invocation` asks to make again.
    init(_ invocation: Invocation) throws(Failure) {
        guard invocation.has("all") != !invocation.positionals.isEmpty else {
            throw Failure(
                .usage, "name the decisions to make again, or --all of them", hint: "sage-edge decisions replay --all")
        }
        policyFile = invocation.value("policy")
        var policy: PolicySection?
        if let policyFile {
            do throws(ConfigurationError) { policy = try ConfigurationFiles(given: policyFile).load().policy } catch {
                throw failure(error).hinting("sage-edge config check --config " + shellWord(policyFile))
            }
        }
        let supply = try DecisionSupply(invocation)
        var wanted = supply.decisions
        if !invocation.has("all") {
            wanted = []
            for text in invocation.positionals { wanted.append(try supply.decision(text)) }
        }
        damaged = supply.damaged
        entries = wanted.map { kept in
            let input = kept.record.input
            return Entry(kept: kept, again: policy.map { decide($0.applied(to: input)) } ?? kept.record.again)
        }
    }

    /// Decisions that the same policy makes otherwise today, and records that cannot be read; nothing with another
    /// policy, which may well decide otherwise.
    var differing: Int {
        policyFile == nil ? damaged + entries.count { !$0.kept.record.isSame(as: $0.again) } : 0
    }

    private var moved: [Entry] { entries.filter { !$0.isSamePlace } }

    /// The sum of the differences of those that both policies find a place for.
    private var difference: Energy {
        entries.reduce(.zero) { sum, entry in sum + (entry.difference ?? .zero) }
    }

    /// The replay for a person.
    var text: String {
        guard !entries.isEmpty || damaged > 0 else { return "no decisions" }
        var text = ""
        let shown = policyFile == nil ? entries.filter { !$0.kept.record.isSame(as: $0.again) } : moved
        if !shown.isEmpty {
            var table = TextTable(header: [">number", "operation", "then", "now", ">costs more"])
            for entry in shown {
                table.row([
                    "\(entry.kept.number)", entry.kept.record.input.task.operation.name, entry.kept.record.sentence,
                    entry.again.sentence, entry.difference.map { joules(millijoules: $0.millijoules) } ?? "-",
                ])
            }
            text = table.text() + "\n"
        }
        if damaged > 0 { text += counted(Int64(damaged), "record") + " cannot be read\n" }
        guard let policyFile else {
            return text
                + (differing == 0
                    ? "\(entries.count) made again, each the same in every number and reason"
                    : "\(entries.count) made again, \(differing) not the same")
        }
        return text + "\(entries.count) made again by the policy of \(policyFile): \(moved.count) go elsewhere, "
            + "expected cost " + (difference < .zero ? "" : "+") + joules(millijoules: difference.millijoules)
    }

    /// The replay for a program: the members of one object.
    func write(to json: inout JSONWriter) {
        json.member("policy_file", policyFile)
        json.member("replayed", entries.count)
        json.member("moved", moved.count)
        json.member("differing", differing)
        json.member("damaged", damaged)
        json.member("difference_mj", "\(difference.millijoules)")
        json.key("decisions")
        json.beginArray()
        for entry in entries {
            json.beginObject()
            json.member("number", entry.kept.number)
            json.member("operation", entry.kept.record.input.task.operation.name)
            json.member("then", entry.kept.record.sentence)
            json.member("now", entry.again.sentence)
            json.member("same", entry.kept.record.isSame(as: entry.again))
            json.member("cost_then_mj", entry.kept.record.cost.map { "\($0.millijoules)" })
            json.member("cost_now_mj", entry.again.chosen.map { "\($0.cost.millijoules)" })
            json.member("difference_mj", entry.difference.map { "\($0.millijoules)" })
            json.endObject()
        }
        json.endArray()
    }
}
