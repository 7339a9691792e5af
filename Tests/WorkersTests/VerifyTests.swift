import Foundation
import Platform
import Quantities
import TestKit
import Testing

@testable import Workers

@Suite(.timeLimit(.minutes(1))) struct `an external executor that verifies` {
    @Test func `is asked how good a result is that another made`() throws {
        try withTemporaryFolder { folder in
            let bench = try ExternalBench(
                folder,
                python: """
                    def answer(task):
                        if task.get("verify") == {"n": 3, "at": [0.25]}: quality = 0.5
                        elif task.get("verify_base64") == "AAE=": quality = 0.25
                        elif "verify" in task: quality = 0
                        else: quality = 1
                        say(id=task["id"], result=None, quality=quality)
                    serve(answer)
                    """)
            let asked: [(result: [UInt8]?, quality: Int64)] = [
                (Array(#"{"n":3,"at":[0.25]}"#.utf8), 5_000), ([0, 1], 2_500), (Array("null".utf8), 0), (nil, 10_000),
            ]
            for (number, item) in asked.enumerated() {
                var job = ExternalBench.job(
                    UInt128(number + 1), [1, 2, 3], milliseconds: 5_000, operation: "perception.detect")
                job.verified = item.result
                _ = bench.pool.start(job, now: Clock.bootTime, bench.loop)
                let outcome = try #require(try bench.outcomes().first)
                #expect(try outcome.result.get() == Array("null".utf8))
                #expect(outcome.quality == BasisPoints(clamping: item.quality))
            }
        }
    }
}
