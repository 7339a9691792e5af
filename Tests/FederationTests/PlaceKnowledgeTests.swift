import Federation
import Quantities
import Testing
import Wire

/// What is known of places beside their predictions: their queues, the way to them, and how ordinary runs compare.
@Suite struct PlaceKnowledgeTests {
    @Test(
        arguments: [
            // workers, tasks of 100 ms each, wait in ms
            (1, 0, 0), (1, 1, 100), (1, 3, 300), (2, 0, 0), (2, 1, 0), (2, 2, 50), (2, 3, 100), (2, 8, 350), (4, 3, 0),
            (4, 4, 25),
        ] as [(Int64, Int64, Int64)])
    func `a task waits until a worker is free`(workers: Int64, tasks: Int64, wait: Int64) {
        var backlog = Backlog(workers: workers)
        backlog.add(tasks, of: .milliseconds(100))
        #expect(backlog.tasks == tasks)
        #expect(backlog.wait == .milliseconds(wait))
    }

    @Test func `a backlog of extremes saturates`() {
        var backlog = Backlog(workers: .min)
        #expect(backlog.workers == 1)
        backlog.add(.max, of: TimeSpan(milliseconds: .max))
        backlog.add(.max, of: TimeSpan(milliseconds: .max))
        backlog.add(-1, of: .seconds(1))
        #expect(backlog.tasks == .max && backlog.wait.milliseconds > 0)
    }

    static func heartbeat(queue: UInt32, load: Int64) -> Heartbeat {
        var heartbeat = Fixture.heartbeat
        heartbeat.queueLength = queue
        heartbeat.load = BasisPoints(clamping: load)
        return heartbeat
    }

    @Test func `the workers of a peer show where some of them are idle`() {
        var queue = PeerQueue()
        #expect(queue.workers == 1)
        queue.hear(Self.heartbeat(queue: 1, load: 10_000), own: 0)
        #expect(queue.workers == 1)
        queue.hear(Self.heartbeat(queue: 3, load: 7_500), own: 0)
        #expect(queue.workers == 4)
        // At full load, or with none, nothing is seen of them.
        queue.hear(Self.heartbeat(queue: 9, load: 10_000), own: 0)
        queue.hear(Self.heartbeat(queue: 0, load: 0), own: 0)
        #expect(queue.workers == 4)
        queue.hear(Self.heartbeat(queue: .max, load: 1), own: 0)
        #expect(queue.workers == FederationLimits.maximumWorkers)
    }

    @Test func `own tasks are known at once, and counted once`() {
        var queue = PeerQueue()
        queue.hear(Self.heartbeat(queue: 3, load: 10_000), own: 1)
        #expect(queue.others == 2)
        let backlog = queue.backlog(own: [.milliseconds(50), .milliseconds(70)], typical: .milliseconds(40))
        #expect(backlog.tasks == 4)
        #expect(backlog.wait == .milliseconds(200))
        queue.hear(Self.heartbeat(queue: 1, load: 10_000), own: 2)
        #expect(queue.others == 0)
    }

    @Test func `the rate of the way is learned from inputs that are large enough`() {
        var way = PeerWay()
        #expect(way.bytesPerSecond == PeerWay.assumedBytesPerSecond)
        way.record(.kibibytes(1), elapsed: .seconds(9), roundTrip: .zero)
        #expect(way.bytesPerSecond == PeerWay.assumedBytesPerSecond)
        for _ in 0..<30 {
            way.record(ByteCount(bytes: 60_000), elapsed: .milliseconds(620), roundTrip: .milliseconds(20))
        }
        #expect((99_000...101_000).contains(way.bytesPerSecond))
        for _ in 0..<120 {
            way.record(ByteCount(bytes: 60_000), elapsed: .milliseconds(80), roundTrip: .milliseconds(20))
        }
        #expect((990_000...1_020_000).contains(way.bytesPerSecond))
        way.record(
            ByteCount(bytes: .max), elapsed: TimeSpan(milliseconds: .max), roundTrip: TimeSpan(milliseconds: .min))
        #expect(way.bytesPerSecond > 0)
    }

    @Test func `what is stated of an ordinary run is scaled as this board's own runs of the size are`() throws {
        let stated = try #require(
            ServedOperation(
                operation: Fixture.features, typicalTime: .milliseconds(40), typicalEnergy: Energy(millijoules: 900)))
        let measured = Prediction(
            time: .milliseconds(10), timeP95: .milliseconds(12), energy: Energy(millijoules: 300),
            energyP95: Energy(millijoules: 310), memory: .zero, basis: .measured, runs: 3)
        let yardstick = Yardstick(measured: measured, stated: stated)
        let expected = Expectations(
            Predictor(), of: Fixture.features, inputSize: .kibibytes(3), here: Fixture.node(1)
        ).at(
            Fixture.node(2), stated: stated, memory: .mebibytes(64), basis: .stated, yardstick: yardstick)
        #expect(expected.time == .milliseconds(10) && expected.energy == Energy(millijoules: 300))
        #expect(expected.timeP95 == .milliseconds(20) && expected.basis == .stated)
        // Without a measured run an ordinary one is all there is.
        #expect(Yardstick(measured: nil, stated: stated).time(of: .milliseconds(40)) == .milliseconds(40))
    }
}

/// What becomes of places that were not measured for long.
@Suite struct DoubtTests {
    private static func record(_ predictor: inout Predictor, place: UInt8, _ time: Int64) {
        predictor.record(
            place: Fixture.node(place), operation: Fixture.features, inputSize: .kibibytes(3),
            time: .milliseconds(time), energy: Energy(millijoules: time), memory: .zero)
    }

    private static func ask(_ predictor: Predictor, place: UInt8) -> Prediction? {
        predictor.prediction(place: Fixture.node(place), operation: Fixture.features, inputSize: .kibibytes(3))
    }

    @Test(arguments: [(0, 0), (3, 99), (30, 909), (75, 2_000), (300, 5_000), (600, 6_666), (9_000, 9_677)])
    func `doubt grows with the runs elsewhere, as if the price was paid but once in so many of them`(
        runs: Int, doubt: Int64
    ) throws {
        var predictor = Predictor()
        Self.record(&predictor, place: 1, 500)
        for _ in 0..<runs { Self.record(&predictor, place: 2, 100) }
        let prediction = try #require(Self.ask(predictor, place: 1))
        #expect(prediction.unseen == UInt32(runs))
        let left = (10_000 - Int64(prediction.uncertainty.value) / 2) * (10_000 - doubt) / 10_000
        #expect(abs(Int64(prediction.doubt.value) - (10_000 - left)) <= 1)
        Self.record(&predictor, place: 1, 500)
        #expect(Self.ask(predictor, place: 1)?.unseen == 0)
    }

    @Test func `what was not seen for long is believed less than a new run`() {
        var (fresh, stale) = (Predictor(), Predictor())
        for _ in 0..<20 {
            Self.record(&fresh, place: 1, 800)
            Self.record(&stale, place: 1, 800)
        }
        for _ in 0..<300 { Self.record(&stale, place: 2, 100) }
        Self.record(&fresh, place: 1, 200)
        Self.record(&stale, place: 1, 200)
        #expect(Self.ask(fresh, place: 1)?.time == .milliseconds(771))
        #expect(Self.ask(stale, place: 1)?.time == .milliseconds(500))
    }

    @Test func `runs of other kinds raise no doubt`() {
        var predictor = Predictor()
        Self.record(&predictor, place: 1, 500)
        for _ in 0..<100 {
            predictor.record(
                place: Fixture.node(2), operation: Fixture.features, inputSize: .mebibytes(3), time: .milliseconds(1),
                energy: .zero, memory: .zero)
        }
        #expect(Self.ask(predictor, place: 1)?.unseen == 0)
    }

    @Test func `a doubted place is taken to be cheaper, and is tried again`() {
        var input = DecisionTests.input
        #expect(decide(input).ranking.first == 0)
        let thor = input.peers[0].prediction
        input.peers[0].prediction = Prediction(
            time: thor.time, timeP95: thor.timeP95, energy: thor.energy, energyP95: thor.energyP95,
            memory: thor.memory, basis: thor.basis, runs: thor.runs, unseen: 300)
        let decision = decide(input)
        #expect(decision.candidates[1].doubt == Energy(millijoules: 550))
        #expect(decision.candidates[1].cost == Energy(millijoules: 869))
        #expect(decision.ranking.first == 1)
    }

    @Test func `rows of earlier versions are read, with their variance`() throws {
        var writer = CBORWriter()
        writer.map(2)
        writer.unsigned(1)
        writer.unsigned(9)
        writer.unsigned(2)
        writer.array(1)
        writer.array(8)
        writer.byteString(Fixture.node(1).bytes)
        writer.text("perception.features")
        writer.unsigned(2)
        for (mean, variance) in [(100, 400), (900, 0), (0, 0)] as [(Int64, Int64)] {
            writer.array(2)
            writer.integer(mean * 256)
            writer.integer(variance)
        }
        writer.unsigned(5)
        writer.unsigned(9)
        let bytes = writer.bytes
        var reader = try CBORReader(bytes.span, limit: 1 << 16)
        let predictor = try Predictor(from: &reader)
        try reader.finish()
        let found = try #require(Self.ask(predictor, place: 1))
        // The standard deviation is 20, the mean distance taken to be 16 of it, and the bound two of those above.
        #expect(found.time == .milliseconds(100) && found.timeP95 == .milliseconds(132) && found.runs == 5)
        #expect(found.energy == Energy(millijoules: 900) && found.energyP95 == found.energy)
    }
}
