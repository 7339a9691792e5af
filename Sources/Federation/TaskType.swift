import Quantities

/// The role of an identity, which decides what it may do and use (LUPS 1.0).
public enum TaskType: UInt8, Sendable, CaseIterable {
    /// Looking at sensor input.
    case perception = 1
    /// Planning.
    case planning = 2
    /// Planning over long horizons.
    case planningStrategic = 3
    /// Running operations from a fixed list.
    case executionSafe = 4
    /// Running code.
    case executionCode = 5
    /// Handing tasks to other platforms.
    case delegationFederation = 6
    /// The resident mind of a platform; also called `cognition`.
    case consciousness = 7
    /// The same with the widest budget; also called `cognition.sage`.
    case consciousnessSage = 8
    /// Looking at everything.
    case adminReadonly = 9
    /// Everything.
    case adminFull = 10

    /// The type's first name.
    public var name: String {
        switch self {
        case .perception: "perception"
        case .planning: "planning"
        case .planningStrategic: "planning.strategic"
        case .executionSafe: "execution.safe"
        case .executionCode: "execution.code"
        case .delegationFederation: "delegation.federation"
        case .consciousness: "consciousness"
        case .consciousnessSage: "consciousness.sage"
        case .adminReadonly: "admin.readonly"
        case .adminFull: "admin.full"
        }
    }

    /// Its other name, or nil.
    public var alias: String? {
        switch self {
        case .consciousness: "cognition"
        case .consciousnessSage: "cognition.sage"
        default: nil
        }
    }

    /// The type that `name` or its alias names, or nil.
    public init?(name: String) {
        guard let type = TaskType.allCases.first(where: { $0.name == name || $0.alias == name }) else { return nil }
        self = type
    }
}

/// What a task type may use and do.
public struct TaskBudget: Hashable, Sendable {
    /// Credits a day; nil where there is no ceiling.
    public let dailyATP: Energy?
    /// Memory.
    public let memory: ByteCount
    /// Processor cores.
    public let cores: Int
    /// Disk.
    public let disk: ByteCount
    /// Network rate in Mbit/s.
    public let megabitsPerSecond: Int
    /// Tasks at a time.
    public let concurrentTasks: Int
    /// What it may do.
    public let permissions: PermissionSet

    /// The budget on a board with `boardMemory`: the lesser of the table and the board.
    public func limited(toMemory boardMemory: ByteCount) -> TaskBudget {
        limited(toMemory: boardMemory, cores: cores)
    }

    /// The budget on a board with `boardMemory` and `boardCores`: the lesser of the table and the board.
    public func limited(toMemory boardMemory: ByteCount, cores boardCores: Int) -> TaskBudget {
        TaskBudget(
            dailyATP: dailyATP, memory: min(memory, boardMemory), cores: min(cores, boardCores), disk: disk,
            megabitsPerSecond: megabitsPerSecond, concurrentTasks: concurrentTasks, permissions: permissions)
    }
}

extension TaskType {
    /// The LUPS 1.0 row of this type.
    public var budget: TaskBudget { TaskType.budgets[Int(rawValue) - 1] }

    /// The rows in the order of their numbers.
    private static let budgets = allCases.map { $0.row }

    private var row: TaskBudget {
        switch self {
        case .perception: .row(200, 2048, 2, 1024, 10, 5, [.atpRead, .networkHTTP, .storageRead, .federationExecute])
        case .planning: .row(500, 2048, 2, 1024, 0, 10, [.atpRead, .federationExecute])
        case .planningStrategic:
            .row(500, 4096, 4, 2048, 10, 20, [.atpRead, .federationExecute, .networkHTTP, .storageRead])
        case .executionSafe:
            .row(
                200, 2048, 2, 2048, 0, 10,
                [.atpRead, .atpWrite, .storageRead, .storageWrite, .execSafe, .federationExecute])
        case .executionCode:
            .row(
                1000, 8192, 8, 10_240, 100, 20,
                [
                    .atpRead, .atpWrite, .execCode, .execNetwork, .networkHTTP, .networkWS, .storageRead,
                    .storageWrite, .federationExecute,
                ])
        case .delegationFederation:
            .row(
                1000, 4096, 2, 2048, 100, 50,
                [
                    .atpRead, .atpWrite, .networkHTTP, .networkWS, .networkP2P, .storageRead, .federationDelegate,
                    .federationExecute,
                ])
        case .consciousness: .row(1000, 16_384, 8, 20_480, 100, 100, TaskType.mindPermissions)
        case .consciousnessSage:
            .row(2000, 32_768, 16, 51_200, 1000, 200, TaskType.mindPermissions + [.storageDelete])
        case .adminReadonly:
            .row(
                100, 1024, 1, 1024, 10, 5,
                [
                    .atpRead, .networkHTTP, .networkWS, .networkP2P, .storageRead, .adminRead, .federationExecute,
                ])
        case .adminFull: .row(nil, 1_048_576, 128, 1_048_576, 10_000, 10_000, Permission.allCases)
        }
    }

    private static let mindPermissions: [Permission] = [
        .atpRead, .atpWrite, .execCode, .execNetwork, .networkHTTP, .networkWS, .networkP2P, .storageRead,
        .storageWrite, .federationDelegate, .federationExecute,
    ]
}

extension TaskBudget {
    fileprivate static func row(
        _ atp: Int64?, _ memoryMebibytes: Int64, _ cores: Int, _ diskMebibytes: Int64, _ megabitsPerSecond: Int,
        _ tasks: Int, _ permissions: [Permission]
    ) -> TaskBudget {
        TaskBudget(
            dailyATP: atp.map { Energy(joules: $0) }, memory: .mebibytes(memoryMebibytes), cores: cores,
            disk: .mebibytes(diskMebibytes), megabitsPerSecond: megabitsPerSecond, concurrentTasks: tasks,
            permissions: PermissionSet(permissions))
    }
}
