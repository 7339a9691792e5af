import Federation
import Ledger
import Quantities

// How far a peer's task is, as its payer is told, and when the worker's side stores that.
//
// A short task is stored and told of once, with its proof: one flush of the disk, in place of one that its run waits
// for and another. A longer one is stored a moment after it began, and its payer told then. Of one that a crash ends
// within that moment nobody has heard: its payer sends it again, and pays one run.
extension AgentMachine {
    /// Whether `task` need not be stored before it has ended, if that is soon.
    ///
    /// Not what must not run twice; nor what was handed on or begun before: that counts.
    func isStoredAtEnd(_ task: TaskID) -> Bool {
        guard let entry = working[task], entry.isNew, entry.operation?.runsOnce == false else { return false }
        switch entry.life.state {
        case .accepted: return entry.life.attempts == 0
        case .running: return entry.life.attempts == 1
        case .unseen, .refused, .handedOn, .proven, .presumed, .settled: return false
        }
    }

    /// Tells the payer of `task` how far it is in a moment, if it has not ended by then.
    mutating func putOffStage(of task: TaskID) {
        if stagesDue[task] == nil { stagesDue[task] = now.boot + AgentLimits.stageDelay }
    }

    /// Tells the payer of `task` that it is in `stage`, once that is stored.
    mutating func tell(_ stage: TaskStage, of task: TaskID) {
        guard let life = working[task]?.life, let hash = life.terms?.taskHash else { return }
        send(.taskStage(task, taskHash: hash, stage), to: life.payer)
    }

    /// Tells what was put off and is due.
    mutating func tellStages() {
        guard let due = stagesDue.values.min(), due <= now.boot else { return }
        for task in stagesDue.keys.sorted() where stagesDue[task].map({ $0 <= now.boot }) == true {
            stagesDue[task] = nil
            switch working[task]?.life.state {
            case .accepted: tell(.accepted, of: task)
            case .running, .handedOn: tell(.running, of: task)
            case .unseen, .refused, .proven, .presumed, .settled, nil: break
            }
        }
    }
}
