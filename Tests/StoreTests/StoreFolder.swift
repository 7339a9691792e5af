import AgentCore
import Foundation
import Ledger
import Quantities
import TestKit

@testable import Store

/// A folder for one test's files, removed with it.
final class StoreFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "sage-edge-store-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var file: String { path + "/ledger.db" }

    func open(_ epoch: UInt64 = 42) throws(StoreError) -> AgentStore {
        try AgentStore(path: file, for: .agent(newEpoch: StoreEpoch(epoch)))
    }

    func inspect() throws(StoreError) -> AgentStore { try AgentStore(path: file, for: .inspection) }

    /// Changes the file behind the store's back, as somebody who tampers with it would.
    func tamper(_ sql: String) throws(StoreError) { try Database(path: file, creates: true).execute(sql) }

    /// Copies the file and its log, as they are at this moment, into another folder.
    func copied() throws -> StoreFolder {
        let copy = try StoreFolder()
        for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: file + suffix) {
            try FileManager.default.copyItem(atPath: file + suffix, toPath: copy.file + suffix)
        }
        return copy
    }
}

/// A ledger with some history: charges, a lock that is posted, one that lives, a ticket, a foreign lot.
func storyLedger() throws -> LedgerFixture {
    var ledger = LedgerFixture()
    let alice = LedgerFixture.account("alice@Sprout")
    let thor = Party(platform: LedgerFixture.platform("Thor"), account: LedgerFixture.account("dp@Thor"))
    try ledger.apply(.observePeer(ledger.observation(of: thor.platform)))
    try ledger.charge(alice, joules: 500, proof: 1)
    try ledger.charge(alice, joules: 250, proof: 2)
    let first = ledger.lockRequest(alice, 600, for: thor)
    try ledger.apply(.lock(first))
    ledger.pass(.seconds(3))
    try ledger.apply(.post(ledger.postRequest(first, 520)))
    try ledger.apply(.lock(ledger.lockRequest(alice, 20, for: thor)))
    let ticket = ledger.task()
    try ledger.apply(
        .reserve(
            ReserveRequest(
                task: ticket, account: alice, amount: Energy(joules: 10), deadline: ledger.now + .seconds(9))))
    ledger.pass(.seconds(2))
    try ledger.apply(
        .completeWork(
            WorkCompletion(
                task: ticket.id, measured: Energy(millijoules: 7_321), proof: LedgerFixture.proof(7),
                reputation: ReputationCredit(worker: alice, quality: .one))))
    try ledger.apply(
        ledger.receipt(
            TaskReference(delegator: thor.platform, storeEpoch: StoreEpoch(7), sequence: 1), to: alice,
            [
                LotTransfer(
                    issuer: thor.platform, amount: Energy(joules: 33), remaining: .seconds(90_000),
                    proof: LedgerFixture.proof(70))
            ], measured: Energy(joules: 3)))
    return ledger
}
