import Quantities
import Testing

@testable import AgentCore

@Suite struct StagingTests {
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
