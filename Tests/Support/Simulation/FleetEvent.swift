import AgentCore
import Ledger
import Quantities

/// What happens in a simulated fleet; `process` names the process that it was meant for.
enum FleetEvent {
    case datagram(to: Int, from: Int, bytes: [UInt8])
    case sample(board: Int, process: Int)
    case timer(board: Int, process: Int)
    case flush(board: Int, process: Int)
    case worker(board: Int, process: Int, task: TaskID, run: Int, report: WorkReport)
    case records(board: Int, process: Int, query: RecordQuery)
    case addPeer(board: Int, other: Int)
    case operate(board: Int)
    case crash
    case start(board: Int)
    case weather
    case join(first: Int, second: Int)
    case heal
}
