import AgentCore
import Cryptography
import Federation
import Foundation
import Ledger
import Quantities
import Store
import TestKit
import Testing
import Wire

@testable import Configuration
@testable import sage_edge

/// `decisions list|show|replay` on the files of an agent that does not run.
@Suite struct `decisions that are made again` {
    init() throws { try #require(prepareCryptography()) }

    private static func prediction(_ time: Int64, _ energy: Int64) -> Prediction {
        Prediction(
            time: .milliseconds(time), timeP95: .milliseconds(time * 2), energy: Energy(millijoules: energy),
            energyP95: Energy(millijoules: energy * 3 / 2), memory: .mebibytes(48), basis: .measured, runs: 20)
    }

    private static func node(_ number: UInt8) -> PlatformID {
        PlatformID(bytes: Bytes32(high: UInt128(number), low: 7))
    }

    /// A task that ran here last and would save `saves` mJ of 900 at Thor.
    private static func input(saves: Int64) throws -> DecisionInput {
        let named: Federation.Operation? = .init("perception.features")
        let features = try #require(named)
        let served = ServedOperation(
            operation: features, typicalTime: .milliseconds(40), typicalEnergy: Energy(millijoules: 900))
        var policy = DecisionPolicy()
        policy.hysteresis = BasisPoints(clamping: 1_200)
        policy.idlePower = .zero
        policy.transmitPerMebibyte = .zero
        return DecisionInput(
            task: DecisionTask(
                operation: features, taskType: .perception, delegatorType: .delegationFederation,
                inputSize: ByteCount(bytes: 57_600), memory: .mebibytes(64), remaining: .seconds(2), budget: nil,
                pricing: .metered, placement: .any),
            policy: policy, purse: Energy(joules: 100), dayBudget: Energy(joules: 200), daySpent: .zero,
            here: Place(
                here: try #require(PlatformName("Sprout")), node: node(1), freeMemory: .mebibytes(900),
                availableATP: Energy(joules: 160), thermalHeadroom: 18_000, load: .zero, backlog: Backlog(workers: 2),
                servesOperation: true, meetsRequirement: true, prediction: prediction(120, 900)),
            peers: [
                Place(
                    peer: try #require(PlatformName("Thor")), node: node(2),
                    heartbeat: Heartbeat(
                        sequence: 1, freeMemory: .mebibytes(4_000), availableATP: Energy(joules: 500),
                        thermalHeadroom: 25_000, load: .zero, queueLength: 0, operations: served.map { [$0] } ?? [],
                        powerClass: .upTo75W, uptime: .seconds(3_600), acceptsTasks: true),
                    heardAgo: .seconds(1), operation: features, requirement: .none, trust: .one,
                    reputation: .one, verified: 40, backlog: Backlog(workers: 2), roundTrip: .milliseconds(4),
                    bytesPerSecond: 4_000_000, prediction: prediction(35, 900 - saves))
            ], lastPlace: node(1))
    }

    /// A state folder with decisions that would save 50, 90 and 300 mJ by going to Thor, the last one kept with a
    /// digest that is not its own where it `lies`.
    private func withState(lies: Bool = false, _ body: (String, URL) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let paths = StatePaths(state: folder.path)
            try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
            var writes: [StoreWrite] = []
            for (number, saves) in [50, 90, 300].enumerated() {
                let input = try Self.input(saves: Int64(saves))
                let told = lies && number == 2 ? try Self.input(saves: 299) : input
                let record = DecisionRecord(
                    decide(told), from: input, decided: WallTime(milliseconds: 1_790_000_000_000),
                    timeStatus: .synchronized, isTrial: false)
                let key = [UInt8](repeating: 0, count: 7) + [UInt8(number)]
                writes.append(.put(.decision, key: key, value: record.encoded))
            }
            // Closed again at once: the command opens it.
            try AgentStore(path: paths.ledger, for: .agent(newEpoch: StoreEpoch(7))).commit(writes)
            try body(folder.path, folder)
        }
    }

    private func invocation(_ words: [String]) throws -> Invocation {
        guard case .run(let invocation) = try CommandParser(commands: allCommands).parse(words) else {
            throw CocoaError(.featureUnsupported)
        }
        return invocation
    }

    private func json(_ replay: DecisionReplay) throws -> [String: Any] {
        var writer = JSONWriter()
        writer.beginObject()
        replay.write(to: &writer)
        writer.endObject()
        return try #require(try JSONSerialization.jsonObject(with: Data(writer.text.utf8)) as? [String: Any])
    }

    @Test func `the same policy gives the same decisions bit for bit`() throws {
        try withState { state, _ in
            let replay = try DecisionReplay(try invocation(["decisions", "replay", "--all", "--state", state]))
            #expect(replay.differing == 0)
            #expect(replay.text == "3 made again, each the same in every number and reason")
            let object = try json(replay)
            #expect(object["replayed"] as? Int == 3 && object["moved"] as? Int == 0)
            let listed = try #require(object["decisions"] as? [[String: Any]])
            #expect(listed.map { $0["number"] as? Int } == [2, 1, 0])
            #expect(listed.map { $0["now"] as? String } == ["delegate to Thor", "run here", "run here"])
            #expect(listed.allSatisfy { $0["same"] as? Bool == true })
        }
    }

    @Test func `a decision that was otherwise is found`() throws {
        try withState(lies: true) { state, _ in
            let replay = try DecisionReplay(try invocation(["decisions", "replay", "--all", "--state", state]))
            #expect(replay.differing == 1)
            #expect(replay.text.hasSuffix("3 made again, 1 not the same"))
            let one = try DecisionReplay(try invocation(["decisions", "replay", "0", "1", "--state", state]))
            #expect(one.differing == 0)
        }
    }

    @Test(arguments: [
        ("policy: {hysteresis_percent: 5}", 2, "-50"), ("policy: {hysteresis_percent: 8}", 1, "-90"),
        ("policy: {hysteresis_percent: 40}", 1, "300"), ("policy: {auto_delegate: false}", 1, "300"),
        ("policy: {hysteresis_percent: 12, minimum_trust_percent: 50}", 0, "0"), ("{}", 2, "-50"),
    ])
    func `another policy shows what it would have done, and the difference in cost`(
        text: String, moved: Int, difference: String
    ) throws {
        try withState { state, folder in
            let file = folder.appendingPathComponent("other.yaml")
            try text.write(to: file, atomically: true, encoding: .utf8)
            let replay = try DecisionReplay(
                try invocation(["decisions", "replay", "--all", "--policy", file.path, "--state", state]))
            #expect(replay.differing == 0)
            let object = try json(replay)
            #expect(object["moved"] as? Int == moved)
            let expected = moved == 2 ? "-140" : difference
            #expect(object["difference_mj"] as? String == expected)
            #expect(replay.text.contains("3 made again by the policy of \(file.path): \(moved) go elsewhere"))
        }
    }

    @Test(
        arguments: [
            (["decisions", "replay"], ExitCode.usage), (["decisions", "replay", "--all", "1"], .usage),
            (["decisions", "replay", "x"], .usage), (["decisions", "replay", "9"], .noInput),
            (["decisions", "replay", "--all", "--policy", "/nowhere.yaml"], .noInput),
        ] as [([String], ExitCode)])
    func `what cannot be made again is refused`(words: [String], code: ExitCode) throws {
        try withState { state, _ in
            let invocation = try invocation(words + ["--state", state])
            do throws(Failure) {
                _ = try DecisionReplay(invocation)
                Issue.record("no refusal of \(words)")
            } catch { #expect(error.code == code) }
        }
    }
}

/// The same with a running agent, over its socket and over HTTP.
@Suite(.timeLimit(.minutes(5)), .enabled(if: BuiltProgram.canStartItself)) struct `decisions of a running agent` {
    @Test func `are listed, shown and made again`() throws {
        let agent = try RunningAgent(tree: "orin-nano")
        let frame = Fixtures.url("frames/corridor.pgm").path
        let trial = try agent.json(["delegate", "perception", "--input", frame, "--trial"])
        _ = try agent.run(["delegate", "perception", "--input", frame, "--local"])
        let listed = try #require(try agent.json(["decisions", "list"])["decisions"] as? [[String: Any]])
        #expect(listed.map { $0["number"] as? Int } == [1, 0])
        #expect(listed.map { $0["trial"] as? Bool } == [false, true])
        #expect((listed[0]["end"] as? [String: Any])?["outcome"] as? String != nil)
        let shown = try agent.json(["decisions", "show", "0"])
        #expect(shown["same"] as? Bool == true)
        let decision = try #require(trial["decision"] as? [String: Any])
        #expect(shown["explained"] as? NSDictionary == decision as NSDictionary)
        #expect(try agent.run(["decisions", "show", "0"]).output.contains("=> "))
        let replay = try agent.json(["decisions", "replay", "--all"])
        #expect(replay["replayed"] as? Int == 2 && replay["differing"] as? Int == 0)
        agent.stop()
        let offline = try agent.json(["decisions", "list"])
        #expect((offline["decisions"] as? [[String: Any]])?.count == 2)
    }
}
