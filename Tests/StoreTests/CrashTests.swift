import AgentCore
import Foundation
import Ledger
import Quantities
import TestKit
import Testing

@testable import Store

@Suite struct CrashTests {
    let folder: StoreFolder

    init() throws { folder = try StoreFolder() }

    /// Commits of local transfers, each of which moves one joule, and what the state is after each.
    private func transfers(_ count: Int) throws -> (commits: [[StoreWrite]], states: [UInt64: LedgerImage]) {
        var ledger = LedgerFixture()
        let alice = LedgerFixture.account("alice@Sprout")
        let bob = Party(platform: ledger.home, account: LedgerFixture.account("bob@Sprout"))
        try ledger.charge(alice, joules: 10_000, proof: 1)
        var commits: [[StoreWrite]] = [ledger.commits.map { .ledger($0) }]
        var states: [UInt64: LedgerImage] = [0: LedgerImage(), 2: ledger.machine.image]
        for number in 0..<count {
            ledger.commits = []
            let lock = ledger.lockRequest(alice, 1, for: bob)
            try ledger.apply(.lock(lock))
            try ledger.apply(.post(ledger.postRequest(lock, 1)))
            commits.append(
                ledger.commits.map { .ledger($0) } + [.put(.outbox, key: [1], value: Array("\(number)".utf8))])
            states[ledger.machine.image.head.sequence] = ledger.machine.image
        }
        return (commits, states)
    }

    @Test func `a plug pulled after a commit keeps that commit`() throws {
        let (commits, states) = try transfers(30)
        let store = try folder.open()
        for (number, commit) in commits.enumerated() {
            try store.commit(commit)
            guard number % 7 == 3 else { continue }
            let copy = try folder.copied()
            let recovered = try copy.open()
            #expect(recovered.bootEpoch == 2)
            let image = try recovered.load()
            let sequence = UInt64(2 + 2 * number)
            #expect(image.ledger.stateHash == states[sequence]?.stateHash)
            #expect(image.value(.outbox, key: [1]) == Array("\(number - 1)".utf8))
            _ = try recovered.verify()
        }
    }

    @Test func `a torn log gives a state that was committed, whole`() throws {
        let (commits, states) = try transfers(12)
        let store = try folder.open()
        for commit in commits { try store.commit(commit) }
        let whole = try folder.copied()
        let log = try Data(contentsOf: URL(fileURLWithPath: whole.file + "-wal"))
        #expect(log.count > 60_000)
        var random = SeededRandom(seed: 9)
        var found: Set<UInt64> = []
        for round in 0..<40 {
            let copy = try whole.copied()
            var torn = log.prefix(random.number(in: 0...log.count))
            // A write that was under way may have left anything in its last sectors.
            if round % 2 == 1, torn.count > 600 {
                for index in torn.indices.suffix(random.number(in: 1...512)) { torn[index] = random.bytes(1)[0] }
            }
            try torn.write(to: URL(fileURLWithPath: copy.file + "-wal"))
            guard let recovered = try? copy.open() else {
                // Only a log that has lost the tables themselves leaves nothing to open as one of ours.
                continue
            }
            let image = try recovered.load()
            let expected = try #require(states[image.ledger.head.sequence])
            #expect(image.ledger.stateHash == expected.stateHash)
            _ = try recovered.verify()
            found.insert(image.ledger.head.sequence)
        }
        #expect(found.count > 5)
    }

    @Test func `a plug pulled anywhere while the journal is folded leaves a store that verifies`() throws {
        let (commits, states) = try transfers(120)
        let store = try folder.open()
        var (folds, most) = (0, 0)
        var random = SeededRandom(seed: 3)
        for (number, commit) in commits.enumerated() {
            try store.commit(commit)
            let before = store.extent
            try store.boundJournal(unfolded: 50, folded: 20, forgottenAtOnce: 7) { _ in [9] }
            if store.extent.folded != before.folded { folds += 1 }
            most = max(most, Int(store.extent.newest - store.extent.forgotten))
            guard store.extent.folded != before.folded || store.extent.forgotten != before.forgotten else { continue }
            // Right after, and with a log that has lost its last part.
            let log = try Data(contentsOf: URL(fileURLWithPath: folder.file + "-wal"))
            for kept in [log.count, log.count - random.number(in: 1...20_000)] {
                let copy = try folder.copied()
                try log.prefix(max(0, kept)).write(to: URL(fileURLWithPath: copy.file + "-wal"))
                let recovered = try copy.open()
                let found = try recovered.verify()
                #expect(found.stateHash == states[found.head.sequence]?.stateHash)
                if kept == log.count { #expect(found.head.sequence == UInt64(2 + 2 * number)) }
            }
        }
        #expect(folds == 4)
        #expect(most < 50 + 20 + 20)
        #expect(try store.verify().lines < 90)
    }

    @Test(arguments: [1, 2, 7, 40])
    func `a process that is killed right after a commit has committed`(_ count: Int) async throws {
        let path = folder.file
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, count = count as Int] in
            let store = try AgentStore(path: path, for: .agent(newEpoch: StoreEpoch(3)))
            for number in 0..<count {
                try store.commit([.put(.task, key: [1], value: Array("\(number)".utf8))])
            }
            kill(getpid(), SIGKILL)
        }
        let store = try folder.open()
        #expect(store.bootEpoch == 2)
        #expect(try store.value(.task, key: [1]) == Array("\(count - 1)".utf8))
    }

    @Test func `a full store refuses everything until it is opened again`() throws {
        let (commits, states) = try transfers(200)
        let store = try folder.open()
        let pages = try store.database.integer("PRAGMA page_count")
        try store.database.execute("PRAGMA max_page_count = \(pages + 8)")
        var stored = 0
        let failure = #expect(throws: StoreError.self) {
            for commit in commits {
                try store.commit(commit)
                stored += 1
            }
        }
        #expect(failure?.failure == .full)
        #expect(failure?.code == 13)
        #expect(failure?.sql.hasPrefix("INSERT INTO") == true)
        #expect(store.isPoisoned)
        #expect { try store.commit([.remove(.task, key: [1])]) } throws: {
            ($0 as? StoreError)?.failure == .poisoned
        }
        #expect { try store.load() } throws: { ($0 as? StoreError)?.failure == .poisoned }
        let copy = try folder.copied()
        let image = try copy.open().load()
        #expect(stored > 3)
        #expect(image.ledger.stateHash == states[UInt64(2 * stored)]?.stateHash)
    }

    @Test(.enabled(if: Mount.isAllowed, "mounting needs root"))
    func `a full disk is told apart and what was stored stays`() throws {
        let mount = try Mount(options: "size=256k")
        let store = try AgentStore(path: mount.path + "/ledger.db", for: .agent(newEpoch: StoreEpoch(1)))
        var stored = 0
        let failure = #expect(throws: StoreError.self) {
            for number in 0..<1_000 {
                try store.commit([.put(.proof, key: [1], value: [UInt8](repeating: 7, count: 1_000 + number))])
                stored += 1
            }
        }
        #expect(failure?.failure == .full)
        #expect(stored > 2)
        #expect(store.isPoisoned)
    }

    @Test(.enabled(if: Mount.isAllowed, "mounting needs root"))
    func `a read-only folder is told apart`() throws {
        let mount = try Mount(options: "size=8m")
        do {
            let store = try AgentStore(path: mount.path + "/ledger.db", for: .agent(newEpoch: StoreEpoch(1)))
            try store.commit([.put(.task, key: [1], value: [2])])
        }
        try mount.makeReadOnly()
        let old = #expect(throws: StoreError.self) {
            _ = try AgentStore(path: mount.path + "/ledger.db", for: .agent(newEpoch: StoreEpoch(2)))
        }
        #expect(old?.failure == .readOnly)
        let new = #expect(throws: StoreError.self) {
            _ = try AgentStore(path: mount.path + "/other.db", for: .agent(newEpoch: StoreEpoch(2)))
        }
        #expect(new?.failure == .cannotOpen)
    }

    @Test(arguments: [true, false])
    func `a file that is removed or replaced is not written to`(_ isReplaced: Bool) throws {
        let (commits, _) = try transfers(3)
        let store = try folder.open()
        try store.commit(commits[0])
        try FileManager.default.moveItem(atPath: folder.file, toPath: folder.file + ".away")
        if isReplaced {
            try FileManager.default.copyItem(atPath: folder.file + ".away", toPath: folder.file)
            let gone = StoreError(failure: .gone, extendedCode: 0, message: "", sql: "")
            #expect(throws: StoreVerificationError.store(gone)) { try store.verify() }
        } else {
            #expect { try store.commit(commits[1]) } throws: { ($0 as? StoreError)?.failure == .gone }
        }
        #expect(store.isPoisoned)
        #expect { try store.commit(commits[1]) } throws: {
            ($0 as? StoreError)?.explanation
                == "an earlier write failed; the store must be opened again: the ledger's file was removed or replaced"
        }
    }

    @Test func `a store is made only where one may be`() throws {
        func again() throws(StoreError) -> AgentStore {
            try AgentStore(path: folder.file, for: .agent(newEpoch: nil))
        }
        #expect { try again() } throws: { ($0 as? StoreError)?.failure == .cannotOpen }
        #expect(!FileManager.default.fileExists(atPath: folder.file))
        try Data().write(to: URL(fileURLWithPath: folder.file))
        #expect { try again() } throws: { ($0 as? StoreError)?.failure == .cannotOpen }
        _ = try folder.open(5)
        let store = try again()
        #expect(store.storeEpoch == StoreEpoch(5))
        #expect(store.bootEpoch == 2)
    }

    @Test func `ten thousand transfers in groups of 64 add up`() throws {
        var ledger = LedgerFixture()
        let alice = LedgerFixture.account("alice@Sprout")
        let bob = Party(platform: ledger.home, account: LedgerFixture.account("bob@Sprout"))
        try ledger.charge(alice, joules: 50_000, proof: 1)
        let store = try folder.open()
        for group in 0..<157 {
            for _ in 0..<(group == 156 ? 16 : 64) {
                let lock = ledger.lockRequest(alice, 1, for: bob)
                try ledger.apply(.lock(lock))
                try ledger.apply(.post(ledger.postRequest(lock, 1)))
            }
            if let floor = ledger.machine.image.proposedTaskFloor(of: ledger.home, keeping: 1_000) {
                try ledger.apply(.raiseFloor(of: ledger.home, storeEpoch: ledger.epoch, to: floor))
            }
            try store.commit(ledger.commits.map { .ledger($0) })
            ledger.commits = []
        }
        #expect(ledger.account(bob.account).available == Energy(joules: 10_000))
        #expect(ledger.account(alice).available == Energy(joules: 40_000))
        let found = try store.verify()
        #expect(found.stateHash == ledger.machine.image.stateHash)
        #expect(found.lines > 20_000)
        let log = try FileManager.default.attributesOfItem(atPath: folder.file + "-wal")[.size] as? Int
        #expect(try #require(log) < 4 << 20)
    }
}

/// A file system in memory, for as long as the value lives.
final class Mount {
    let path: String

    static let isAllowed: Bool = {
        guard geteuid() == 0, let mount = try? Mount(options: "size=64k") else { return false }
        return FileManager.default.fileExists(atPath: mount.path)
    }()

    init(options: String) throws {
        path = NSTemporaryDirectory() + "sage-edge-mount-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Mount.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path])
    }

    deinit {
        try? Mount.run(["umount", "-l", path])
        try? FileManager.default.removeItem(atPath: path)
    }

    func makeReadOnly() throws { try Mount.run(["mount", "-o", "remount,ro", path]) }

    private static func run(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
    }
}
