import Cryptography
import Ledger
import Quantities

/// Where a task may run.
public enum Placement: Hashable, Sendable {
    /// Only here.
    case local
    /// Wherever it is best.
    case any
    /// Only on this platform.
    case platform(PlatformName)
}

/// The task that a place is sought for.
public struct DecisionTask: Hashable, Sendable {
    /// What is to be done.
    public var operation: Operation
    /// The role it runs in.
    public var taskType: TaskType
    /// The role of who hands it out.
    public var delegatorType: TaskType
    /// Bytes of input.
    public var inputSize: ByteCount
    /// Memory it needs at least.
    public var memory: ByteCount
    /// Time until its result is wanted.
    public var remaining: TimeSpan
    /// The most it may cost; nil where only the purse limits it.
    public var budget: Energy?
    /// What it costs elsewhere.
    public var pricing: Pricing
    /// Where it may run.
    public var placement: Placement

    /// A task for which a place is sought.
    public init(
        operation: Operation, taskType: TaskType, delegatorType: TaskType, inputSize: ByteCount, memory: ByteCount,
        remaining: TimeSpan, budget: Energy?, pricing: Pricing, placement: Placement
    ) {
        self.operation = operation
        self.taskType = taskType
        self.delegatorType = delegatorType
        self.inputSize = inputSize
        self.memory = memory
        self.remaining = remaining
        self.budget = budget
        self.pricing = pricing
        self.placement = placement
    }
}

/// A place that may run the task: this board or a peer, with what is known of it.
public struct Place: Hashable, Sendable {
    /// The platform's name.
    public var platform: PlatformName
    /// The node's id.
    public var node: PlatformID
    /// Memory free for tasks, the reserve already taken off.
    public var freeMemory: ByteCount
    /// What it still takes on today.
    public var availableATP: Energy
    /// Thousandths of a degree to its soft limit.
    public var thermalHeadroom: Int32
    /// Share of its processors in use.
    public var load: BasisPoints
    /// Tasks waiting or running there.
    public var queueLength: UInt32
    /// Time that a task waits there before it runs.
    public var wait: TimeSpan
    /// Whether it serves the operation.
    public var servesOperation: Bool
    /// Whether it takes tasks at all.
    public var acceptsTasks: Bool
    /// Whether what it states meets the task's requirement.
    public var meetsRequirement: Bool
    /// Time since it was last heard.
    public var heardAgo: TimeSpan
    /// How long it has owed the answer to a task, with nothing heard of it since; nothing where it owes none.
    public var unansweredFor = TimeSpan.zero
    /// How far it is trusted.
    public var trust: BasisPoints
    /// Its reputation in the operation.
    public var reputation: BasisPoints
    /// Tasks of the operation that were verified.
    public var verified: UInt32
    /// Round-trip time to it.
    public var roundTrip: TimeSpan
    /// Rate at which input gets there, in bytes per second.
    public var bytesPerSecond: Int64
    /// What a run takes there.
    public var prediction: Prediction

    /// Whether it is a newcomer that has run few tasks of the kind, and gets some so that it may become known.
    var isToBeTried: Bool { verified < Reputation.knownAfter && prediction.runs < Reputation.knownAfter }

    /// How long the answer to a task is waited for before no other is sent there.
    public static let patience = TimeSpan.seconds(2)

    /// How long a peer has to say that it takes a task of which so much time is `left`: a quarter of it, so that there
    /// is time for another place; at least one second and at most ten.
    public static func acceptTime(within left: TimeSpan) -> TimeSpan {
        let quarter = TimeSpan(milliseconds: max(.zero, left).milliseconds / 4)
        return min(max(.zero, left), max(.seconds(1), min(.seconds(10), quarter)))
    }

    /// This board.
    public init(
        here platform: PlatformName, node: PlatformID, freeMemory: ByteCount, availableATP: Energy,
        thermalHeadroom: Int32, load: BasisPoints, backlog: Backlog, servesOperation: Bool,
        meetsRequirement: Bool, prediction: Prediction
    ) {
        self.platform = platform
        self.node = node
        self.freeMemory = freeMemory
        self.availableATP = availableATP
        self.thermalHeadroom = thermalHeadroom
        self.load = load
        self.queueLength = UInt32(clamping: backlog.tasks)
        self.wait = backlog.wait
        self.servesOperation = servesOperation
        self.acceptsTasks = true
        self.meetsRequirement = meetsRequirement
        self.heardAgo = .zero
        self.trust = .one
        self.reputation = .one
        self.verified = Reputation.knownAfter
        self.roundTrip = .zero
        self.bytesPerSecond = .max
        self.prediction = prediction
    }

    /// A peer as its latest heartbeat shows it.
    public init(
        peer platform: PlatformName, node: PlatformID, heartbeat: Heartbeat, heardAgo: TimeSpan,
        operation: Operation, requirement: Requirement, trust: BasisPoints, reputation: BasisPoints,
        verified: UInt32, backlog: Backlog, roundTrip: TimeSpan, bytesPerSecond: Int64, prediction: Prediction
    ) {
        self.platform = platform
        self.node = node
        self.freeMemory = heartbeat.freeMemory
        self.availableATP = heartbeat.availableATP
        self.thermalHeadroom = heartbeat.thermalHeadroom
        self.load = heartbeat.load
        self.queueLength = UInt32(clamping: backlog.tasks)
        self.wait = backlog.wait
        self.servesOperation = heartbeat.serves(operation) != nil
        self.acceptsTasks = heartbeat.acceptsTasks
        self.meetsRequirement = heartbeat.meets(requirement)
        self.heardAgo = heardAgo
        self.trust = trust
        self.reputation = reputation
        self.verified = verified
        self.roundTrip = roundTrip
        self.bytesPerSecond = max(1, bytesPerSecond)
        self.prediction = prediction
    }
}

/// The rules by which places are weighed.
public struct DecisionPolicy: Hashable, Sendable {
    /// Least thermal headroom, in thousandths of a degree.
    public var minimumHeadroom: Int32
    /// Time between heartbeats; a peer is out after three without one.
    public var heartbeatPeriod: TimeSpan
    /// Least trust in a peer.
    public var minimumTrust: BasisPoints
    /// The most a task may cost at a peer that is not known yet.
    public var newcomerBudget: Energy
    /// How much better another place must be than the last one.
    public var hysteresis: BasisPoints
    /// Share of the day's budget from which delegating is preferred where it is no worse.
    public var delegationThreshold: BasisPoints
    /// Energy to send a MiB.
    public var transmitPerMebibyte: Energy
    /// What this board draws while it waits.
    public var idlePower: Power
    /// What a task costs that has no result in time, beside what was spent on it; nil where a place must be in time
    /// nineteen times of twenty instead.
    public var lateCost: Energy?

    /// The rules where nothing else is configured.
    public init() {
        minimumHeadroom = 5_000
        heartbeatPeriod = .seconds(5)
        minimumTrust = .zero
        newcomerBudget = Energy(joules: 20)
        hysteresis = BasisPoints(clamping: 500)
        delegationThreshold = BasisPoints(clamping: 8_000)
        transmitPerMebibyte = Energy(joules: 1)
        idlePower = Power(milliwatts: 5_000)
        lateCost = Energy(joules: 50)
    }

    /// Energy to send `size`, 0 … `Energy.largest`.
    public func transmit(_ size: ByteCount) -> Energy {
        let sent = scaled(transmitPerMebibyte.millijoules, by: size.bytes, over: 1_048_576) ?? 0
        return Energy(millijoules: max(0, min(sent, Energy.largest.millijoules)))
    }
}

/// Everything that a decision depends on; storing it is enough to decide the same again.
public struct DecisionInput: Hashable, Sendable {
    /// The task.
    public var task: DecisionTask
    /// The rules.
    public var policy: DecisionPolicy
    /// Credits that can be spent here.
    public var purse: Energy
    /// Credits the day began with.
    public var dayBudget: Energy
    /// Credits spent today.
    public var daySpent: Energy
    /// This board.
    public var here: Place
    /// The peers; those beyond `FederationLimits.maximumPlaces` − 1 are not looked at.
    public var peers: [Place]
    /// Where the operation ran last; nil where it never did.
    public var lastPlace: PlatformID?

    /// Everything that a decision depends on.
    public init(
        task: DecisionTask, policy: DecisionPolicy, purse: Energy, dayBudget: Energy, daySpent: Energy, here: Place,
        peers: [Place], lastPlace: PlatformID?
    ) {
        self.task = task
        self.policy = policy
        self.purse = purse
        self.dayBudget = dayBudget
        self.daySpent = daySpent
        self.here = here
        self.peers = peers
        self.lastPlace = lastPlace
    }
}
