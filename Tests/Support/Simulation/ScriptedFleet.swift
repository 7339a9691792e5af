import AgentCore
import Cryptography
import Ledger
import Quantities
import struct Telemetry.PowerMode

/// A small fleet in which a test decides what happens, and everything else works.
public struct ScriptedFleet {
    private var fleet: Fleet

    /// `boards` boards that have run for a minute: peers know each other, and credits are charged.
    public init(boards: Int, seed: UInt64 = 1) throws(SimulationSetupError) {
        fleet = try Fleet(Scenario(scriptedBoards: boards, seed: seed), keepingLines: true)
        pass(milliseconds: 60_000)
    }

    /// What a checker found wrong.
    public var finding: String? { fleet.checker.finding }

    /// What happened last, in words.
    public var lastLines: [String] { fleet.trace.lastLines }

    /// Lets time pass.
    public mutating func pass(milliseconds: Int64) {
        let end = fleet.now + milliseconds
        while let next = fleet.queue.next, next <= end, fleet.step() {}
        fleet.now = end
    }

    /// Every board sleeps: time passes, and nothing happens.
    public mutating func sleep(milliseconds: Int64) { fleet.now += milliseconds }

    /// Lets time pass until nothing is under way; returns what still is after five minutes.
    public mutating func rest() -> String? {
        for _ in 0..<600 {
            pass(milliseconds: 500)
            if fleet.boards.allSatisfy({ $0.unfinished == nil }) {
                fleet.checker.checkEnd(fleet.boards)
                return nil
            }
        }
        return fleet.boards.lazy.compactMap { $0.unfinished }.first
    }

    /// Asks the agent of a board.
    public mutating func ask(_ board: Int, _ command: AgentCommand) -> CommandID { fleet.ask(board, command) }

    /// The reply to a command, once it has come.
    public func reply(to command: CommandID) -> CommandReply? { fleet.replies[command] }

    /// A client asks the agent of a board over HTTP.
    public mutating func ask(_ board: Int, asClient command: ClientCommand) -> CommandID {
        fleet.askAsClient(board, command)
    }

    /// What a client was answered, once it was.
    public func answer(to command: CommandID) -> ClientAnswer? { fleet.answers[command] }

    /// The process of a board is killed, or the board loses power; it is back within seconds.
    public mutating func crash(_ board: Int) { fleet.crash(board) }

    /// The agent of a board is asked to end, has two seconds for it, and is started again within seconds.
    public mutating func stop(_ board: Int) {
        fleet.tell(board, .stopping)
        pass(milliseconds: 2_000)
        fleet.crash(board)
        pass(milliseconds: 30_000)
    }

    /// The agent of a board is started again with changed settings.
    public mutating func restart(_ board: Int, changing settings: (inout AgentSettings) -> Void) {
        settings(&fleet.boards[board].settings)
        fleet.crash(board)
        pass(milliseconds: 30_000)
    }

    /// A board is stopped, gets a new signing key, and starts again; `tell` says what its peers are told before.
    public mutating func rotateKey(of board: Int, overlap: TimeSpan, seed: UInt8, tells: Bool = true) -> String? {
        guard let text = fleet.boards[board].rotateKey(overlap: overlap, at: moment(of: board).wall, seed: seed) else {
            return nil
        }
        for other in fleet.boards.indices where tells && other != board { _ = ask(other, .addIdentity(text: text)) }
        fleet.crash(board)
        pass(milliseconds: 30_000)
        return text
    }

    /// What a board's clocks show.
    public func moment(of board: Int) -> Moment { fleet.boards[board].clock.moment(at: fleet.now) }

    /// The identity of a board.
    public func identity(of board: Int) -> AgentIdentity { fleet.boards[board].identity }

    /// How a board's agent signs.
    public var scheme: any SignatureScheme { fleet.boards[0].scheme }

    /// A board loses its store and keeps its keys; whoever it knew has to be made a peer again.
    public mutating func loseStore(_ board: Int) {
        fleet.crash(board)
        fleet.boards[board].disk = SimulatedDisk(
            StoreImage(ledger: LedgerImage(), storeEpoch: StoreEpoch(77), bootEpoch: 0))
        pass(milliseconds: 30_000)
        for other in fleet.boards.indices where other != board {
            _ = fleet.ask(board, .addPeer(record: fleet.boards[other].record))
        }
        pass(milliseconds: 30_000)
    }

    /// A board crashes before its effect number `count`, counted from now on.
    public mutating func crash(_ board: Int, afterEffects count: Int) { fleet.effectsUntilCrash = (board, count) }

    /// Whether that crash is still to come.
    public var isCrashDue: Bool { fleet.effectsUntilCrash != nil }

    /// So much memory is available on a board from its next sample on.
    public mutating func setMemory(of board: Int, mebibytes: Int64) {
        fleet.boards[board].sensors.setMemory(mebibytes: mebibytes)
    }

    /// Boards that are started from now on cannot check results without a worker.
    public mutating func stopChecking() { fleet.verifier = SimulatedOperation(checksResults: false) }

    /// The workers of a board work so from now on.
    public mutating func setConduct(of board: Int, _ conduct: Conduct) { fleet.boards[board].conduct = conduct }

    /// How the workers of a board work.
    public func conduct(of board: Int) -> Conduct { fleet.boards[board].conduct }

    /// Has every run of a worker on `board` take as long as this; nil for a time that is drawn.
    public mutating func setWorkTime(of board: Int, milliseconds: Int64?) {
        fleet.boards[board].workMilliseconds = milliseconds
    }

    /// What the workers of a board come to from now on; nil where they do their work.
    public mutating func setWorkOutcome(of board: Int, _ outcome: WorkReport.Outcome?) {
        fleet.boards[board].workOutcome = outcome
    }

    /// The workers of a board say no more how good their results are.
    public mutating func stopTellingQuality(of board: Int) { fleet.boards[board].tellsQuality = false }

    /// Workers that run on a board.
    public func workers(of board: Int) -> Int { fleet.boards[board].workers.count }

    /// The programs that serve a board's operations stand so from now on.
    public mutating func setExecutors(of board: Int, _ executors: [ExecutorStanding]) {
        fleet.boards[board].core?.executors = executors
    }

    /// A board is so hot from its next sample on.
    public mutating func setHeat(of board: Int, millidegrees: Int64) {
        fleet.boards[board].sensors.setHeat(millidegrees: millidegrees)
    }

    /// Whether every rail of a board's total can be read from its next sample on.
    public mutating func setTotal(of board: Int, isComplete: Bool) {
        fleet.boards[board].sensors.setTotal(isComplete: isComplete)
    }

    /// A board's power mode from its next sample on; nil where nobody can tell.
    public mutating func setMode(of board: Int, _ mode: PowerMode?) { fleet.boards[board].sensors.set(mode) }

    /// What a board's total shows from its next sample on; nil for what is drawn.
    public mutating func setShown(of board: Int, _ power: Power?) { fleet.boards[board].sensors.setShown(power) }

    /// A board shows this source beside itself from its next sample on.
    public mutating func setSource(of board: Int, _ source: SimulatedSource) { fleet.boards[board].sensors.set(source) }

    /// A board does not show the source called `name` any more.
    public mutating func removeSource(of board: Int, _ name: String) { fleet.boards[board].sensors.remove(name) }

    /// A cause slows a board down at `step` of two, or no longer at zero.
    public mutating func setThrottle(of board: Int, _ cause: String, step: Int64) {
        fleet.boards[board].sensors.setThrottle(cause, step: step)
    }

    /// A board's third over-current counter stands at `count`.
    public mutating func setOverCurrent(of board: Int, count: Int64) {
        fleet.boards[board].sensors.setOverCurrent(count: count)
    }

    /// What a board has not been able to read for a while; empty while it is down.
    public func sensorFaults(of board: Int) -> [String] { fleet.boards[board].core?.sensorFaults ?? [] }

    /// A board writes what it has put off.
    public mutating func write(_ board: Int) {
        _ = ask(board, .proofs(limit: 1))
        pass(milliseconds: 2_000)
    }

    /// How the sources of a board do; empty while it is down.
    public func sources(of board: Int) -> [SourceView] { fleet.boards[board].core?.sourceViews ?? [] }

    /// What slows, or slowed, a board down.
    public func throttleCauses(of board: Int) -> [ThrottleCause] { fleet.boards[board].core?.throttleCauses ?? [] }

    /// The durable energy pages of a board whose keys lie among `keys`, in the order of their keys.
    public func pages(of board: Int, _ keys: PageKeys) -> [[UInt8]] {
        fleet.boards[board].disk.pages(from: keys.start, below: keys.end).map { $0.value }
    }

    /// The way between two boards is cut, or joined again.
    public mutating func setCut(_ isCut: Bool, between first: Int, and second: Int) {
        fleet.network.setCut(isCut, between: first, and: second)
    }

    /// The ledger of a board, as far as it is durable.
    public func ledger(of board: Int) -> LedgerImage { fleet.boards[board].disk.durable.ledger }

    /// The ledger of a board with what is being written.
    public func latestLedger(of board: Int) -> LedgerImage { fleet.boards[board].disk.latest.ledger }

    /// What time it is in the ledger of a board; nil while it is down.
    public func ledgerTime(of board: Int) -> LedgerTime? { fleet.boards[board].core?.ledgerTime }

    /// The id of a board.
    public func id(of board: Int) -> PlatformID { fleet.boards[board].id }

    // MARK: Energy pages

    /// What is under way on a board; nil while it is down.
    public func figures(of board: Int) -> AgentFigures? { fleet.boards[board].core?.figures }

    /// How many pages were read from the stores for peers that asked.
    public var pageReads: Int { fleet.pageReads }

    /// The pages that a board has charged from, by their keys.
    public func chargedPages(of board: Int) -> [StoredRecord] {
        fleet.boards[board].disk.durable.records(.chargedPage)
    }

    /// A board shows other bytes for the page of `key` from now on.
    public mutating func replacePage(of board: Int, key: [UInt8], with bytes: [UInt8]) {
        fleet.boards[board].disk.spoil([.put(.chargedPage, key: key, value: bytes)])
    }

    /// The runs that a board keeps, as far as they are durable, in their order.
    public func runs(of board: Int) -> [StoredRecord] { fleet.boards[board].disk.durable.records(.run) }

    /// The decisions that a board keeps, as they are on its disk.
    public func decisions(of board: Int) -> [StoredRecord] { fleet.boards[board].disk.durable.records(.decision) }

    /// The parts of tasks that a board keeps, as they are on its disk.
    public func tasks(of board: Int) -> [StoredRecord] { fleet.boards[board].disk.durable.records(.task) }

    /// A board finds these records beside its own from now on.
    public mutating func put(_ writes: [StoreWrite], of board: Int) { fleet.boards[board].disk.spoil(writes) }

    /// The text by which a board is made a peer.
    public func record(of board: Int) -> String { fleet.boards[board].record }
}
