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
}
