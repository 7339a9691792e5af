import AgentCore
import Cryptography
import EnergyProofs
import Quantities
import Telemetry
import Wire

/// One agent without peers that is shown samples, and the pages it makes of them.
public struct LoneAgent {
    private var board: Board
    private var core: AgentMachine
    private let verifier = SimulatedOperation()
    private var now: Int64 = 0
    private var commands: UInt64 = 0
    private var replies: [CommandID: CommandReply] = [:]
    /// The pages of all sources, in the order in which they were made.
    public private(set) var pages: [EnergyCapacityProof] = []
    /// What was logged.
    public private(set) var log: [String] = []

    /// An agent of a board whose modes allow 15 W, which takes a sample a second, with what its operator declares.
    public init(seed: UInt64, declarations: [SourceDeclaration] = []) throws(SimulationSetupError) {
        var random = SimulationRandom(seed: seed)
        board = try Board(0, Scenario(scriptedBoards: 1, seed: seed), &random, scheme: KeyedHashScheme())
        board.settings.energy.declarations = declarations
        do throws(AgentRestoreError) {
            core = try AgentMachine(
                identity: board.identity, settings: board.settings, scheme: board.scheme, verifier: verifier,
                store: board.disk.open(), bootID: board.clock.bootID, seed: Bytes32(high: 1, low: UInt128(seed)),
                now: board.clock.moment(at: 0))
        } catch { throw .identity }
        carryOut(core.start(at: board.clock.moment(at: 0)))
    }

    /// What boot time it is `milliseconds` after the agent began.
    public func boot(at milliseconds: Int64) -> BootTime { board.clock.moment(at: milliseconds).boot }

    /// Lets time pass to `milliseconds` after the agent began; each wait ends when the agent wants it to.
    public mutating func pass(to milliseconds: Int64) {
        while true {
            let due = max(now, board.clock.time(of: core.nextDeadline))
            guard due <= milliseconds else { break }
            now = due
            tell(.timer)
        }
        now = max(now, milliseconds)
    }

    /// Shows the agent a sample.
    public mutating func show(_ sample: TelemetrySample) { tell(.sample(sample)) }

    /// Asks the agent; nil where it has not answered at once.
    public mutating func ask(_ command: AgentCommand) -> CommandReply? {
        commands += 1
        tell(.command(CommandID(value: commands), command))
        return replies.removeValue(forKey: CommandID(value: commands))
    }

    private mutating func tell(_ event: AgentEvent) { carryOut(core.handle(event, at: board.clock.moment(at: now))) }

    private mutating func carryOut(_ effects: [AgentEffect]) {
        for effect in effects {
            switch effect {
            case .persist(let token, let writes):
                board.disk.persist(token, writes)
                _ = board.disk.flushNext()
                for case .put(.proof, _, let value) in writes {
                    if let page = try? ProofPage(decoding: value) { pages.append(page.proof) }
                }
                tell(.persisted(token))
            case .reply(let command, let reply): replies[command] = reply
            case .log(let entry): log.append(entry.text)
            case .readRecords, .send, .startWork, .cancelWork, .answer, .prepare: break
            }
        }
    }
}
