import Ledger
import Quantities
import Testing

@testable import AgentCore

@Suite struct StagingTests {
    @Test func `what is put off is written when its time is up, and not before`() {
        var staging = Staging()
        staging.delay = .seconds(120)
        staging.putOff(.put(.meter, key: [0], value: [1]), now: BootTime(milliseconds: 5_000))
        #expect(staging.deadline == BootTime(milliseconds: 125_000))
        #expect(staging.finish(now: BootTime(milliseconds: 124_999)).write == nil)
        #expect(staging.finish(now: BootTime(milliseconds: 125_000)).write != nil)
        #expect(staging.deadline == nil)
    }

    @Test func `what is put off after a hurry in the same event is written after it`() {
        var staging = Staging()
        let now = BootTime(milliseconds: 0)
        staging.putOff(.put(.proof, key: [1], value: [1]), now: now)
        staging.putOff(.put(.meter, key: [0], value: [1]), now: now)
        staging.hurry()
        staging.putOff(.put(.proof, key: [2], value: [2]), now: now)
        staging.putOff(.put(.meter, key: [0], value: [2]), now: now)
        guard case .persist(_, let writes)? = staging.finish(now: now).write else {
            Issue.record("nothing is written")
            return
        }
        let values = writes.compactMap { write -> [UInt8]? in
            if case .put(_, _, let value) = write { value } else { nil }
        }
        #expect(values == [[1], [2], [2]])
    }

    private static func values(_ effect: AgentEffect?) -> [[UInt8]] {
        guard case .persist(_, let writes)? = effect else { return [] }
        return writes.compactMap { if case .put(_, _, let value) = $0 { value } else { nil } }
    }

    @Test func `what has begun is written with its end, in order, and not before`() {
        var staging = Staging()
        let now = BootTime(milliseconds: 0)
        staging.letWait(.put(.clientTask, key: [1], value: [1]), now: now)
        #expect(staging.finish(now: now).write == nil)
        #expect(!staging.isSettled)
        staging.letWait(.put(.clientTask, key: [2], value: [2]), now: now)
        #expect(staging.finish(now: now).write == nil)
        staging.write(.put(.clientTask, key: [1], value: [3]))
        staging.afterWrites(.effect(.cancelWork(TaskID(bytes: .zero))))
        let (write, ready) = staging.finish(now: now)
        #expect(Self.values(write) == [[1], [2], [3]])
        #expect(ready.isEmpty)
        guard case .persist(let token, _)? = write else { return }
        #expect(staging.confirm(token).count == 1)
        #expect(staging.isSettled)
    }

    @Test func `what has begun is written as soon as anything depends on all writes so far`() {
        var staging = Staging()
        let now = BootTime(milliseconds: 0)
        staging.letWait(.put(.clientTask, key: [1], value: [1]), now: now)
        #expect(staging.finish(now: now).write == nil)
        staging.afterWrites(.effect(.cancelWork(TaskID(bytes: .zero))))
        let (write, ready) = staging.finish(now: now)
        #expect(Self.values(write) == [[1]])
        #expect(ready.isEmpty)
        // Nothing is left that anything would have to wait for.
        guard case .persist(let token, _)? = write else { return }
        #expect(staging.confirm(token).count == 1)
        staging.putOff(.put(.meter, key: [0], value: [1]), now: now)
        staging.afterWrites(.effect(.cancelWork(TaskID(bytes: .zero))))
        let later = staging.finish(now: now)
        #expect(later.write == nil)
        #expect(later.ready.count == 1)
    }

    @Test func `what has begun and does not end is written in time`() {
        var staging = Staging()
        staging.letWait(.put(.clientTask, key: [1], value: [1]), now: BootTime(milliseconds: 5_000))
        #expect(staging.deadline == BootTime(milliseconds: 5_000) + Staging.delayPerSource)
        #expect(staging.finish(now: BootTime(milliseconds: 65_000)).write != nil)
    }
}
