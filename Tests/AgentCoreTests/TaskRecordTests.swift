import Cryptography
import Federation
import Ledger
import Quantities
import Testing
import Wire

@testable import AgentCore

/// What of a task outlives a restart.
@Suite struct TaskRecordTests {
    private static let operation = Operation("perception.features")

    private func task() throws -> PayingTask {
        let now = LedgerTime(milliseconds: 5_000)
        let worker = PlatformID(bytes: Bytes32(high: 2, low: 1))
        let reference = TaskReference(
            delegator: PlatformID(bytes: Bytes32(high: 1, low: 1)), storeEpoch: StoreEpoch(7), sequence: 3)
        let deadlines = TaskDeadlines(remaining: .seconds(30), grace: .seconds(10), at: now)
        let life = PayerLife(
            task: reference.id, worker: worker, budget: Energy(millijoules: 2_500), pricing: .metered, silence: .void,
            acceptBy: now, deadlines: deadlines, at: now)
        return PayingTask(
            life: life, reference: reference, operation: try #require(Self.operation), signedAt: now, errand: nil)
    }

    private func restored(_ task: PayingTask) throws -> PayingTask {
        var reader = try CBORReader(task.encoded.span, limit: 1 << 16)
        let again = try PayingTask(from: &reader)
        try reader.finish()
        #expect(again.encoded == task.encoded)
        return again
    }

    @Test(arguments: [false, true])
    func `a worker's word, and whether the lock was cut for it, do`(isLockCut: Bool) throws {
        var task = try task()
        #expect(try restored(task).stated == nil && !(try restored(task).isLockCut))
        let word = try #require(
            ServedOperation(
                operation: task.operation, typicalTime: .milliseconds(40), typicalEnergy: Energy(millijoules: 900)))
        task.stated = StatedCost(word, inputSize: .kibibytes(3))
        task.isLockCut = isLockCut
        #expect(try restored(task).stated == task.stated)
        #expect(try restored(task).isLockCut == isLockCut)
    }
}
