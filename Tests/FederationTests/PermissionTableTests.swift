import Federation
import Quantities
import TestKit
import Testing

/// Every task type × operation × permission of `Tests/Fixtures/permissions.csv`, which was written from the published
/// table: whether the type holds the permission, and what an identity that is certified with it alone may do.
@Suite struct PermissionTableTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let type: TaskType
        let operation: Federation.Operation
        let permission: Permission
        let holds: Bool
        let runs: Bool
        let delegates: Bool

        var testDescription: String { type.name + " " + operation.name + " " + permission.name }
    }

    static let rows: [Row] = {
        let lines = (try? Fixtures.text("permissions.csv"))?.split(separator: "\n").dropFirst() ?? []
        return lines.compactMap { line in
            let cells = line.split(separator: ",").map(String.init)
            guard cells.count == 6, let type = TaskType(name: cells[0]), let operation = Operation(cells[1]),
                let permission = Permission.allCases.first(where: { $0.name == cells[2] })
            else { return nil }
            return Row(
                type: type, operation: operation, permission: permission, holds: cells[3] == "yes",
                runs: cells[4] == "yes", delegates: cells[5] == "yes")
        }
    }()

    @Test func `the table is whole`() {
        #expect(Self.rows.count == TaskType.allCases.count * OperationFamily.allCases.count * Permission.allCases.count)
        #expect(Set(Self.rows.map(\.testDescription)).count == Self.rows.count)
        #expect(Set(Self.rows.map { $0.operation.family }) == Set(OperationFamily.allCases))
    }

    @Test(arguments: rows) func `an identity may do what its type and its certificate both grant`(_ row: Row) {
        #expect(row.type.budget.permissions.contains(row.permission) == row.holds)
        let alone = row.type.budget.narrowed(to: PermissionSet([row.permission]), Allowance(row.type.budget))
        #expect(alone.permissions == (row.holds ? PermissionSet([row.permission]) : .none))
        let lct = Fixture.lct("lct:web4:agent:dp@Thor#" + row.type.name)
        let everything = IdentityUse(Fixture.lct("lct:web4:agent:dp@Thor#admin.full"))
        let certified = IdentityUse(lct, budget: alone)
        let asTarget = PermissionRules.refusal(of: row.operation, from: everything, to: certified)
        #expect(
            asTarget
                == (row.runs
                    ? nil
                    : .permissionMissing(
                        MissingPermission(permission: row.operation.family.permission, of: .target))))
        let asDelegator = PermissionRules.refusal(of: row.operation, from: certified, to: everything)
        #expect(
            asDelegator
                == (row.delegates
                    ? nil : .permissionMissing(MissingPermission(permission: .federationDelegate, of: .delegator))))
    }

    @Test(arguments: ["network", "exec", "storage", "atp", "federation", "admin"])
    func `a wildcard is every permission of its category`(category: String) {
        #expect(
            PermissionSet(category + ":all")
                == PermissionSet(Permission.allCases.filter { $0.category == category }))
    }

    @Test(arguments: [("cognition", TaskType.consciousness), ("cognition.sage", .consciousnessSage)])
    func `an alias has the budget of the type that it names`(alias: String, type: TaskType) {
        #expect(TaskType(name: alias) == type)
        #expect(Fixture.lct("lct:web4:agent:dp@Thor#" + alias).task.budget == type.budget)
    }

    // MARK: Budgets

    static func use(
        _ text: String = "lct:web4:agent:dp@Thor#perception", spent: Int64 = 0, running: Int64 = 0,
        refusal: CertificateRefusal? = nil
    ) -> IdentityUse {
        IdentityUse(
            Fixture.lct(text), refusal: refusal, spentToday: Energy(joules: spent), running: running)
    }

    static func delegator(spent: Int64 = 0, running: Int64 = 0, refusal: CertificateRefusal? = nil) -> IdentityUse {
        use("lct:web4:agent:dp@Sprout#delegation.federation", spent: spent, running: running, refusal: refusal)
    }

    static let revoked = CertificateRefusal(
        Lineage(of: Fixture.lct("lct:web4:agent:dp@Thor#perception")), .revoked(by: Fixture.thor.publicKey.id))

    @Test(
        arguments: [
            (delegator(), use(), nil),
            (delegator(spent: 998, running: 49), use(spent: 198, running: 4), nil),
            (delegator(refusal: revoked), use(refusal: revoked), .identityNotAccepted(.revoked, .delegator)),
            (delegator(), use(refusal: revoked), .identityNotAccepted(.revoked, .target)),
            (
                use(), use(running: 5),
                .permissionMissing(MissingPermission(permission: .federationDelegate, of: .delegator))
            ),
            (delegator(running: 50), use(spent: 200, running: 5), .tooManyTasks(running: 5, limit: 5)),
            (
                delegator(running: 50), use(spent: 199),
                .budgetExhausted(needed: Energy(joules: 2), available: Energy(joules: 1))
            ),
            (delegator(spent: 1000, running: 50), use(), .delegatorTooManyTasks(running: 50, limit: 50)),
            (
                delegator(spent: 1500), use(),
                .delegatorBudgetExhausted(needed: Energy(joules: 2), available: .zero)
            ),
            (use("lct:web4:agent:dp@Sprout#admin.full", spent: 1_000_000), use(), nil),
        ] as [(IdentityUse, IdentityUse, TaskRefusal?)])
    func `source and target are held to their standing, permissions, tasks and credits, in that order`(
        source: IdentityUse, target: IdentityUse, refusal: TaskRefusal?
    ) {
        #expect(
            PermissionRules.refusal(
                of: Fixture.features, budget: Energy(joules: 2), memory: .mebibytes(64), from: source, to: target)
                == refusal)
    }

    @Test func `memory and cores are the lesser of the type, the certificate and the board`() {
        let certified = TaskType.consciousness.budget.narrowed(
            to: .all,
            Allowance(dailyATP: nil, memory: .mebibytes(9_000), cores: 6, concurrentTasks: 1_000))
        #expect(certified.dailyATP == Energy(joules: 1_000))
        #expect(certified.concurrentTasks == 100)
        let there = certified.limited(toMemory: .mebibytes(7_620), cores: 12)
        #expect(there.memory == .mebibytes(7_620))
        #expect(there.cores == 6)
        let use = IdentityUse(Fixture.lct("lct:web4:agent:dp@Thor#consciousness"), budget: there)
        #expect(
            PermissionRules.refusal(
                of: Fixture.features, budget: Energy(joules: 1), memory: .mebibytes(7_621),
                from: Self.delegator(), to: use)
                == .memoryShort(needed: .mebibytes(7_621), free: .mebibytes(7_620)))
    }

    @Test(
        arguments: [
            .identityNotAccepted(.expired, .target), .identityNotAccepted(.clockNotSet, .delegator),
            .delegatorBudgetExhausted(needed: Energy(joules: 3), available: .zero),
            .delegatorTooManyTasks(running: 50, limit: 50),
        ] as [TaskRefusal])
    func `the reasons travel whole`(reason: TaskRefusal) throws {
        let notice = RefusalNotice(task: Fixture.task.id, taskHash: Fixture.hash(3), reason: reason)
        #expect(try Fixture.roundTrip(notice) == notice)
        #expect(!reason.explanation.isEmpty)
    }
}
