import AgentCore
import Foundation
import Ledger
import Quantities
import TestKit
import Testing

@testable import Store

@Suite struct StoreTests {
    let folder: StoreFolder

    init() throws { folder = try StoreFolder() }

    @Test func `a new store is empty and opened once`() throws {
        let store = try folder.open(0xfedc_ba98_7654_3210)
        #expect(store.storeEpoch == StoreEpoch(0xfedc_ba98_7654_3210))
        #expect(store.bootEpoch == 1)
        let image = try store.load()
        #expect(image.ledger.head == .start)
        #expect(image.ledger.summary == nil)
        for kind in StoreRecordKind.allCases { #expect(image.records(kind).isEmpty) }
    }

    @Test func `a file that is damaged is told in one line, without the statement that met it`() throws {
        do { _ = try folder.open() }
        let file = try #require(FileHandle(forUpdatingAtPath: folder.file))
        try file.write(contentsOf: Data(repeating: 0x78, count: 15))
        try file.close()
        let error = #expect(throws: StoreError.self) { _ = try folder.inspect() }
        #expect(error?.explanation == "the ledger's file is no database: file is not a database (SQLite 26)")
        #expect(error?.failure.isDamage == true)
        #expect(StoreFailure.isDamage(told: error?.explanation ?? ""))
        #expect(!StoreFailure.isDamage(told: StoreFailure.full.explanation))
        let own = StoreError(failure: .constraint, extendedCode: 19, message: "m", sql: "SELECT 1;\n    SELECT 2")
        #expect(own.explanation.hasSuffix(": m (SQLite 19) in SELECT 1; SELECT 2"))
    }

    @Test func `the files are their owner's alone`() throws {
        let store = try folder.open()
        try store.commit([.put(.setting, key: [1], value: [2])])
        try store.backup(to: folder.path + "/backup.db")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(names == ["backup.db", "ledger.db", "ledger.db-wal"])
        for name in names {
            let attributes = try FileManager.default.attributesOfItem(atPath: folder.path + "/" + name)
            #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
        }
    }

    @Test func `the store epoch stays and the boot epoch counts openings`() throws {
        for boot in 1...3 {
            let store = try folder.open(UInt64(100 + boot))
            #expect(store.storeEpoch == StoreEpoch(101))
            #expect(store.bootEpoch == UInt64(boot))
        }
        #expect(try folder.inspect().bootEpoch == 3)
    }

    @Test func `of several writes of one record in a commit the last one counts, around removed ranges too`() throws {
        let writes: [StoreWrite] = [
            .put(.task, key: [1], value: [1]), .remove(.task, key: [1]), .put(.task, key: [1], value: [2]),
            .put(.task, key: [2], value: [1]), .remove(.task, key: [2]),
            .put(.run, key: [1], value: [1]), .removeRange(.run, from: [0], below: [9]),
            .put(.client, key: [1], value: [1]), .removeRange(.client, from: [0], below: [9]),
            .put(.client, key: [1], value: [2]),
            .put(.peer, key: [1], value: [1]), .put(.peer, key: [1], value: [2]),
            .removeRange(.peer, from: [0], below: [9]),
        ]
        let store = try folder.open()
        try store.commit([
            .put(.task, key: [2], value: [0]), .put(.run, key: [1], value: [0]), .put(.peer, key: [2], value: [0]),
        ])
        try store.commit(writes)
        let image = try store.load()
        #expect(image.records(.task) == [StoredRecord(key: [1], value: [2])])
        #expect(image.records(.client) == [StoredRecord(key: [1], value: [2])])
        #expect(image.records(.run).isEmpty && image.records(.peer).isEmpty)
    }

    @Test func `what was committed is there after opening again`() throws {
        let ledger = try storyLedger()
        do {
            let store = try folder.open()
            try store.commit(ledger.commits.map { .ledger($0) })
            try store.commit([
                .put(.task, key: [2], value: [1, 2, 3]), .put(.task, key: [1], value: []),
                .put(.outbox, key: [9], value: [9]), .put(.task, key: [2], value: [4]),
                .put(.proof, key: [0, 1], value: [1]), .put(.proof, key: [0, 2], value: [2]),
                .put(.proof, key: [1, 0], value: [3]), .removeRange(.proof, from: [0], below: [0, 2]),
                .put(.peer, key: [7], value: [7]), .remove(.peer, key: [7]), .remove(.peer, key: [8]),
            ])
        }
        let store = try folder.open()
        let image = try store.load()
        #expect(image.ledger.head == ledger.machine.image.head)
        #expect(image.ledger.stateHash == ledger.machine.image.stateHash)
        #expect(image.ledger.violations.isEmpty)
        #expect(image.records(.task) == [StoredRecord(key: [1], value: []), StoredRecord(key: [2], value: [4])])
        #expect(image.records(.proof).map(\.key) == [[0, 2], [1, 0]])
        #expect(image.records(.peer).isEmpty)
        #expect(image.value(.outbox, key: [9]) == [9])
        #expect(try store.value(.outbox, key: [9]) == [9])
        #expect(try store.value(.outbox, key: [10]) == nil)
        #expect(try store.count(.task) == 2)
        #expect(try store.records(.proof, from: [1], limit: 9).map(\.value) == [[3]])
        #expect(try store.lastRecords(.proof, limit: 1).map(\.value) == [[3]])
        #expect(try store.records(.proof, from: [], below: [1], limit: 9).map(\.value) == [[2]])
        #expect(try store.lastRecords(.proof, from: [0], below: [1], limit: 9).map(\.value) == [[2]])
        #expect(try store.load([.outbox]).records(.task).isEmpty)
    }

    @Test func `an image follows the same writes as the store`() throws {
        let ledger = try storyLedger()
        let store = try folder.open()
        var model = try store.load()
        var random = SeededRandom(seed: 5)
        var remaining = ledger.commits[...]
        for _ in 0..<200 {
            var writes: [StoreWrite] = []
            for _ in 0..<random.number(in: 1...4) {
                let key = random.bytes(random.number(in: 1...2)).map { $0 & 7 }
                switch random.number(in: 0...5) {
                case 0: writes.append(.remove(.task, key: key))
                case 1: writes.append(.removeRange(.task, from: random.bytes(1).map { $0 & 7 }, below: key))
                case 2: if let commit = remaining.popFirst() { writes.append(.ledger(commit)) }
                default: writes.append(.put(.task, key: key, value: random.bytes(3)))
                }
            }
            try store.commit(writes)
            model.apply(writes)
        }
        let loaded = try store.load()
        #expect(loaded.records(.task) == model.records(.task))
        #expect(loaded.ledger.stateHash == model.ledger.stateHash)
    }

    @Test func `history comes newest first and in pages`() throws {
        let ledger = try storyLedger()
        let store = try folder.open()
        try store.commit(ledger.commits.map { .ledger($0) })
        let count = UInt64(ledger.commits.count)
        let page = try store.history(before: nil, limit: 3)
        #expect(page.map(\.sequence) == [count, count - 1, count - 2])
        #expect(try store.history(before: 3, limit: 10).map(\.sequence) == [2, 1])
        let line = try #require(page.last)
        let commit = try #require(ledger.commits.first { $0.record.sequence == line.sequence })
        #expect(try line.record(after: commit.record.previousHash) == commit.record)
        #expect(try commit.record.decodedEntries() == commit.entries)
    }

    @Test func `a second process is told that the store is in use`() throws {
        let store = try folder.open()
        #expect { try folder.open() } throws: { ($0 as? StoreError)?.failure == .inUse }
        #expect { try folder.inspect() } throws: { ($0 as? StoreError)?.failure == .inUse }
        #expect(store.bootEpoch == 1)
    }

    @Test func `inspection writes nothing`() throws {
        _ = try folder.open()
        let store = try folder.inspect()
        #expect { try store.commit([.put(.task, key: [1], value: [1])]) } throws: {
            ($0 as? StoreError)?.failure == .inspectionOnly
        }
        #expect(!store.isPoisoned)
        #expect(try store.count(.task) == 0)
    }

    @Test func `inspection of a file that is not there makes none`() throws {
        #expect { try folder.inspect() } throws: { ($0 as? StoreError)?.failure == .cannotOpen }
        #expect(!FileManager.default.fileExists(atPath: folder.file))
    }

    @Test func `files of others are left alone`() throws {
        try folder.tamper("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)")
        let before = try Data(contentsOf: URL(fileURLWithPath: folder.file))
        #expect { try folder.open() } throws: { ($0 as? StoreError)?.failure == .foreignSchema }
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.file)) == before)
    }

    @Test func `files of a later version are left alone`() throws {
        _ = try folder.open()
        try folder.tamper("PRAGMA user_version = 9")
        #expect { try folder.open() } throws: {
            ($0 as? StoreError)?.failure == .newerSchema(found: 9, known: StoreSchema.current.version)
        }
        #expect { try folder.inspect() } throws: {
            ($0 as? StoreError)?.failure == .newerSchema(found: 9, known: StoreSchema.current.version)
        }
    }

    @Test func `garbage is no database`() throws {
        try Data((0..<8_192).map { UInt8(truncatingIfNeeded: $0 &* 31) }).write(to: URL(fileURLWithPath: folder.file))
        #expect { try folder.open() } throws: { ($0 as? StoreError)?.failure == .notADatabase }
    }

    @Test func `an older file is copied before it is migrated`() throws {
        do {
            let store = try folder.open()
            try store.commit([.put(.setting, key: [1], value: [2])])
        }
        let next = StoreSchema(
            steps: StoreSchema.current.steps + ["CREATE TABLE later AS SELECT key, value FROM record"])
        do {
            let store = try AgentStore(path: folder.file, for: .agent(newEpoch: StoreEpoch(1)), schema: next)
            #expect(try store.database.integer("PRAGMA user_version") == 2)
            #expect(try store.database.integer("SELECT count(*) FROM later") == 1)
            #expect(store.bootEpoch == 2)
        }
        let copy = try AgentStore(path: folder.file + ".format1", for: .inspection)
        #expect(try copy.value(.setting, key: [1]) == [2])
        #expect(copy.bootEpoch == 1)
    }

    @Test func `inspection migrates nothing`() throws {
        _ = try folder.open()
        let next = StoreSchema(steps: StoreSchema.current.steps + ["CREATE TABLE later (a)"])
        #expect {
            try AgentStore(path: folder.file, for: .inspection, schema: next)
        } throws: {
            ($0 as? StoreError)?.failure == .olderSchema(found: 1, known: 2)
        }
    }

    @Test func `a migration that fails changes nothing and can be tried again`() throws {
        _ = try folder.open()
        let broken = StoreSchema(steps: StoreSchema.current.steps + ["CREATE TABLE later (a); NONSENSE"])
        #expect(throws: StoreError.self) {
            try AgentStore(path: folder.file, for: .agent(newEpoch: StoreEpoch(1)), schema: broken)
        }
        #expect(throws: StoreError.self) {
            try AgentStore(path: folder.file, for: .agent(newEpoch: StoreEpoch(1)), schema: broken)
        }
        #expect(try folder.open().bootEpoch == 2)
        let next = StoreSchema(steps: StoreSchema.current.steps + ["CREATE TABLE later (a)"])
        #expect(try AgentStore(path: folder.file, for: .agent(newEpoch: StoreEpoch(1)), schema: next).bootEpoch == 3)
    }

    @Test func `a backup is a store of its own`() throws {
        let ledger = try storyLedger()
        let store = try folder.open()
        try store.commit(ledger.commits.map { .ledger($0) })
        let path = folder.path + "/backup.db"
        try store.backup(to: path)
        #expect(throws: StoreError.self) { try store.backup(to: path) }
        #expect(!store.isPoisoned)
        let backup = try AgentStore(path: path, for: .inspection)
        #expect(try backup.verify() == store.verify())
    }
}
