import Cryptography
import Federation
import Foundation
import Quantities
import Testing
import Wire

@Suite struct DecisionTests {
    static let features = Fixture.features

    static func prediction(_ time: Int64, _ energy: Int64, p95: Int64? = nil) -> Prediction {
        Prediction(
            time: .milliseconds(time), timeP95: .milliseconds(p95 ?? time * 2), energy: Energy(millijoules: energy),
            energyP95: Energy(millijoules: energy * 3 / 2), memory: .mebibytes(48), basis: .measured, runs: 20)
    }

    static func peer(_ name: String, _ number: UInt8, _ prediction: Prediction, roundTrip: Int64) -> Place {
        Place(
            peer: Fixture.platform(name), node: Fixture.node(number), heartbeat: Fixture.heartbeat,
            heardAgo: .seconds(2), operation: features, requirement: .none, trust: BasisPoints(clamping: 6_500),
            reputation: BasisPoints(clamping: 8_000), verified: 40, backlog: Backlog(workers: 2),
            roundTrip: .milliseconds(roundTrip),
            bytesPerSecond: 4_000_000, prediction: prediction)
    }

    /// The example of docs/delegation.md: Thor is quick and frugal, Legion quick and hungry.
    static var input: DecisionInput {
        var policy = DecisionPolicy()
        policy.hysteresis = BasisPoints(clamping: 1_200)
        return DecisionInput(
            task: DecisionTask(
                operation: features, taskType: .perception, delegatorType: .delegationFederation,
                inputSize: ByteCount(bytes: 57_600), memory: .mebibytes(64), remaining: .seconds(2), budget: nil,
                pricing: .metered, placement: .any),
            policy: policy, purse: Energy(joules: 100), dayBudget: Energy(joules: 200),
            daySpent: Energy(joules: 40),
            here: Place(
                here: Fixture.platform("Sprout"), node: Fixture.node(1), freeMemory: .mebibytes(900),
                availableATP: Energy(joules: 160), thermalHeadroom: 18_000, load: BasisPoints(clamping: 3_000),
                backlog: Backlog(workers: 2), servesOperation: true, meetsRequirement: true,
                prediction: prediction(120, 900)),
            peers: [
                peer("Thor", 2, prediction(35, 1_100), roundTrip: 4),
                peer("Legion", 3, prediction(20, 3_400), roundTrip: 6),
            ], lastPlace: nil)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var change: @Sendable (inout DecisionInput) -> Void
        var goes: String
        var here: String?
        var thor: String?

        init(
            _ name: String, goes: String, here: String? = nil, thor: String? = nil,
            _ change: @escaping @Sendable (inout DecisionInput) -> Void
        ) {
            testDescription = name
            self.change = change
            self.goes = goes
            self.here = here
            self.thor = thor
        }
    }

    static let cases: [Case] = [
        Case("nothing is missing", goes: "here", thor: "costlier") { _ in },
        Case("memory is short here", goes: "Thor", here: "memory_short") { $0.here.freeMemory = .mebibytes(63) },
        Case("memory is exactly enough", goes: "here", thor: "costlier") { $0.here.freeMemory = .mebibytes(64) },
        Case("the run itself needs more memory than the task says", goes: "Thor", here: "memory_short") {
            $0.here.freeMemory = .mebibytes(47)
            $0.task.memory = .zero
        },
        Case("memory is short here and at Thor", goes: "Legion", here: "memory_short", thor: "memory_short") {
            $0.here.freeMemory = .zero
            $0.peers[0].freeMemory = .zero
        },
        Case("it is too hot here", goes: "Thor", here: "too_hot") { $0.here.thermalHeadroom = 4_999 },
        Case("it is too hot everywhere", goes: "refuse", here: "too_hot", thor: "too_hot") {
            $0.policy.minimumHeadroom = 30_000
        },
        Case("the purse holds too little for any place", goes: "refuse", here: "purse_short", thor: "purse_short") {
            $0.purse = Energy(millijoules: 1_349)
        },
        Case("the purse holds enough for this board only", goes: "here", thor: "purse_short") {
            $0.purse = Energy(millijoules: 1_350)
        },
        Case("this board's own budget of the day is used up", goes: "Thor", here: "budget_short") {
            $0.here.availableATP = .zero
        },
        Case("Thor's budget for others is used up", goes: "Legion", here: "memory_short", thor: "budget_short") {
            $0.here.freeMemory = .zero
            $0.peers[0].availableATP = .zero
        },
        Case("the task may cost less than Thor asks", goes: "refuse", here: "memory_short", thor: "over_budget") {
            $0.here.freeMemory = .zero
            $0.task.budget = Energy(millijoules: 1_600)
        },
        Case("Thor was not heard for three heartbeats", goes: "Legion", here: "memory_short", thor: "not_heard") {
            $0.here.freeMemory = .zero
            $0.peers[0].heardAgo = .milliseconds(15_001)
        },
        Case("all peers are gone and memory is short", goes: "refuse", here: "memory_short") {
            $0.here.freeMemory = .zero
            $0.peers = []
        },
        Case("Thor owes an answer", goes: "Legion", here: "memory_short", thor: "owes_answer") {
            $0.here.freeMemory = .zero
            $0.peers[0].unansweredFor = Place.patience + .milliseconds(1)
        },
        Case("Thor is given time to answer", goes: "Thor", here: "memory_short") {
            $0.here.freeMemory = .zero
            $0.peers[0].unansweredFor = Place.patience
        },
        Case("Thor does not serve it", goes: "Legion", here: "memory_short", thor: "operation_not_served") {
            $0.here.freeMemory = .zero
            $0.peers[0].servesOperation = false
        },
        Case("Thor takes no tasks", goes: "Legion", here: "memory_short", thor: "not_accepting") {
            $0.here.freeMemory = .zero
            $0.peers[0].acceptsTasks = false
        },
        Case("Thor states another horizon", goes: "Legion", here: "memory_short", thor: "requirement_not_met") {
            $0.here.freeMemory = .zero
            $0.peers[0].meetsRequirement = false
        },
        Case("the delegator may not delegate", goes: "here", thor: "permission_missing") {
            $0.task.delegatorType = .perception
        },
        Case("Thor's reputation is known to be low", goes: "Legion", here: "memory_short", thor: "reputation_too_low") {
            $0.here.freeMemory = .zero
            $0.peers[0].reputation = BasisPoints(clamping: 5_999)
        },
        Case("a low reputation does not count before ten tasks", goes: "Thor", here: "memory_short") {
            $0.here.freeMemory = .zero
            $0.peers[0].reputation = BasisPoints(clamping: 5_999)
            $0.peers[0].verified = 9
        },
        Case("a newcomer gets small tasks only", goes: "Legion", here: "memory_short", thor: "newcomer") {
            $0.here.freeMemory = .zero
            $0.peers[0].verified = 9
            $0.policy.newcomerBudget = Energy(millijoules: 1_649)
        },
        Case("Thor is not trusted enough", goes: "Legion", here: "memory_short", thor: "trust_too_low") {
            $0.here.freeMemory = .zero
            $0.policy.minimumTrust = BasisPoints(clamping: 6_000)
            $0.peers[0].trust = BasisPoints(clamping: 5_999)
        },
        Case("this board is too slow for the deadline", goes: "Thor", here: "too_slow") {
            $0.task.remaining = .milliseconds(100)
        },
        Case("a queue here makes it too slow", goes: "Thor", here: "too_slow") {
            $0.here.wait = .milliseconds(1_900)
        },
        Case("a queue here makes it late one time in ten, which costs more", goes: "Thor", here: "costlier") {
            $0.here.wait = .milliseconds(1_800)
        },
        Case("lateness without a price only has to be rare", goes: "Thor", here: "too_slow") {
            $0.here.wait = .milliseconds(1_800)
            $0.policy.lateCost = nil
        },
        Case("lateness that costs next to nothing moves nothing", goes: "here", thor: "costlier") {
            $0.here.wait = .milliseconds(1_800)
            $0.policy.lateCost = Energy(joules: 1)
        },
        Case("a place that is mostly late is not tried, whatever is left", goes: "refuse", here: "too_slow") {
            $0.here.wait = .milliseconds(1_940)
            $0.peers = []
        },
        Case("a place that may be late is tried where nothing else is left", goes: "here") {
            $0.here.wait = .milliseconds(1_860)
            $0.peers = []
        },
        Case("nobody meets the deadline", goes: "refuse", here: "too_slow", thor: "too_slow") {
            $0.task.remaining = .milliseconds(10)
        },
        Case("pinned here", goes: "refuse", here: "memory_short", thor: "pinned_elsewhere") {
            $0.here.freeMemory = .zero
            $0.task.placement = .local
        },
        Case("pinned to Legion", goes: "Legion", here: "pinned_elsewhere", thor: "pinned_elsewhere") {
            $0.task.placement = .platform(Fixture.platform("Legion"))
        },
        Case("Thor becomes a little cheaper and stays where it ran", goes: "here", thor: "not_worth_moving") {
            $0.lastPlace = $0.here.node
            $0.peers[0].prediction = prediction(5, 680)
        },
        Case("Thor becomes cheaper by more than the hysteresis", goes: "Thor", here: "costlier") {
            $0.lastPlace = $0.here.node
            $0.peers[0].prediction = prediction(5, 550)
        },
        Case("without a last place the cheaper one wins at once", goes: "Thor", here: "costlier") {
            $0.peers[0].prediction = prediction(5, 680)
        },
        Case("most of the day's budget is spent: no staying here", goes: "Thor", here: "costlier") {
            $0.lastPlace = $0.here.node
            $0.peers[0].prediction = prediction(5, 680)
            $0.daySpent = Energy(joules: 160)
        },
        Case("a tie goes to the shorter time", goes: "Thor", here: "tie") { Self.tie(&$0) },
        Case("a tie in time too goes to the lesser load", goes: "here", thor: "tie") {
            Self.tie(&$0)
            $0.here.prediction = $0.peers[0].prediction
            $0.here.load = .zero
        },
        Case("a full tie stays here", goes: "here", thor: "tie") {
            Self.tie(&$0)
            $0.here.prediction = $0.peers[0].prediction
            $0.here.load = $0.peers[0].load
        },
        Case("a full tie is delegated once the day's budget is spent", goes: "Thor", here: "tie") {
            Self.tie(&$0)
            $0.here.prediction = $0.peers[0].prediction
            $0.here.load = $0.peers[0].load
            $0.daySpent = Energy(joules: 160)
        },
    ]

    /// Makes Thor cost exactly what this board costs.
    static func tie(_ input: inout DecisionInput) {
        input.policy.idlePower = .zero
        input.policy.transmitPerMebibyte = .zero
        input.peers[0].prediction = prediction(35, 900)
        input.peers[0].roundTrip = .zero
        input.task.inputSize = .zero
    }

    @Test(arguments: cases) func `taking something away changes the decision as expected`(_ item: Case) {
        var input = Self.input
        item.change(&input)
        let decision = decide(input)
        let goes =
            switch decision.outcome {
            case .local: "here"
            case .delegate(_, let platform): platform.text
            case .refuse: "refuse"
            }
        #expect(goes == item.goes)
        #expect(decision.candidates[0].loss?.name == item.here)
        if input.peers.count > 0 { #expect(decision.candidates[1].loss?.name == item.thor) }
        #expect(decision.candidates.filter { $0.loss == nil }.count == (goes == "refuse" ? 0 : 1))
        #expect(decision.table.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    @Test func `a remote cost is sending, waiting and the price`() {
        let thor = decide(Self.input).candidates[1]
        // 57,600 bytes at 4 MB/s are 14 ms; with 4 ms there and back and 35 ms of run, 53 ms at 5 W.
        #expect(thor.time == .milliseconds(53))
        #expect(thor.timeP95 == .milliseconds(88))
        #expect(thor.transmit == Energy(millijoules: 54))
        #expect(thor.waiting == Energy(millijoules: 265))
        #expect(thor.price == Energy(millijoules: 1_100))
        #expect(thor.cost == Energy(millijoules: 1_419))
        #expect(thor.lock == Energy(millijoules: 1_650))
    }

    @Test func `a late result costs as much more as it is to be expected`() {
        var input = Self.input
        // The bound of 120 ms is 240 ms: with 240 ms left one run in twenty is late, at 50 J.
        input.here.wait = input.task.remaining - .milliseconds(240)
        let here = decide(input).candidates[0]
        #expect(here.risk == Energy(millijoules: 2_500))
        #expect(here.cost == Energy(millijoules: 3_400))
        input.policy.lateCost = nil
        #expect(decide(input).candidates[0].risk == nil)
        #expect(decide(input).candidates[0].cost == Energy(millijoules: 900))
    }

    @Test func `a run is late the less likely the more time there is`() {
        let run = Self.prediction(120, 900)
        var last = BasisPoints.one
        for left in -10...800 {
            let lateness = run.lateness(within: .milliseconds(Int64(left)))
            #expect(lateness <= last)
            last = lateness
        }
        #expect(last == .zero)
        #expect(run.lateness(within: .zero) == .one)
        #expect(run.lateness(within: .milliseconds(240)) == BasisPoints(clamping: 500))
        #expect(run.lateness(within: TimeSpan(milliseconds: .max)) == .zero)
        #expect(run.lateness(within: TimeSpan(milliseconds: .min)) == .one)
        let steady = Self.prediction(120, 900, p95: 120)
        #expect(steady.lateness(within: .milliseconds(119)) >= BasisPoints(clamping: 4_300))
        #expect(steady.lateness(within: .milliseconds(125)) == .zero)
    }

    @Test func `what is missing for the moment may be there later`() {
        func passes(_ change: (inout DecisionInput) -> Void) -> Bool {
            var input = Self.input
            input.peers = []
            change(&input)
            return decide(input).mayBeServedLater
        }
        #expect(passes { $0.here.freeMemory = .zero })
        #expect(passes { $0.here.thermalHeadroom = 0 })
        #expect(passes { $0.purse = .zero })
        #expect(passes { $0.here.acceptsTasks = false })
        #expect(!passes { $0.task.remaining = .milliseconds(10) })
        #expect(!passes { $0.here.servesOperation = false })
        #expect(!passes { _ in })
    }

    @Test func `under fixed pricing the price is the whole lock`() {
        var input = Self.input
        input.task.pricing = .fixed
        #expect(decide(input).candidates[1].price == Energy(millijoules: 1_650))
        #expect(decide(input).candidates[0].price == Energy(millijoules: 900))
    }

    @Test func `the places to fall back to come in the order of their cost`() {
        let decision = decide(Self.input)
        #expect(decision.ranking == [0, 1, 2])
        var input = Self.input
        input.here.freeMemory = .zero
        #expect(decide(input).ranking == [1, 2])
    }

    @Test func `the order of the peers does not change where the task goes`() {
        var input = Self.input
        input.here.freeMemory = .zero
        input.peers = (0..<40).map { Self.peer("P\($0)", UInt8(10 + $0), Self.prediction(35, 1_100), roundTrip: 4) }
        let expected = decide(input).outcome
        #expect(expected == .delegate(Fixture.node(10), Fixture.platform("P0")))
        for seed in 0..<20 {
            var random = DeterministicRandom(seed: Fixture.hash(UInt8(seed)))
            input.peers.sort { _, _ in random.number(below: 2) == 0 }
            #expect(decide(input).outcome == expected)
        }
    }

    @Test func `a task that no place takes is refused for the reason of a place where it may run`() throws {
        var input = Self.input
        input.here.freeMemory = .zero
        input.peers = [Self.peer("Thor", 2, Self.prediction(35, 1_100), roundTrip: 4)]
        input.peers[0].acceptsTasks = false
        let here = decide(input)
        #expect(here.outcome == .refuse(try #require(here.candidates[0].loss)))
        #expect(here.sentence.hasPrefix("refuse: memory"))
        input.task.placement = .platform(Fixture.platform("Thor"))
        let there = decide(input)
        #expect(there.outcome == .refuse(.notAccepting))
        #expect(there.sentence == "refuse: Thor: " + LossReason.notAccepting.explanation)
        input.task.placement = .platform(Fixture.platform("Nobody"))
        #expect(decide(input).outcome == .refuse(.pinnedElsewhere))
    }

    @Test func `a stored input decides the same again`() throws {
        var input = Self.input
        input.lastPlace = Fixture.node(2)
        input.task.budget = Energy(joules: 9)
        input.task.placement = .platform(Fixture.platform("Thor"))
        var writer = CBORWriter()
        input.write(to: &writer)
        let bytes = writer.bytes
        var reader = try CBORReader(bytes.span, limit: DecisionInput.maximumEncodedLength)
        let again = try DecisionInput(from: &reader)
        try reader.finish()
        #expect(again == input)
        #expect(decide(again) == decide(input))
    }

    @Test func `an input of an earlier version, without a price of lateness, is read and decides as it did`() throws {
        var input = Self.input
        input.policy.lateCost = nil
        input.here.wait = .milliseconds(1_800)
        var writer = CBORWriter()
        input.write(to: &writer)
        let bytes = writer.bytes
        var reader = try CBORReader(bytes.span, limit: DecisionInput.maximumEncodedLength)
        let again = try DecisionInput(from: &reader)
        #expect(again == input && again.policy.lateCost == nil)
        let decision = decide(again)
        #expect(decision.candidates[0].loss?.name == "too_slow")
        #expect(decision.candidates.allSatisfy { $0.risk == nil })
        input.policy.lateCost = Energy(joules: 50)
        #expect(decide(input).digest != decision.digest)
    }

    @Test func `an input of 128 peers is stored within its limit and later peers are not looked at`() {
        var input = Self.input
        input.peers = (0..<200).map { _ in
            Self.peer(String(repeating: "x", count: 64), 9, Self.prediction(1, 1), roundTrip: 1)
        }
        var writer = CBORWriter()
        input.write(to: &writer)
        #expect(writer.bytes.count <= DecisionInput.maximumEncodedLength)
        #expect(decide(input).candidates.count == FederationLimits.maximumPlaces)
    }

    @Test func `extreme numbers from peers neither trap nor win`() {
        var input = Self.input
        input.here.freeMemory = .zero
        let huge = Prediction(
            time: TimeSpan(milliseconds: .max), timeP95: TimeSpan(milliseconds: .max),
            energy: Energy(millijoules: .max), energyP95: Energy(millijoules: .max), memory: .zero, basis: .stated,
            runs: .max)
        input.peers[0].prediction = huge
        input.peers[0].wait = TimeSpan(milliseconds: .max)
        input.peers[0].roundTrip = TimeSpan(milliseconds: .max)
        input.peers[0].bytesPerSecond = 1
        input.task.inputSize = ByteCount(bytes: .max)
        input.purse = Energy(millijoules: .max)
        input.peers[0].availableATP = Energy(millijoules: .max)
        for late in [nil, Energy(millijoules: .max), Energy(millijoules: .min)] {
            input.policy.lateCost = late
            #expect(decide(input).candidates[1].loss?.name == "too_slow")
        }
    }

    @Test func `the JSON explains every candidate`() throws {
        var json = JSONWriter()
        decide(Self.input).write(to: &json)
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(json.text.utf8)) as? [String: Any])
        #expect(object["decision"] as? String == "local")
        #expect(object["fallback"] as? [String] == ["Thor", "Legion"])
        let candidates = try #require(object["candidates"] as? [[String: Any]])
        #expect(candidates.map { $0["reason"] as? String } == [nil, "costlier", "costlier"])
        #expect(candidates[1]["cost_mj"] as? String == "1419")
        #expect(candidates[1]["explanation"] as? String == "costs 519 mJ more")
    }

    @Test func `the tables of the delegation page are what is computed`() throws {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/delegation.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        var short = Self.input
        short.here.freeMemory = .mebibytes(40)
        #expect(text.contains(decide(Self.input).table))
        #expect(text.contains(decide(short).table))
        let row = TrustTests.row
        let numbers = [
            row.direct, row.transitive, row.bond, row.reputation, BasisPoints(clamping: Int64(row.verified)),
            row.anomaly, row.base, row.inexperience, row.trust,
        ].map { "\($0.value)" }
        #expect(text.contains("| " + numbers.joined(separator: " | ") + " |"))
    }

    @Test func `a decision among 64 peers takes well under a millisecond even unoptimised`() {
        var input = Self.input
        input.peers = (0..<64).map { Self.peer("P\($0)", UInt8(10 + $0), Self.prediction(35, 1_100), roundTrip: 4) }
        let clock = ContinuousClock()
        let best = (0..<20).map { _ in clock.measure { _ = decide(input) } }.min()
        #expect((best ?? .seconds(1)) < .milliseconds(5))
        print("decide, 65 places, best of 20: \(best.map { "\($0)" } ?? "-")")
    }
}
