import Quantities
import Wire

/// What of an allowance a refusal is about.
public enum AllowanceKind: UInt8, Sendable, CaseIterable {
    /// Credits a day.
    case dailyATP = 1
    /// Memory.
    case memory = 2
    /// Processor cores.
    case cores = 3
    /// Tasks at a time.
    case concurrentTasks = 4

    /// The kind in words.
    public var name: String {
        switch self {
        case .dailyATP: "ATP a day"
        case .memory: "memory"
        case .cores: "cores"
        case .concurrentTasks: "concurrent tasks"
        }
    }
}

/// What a certificate lets an identity use: at most what the row of its role says.
public struct Allowance: Hashable, Sendable {
    /// Credits a day; nil where there is no ceiling.
    public var dailyATP: Energy?
    /// Memory.
    public var memory: ByteCount
    /// Processor cores.
    public var cores: Int
    /// Tasks at a time.
    public var concurrentTasks: Int

    /// An allowance of its four parts.
    public init(dailyATP: Energy?, memory: ByteCount, cores: Int, concurrentTasks: Int) {
        self.dailyATP = dailyATP
        self.memory = memory
        self.cores = cores
        self.concurrentTasks = concurrentTasks
    }

    /// What `budget` allows.
    public init(_ budget: TaskBudget) {
        self.init(
            dailyATP: budget.dailyATP, memory: budget.memory, cores: budget.cores,
            concurrentTasks: budget.concurrentTasks)
    }

    /// The first part that is more than `other` has; nil where none is.
    public func excess(over other: Allowance) -> AllowanceKind? {
        if let ceiling = other.dailyATP, dailyATP.map({ $0 > ceiling }) ?? true { return .dailyATP }
        if memory > other.memory { return .memory }
        if cores > other.cores { return .cores }
        return concurrentTasks > other.concurrentTasks ? .concurrentTasks : nil
    }

    /// The lesser of each part.
    public func limited(to other: Allowance) -> Allowance {
        Allowance(
            dailyATP: dailyATP.map { own in other.dailyATP.map { min(own, $0) } ?? own } ?? other.dailyATP,
            memory: min(memory, other.memory), cores: min(cores, other.cores),
            concurrentTasks: min(concurrentTasks, other.concurrentTasks))
    }

    /// Reads `{1: ATP a day?, 2: memory, 3: cores, 4: tasks}`.
    init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        dailyATP = try reader.hasField(1, of: &map) ? try reader.amount() : nil
        try reader.field(2, of: &map)
        memory = ByteCount(bytes: Int64(try reader.unsigned(atMost: UInt64(Int64.max))))
        try reader.field(3, of: &map)
        cores = Int(try reader.unsigned(atMost: UInt64(IdentityLimits.cores)))
        try reader.field(4, of: &map)
        concurrentTasks = Int(try reader.unsigned(atMost: UInt64(IdentityLimits.concurrentTasks)))
        try reader.endMap(&map)
    }

    func write(to writer: inout CBORWriter) {
        var fields = FieldWriter()
        if let dailyATP { fields.energy(1, dailyATP) }
        fields.unsigned(2, UInt64(max(0, memory.bytes)))
        fields.unsigned(3, UInt64(max(0, cores)))
        fields.unsigned(4, UInt64(max(0, concurrentTasks)))
        fields.finish(into: &writer)
    }
}

extension TaskBudget {
    /// The budget of an identity whose certificate grants `permissions` and `allowance`: the lesser of both.
    public func narrowed(to permissions: PermissionSet, _ allowance: Allowance) -> TaskBudget {
        let least = Allowance(self).limited(to: allowance)
        return TaskBudget(
            dailyATP: least.dailyATP, memory: least.memory, cores: least.cores, disk: disk,
            megabitsPerSecond: megabitsPerSecond, concurrentTasks: least.concurrentTasks,
            permissions: self.permissions.intersection(permissions))
    }
}
