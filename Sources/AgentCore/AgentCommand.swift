import EnergyProofs
import Federation
import Ledger
import Quantities
import Wire

/// Names one command between the shell that asked it and the core that answers.
public struct CommandID: Hashable, Comparable, Sendable {
    /// A number that the shell does not use twice.
    public let value: UInt64

    /// The id `value`.
    public init(value: UInt64) { self.value = value }

    /// Orders by number.
    public static func < (left: CommandID, right: CommandID) -> Bool { left.value < right.value }
}

/// What an operator asks of a running agent.
public enum AgentCommand: Sendable {
    /// The agent's state on one page.
    case status
    /// The last sample.
    case telemetry
    /// Run this here or elsewhere, and answer with the outcome.
    case delegate(DelegationRequest)
    /// Open and lately ended tasks.
    case tasks
    /// Take back a task that is under way.
    case cancel(task: TaskID)
    /// What the ledger holds.
    case balance
    /// The newest entries of the journal, newest first.
    case history(limit: Int)
    /// Show how far the lanes with a peer stand on both sides; with `accepts` go on from what the peer says.
    case reconcile(name: String, accepts: Bool)
    /// Replay the whole journal and compare every row with it.
    case verify
    /// Give some of this board's own credits to `account`, or take them back from it.
    case grant(account: LCT, amount: Energy, takesBack: Bool)
    /// The board's sources of energy, their registers and their last pages.
    case energy
    /// The newest energy pages of a source, or of the board for nil, newest first.
    case proofs(limit: Int, source: SourceID? = nil)
    /// The energy pages of a source, or of the board for nil, from `first` on, as an export file.
    case exportProofs(first: UInt64, limit: Int, source: SourceID? = nil)
    /// What the board drew, and how warm it was, in the past.
    case energyHistory(HistoryQuery)
    /// The runs of workers on this board that have ended.
    case runs(RunQuery)
    /// The decisions where tasks are to run, newest first.
    case decisions(DecisionQuery)
    /// What speaks against results of peers, newest first.
    case disputes
    /// One of those with all of its evidence.
    case dispute(task: TaskID)
    /// The peers and how they do.
    case peers
    /// Everything that is known of one peer.
    case peer(name: String)
    /// Make a node a peer, by the text of its signed node record.
    case addPeer(record: String)
    /// Forget a peer.
    case removePeer(name: String)
    /// Trust a bare public key (PEM) as that of a platform, or of a creator (`lct:web4:agent:dp`).
    case trustKey(name: String, pem: String)
    /// Identities with a certificate, trusted keys, successions of keys.
    case identities
    /// Take in a certificate, a revocation or a succession of keys, by its text.
    case addIdentity(text: String)
    /// Say how a certificate would stand here.
    case checkIdentity(text: String)
    /// Measure the round trip to a peer.
    case ping(name: String)
    /// This node's own record, for others to add.
    case nodeRecord
}

/// What an operator wants done.
public struct DelegationRequest: Sendable {
    /// The operation, `perception.features`.
    public var operation: Operation
    /// Its input.
    public var input: [UInt8]
    /// Its parameters, in the operation's own encoding.
    public var parameters: [UInt8]
    /// Where it may run; nil for where the settings say.
    public var placement: Placement?
    /// The most it may cost; nil for what the prediction says with its margin.
    public var budget: Energy?
    /// How long until the outcome must be there.
    public var timeout: TimeSpan
    /// How often a peer may hand it on, 0 … `FederationLimits.maximumHops`.
    public var hops = 0
    /// Only decide, and show the decision; nothing is run, locked or sent.
    public var isTrial: Bool
    /// What is asked of whoever runs it.
    public var requirement: Requirement

    /// A request with its operation and input.
    public init(
        operation: Operation, input: [UInt8], parameters: [UInt8] = [], placement: Placement? = nil,
        budget: Energy? = nil, timeout: TimeSpan = .seconds(60), isTrial: Bool = false,
        requirement: Requirement = .none
    ) {
        self.operation = operation
        self.input = input
        self.parameters = parameters
        self.placement = placement
        self.budget = budget
        self.timeout = timeout
        self.isTrial = isTrial
        self.requirement = requirement
    }
}

/// The answer to a command: one JSON object, and whether it is what was asked for.
public struct CommandReply: Hashable, Sendable {
    /// Why a command is not answered with what was asked for.
    public enum Refusal: String, Sendable {
        /// The request itself is wrong.
        case invalid
        /// What it names does not exist.
        case notFound = "not_found"
        /// Not now; the same request may succeed later.
        case unavailable
        /// The outcome is a failure.
        case failed
    }

    /// The refusal, or nil.
    public let refusal: Refusal?
    /// The JSON object.
    public let json: String

    /// An answer.
    public init(_ json: String) {
        self.refusal = nil
        self.json = json
    }

    /// A refusal: what was wrong, and what to try next.
    public init(_ refusal: Refusal, _ message: String, hint: String? = nil) {
        self.refusal = refusal
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("error")
        writer.beginObject()
        writer.member("kind", refusal.rawValue)
        writer.member("message", message)
        writer.member("hint", hint)
        writer.endObject()
        writer.endObject()
        self.json = writer.text
    }

    /// A refusal with its own details beside the message.
    public init(_ refusal: Refusal, json: String) {
        self.refusal = refusal
        self.json = json
    }
}
