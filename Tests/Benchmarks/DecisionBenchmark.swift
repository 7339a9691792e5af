import Cryptography
import Federation
import Quantities

/// The delegation decision: this board and 64 peers that could all run the task.
enum DecisionBenchmark {
    private static let peers: UInt8 = 64

    static func run(rounds: Int, count: Int) throws(BenchmarkError) {
        let input = try input()
        guard case .delegate = decide(input).outcome else { throw .failed("the decision is not to delegate") }
        var decided = Durations()
        var places = 0
        for _ in 0..<rounds {
            decided.add(Durations.measuring(count) { places += decide(input).candidates.count })
        }
        guard places == rounds * count * (Int(peers) + 1) else { throw .failed("a place was not weighed") }
        Table.row("decision among 64 peers and this board", Figure(decided))
    }

    private static func input() throws(BenchmarkError) -> DecisionInput {
        let operation = try sure(Operation("perception.features"), "operation")
        var places: [Place] = []
        for number in 1...peers {
            places.append(
                Place(
                    peer: try sure(PlatformName("board-\(number)"), "name"), node: node(number),
                    heartbeat: heartbeat(operation), heardAgo: .seconds(1), operation: operation, requirement: .none,
                    trust: BasisPoints(clamping: 6_500), reputation: BasisPoints(clamping: 8_000), verified: 40,
                    backlog: Backlog(workers: 2), roundTrip: .milliseconds(4), bytesPerSecond: 4_000_000,
                    // No two cost the same, and the order of costs is not the order of peers.
                    prediction: prediction(milliseconds: 30 + Int64(number) * 37 % 64, millijoules: 900)))
        }
        return DecisionInput(
            task: DecisionTask(
                operation: operation, taskType: .perception, delegatorType: .delegationFederation,
                inputSize: ByteCount(bytes: 57_600), memory: .mebibytes(64), remaining: .seconds(2), budget: nil,
                pricing: .metered, placement: .any),
            policy: DecisionPolicy(), purse: Energy(joules: 100), dayBudget: Energy(joules: 200),
            daySpent: Energy(joules: 40),
            here: Place(
                here: try sure(PlatformName("here"), "name"), node: node(0), freeMemory: .mebibytes(900),
                availableATP: Energy(joules: 160), thermalHeadroom: 18_000, load: BasisPoints(clamping: 3_000),
                backlog: Backlog(workers: 2), servesOperation: true, meetsRequirement: true,
                prediction: prediction(milliseconds: 400, millijoules: 6_000)),
            peers: places, lastPlace: nil)
    }

    private static func node(_ number: UInt8) -> KeyID { KeyID(bytes: Bytes32(high: UInt128(number), low: 7)) }

    private static func prediction(milliseconds: Int64, millijoules: Int64) -> Prediction {
        Prediction(
            time: .milliseconds(milliseconds), timeP95: .milliseconds(milliseconds * 2),
            energy: Energy(millijoules: millijoules), energyP95: Energy(millijoules: millijoules * 3 / 2),
            memory: .mebibytes(48), basis: .measured, runs: 12)
    }

    private static func heartbeat(_ operation: Operation) -> Heartbeat {
        let served = ServedOperation(
            operation: operation, typicalTime: .milliseconds(40), typicalEnergy: Energy(millijoules: 900))
        return Heartbeat(
            sequence: 17, freeMemory: .mebibytes(4_000), availableATP: Energy(joules: 500), thermalHeadroom: 25_000,
            load: BasisPoints(clamping: 1_200), queueLength: 0, operations: served.map { [$0] } ?? [],
            powerClass: .upTo75W, uptime: .seconds(3_600), acceptsTasks: true)
    }
}
