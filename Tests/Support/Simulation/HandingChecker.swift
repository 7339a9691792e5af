import AgentCore
import Cryptography
import Federation
import Ledger
import Quantities
import Wire

/// What must hold of tasks that are handed on, by what the boards store of them: a chain narrows, a task is at one
/// place at a time, what is done is paid at most once below, and no more than above.
struct HandingChecker {
    /// A task below, as its payer stores it.
    private struct Child {
        let parent: TaskID
        var isOpen: Bool
    }

    private var children: [TaskID: Child] = [:]
    /// The proofs of tasks for peers, by their task: what each says of the task below.
    private var proofs: [TaskID: WorkBelow?] = [:]
    private var posted: [TaskID: Energy] = [:]
    /// The first thing found wrong.
    private(set) var finding: String?

    /// Tasks that were handed on and paid below.
    var paidBelow: Int { children.keys.count { posted[$0] != nil } }

    private mutating func report(_ text: String) { finding = finding ?? text }

    /// `board` has stored `value` under the key of a part of a task.
    mutating func stored(_ key: [UInt8], _ value: [UInt8], of board: String) {
        guard let part = key.first, let bytes = Bytes16(Array(key.dropFirst())) else { return }
        let task = TaskID(bytes: bytes)
        switch part {
        case 1: takeLife(task, value, of: board)
        case 5: takeOrder(task, value, of: board)
        case 6: takeProof(task, value)
        default: break
        }
    }

    /// A payer's record: the life in 1, whose state is its 9, and the task above in 8.
    private mutating func takeLife(_ task: TaskID, _ value: [UInt8], of board: String) {
        guard case .map(let record)? = try? CBORValue(decoding: value.span),
            case .bytes(let above)? = record.first(where: { $0.key == 8 })?.value, let bytes = Bytes16(above),
            case .map(let life)? = record.first(where: { $0.key == 1 })?.value,
            case .array(let state)? = life.first(where: { $0.key == 9 })?.value,
            case .unsigned(let number)? = state.first
        else { return }
        let parent = TaskID(bytes: bytes)
        // 1 is unfunded, 7 is settled.
        let isOpen = number != 1 && number != 7
        if isOpen, children.contains(where: { $0.key != task && $0.value.parent == parent && $0.value.isOpen }) {
            report(board + " has " + parent.text + " handed on to two boards at once")
        }
        children[task] = Child(parent: parent, isOpen: isOpen)
    }

    /// A task that `board` got, taken on or not: honest boards send none whose chain widens.
    private mutating func takeOrder(_ task: TaskID, _ value: [UInt8], of board: String) {
        guard let envelope = try? SignedEnvelope(decoding: value.span),
            let order = try? Signed<FederationTask>(stored: envelope)
        else { return report(board + " stores a task that cannot be read") }
        if let fault = order.payload.hopFault { report("the chain of " + task.text + " " + fault.explanation) }
    }

    /// `[proof, result, [proof below]?]`.
    private mutating func takeProof(_ task: TaskID, _ value: [UInt8]) {
        guard var reader = try? CBORReader(value.span, limit: value.count),
            let result = try? TaskResult(from: &reader),
            let proof = try? Signed<ExecutionProof>(stored: result.proof)
        else { return }
        proofs[task] = .some(proof.payload.below)
    }

    /// A worker begins with `task` at `board`.
    mutating func started(_ task: TaskID, of board: String) {
        if children.contains(where: { $0.value.parent == task && $0.value.isOpen }) {
            report(board + " starts work on " + task.text + ", which it has handed on")
        }
    }

    /// `amount` was paid for `task`, durably.
    mutating func paid(_ task: TaskID, _ amount: Energy) { posted[task] = amount }

    /// Everything has come to rest.
    mutating func checkEnd() {
        var paid: [TaskID: TaskID] = [:]
        for (task, child) in children.sorted(by: { $0.key < $1.key }) {
            guard let amount = posted[task] else { continue }
            if paid.updateValue(task, forKey: child.parent) != nil {
                report(child.parent.text + " was paid twice below")
            }
            guard let proof = proofs[child.parent] else { continue }
            guard let below = proof, below.task == task, below.paid == amount else {
                report(child.parent.text + " was proven without what was paid for it below as " + task.text)
                continue
            }
            if let above = posted[child.parent], above < amount {
                report("\(above.millijoules) mJ were paid for \(child.parent.text), and \(amount.millijoules) below it")
            }
        }
    }
}
