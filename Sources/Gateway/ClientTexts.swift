import AgentCore
import Federation
import Quantities

// What clients are told in words: the texts that the federation's programs know, and others in their manner.

extension ClientRefusal {
    /// The status of the answer.
    var status: UInt32 {
        switch self {
        case .unknownKey, .badSignature, .noSignature, .keyNeeded: 401
        case .full, .notYet: 429
        case .rules(let refusal): refusal.isTemporary ? 429 : 400
        case .unavailable: 503
        case .alreadyActive, .alreadyEnded, .forgotten, .ahead, .otherPlatform, .typeDiffers, .notServed,
            .shortOfBudget, .shortOfCredits, .ledger, .failed, .interrupted, .timedOut, .cancelled:
            400
        }
    }

    /// When to come back, in seconds; nil where that does not help.
    var retryAfter: Int64? {
        switch self {
        case .rules(.rateLimited(let wait)), .notYet(let wait): max(1, (wait.milliseconds + 999) / 1000)
        case .rules(let refusal) where refusal.isTemporary: 5
        case .full: 5
        case .unavailable: 10
        default: nil
        }
    }

    /// What is wrong with a task of `terms`.
    func text(_ terms: ClientTerms) -> String {
        let task = "Task \(terms.task) "
        switch self {
        case .unknownKey:
            return "No key of \(terms.source.context.text) is known here; "
                + "sage-edge peers add \(terms.source.context.text) --key FILE"
        case .badSignature: return "Invalid signature"
        case .noSignature: return "Invalid signature: 64 bytes of Ed25519 in base64 are needed"
        case .keyNeeded: return "A task that is not signed needs the API key here"
        case .alreadyActive: return task + "already active"
        case .alreadyEnded(let end): return task + "already " + end.name
        case .forgotten: return task + "is older than what is remembered of its client"
        case .ahead: return task + "was made in the future: created_at is more than a day ahead"
        case .otherPlatform(let own):
            return "Target context \(terms.target.context.text) does not match platform \(own.text)"
        case .typeDiffers:
            let target = terms.targetText.utf8.firstIndex(of: UInt8(ascii: "#")).map {
                String(terms.targetText[terms.targetText.utf8.index(after: $0)...])
            }
            return "Task type \(terms.typeText) does not match target LCT task \(target ?? terms.target.task.name)"
        case .notServed: return "Operation \(terms.operation.name) is not served here"
        case .notYet(let wait):
            return "Operation \(terms.operation.name) is not served for "
                + "\((wait.milliseconds + 999) / 1000) s: its program died"
        case .rules(.permissionMissing(let missing)):
            let whose = missing.of == .target ? "Task \(terms.typeText)" : "Client \(terms.source.text)"
            return whose + " lacks permission " + missing.permission.name
        case .rules(.budgetExhausted(_, let available)), .rules(.delegatorBudgetExhausted(_, let available)),
            .shortOfCredits(let available):
            return "Insufficient ATP budget. Required: \(terms.budget.text), Available: "
                + PythonNumber(thousandths: available.millijoules).text
        case .shortOfBudget(let required):
            return "Insufficient ATP budget. Required: " + PythonNumber(thousandths: required.millijoules).text
                + ", Available: \(terms.budget.text)"
        case .rules(let refusal): return task + "refused: " + refusal.explanation
        case .full: return task + "refused: as many tasks of clients as may be are under way"
        case .ledger(let reason): return task + "refused: " + reason
        case .failed(let reason): return task + "failed: " + reason
        case .interrupted(let reason): return task + "interrupted: " + reason + "; a command is not run a second time"
        case .timedOut: return task + "timed out after \(terms.timeoutText) seconds"
        case .cancelled: return task + "cancelled"
        case .unavailable(let reason): return "Not now: " + reason
        }
    }
}

extension ClientEnd {
    /// The end in a word.
    fileprivate var name: String {
        switch self {
        case .completed: "completed"
        case .failed: "failed"
        case .timedOut: "timed out"
        case .cancelled: "cancelled"
        case .interrupted: "interrupted"
        }
    }
}

extension TaskRefusal {
    /// Whether the board has too much to do, or is too hot, for the moment.
    fileprivate var isTemporary: Bool {
        switch self {
        case .rateLimited, .tooManyTasks, .delegatorTooManyTasks, .memoryShort, .tooHot, .queueFull,
            .deadlineUnreachable:
            true
        default: false
        }
    }
}
