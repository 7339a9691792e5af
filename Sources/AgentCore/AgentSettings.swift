import Cryptography
import EnergyProofs
import Federation
import Ledger
import Link
import Quantities
import Telemetry
import Wire

/// Who this agent is.
public struct AgentIdentity: Sendable {
    /// The platform's name.
    public let platform: PlatformName
    /// The identity under which it delegates; the lineage of every other one.
    public let delegator: LCT
    /// Signs everything.
    public let signing: SigningKey
    /// Agrees on session keys.
    public let agreement: KeyAgreementKey
    /// The fleet's shared secret.
    public let presharedKey: SymmetricKey
    /// The federation it belongs to.
    public let domain: SignatureDomain
    /// The successions that led to `signing`, oldest first.
    public let successions: [CountersignedSuccession]

    /// The identity of an agent whose delegator lives on its own platform.
    public init(
        delegator: LCT, signing: SigningKey, agreement: KeyAgreementKey, presharedKey: SymmetricKey = .zero,
        domain: SignatureDomain, successions: [CountersignedSuccession] = []
    ) {
        self.platform = delegator.context
        self.delegator = delegator
        self.signing = signing
        self.agreement = agreement
        self.presharedKey = presharedKey
        self.domain = domain
        self.successions = successions
    }

    /// The platform's id: that of its first signing key, and the same whatever key follows.
    public var id: PlatformID { (successions.first?.payload.old ?? signing.publicKey).id }

    /// The account of the agent that acts as `lct`, whatever its role at the time.
    public static func account(of lct: LCT) -> AccountID {
        guard let account = AccountID(String(lct.text.prefix { $0 != "#" })) else {
            preconditionFailure("an LCT is no longer than an account's name, and of the same characters")
        }
        return account
    }
}

/// An operation that this board serves, and what an ordinary run takes until it has been measured.
public struct OperationOffer: Hashable, Sendable {
    /// The operation.
    public var operation: Operation
    /// Memory that a run may use, enforced on its process.
    public var memory: ByteCount
    /// Longest run.
    public var timeout: TimeSpan
    /// How long an ordinary run takes.
    public var typicalTime: TimeSpan
    /// Runs at the same time; nil for as many as workers.
    public var concurrent: Int?
    /// How far the numbers of two results of the same may be apart.
    public var tolerance: ResultTolerance
    /// Whether what serves it can also tell how good a result is that it did not make itself.
    public var verifies = false
    /// Whether heartbeats say `typicalTime` whatever was measured.
    package var keepsWord = false

    /// An offer.
    public init(
        operation: Operation, memory: ByteCount, timeout: TimeSpan, typicalTime: TimeSpan, concurrent: Int? = nil,
        tolerance: ResultTolerance = .exact
    ) {
        self.operation = operation
        self.memory = memory
        self.timeout = timeout
        self.typicalTime = typicalTime
        self.concurrent = concurrent
        self.tolerance = tolerance
    }
}

/// What an agent is set to do; read from the configuration, checked, and then fixed for a run.
public struct AgentSettings: Sendable {
    /// How energy is metered.
    public var energy: EnergySettings
    /// What is known of the board.
    public var profile: HardwareProfile
    /// Pool and credits of this society together, set when the ledger begins.
    public var supply: Energy
    /// What may be charged.
    public var charging: ChargingPolicy
    /// Credits are charged from new pages until so many are available.
    public var chargeTarget: Energy
    /// Memory that tasks leave free.
    public var memoryReserve: ByteCount
    /// Operations served here.
    public var operations: [OperationOffer]
    /// Workers at once.
    public var concurrentWork: Int
    /// Tasks that each peer may send in a minute.
    public var tasksPerMinute: Int64
    /// How places are compared.
    public var decision: DecisionPolicy
    /// Time between two heartbeats.
    public var heartbeatPeriod: TimeSpan
    /// Where a task may run that says nothing about it.
    public var placement: Placement
    /// How the quality of a delegated result must be known.
    public var acceptance: QualityBasis
    /// How many witnesses have to attest to a result where that is the rule.
    public var witnessCount: UInt8
    /// The share of what is locked for a task that its witnesses get, in equal parts, beside it.
    public var witnessShare: BasisPoints
    /// The quality below which a delegated result is not paid.
    public var minimumQuality: BasisPoints
    /// What a delegated task costs.
    public var pricing: Pricing
    /// What holds when this side never decides on a proof.
    public var silence: SilenceRule
    /// Time for settling after a task's deadline.
    public var grace: TimeSpan
    /// By how much lots must outlive a delegated task's deadline.
    public var lotMargin: TimeSpan
    /// How much is taken from one peer on energy pages that it has not shown.
    public var unauditedLimit: Energy
    /// Whether peers' tasks are handed on where that is better and they allow it.
    public var handsOn: Bool
    /// The share of a task's budget that is not locked below where it is handed on.
    public var handOnShare: BasisPoints
    /// Addresses that this node's record names.
    public var addresses: [NetworkAddress]
    /// The horizons that this platform serves, as its heartbeats state them, at most
    /// `FederationLimits.maximumHorizons`.
    public var horizons: [Horizon]
    /// The convergence that it states; nil where it states none.
    public var convergence: BasisPoints?
    /// Whether clients that ask over HTTP have to sign their tasks.
    public var verifiesSignatures: Bool
    /// Whether what is not signed is taken from clients without the API key.
    public var opensDelegation: Bool

    /// Settings with the usual values for everything that is not the board's or the society's own.
    public init(energy: EnergySettings, profile: HardwareProfile, supply: Energy) {
        self.energy = energy
        self.profile = profile
        self.supply = supply
        self.charging = ChargingPolicy()
        self.chargeTarget = Energy(joules: 1000)
        self.memoryReserve = profile.memoryReserve
        self.operations = []
        self.concurrentWork = 2
        self.tasksPerMinute = 60
        self.decision = DecisionPolicy()
        self.heartbeatPeriod = .seconds(5)
        self.placement = .any
        self.acceptance = .checked
        self.witnessCount = 3
        self.witnessShare = BasisPoints(clamping: 3_000)
        self.minimumQuality = FederationTask.defaultMinimumQuality
        self.pricing = .metered
        self.silence = .void
        self.grace = .seconds(60)
        self.lotMargin = .seconds(3600)
        self.unauditedLimit = Energy(joules: 20)
        self.handsOn = false
        self.handOnShare = BasisPoints(clamping: 1_000)
        self.addresses = []
        self.horizons = []
        self.convergence = nil
        self.verifiesSignatures = true
        self.opensDelegation = false
    }

    /// The offer for `operation`, if it is served here.
    public func offer(_ operation: Operation) -> OperationOffer? { operations.first { $0.operation == operation } }
}

/// Checks results of operations that this program knows; deterministic and pure.
///
/// The shell passes it in, because operations live above the core.
public protocol ResultVerifier: AnyObject, Sendable {
    /// How good `result` is for `operation` on `input`; nil where this operation cannot be checked here.
    func quality(of result: [UInt8], operation: Operation, input: [UInt8], parameters: [UInt8]) -> BasisPoints?

    /// Whether results of `operation` can be checked here.
    func checks(_ operation: Operation) -> Bool
}

/// What the core's tables hold at most.
public enum AgentLimits {
    /// Peers.
    public static let peers = 64
    /// Tasks under way for others.
    public static let workingTasks = 64
    /// Time after which a task that was taken on is stored, and its payer told so, unless it has ended by then.
    public static let stageDelay = TimeSpan.milliseconds(10)
    /// Tasks under way elsewhere.
    public static let payingTasks = 64
    /// Commands that wait for an outcome.
    public static let errands = 64
    /// Results that turned out to be false, or proofs that do not fit, whose evidence is kept; the oldest makes room.
    public static let disputes = 32
    /// Ended tasks that stay listed.
    public static let endedTasks = 256
    /// Ended tasks of one platform that the ledger remembers, where none that lives is among them.
    public static let rememberedTasks = 256
    /// How many more there may be until it forgets those beyond: all at once, since each time is a line of the journal.
    public static let forgottenTasks = 64
    /// Money messages that wait for one peer's acknowledgement.
    public static let outboxPerPeer = 256
    /// Charges that reach the target: no less than one of them has to be missing, or is charged where lots are many.
    public static let chargesToTarget: Int64 = 128
    /// Where lots are few, a page that allows one part of so many of such a charge is charged from too.
    public static let leastOfStep: Int64 = 64
    /// Energy pages kept in the store, the newest: a month of ten-second windows, about 120 MB.
    public static let storedPages: UInt64 = 262_144
    /// Energy pages kept in memory for `proof latest` and charging.
    public static let recentPages = 64
    /// Energy pages that the view of the board's energy shows.
    public static let shownPages = 8
    /// Rails whose energy is registered for metrics.
    public static let railRegisters = 128
}
