import Federation
import Quantities
import Testing

@Suite struct PermissionTests {
    /// The rows of LUPS 1.0 as they are published: ATP, MB, cores, MB of disk, Mbit/s, tasks, permissions.
    static let rows: [(TaskType, Int64?, Int64, Int, Int64, Int, Int, String)] = [
        (.perception, 200, 2048, 2, 1024, 10, 5, "atp:read network:http storage:read federation:execute"),
        (.planning, 500, 2048, 2, 1024, 0, 10, "atp:read federation:execute"),
        (
            .planningStrategic, 500, 4096, 4, 2048, 10, 20,
            "atp:read federation:execute network:http storage:read"
        ),
        (
            .executionSafe, 200, 2048, 2, 2048, 0, 10,
            "atp:read atp:write storage:read storage:write exec:safe federation:execute"
        ),
        (
            .executionCode, 1000, 8192, 8, 10240, 100, 20,
            "atp:all exec:code exec:network network:http network:ws storage:read storage:write federation:execute"
        ),
        (
            .delegationFederation, 1000, 4096, 2, 2048, 100, 50,
            "atp:all network:all storage:read federation:delegate federation:execute"
        ),
        (
            .consciousness, 1000, 16384, 8, 20480, 100, 100,
            "atp:all exec:code exec:network network:all storage:read storage:write federation:all"
        ),
        (
            .consciousnessSage, 2000, 32768, 16, 51200, 1000, 200,
            "atp:all exec:code exec:network network:all storage:all federation:all"
        ),
        (.adminReadonly, 100, 1024, 1, 1024, 10, 5, "atp:read network:all storage:read admin:read federation:execute"),
        (
            .adminFull, nil, 1_048_576, 128, 1_048_576, 10000, 10000,
            "atp:all network:all storage:all exec:all federation:all admin:all"
        ),
    ]

    @Test(arguments: rows.indices) func `every row of the table is as published`(index: Int) {
        let (type, atp, memory, cores, disk, rate, tasks, permissions) = Self.rows[index]
        let budget = type.budget
        #expect(budget.dailyATP == atp.map { Energy(joules: $0) })
        #expect(budget.memory == .mebibytes(memory))
        #expect(budget.cores == cores)
        #expect(budget.disk == .mebibytes(disk))
        #expect(budget.megabitsPerSecond == rate)
        #expect(budget.concurrentTasks == tasks)
        #expect(budget.permissions == PermissionSet(permissions))
        #expect(PermissionSet(budget.permissions.text) == budget.permissions)
    }

    @Test func `the table has a row for every type`() {
        #expect(Self.rows.map { $0.0 } == TaskType.allCases)
    }

    @Test(arguments: ["atp", "atp:", "atp:delete", "ATP:read", "all:all", "network:udp", ":read"])
    func `an unknown permission is refused`(text: String) { #expect(PermissionSet(text) == nil) }

    @Test func `bits without a meaning are refused`() {
        #expect(PermissionSet(numbered: 1 << 15) == nil)
        #expect(PermissionSet(numbered: PermissionSet.all.bits) == .all)
    }

    @Test func `memory and cores are the lesser of the table and the board`() {
        let budget = TaskType.consciousness.budget.limited(toMemory: .mebibytes(7_620), cores: 6)
        #expect(budget.memory == .mebibytes(7_620))
        #expect(budget.cores == 6)
        #expect(TaskType.perception.budget.limited(toMemory: .mebibytes(7_620), cores: 6).cores == 2)
    }

    @Test(
        arguments: [
            ("perception.features", TaskType.perception, TaskType.delegationFederation, nil),
            ("planning", .adminReadonly, .consciousness, nil),
            ("execution.script", .executionSafe, .adminFull, MissingPermission(permission: .execCode, of: .target)),
            ("execution.script", .executionCode, .consciousnessSage, nil),
            ("delegation", .planning, .adminFull, MissingPermission(permission: .federationDelegate, of: .target)),
            (
                "perception.features", .perception, .perception,
                MissingPermission(permission: .federationDelegate, of: .delegator)
            ),
        ] as [(String, TaskType, TaskType, MissingPermission?)])
    func `an operation needs its family's permission, and delegating needs its own`(
        name: String, target: TaskType, delegator: TaskType, missing: MissingPermission?
    ) {
        #expect(Fixture.operation(name).missingPermission(target: target, delegator: delegator) == missing)
    }

    @Test(arguments: [
        "", "perception.", ".perception", "vision", "perception..x", "Perception", "perception x", "perceptionx",
    ])
    func `what is no operation's name is refused`(name: String) { #expect(Operation(name) == nil) }
}
