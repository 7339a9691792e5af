import Federation
import Quantities
import Testing

/// What runs on other sizes tell of a kind.
@Suite struct ExpectationsTests {
    private static let (small, large) = (ByteCount.kibibytes(3), ByteCount.kibibytes(50))

    private static func record(
        _ predictor: inout Predictor, place: UInt8, _ size: ByteCount, _ time: Int64, times: Int = 1
    ) {
        for _ in 0..<times {
            predictor.record(
                place: Fixture.node(place), operation: Fixture.features, inputSize: size, time: .milliseconds(time),
                energy: Energy(millijoules: time * 10), memory: .mebibytes(40))
        }
    }

    private static func ask(_ predictor: Predictor, place: UInt8, here: UInt8 = 9) throws -> Prediction {
        let stated = try #require(
            ServedOperation(
                operation: Fixture.features, typicalTime: .milliseconds(200), typicalEnergy: Energy(millijoules: 2_000))
        )
        return Expectations(predictor, of: Fixture.features, inputSize: large, here: Fixture.node(here)).at(
            Fixture.node(place), stated: stated, memory: .mebibytes(64), basis: .stated)
    }

    @Test func `before there is a run, another size tells as both compare elsewhere`() throws {
        var predictor = Predictor()
        Self.record(&predictor, place: 1, Self.small, 100, times: 30)
        #expect(try Self.ask(predictor, place: 1).energy == Energy(millijoules: 2_000), "nothing compares the sizes")
        Self.record(&predictor, place: 2, Self.small, 200, times: 30)
        Self.record(&predictor, place: 2, Self.large, 500, times: 30)
        let told = try Self.ask(predictor, place: 1)
        #expect(told.time == .milliseconds(250) && told.timeP95 == .milliseconds(500))
        #expect(told.energy == Energy(millijoules: 2_500) && told.basis == .stated && told.runs == 0)
        #expect(told.unseen == 30 && told.memory == .mebibytes(64))
        // A place of which nothing was measured is taken at its word.
        #expect(try Self.ask(predictor, place: 3).energy == Energy(millijoules: 2_000))
    }

    @Test func `a first run that happens to be long is weighed with what another size tells`() throws {
        var predictor = Predictor()
        for place: UInt8 in [1, 2] { Self.record(&predictor, place: place, Self.small, 100, times: 60) }
        Self.record(&predictor, place: 2, Self.large, 300, times: 60)
        Self.record(&predictor, place: 1, Self.large, 900)
        let alone = try #require(
            predictor.prediction(place: Fixture.node(1), operation: Fixture.features, inputSize: Self.large))
        let weighed = try Self.ask(predictor, place: 1)
        #expect(alone.time == .milliseconds(900) && weighed.basis == .measured && weighed.runs == 1)
        // The run counts as one, the other size as six: (900 + 6 × 300) ÷ 7.
        #expect((370...400).contains(weighed.time.milliseconds), "\(weighed.time)")
        #expect(abs(weighed.energy.millijoules - weighed.time.milliseconds * 10) < 10)
        // The bound that was measured holds: it is what is locked.
        #expect(weighed.timeP95 == alone.timeP95 && weighed.energyP95 == alone.energyP95)
        #expect(weighed.uncertainty < alone.uncertainty)
        // What was measured comes to count the most.
        Self.record(&predictor, place: 1, Self.large, 900, times: 63)
        #expect(try Self.ask(predictor, place: 1).time > .milliseconds(800))
    }

    @Test func `what another place makes sizes out to compare like moves what was measured only so far`() throws {
        var predictor = Predictor()
        Self.record(&predictor, place: 1, Self.small, 100, times: 60)
        Self.record(&predictor, place: 1, Self.large, 300, times: 8)
        Self.record(&predictor, place: 2, Self.small, 1, times: 60)
        Self.record(&predictor, place: 2, Self.large, 3_000_000, times: 60)
        // Six of fourteen parts are four times as much.
        #expect((650...700).contains(try Self.ask(predictor, place: 1).time.milliseconds))
        // What this board takes only its own runs say, and what was not measured stays near the word.
        #expect(try Self.ask(predictor, place: 1, here: 1).time == .milliseconds(300))
        Self.record(&predictor, place: 3, Self.small, 100, times: 60)
        let told = Expectations(predictor, of: Fixture.features, inputSize: Self.large, here: Fixture.node(4))
        #expect(told.at(Fixture.node(4), stated: nil, memory: .zero, basis: .profile).energy == .zero)
    }

    @Test func `this board compares sizes for all others, however well others are known`() throws {
        var predictor = Predictor()
        for place: UInt8 in [1, 2, 3] { Self.record(&predictor, place: place, Self.small, 100, times: 60) }
        Self.record(&predictor, place: 1, Self.large, 700, times: 60)
        Self.record(&predictor, place: 2, Self.large, 300, times: 2)
        #expect(try Self.ask(predictor, place: 3).time == .milliseconds(700))
        #expect(try Self.ask(predictor, place: 3, here: 2).time == .milliseconds(300))
    }

    @Test func `a word wins at most at four times the price, however long nobody was asked`() throws {
        var predictor = Predictor()
        Self.record(&predictor, place: 1, Self.large, 100, times: 5_000)
        #expect(try Self.ask(predictor, place: 2).doubt == BasisPoints(clamping: 7_500))
        Self.record(&predictor, place: 2, Self.large, 100)
        Self.record(&predictor, place: 1, Self.large, 100, times: 5_000)
        #expect(try Self.ask(predictor, place: 2).doubt > BasisPoints(clamping: 9_000))
    }

    @Test func `a place does not compare sizes for itself, and the best known one does for the others`() throws {
        var predictor = Predictor()
        Self.record(&predictor, place: 1, Self.small, 100, times: 60)
        Self.record(&predictor, place: 1, Self.large, 700, times: 60)
        let alone = try #require(
            predictor.prediction(place: Fixture.node(1), operation: Fixture.features, inputSize: Self.large))
        #expect(try Self.ask(predictor, place: 1) == alone)
        Self.record(&predictor, place: 2, Self.small, 100, times: 4)
        Self.record(&predictor, place: 2, Self.large, 200, times: 4)
        Self.record(&predictor, place: 3, Self.small, 100, times: 30)
        #expect(try Self.ask(predictor, place: 3).time == .milliseconds(700))
        #expect(try Self.ask(predictor, place: 1).time < .milliseconds(700), "the second best tells of the best")
    }

    @Test func `extremes saturate`() throws {
        var predictor = Predictor()
        for place: UInt8 in [1, 2] {
            Self.record(&predictor, place: place, Self.small, place == 1 ? .max / 10 : 0, times: 3)
            Self.record(&predictor, place: place, Self.large, place == 1 ? 0 : .max / 10, times: 3)
        }
        for place: UInt8 in [1, 2, 3] { #expect(try Self.ask(predictor, place: place).energy <= .largest) }
    }
}
