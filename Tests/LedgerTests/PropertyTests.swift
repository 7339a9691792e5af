import Cryptography
import Ledger
import Quantities
import TestKit
import Testing

@Suite struct PropertyTests {
    /// Seeds 1 … 30; `LedgerFleet(seed:)` replays one.
    @Test(arguments: UInt64(1)...30)
    func `whatever happens, the books are balanced after every event`(_ seed: UInt64) throws {
        var fleet = try LedgerFleet(seed: seed)
        for step in 0..<400 {
            let index = try fleet.step()
            let violations = fleet.ledgers[index].machine.image.violations
            try #require(violations.isEmpty, "seed \(seed), step \(step): \(violations)")
            try #require(
                fleet.everything == Energy(joules: 12_000),
                "seed \(seed), step \(step): \(fleet.everything.millijoules) mJ")
            // Nobody brings home what it never had, whichever way the tokens went.
            try #require(fleet.unmatched == .zero, "seed \(seed), step \(step): \(fleet.unmatched.millijoules) mJ")
        }
        for ledger in fleet.ledgers { try checkHistory(of: ledger) }
    }

    @Test func `the random histories reach every kind of event and refusal that they should`() throws {
        var applied: [String: Int] = [:]
        var refusals: [String: Int] = [:]
        for seed in UInt64(1)...10 {
            var fleet = try LedgerFleet(seed: seed)
            for _ in 0..<400 { _ = try fleet.step() }
            applied.merge(fleet.applied) { $0 + $1 }
            refusals.merge(fleet.refusals) { $0 + $1 }
        }
        for name in [
            "charge", "lock", "post", "void", "expire", "reserve", "complete-work", "fail-work", "receive",
            "issue-return", "accept-return", "expire-lots", "advance-lane", "grant", "raise-floor",
        ] { #expect(applied[name, default: 0] > 3, "\(name)") }
        for name in [
            "insufficientFunds", "aboveLock", "taskEnded", "deadlinePassed", "deadlineNotReached", "nothingOwed",
            "sameParty", "unknownAccount", "insufficientPool", "aboveChargeLimit",
        ] { #expect(refusals[name, default: 0] > 0, "\(name)") }
    }

    @Test func `the same seed gives the same state on every run`() throws {
        var hashes: [[Bytes32]] = []
        for _ in 0..<2 {
            var fleet = try LedgerFleet(seed: 77)
            for _ in 0..<300 { _ = try fleet.step() }
            hashes.append(fleet.ledgers.map { $0.machine.image.stateHash })
        }
        #expect(hashes[0] == hashes[1])
    }

    /// Replaying the journal, or restoring the rows, or applying the changes gives the same state.
    private func checkHistory(of ledger: LedgerFixture) throws {
        let image = ledger.machine.image
        var replayed = LedgerMachine()
        var changed = LedgerImage()
        for commit in ledger.commits {
            try replayed.replay(commit.record, storedHash: commit.record.hash)
            changed = changed.applying(commit)
            #expect(try commit.record.decodedEvent().encoded == commit.record.event)
            #expect(try commit.record.decodedEntries() == commit.entries)
        }
        #expect(replayed.image.stateHash == image.stateHash)
        #expect(changed.stateHash == image.stateHash)
        var rows = image.rows
        rows.reverse()
        #expect(LedgerImage(head: image.head, rows: rows).stateHash == image.stateHash)
        for row in rows { #expect(try LedgerRow(row.key.kind, decoding: row.encoded) == row) }
        // Double entry: what the lines say moved is what the balances say is there.
        var pool = Energy.zero
        for entry in ledger.commits.flatMap(\.entries) where entry.issuer == ledger.home {
            if entry.target == .adp { pool += entry.amount }
            if entry.source == .adp { pool -= entry.amount }
        }
        #expect(pool == image.summary?.adp)
    }
}
