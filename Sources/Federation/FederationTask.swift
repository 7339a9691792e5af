import Ledger
import Quantities
import Wire

/// A task that one platform hands to another; signed by the delegator as `task`.
///
/// Times travel as what remained when it was signed; a resend states beside it how long ago that was.
public struct FederationTask: Hashable, Sendable {
    /// The number its delegator gave it.
    public var reference: TaskReference
    /// Who delegates.
    public var source: LCT
    /// Who is to run it; the task type is the target's.
    public var target: LCT
    /// What is to be done.
    public var operation: Operation
    /// What it works on.
    public var input: TaskInput
    /// The operation's own parameters, at most `FederationLimits.maximumParametersLength` bytes.
    public var parameters: [UInt8]
    /// What is locked for it, more than nothing.
    public var budget: Energy
    /// What it costs when it is settled.
    public var pricing: Pricing
    /// The quality below which nothing is paid.
    public var minimumQuality: BasisPoints
    /// Longest run, enforced on the worker process.
    public var timeout: TimeSpan
    /// Memory the run needs.
    public var memory: ByteCount
    /// Urgency, 1 (most) … 10 (least).
    public var priority: UInt8
    /// How quality must be known for the task to be paid.
    public var acceptance: QualityBasis
    /// What holds when the payer falls silent.
    public var silence: SilenceRule
    /// The witnesses that `acceptance` asks for; there exactly when it is `witnessed`.
    public var witnesses: WitnessRule?
    /// The result whose quality is asked for, in place of one of its own; nil for an ordinary task.
    public var subject: WitnessSubject?
    /// How far the numbers of a result may be from those of another run of the same.
    public var tolerance: ResultTolerance
    /// The locked lots, at most `FederationLimits.maximumLots`, together the budget.
    public var lots: [LotTransfer]
    /// Time until the proof must have arrived.
    public var remaining: TimeSpan
    /// Time after that for the payer to answer, until the silence rule holds.
    public var grace: TimeSpan
    /// What is asked of the platform.
    public var requirement: Requirement
    /// What may be done in the task's name further down.
    public var scope: PermissionSet
    /// The passes by which it was handed on, first delegator first; empty for a task of its delegator's own.
    public var hops: [Hop]
    /// The leave to hand it on once more; nil where it must be done by its target itself.
    public var pass: Hop?

    /// The id, which also names the lock.
    public var id: TaskID { reference.id }

    /// The role it runs in.
    public var taskType: TaskType { target.task }

    /// The quality asked for where nothing else is said.
    public static let defaultMinimumQuality = BasisPoints(clamping: 7_000)

    /// A task without requirement, witnesses or tasks above it, paid on its measured energy.
    public init(
        reference: TaskReference, source: LCT, target: LCT, operation: Operation, input: TaskInput, budget: Energy,
        timeout: TimeSpan, memory: ByteCount, lots: [LotTransfer], remaining: TimeSpan, grace: TimeSpan
    ) {
        self.reference = reference
        self.source = source
        self.target = target
        self.operation = operation
        self.input = input
        self.parameters = []
        self.budget = budget
        self.pricing = .metered
        self.minimumQuality = FederationTask.defaultMinimumQuality
        self.timeout = timeout
        self.memory = memory
        self.priority = 5
        self.acceptance = .checked
        self.silence = .void
        self.witnesses = nil
        self.tolerance = .exact
        self.subject = nil
        self.lots = lots
        self.remaining = remaining
        self.grace = grace
        self.requirement = .none
        self.scope = .none
        self.hops = []
        self.pass = nil
    }

    /// What keeps this value from being sent, or nil: the rules its decoder holds it to.
    public var fault: TaskFault? {
        if input.size.bytes < 0 { return .emptyAmount }
        if case .inline(let bytes) = input, bytes.count > FederationLimits.maximumInlineLength {
            return .inputTooLong(bytes: bytes.count)
        }
        if parameters.count > FederationLimits.maximumParametersLength {
            return .parametersTooLong(bytes: parameters.count)
        }
        let amounts = [budget] + lots.map { $0.amount }
        if amounts.contains(where: { $0 <= .zero || $0 > .largest }) { return .emptyAmount }
        if lots.count > FederationLimits.maximumLots { return .tooManyLots(count: lots.count) }
        let offered = lots.reduce(Energy.zero) { $0 + $1.amount }
        if offered != budget { return .lotsDiffer(offered: offered, budget: budget) }
        let times = [timeout, remaining, grace]
        if times.contains(where: { $0 < .zero || $0 > FederationLimits.longestTaskTime }) { return .timeOutOfRange }
        if !(1...10).contains(priority) { return .priorityOutOfRange(priority) }
        if (acceptance == .witnessed) != (witnesses != nil) { return .witnessesDiffer }
        if memory.bytes < 0 { return .emptyAmount }
        if hops.count > FederationLimits.maximumHops { return .tooManyHops(count: hops.count) }
        return longestEncoding > FederationLimits.maximumPayloadLength ? .tooLong(bytes: longestEncoding) : nil
    }
}

extension FederationTask {
    /// An upper bound of the encoding's length: what varies, and room for the rest.
    private var longestEncoding: Int {
        var bytes = 1_024 + parameters.count + 96 * lots.count
        bytes += (hops + [pass].compactMap { $0 }).reduce(0) { $0 + $1.length }
        if case .inline(let input) = input { bytes += input.count }
        if let subject { bytes += 64 + subject.result.count }
        return bytes
    }
}

/// Why a task cannot be written down.
public enum TaskFault: Error, Equatable, Sendable {
    /// The inline input is too long.
    case inputTooLong(bytes: Int)
    /// The parameters are too long.
    case parametersTooLong(bytes: Int)
    /// An amount is nothing, negative or too large.
    case emptyAmount
    /// More lots than a task may offer.
    case tooManyLots(count: Int)
    /// The lots are not together the budget.
    case lotsDiffer(offered: Energy, budget: Energy)
    /// A time is negative or longer than `FederationLimits.longestTaskTime`.
    case timeOutOfRange
    /// The priority is outside 1 … 10.
    case priorityOutOfRange(UInt8)
    /// A witness rule without acceptance by witnesses, or the other way round.
    case witnessesDiffer
    /// More tasks above it than allowed.
    case tooManyHops(count: Int)
    /// Input, parameters, lots and hops together may be too long for one message.
    case tooLong(bytes: Int)
}
