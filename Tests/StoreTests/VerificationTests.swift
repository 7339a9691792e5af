import AgentCore
import Foundation
import Ledger
import Quantities
import TestKit
import Testing

@testable import Store

@Suite struct VerificationTests {
    let folder: StoreFolder
    let ledger: LedgerFixture

    init() throws {
        folder = try StoreFolder()
        ledger = try storyLedger()
        let store = try folder.open()
        try store.commit(ledger.commits.map { .ledger($0) })
    }

    @Test func `a sound store verifies`() throws {
        let found = try folder.inspect().verify()
        #expect(found.head == ledger.machine.image.head)
        #expect(found.lines == UInt64(ledger.commits.count))
        #expect(found.firstReplayed == 1)
        #expect(found.stateHash == ledger.machine.image.stateHash)
        #expect(found.rows == ledger.machine.image.rows.count)
    }

    /// Payments beyond what an account, a peer's share or the debts to it can hold, with folds in between.
    @Test func `a store full of dust verifies, also after the journal was folded`() throws {
        var ledger = ledger
        let thor = LedgerFixture.platform("Thor")
        let alice = LedgerFixture.account("alice@Sprout")
        var random = SeededRandom(seed: 11)
        let store = try folder.open()
        for task in UInt64(2)...200 {
            ledger.commits = []
            ledger.pass(.seconds(random.number(in: 0...60)))
            let lots = (0..<random.number(in: 1...30)).map { _ in
                LotTransfer(
                    issuer: thor, amount: Energy(millijoules: random.number(in: 1...9)),
                    remaining: .seconds(random.number(in: 0...9_000)),
                    proof: LedgerFixture.proof(random.number(in: 0...5_000)))
            }
            try ledger.apply(
                ledger.receipt(
                    TaskReference(delegator: thor, storeEpoch: StoreEpoch(7), sequence: task), to: alice, lots,
                    measured: Energy(millijoules: random.number(in: 0...60))))
            if random.oneIn(9) { try ledger.apply(.expireLots) }
            try store.commit(ledger.commits.map { .ledger($0) })
            try store.boundJournal(unfolded: 80, folded: 20, forgottenAtOnce: 10) { _ in [1] }
        }
        #expect(ledger.machine.image.owed.count == LedgerLimits.returnsOwedToPeer)
        let found = try store.verify()
        #expect(found.firstReplayed > 80)
        #expect(found.stateHash == ledger.machine.image.stateHash)
    }

    @Test func `a checkpoint beyond the journal is malformed, and nothing is written behind it`() throws {
        do {
            let store = try folder.open()
            try store.boundJournal(unfolded: 1, folded: 20, forgottenAtOnce: 10) { _ in [1] }
        }
        try folder.tamper("UPDATE base SET sequence = 1000000")
        do throws(StoreError) {
            _ = try folder.open()
            Issue.record("the store opens")
        } catch { #expect(error.failure == .malformedRow) }
    }

    /// Changes that leave every row well formed enough for its table.
    @Test(arguments: [
        "UPDATE journal SET at = at + 1 WHERE sequence = 4",
        "UPDATE journal SET event = x'810f' WHERE sequence = 4",
        "UPDATE journal SET event = x'00' WHERE sequence = 4",
        "UPDATE journal SET hash = zeroblob(32) WHERE sequence = (SELECT max(sequence) FROM journal)",
        "UPDATE journal SET entries = x'80' WHERE sequence = 3",
        "DELETE FROM journal WHERE sequence = 5",
        "DELETE FROM journal WHERE sequence = (SELECT max(sequence) FROM journal)",
        "DELETE FROM journal WHERE sequence = 1",
        "DELETE FROM journal",
        "DELETE FROM ledger_row WHERE kind = 3",
        "DELETE FROM ledger_row WHERE kind = 7",
        "UPDATE ledger_row SET key = x'01' WHERE kind = 1",
        "INSERT INTO ledger_row SELECT kind, x'ff', value FROM ledger_row WHERE kind = 2",
        "INSERT INTO base_row SELECT * FROM ledger_row",
    ])
    func `what somebody changed by hand is found`(_ sql: String) throws {
        try folder.tamper(sql)
        #expect(throws: StoreVerificationError.self) { try folder.inspect().verify() }
    }

    @Test func `any altered byte of a row or line is found`() throws {
        let pristine = try Data(contentsOf: URL(fileURLWithPath: folder.file))
        var altered = 0
        for place in try places() {
            for position in stride(from: altered % 11, to: place.value.count, by: 29) {
                try alter(place, at: position)
                altered += 1
                #expect(throws: StoreVerificationError.self, "\(place.update) \(place.keys) byte \(position)") {
                    try folder.inspect().verify()
                }
                try pristine.write(to: URL(fileURLWithPath: folder.file))
            }
        }
        #expect(altered > 100)
        _ = try folder.inspect().verify()
    }

    /// A value in the file, and how to write another in its place.
    private struct Place {
        let value: [UInt8]
        let update: String
        let keys: [[UInt8]]
    }

    private func places() throws -> [Place] {
        let database = try Database(path: folder.file, creates: false)
        var places: [Place] = []
        let columns = [
            ("journal", "event", "x''"), ("journal", "entries", "x''"), ("journal", "hash", "x''"),
            ("ledger_row", "value", "key"),
        ]
        for (table, column, key) in columns {
            let first = table == "journal" ? "sequence" : "kind"
            let statement = try database.prepare("SELECT CAST(\(first) AS TEXT), \(key), \(column) FROM \(table)")
            while try database.step(statement) {
                let number = String(decoding: statement.bytes(0), as: UTF8.self)
                let condition = table == "journal" ? "sequence = \(number)" : "kind = \(number) AND key = ?2"
                places.append(
                    Place(
                        value: statement.bytes(2), update: "UPDATE \(table) SET \(column) = ?1 WHERE \(condition)",
                        keys: table == "journal" ? [] : [statement.bytes(1)]))
            }
        }
        return places
    }

    private func alter(_ place: Place, at position: Int) throws {
        let database = try Database(path: folder.file, creates: false)
        var value = place.value
        value[position] &+= 1
        let update = try database.prepare(place.update)
        update.bind(1, value)
        if let key = place.keys.first { update.bind(2, key) }
        try database.run(update)
    }

    @Test func `a folded journal verifies from its checkpoint on`() throws {
        var ledger = ledger
        let checkpoint = try #require(ledger.machine.image.checkpoint)
        do {
            let store = try folder.open()
            try store.fold { $0 == checkpoint ? [1, 2, 3] : [] }
            try store.forgetLines(keeping: 4, atMost: .max)
            #expect(try store.history(before: nil, limit: 99).count == 4)
            ledger.commits = []
            ledger.pass(.seconds(100))
            for hold in ledger.machine.image.overdueHolds(at: ledger.now) { try ledger.apply(.expire(hold)) }
            try store.commit(ledger.commits.map { .ledger($0) })
            #expect(ledger.commits.count == 1)
        }
        let store = try folder.inspect()
        let found = try store.verify()
        #expect(found.firstReplayed == checkpoint.head.sequence + 1)
        #expect(found.lines == 5)
        #expect(found.stateHash == ledger.machine.image.stateHash)
        let stored = try #require(try store.checkpoint())
        #expect(stored.signed == [1, 2, 3])
        #expect(stored.head == checkpoint.head)
    }

    @Test(arguments: [
        "UPDATE journal SET at = at + 1 WHERE sequence = (SELECT min(sequence) FROM journal)",
        "DELETE FROM journal WHERE sequence = (SELECT min(sequence) FROM journal)",
        "DELETE FROM journal WHERE sequence = (SELECT sequence FROM base)",
        "DELETE FROM base", "UPDATE base SET state_hash = zeroblob(32)", "UPDATE base SET hash = zeroblob(32)",
        "UPDATE base SET at = at + 1", "DELETE FROM base_row WHERE kind = 2",
    ])
    func `what was changed in a folded journal is found`(_ sql: String) throws {
        do {
            let store = try folder.open()
            try store.fold { _ in [1] }
            try store.forgetLines(keeping: 4, atMost: 100)
        }
        _ = try folder.inspect().verify()
        try folder.tamper(sql)
        #expect(throws: StoreVerificationError.self) { try folder.inspect().verify() }
    }

    @Test func `folding twice keeps the chain`() throws {
        let store = try folder.open()
        let checkpoint = try #require(ledger.machine.image.checkpoint)
        try store.fold { _ in [1] }
        try store.forgetLines(keeping: 6, atMost: 1)
        #expect(try store.verify().lines == checkpoint.head.sequence - 1)
        try store.forgetLines(keeping: 6, atMost: 100)
        #expect(try store.verify().lines == 6)
        try store.fold { _ in [2] }
        try store.forgetLines(keeping: 2, atMost: 100)
        #expect(try store.verify().lines == 2)
        #expect(try store.checkpoint()?.signed == [2])
        try store.forgetLines(keeping: 0, atMost: 100)
        #expect(try store.verify().lines == 0)
        #expect(try store.head() == checkpoint.head)
    }

    @Test func `lines after the checkpoint are never forgotten`() throws {
        let store = try folder.open()
        try store.forgetLines(keeping: 0, atMost: 100)
        #expect(try store.verify().firstReplayed == 1)
        try store.fold { _ in [1] }
        var ledger = ledger
        ledger.commits = []
        try ledger.apply(.configure(supply: Energy(joules: 100_001)))
        try store.commit(ledger.commits.map { .ledger($0) })
        try store.forgetLines(keeping: 0, atMost: 100)
        #expect(try store.verify().lines == 1)
    }

    @Test func `a ledger that breaks an identity is not folded, and nothing more is done with it`() throws {
        var account = try #require(ledger.machine.image.accounts.values.first)
        account.available += Energy(joules: 1)
        do {
            let database = try Database(path: folder.file, creates: false)
            let update = try database.prepare("UPDATE ledger_row SET value = ?1 WHERE kind = 2")
            update.bind(1, LedgerRow.account(account).encoded)
            try database.run(update)
        }
        let store = try folder.open()
        #expect { try store.fold { _ in [1] } } throws: { ($0 as? StoreError)?.failure == .corrupt }
        #expect(store.isPoisoned)
        #expect(try folder.copied().open().checkpoint() == nil)
    }
}
