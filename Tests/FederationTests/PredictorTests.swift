import Federation
import Quantities
import Testing
import Wire

@Suite struct PredictorTests {
    static let size = ByteCount(bytes: 57_600)

    static func record(_ predictor: inout Predictor, _ time: Int64, place: UInt8 = 1, size: ByteCount = size) {
        predictor.record(
            place: Fixture.node(place), operation: Fixture.features, inputSize: size, time: .milliseconds(time),
            energy: Energy(millijoules: time * 10), memory: .mebibytes(40))
    }

    static func ask(_ predictor: Predictor, place: UInt8 = 1, size: ByteCount = size) -> Prediction? {
        predictor.prediction(place: Fixture.node(place), operation: Fixture.features, inputSize: size)
    }

    @Test func `nothing is predicted that was not measured`() {
        var predictor = Predictor()
        #expect(Self.ask(predictor) == nil)
        Self.record(&predictor, 100)
        #expect(Self.ask(predictor)?.time == .milliseconds(100))
        #expect(Self.ask(predictor)?.runs == 1)
        #expect(Self.ask(predictor, place: 2) == nil)
        #expect(Self.ask(predictor, size: .mebibytes(2)) == nil)
    }

    @Test func `a first run is believed with a wide margin, steady runs with a narrow one`() {
        var predictor = Predictor()
        Self.record(&predictor, 100)
        #expect(Self.ask(predictor)?.timeP95 == .milliseconds(150))
        for _ in 0..<40 { Self.record(&predictor, 100) }
        #expect(Self.ask(predictor)?.time == .milliseconds(100))
        #expect(Self.ask(predictor)?.timeP95 == .milliseconds(100))
    }

    @Test func `nineteen of twenty varying runs stay within p95`() {
        var predictor = Predictor()
        var random = SplitMix(state: 3)
        var within = 0
        for run in 0..<1_100 {
            let time = 80 + Int64(random.next() % 41)
            if run >= 100, let p95 = Self.ask(predictor)?.timeP95, TimeSpan.milliseconds(time) <= p95 { within += 1 }
            Self.record(&predictor, time)
        }
        #expect((930...1_000).contains(within))
    }

    @Test func `a lasting change is followed within twenty runs`() {
        var predictor = Predictor()
        for _ in 0..<50 { Self.record(&predictor, 100) }
        for _ in 0..<20 { Self.record(&predictor, 400) }
        let time = Self.ask(predictor)?.time.milliseconds ?? 0
        // One run that is far out counts less: a change takes a few runs to be believed.
        #expect((350...400).contains(time))
    }

    @Test(
        arguments: [
            (-1, 0), (0, 0), (1_024, 0), (1_025, 1), (2_048, 1), (2_049, 2), (57_600, 6), (33_554_432, 15),
            (33_554_433, 16), (Int64.max, 16),
        ] as [(Int64, UInt8)])
    func `inputs are told apart by doublings of their size`(bytes: Int64, bucket: UInt8) {
        #expect(TaskKind.bucket(ByteCount(bytes: bytes)) == bucket)
    }

    @Test func `extreme runs saturate`() {
        var predictor = Predictor()
        for value in [Int64.max, .min, .max, 0, .max] {
            predictor.record(
                place: Fixture.node(1), operation: Fixture.features, inputSize: Self.size,
                time: TimeSpan(milliseconds: value), energy: Energy(millijoules: value),
                memory: ByteCount(bytes: value))
        }
        #expect(Self.ask(predictor)?.timeP95 == FederationLimits.longestTaskTime)
    }

    @Test func `the least recently measured makes room, and storage changes nothing`() throws {
        var predictor = Predictor()
        Self.record(&predictor, 7, place: 1)
        Self.record(&predictor, 8, place: 2)
        Self.record(&predictor, 7, place: 1)
        for index in 0..<(FederationLimits.maximumPredictions - 1) {
            predictor.record(
                place: Fixture.node(3), operation: Fixture.operation("perception.x\(index)"), inputSize: Self.size,
                time: .milliseconds(1), energy: .zero, memory: .zero)
        }
        #expect(Self.ask(predictor, place: 1)?.runs == 2)
        #expect(Self.ask(predictor, place: 2) == nil)

        var writer = CBORWriter()
        predictor.write(to: &writer)
        let bytes = writer.bytes
        var reader = try CBORReader(bytes.span, limit: 1 << 20)
        let again = try Predictor(from: &reader)
        try reader.finish()
        var second = CBORWriter()
        again.write(to: &second)
        #expect(second.bytes == bytes)
        #expect(Self.ask(again) == Self.ask(predictor))
    }

    @Test func `a profile's prior grows with the input`() {
        let prior = OperationPrior(
            baseTime: .milliseconds(10), timePerMebibyte: .milliseconds(200), baseEnergy: Energy(millijoules: 50),
            energyPerMebibyte: Energy(millijoules: 3_000), memory: .mebibytes(40))
        let prediction = prior.prediction(inputSize: .mebibytes(2))
        #expect(prediction.time == .milliseconds(410))
        #expect(prediction.timeP95 == .milliseconds(820))
        #expect(prediction.energy == Energy(millijoules: 6_050))
        #expect(prediction.basis == .profile)
    }

    struct SplitMix {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var value = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
            value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
            return value ^ (value >> 31)
        }
    }
}
