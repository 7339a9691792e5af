import Ledger
import Quantities

/// What a platform knows about itself when a task asks to be let in.
public struct AdmissionContext: Sendable {
    /// The platform's name.
    public var platform: PlatformName
    /// The operations it serves.
    public var operations: [Operation]
    /// The latest heartbeat, from which memory, heat, queue and stated horizons are taken.
    public var heartbeat: Heartbeat
    /// Name of the platform that sends the task.
    public var client: PlatformName
    /// Other tasks of the target that run or wait here.
    public var running: Int64
    /// Credits of the target's daily ceiling that tasks took today.
    public var spentToday: Energy
    /// The platform whose key signed the task; the one with the signature's own key where nil.
    public var delegator: PlatformID?
    /// The delegator here; the row of its role with nothing used where nil.
    public var source: IdentityUse?
    /// The target here; the row of its role with `running` and `spentToday` where nil.
    public var target: IdentityUse?
    /// What is wrong with the keys and signatures of the task's chain of delegation; nil where nothing is.
    public var chainFault: HopFault?
    /// Most tasks in the queue.
    public var queueLimit: Int64
    /// Least thermal headroom for a new task, in thousandths of a degree.
    public var minimumHeadroom: Int64
    /// How long the task would take with everything before it.
    public var expectedTime: TimeSpan
    /// How much longer than the task's deadline its lots must live.
    public var lotMargin: TimeSpan
    /// The strongest basis on which this federation can know quality.
    public var strongestBasis: QualityBasis

    /// What the platform knows.
    public init(
        platform: PlatformName, client: PlatformName, operations: [Operation], heartbeat: Heartbeat, running: Int64,
        spentToday: Energy,
        queueLimit: Int64, minimumHeadroom: Int64, expectedTime: TimeSpan, lotMargin: TimeSpan,
        strongestBasis: QualityBasis
    ) {
        self.platform = platform
        self.client = client
        self.operations = operations
        self.heartbeat = heartbeat
        self.running = running
        self.spentToday = spentToday
        self.queueLimit = queueLimit
        self.minimumHeadroom = minimumHeadroom
        self.expectedTime = expectedTime
        self.lotMargin = lotMargin
        self.strongestBasis = strongestBasis
    }

    fileprivate func delegator(of task: FederationTask) -> IdentityUse { source ?? IdentityUse(task.source) }

    fileprivate func target(of task: FederationTask) -> IdentityUse {
        target ?? IdentityUse(task.target, spentToday: spentToday, running: running)
    }
}

extension Signed where Payload == FederationTask {
    /// What speaks against running this task here, or nil.
    ///
    /// The signature was checked when this value was made, its id is held against earlier tasks by
    /// `WorkerLife`, and the client's rate by `RateLimit`. What is left is checked in this order:
    /// delegator, platform, operation, standing and permissions of delegator and target, chain, requirement, basis,
    /// number of tasks and today's budget of both, lots, memory, heat, queue, deadline.
    /// `age` is the time since the task was signed.
    public func refusal(in context: AdmissionContext, age: TimeSpan) -> TaskRefusal? {
        // A platform speaks for those who live on it, and for nobody else.
        guard payload.reference.delegator == context.delegator ?? signer, payload.source.context == context.client
        else {
            return .delegatorDiffers
        }
        guard payload.target.context == context.platform else { return .wrongPlatform }
        guard context.operations.contains(payload.operation) else { return .operationNotServed }
        if let refusal = PermissionRules.refusal(
            of: payload.operation, from: context.delegator(of: payload), to: context.target(of: payload))
        {
            return refusal
        }
        if let fault = payload.hopFault ?? context.chainFault { return .hopChain(fault) }
        guard context.heartbeat.meets(payload.requirement) else { return .requirementNotMet }
        // What is not run a second time cannot be found out by running it again.
        let strongest = payload.operation.runsOnce ? .claimed : context.strongestBasis
        guard payload.acceptance <= strongest else { return .acceptanceNotServed(payload.acceptance) }
        if payload.operation.runsOnce, payload.subject != nil { return .acceptanceNotServed(.witnessed) }
        return shortage(in: context, age: age)
    }

    private func shortage(in context: AdmissionContext, age: TimeSpan) -> TaskRefusal? {
        let (source, target) = (context.delegator(of: payload), context.target(of: payload))
        let heartbeat = context.heartbeat
        if let shortage = PermissionRules.shortage(of: target, budget: payload.budget)
            ?? PermissionRules.shortage(ofDelegator: source, budget: payload.budget)
        {
            return shortage
        }
        let remaining = max(.zero, payload.remaining - age)
        let needed = remaining + context.lotMargin
        for lot in payload.lots where lot.remaining - age < needed {
            return .lotsTooShort(needed: needed, found: max(.zero, lot.remaining - age))
        }
        let memory = min(heartbeat.freeMemory, target.budget.memory)
        guard payload.memory <= memory else { return .memoryShort(needed: payload.memory, free: memory) }
        guard Int64(heartbeat.thermalHeadroom) >= context.minimumHeadroom else {
            return .tooHot(needed: context.minimumHeadroom, headroom: Int64(heartbeat.thermalHeadroom))
        }
        guard Int64(heartbeat.queueLength) < context.queueLimit else {
            return .queueFull(length: Int64(heartbeat.queueLength), limit: context.queueLimit)
        }
        guard context.expectedTime <= min(remaining, payload.timeout) else {
            return .deadlineUnreachable(
                expected: context.expectedTime, remaining: min(remaining, payload.timeout))
        }
        return nil
    }
}
