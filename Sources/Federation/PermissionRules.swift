import Quantities

/// An identity that a task names: what it may do and use here, and what it uses already.
public struct IdentityUse: Sendable {
    /// The identity.
    public var lct: LCT
    /// What it may do and use: the row of its role, narrowed by its certificate and by the board.
    public var budget: TaskBudget
    /// Why it is not in good standing; nil where it is.
    public var refusal: CertificateRefusal?
    /// Credits of its daily ceiling that are used or locked today.
    public var spentToday: Energy
    /// Its tasks that run or wait.
    public var running: Int64

    /// What `lct` uses of the row of its role.
    public init(
        _ lct: LCT, budget: TaskBudget? = nil, refusal: CertificateRefusal? = nil, spentToday: Energy = .zero,
        running: Int64 = 0
    ) {
        self.lct = lct
        self.budget = budget ?? lct.task.budget
        self.refusal = refusal
        self.spentToday = spentToday
        self.running = running
    }

    /// What it may still use today; nil where there is no ceiling.
    public var leftToday: Energy? {
        budget.dailyATP.map { ($0.subtracting(spentToday) ?? .zero).clampedToZero }
    }
}

/// The rules of identities, permissions and budgets: the same for a task of this board's own, one that came over the
/// link, and one that came over HTTP.
///
/// They are asked in this order: standing of the delegator and of the target, permission to delegate, the target's
/// permission for the operation, then the target's tasks, credits and memory, then the delegator's tasks and credits.
public enum PermissionRules {
    /// What speaks against a task of `operation` with this budget and need of memory; nil where nothing does.
    public static func refusal(
        of operation: Operation, budget: Energy, memory: ByteCount, from source: IdentityUse, to target: IdentityUse
    ) -> TaskRefusal? {
        refusal(of: operation, from: source, to: target) ?? shortage(of: target, budget: budget)
            ?? shortage(of: target, memory: memory) ?? shortage(ofDelegator: source, budget: budget)
    }

    /// What the standing and the permissions of both say against `operation`; nil where nothing.
    public static func refusal(
        of operation: Operation, from source: IdentityUse, to target: IdentityUse
    ) -> TaskRefusal? {
        if let refusal = source.refusal { return .identityNotAccepted(refusal.fault.kind, .delegator) }
        if let refusal = target.refusal { return .identityNotAccepted(refusal.fault.kind, .target) }
        guard source.budget.permissions.contains(.federationDelegate) else {
            return .permissionMissing(MissingPermission(permission: .federationDelegate, of: .delegator))
        }
        guard target.budget.permissions.contains(operation.family.permission) else {
            return .permissionMissing(MissingPermission(permission: operation.family.permission, of: .target))
        }
        return nil
    }

    /// What the target's own tasks and credits say against a task of `budget`; nil where nothing.
    public static func shortage(of target: IdentityUse, budget: Energy) -> TaskRefusal? {
        let limit = Int64(target.budget.concurrentTasks)
        guard target.running < limit else { return .tooManyTasks(running: target.running, limit: limit) }
        guard let left = target.leftToday, budget > left else { return nil }
        return .budgetExhausted(needed: budget, available: left)
    }

    /// Whether the target may use so much memory.
    public static func shortage(of target: IdentityUse, memory: ByteCount) -> TaskRefusal? {
        memory <= target.budget.memory ? nil : .memoryShort(needed: memory, free: target.budget.memory)
    }

    /// What the delegator's own tasks and credits say against a task of `budget`; nil where nothing.
    public static func shortage(ofDelegator source: IdentityUse, budget: Energy) -> TaskRefusal? {
        let limit = Int64(source.budget.concurrentTasks)
        guard source.running < limit else { return .delegatorTooManyTasks(running: source.running, limit: limit) }
        guard let left = source.leftToday, budget > left else { return nil }
        return .delegatorBudgetExhausted(needed: budget, available: left)
    }
}
