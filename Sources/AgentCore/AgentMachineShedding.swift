import Federation
import Ledger
import Quantities

// When to come back: what a refusal says besides its reason.
extension AgentMachine {
    /// Time after which what is refused for `reason` may be welcome here; nil where that cannot be told, or never is.
    func comeBack(after reason: TaskRefusal) -> TimeSpan? {
        switch reason {
        case .rateLimited(let wait): return wait
        case .queueFull, .tooManyTasks, .memoryShort, .deadlineUnreachable:
            // Memory comes free, and a place in the queue, when what runs has ended.
            return max(.seconds(1), backlog.wait)
        // Boards cool slowly.
        case .tooHot: return .seconds(30)
        // A restart takes seconds.
        case .shuttingDown: return .seconds(10)
        case .budgetExhausted:
            let day: Int64 = 86_400_000
            return .milliseconds(day - max(0, ledgerNow.milliseconds) % day)
        default: return nil
        }
    }
}
