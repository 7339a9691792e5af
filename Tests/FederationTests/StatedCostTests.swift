import Experiments
import Federation
import Foundation
import Quantities
import Testing
import Wire

/// What peers say that their runs take, held against what they take.
@Suite struct StatedCostTests {
    private typealias Distribution = `bounds that hold for nineteen runs of twenty`.Distribution

    private static let node = Fixture.node(1)

    private static func served(milliseconds: Int64, millijoules: Int64, bytes: Int64? = nil) throws -> ServedOperation {
        try #require(
            ServedOperation(
                operation: Fixture.features, typicalTime: .milliseconds(milliseconds),
                typicalEnergy: Energy(millijoules: millijoules), typicalSize: bytes.map { ByteCount(bytes: $0) }))
    }

    @Test(
        arguments: [
            // Stated ms and mJ of an input of so many bytes (0: nothing said), input, most ms and mJ.
            (800, 6_000, 0, 50_000, 1_200, 9_000), (40, 90, 0, 50_000, 140, 190), (0, 0, 0, 50_000, 100, 100),
            (800, 6_000, 65_536, 50_000, 1_200, 9_000), (800, 6_000, 65_536, 100, 1_200, 9_000),
            (800, 6_000, 65_536, 200_000, 4_800, 36_000), (800, 6_000, 1, 1_024, 1_228_800, 9_216_000),
            (2_592_000_000, 9_007_199_254_740_991, 1, 61_440, 2_592_000_000, 9_007_199_254_740_991),
        ] as [(Int64, Int64, Int64, Int64, Int64, Int64)])
    func `a word covers half as much again, in proportion on more input`(
        time: Int64, energy: Int64, size: Int64, input: Int64, mostTime: Int64, mostEnergy: Int64
    ) throws {
        let stated = StatedCost(
            try Self.served(milliseconds: time, millijoules: energy, bytes: size == 0 ? nil : size),
            inputSize: ByteCount(bytes: input))
        #expect(stated.time == .milliseconds(mostTime))
        #expect(stated.energy == Energy(millijoules: mostEnergy))
        #expect(stated.covers(time: stated.time, energy: stated.energy))
        #expect(!stated.covers(time: stated.time + .milliseconds(1), energy: .zero))
        #expect(!stated.covers(time: .zero, energy: stated.energy + Energy(millijoules: 1)))
        var writer = CBORWriter()
        stated.write(to: &writer)
        var reader = try CBORReader(writer.bytes.span, limit: 64)
        #expect(try StatedCost(from: &reader) == stated)
        try reader.finish()
    }

    @Test func `what was under way when a word was found broken does not count`() {
        var record = WordRecord()
        let start = LedgerTime(milliseconds: 1_000)
        func add(kept: Bool, handed: Int64, _ now: Int64) -> Bool {
            record.add(isKept: kept, handedAt: start + .milliseconds(handed), at: start + .milliseconds(now))
        }
        #expect(!add(kept: false, handed: 0, 100))
        for _ in 0..<20 { #expect(!add(kept: false, handed: 50, 200)) }
        #expect(record.score == 1)
        for number in 1...6 { #expect(!add(kept: false, handed: 100 * Int64(number), 100 * Int64(number) + 50)) }
        #expect(record.score == 7 && !record.isHabit)
        #expect(add(kept: false, handed: 1_000, 1_050))
        #expect(add(kept: false, handed: 2_000, 2_050))
        #expect(record.score == WordRecord.habit)
        #expect(!add(kept: true, handed: 0, 3_000))
        #expect(!record.isHabit)
        for _ in 0..<20 { #expect(!add(kept: true, handed: 0, 3_000)) }
        #expect(record.score == 0)
    }

    /// What comes of handing `count` runs to a worker with `said` as its word and what `took` says that runs take.
    private struct Career {
        var trust = TrustRecord()
        var counted = 0
        /// Tasks until the gate of reputation shut; nil where it never did.
        var tasksUntilOut: Int?
        private var tasks = 0

        mutating func add(_ word: ServedOperation, size: ByteCount, time: TimeSpan, energy: Energy, at now: LedgerTime)
        {
            guard tasksUntilOut == nil else { return }
            let isKept = StatedCost(word, inputSize: size).covers(time: time, energy: energy)
            let isHabit = trust.recordWord(Fixture.features, isKept: isKept, handedAt: now, at: now)
            if isHabit { counted += 1 }
            trust.record(
                Fixture.features, claimed: .one, verified: .one, billedAboveMeasured: false, accepted: true,
                takesMoreThanSaid: isHabit, at: now)
            tasks += 1
            let standing = trust.standing(in: Fixture.features, at: now)
            if standing.verified >= Reputation.knownAfter, standing.reputation < Reputation.minimum {
                tasksUntilOut = tasks
            }
        }
    }

    /// Half again is within its word; 1.6 times as much is not.
    @Test(arguments: [1.6, 2, 3, 10, 1_000])
    func `who always takes more is out after fifteen tasks, or twelve`(
        factor: Double
    ) throws {
        let word = try Self.served(milliseconds: 400, millijoules: 3_000)
        let size = ByteCount(bytes: 50_000)
        for honest in [0, 1, 5, 20, 100, 1_000] {
            var career = Career()
            for number in 0..<(honest + 40) {
                let share = number < honest ? 1 : factor
                career.add(
                    word, size: size, time: .milliseconds(100), energy: Energy(millijoules: Int64(3_000 * share)),
                    at: LedgerTime(milliseconds: Int64(number) * 1_000))
            }
            let cheats = try #require(career.tasksUntilOut) - honest
            print("words: \(factor) times its word after \(honest) honest tasks: out after \(cheats)")
            #expect(cheats <= (honest < WordRecord.learning ? 15 : 12), "\(factor) after \(honest)")
        }
    }

    private static let word = StatedCost(
        ServedOperation(
            operation: Fixture.features, typicalTime: .milliseconds(400), typicalEnergy: Energy(millijoules: 500))
            ?? Fixture.heartbeat.operations[0], inputSize: ByteCount(bytes: 50_000))

    @Test(
        arguments: [
            // Energy, whether the lock was cut to the word, what comes of it.
            (500, false, .kept), (750, false, .kept), (751, false, .broken), (1, true, .kept), (500, true, .kept),
            (501, true, .neither), (749, true, .neither), (750, true, .broken), (751, true, .broken),
        ] as [(Int64, Bool, WordKeeping)])
    func `where no more is locked than the word allows, taking all of it is beyond the word`(
        energy: Int64, isCut: Bool, keeping: WordKeeping
    ) {
        #expect(Self.word.energy == Energy(millijoules: 750))
        let energy = Energy(millijoules: energy)
        #expect(Self.word.keeping(time: .milliseconds(400), energy: energy, isLockCut: isCut) == keeping)
        #expect(Self.word.keeping(time: .milliseconds(601), energy: energy, isLockCut: isCut) == .broken)
    }

    /// Runs beyond the word until a worker that sees what is locked is out, and all its runs until then; nil where it
    /// has had 200 and is not.
    private static func life(
        honest: Int, _ take: (_ locked: Energy, _ isCut: Bool) -> Energy
    ) -> (beyond: Int, tasks: Int)? {
        var trust = TrustRecord()
        var (beyond, tasks) = (0, 0)
        for number in 0..<(honest + 200) {
            let now = LedgerTime(milliseconds: Int64(number) * 1_000)
            let isCut = trust.reputation(for: Fixture.features, at: now).word.isHabit
            let locked = isCut ? word.energy : Energy(millijoules: 1_200)
            let energy = number < honest ? Energy(millijoules: 500) : min(locked, take(locked, isCut))
            let keeping = word.keeping(time: .milliseconds(400), energy: energy, isLockCut: isCut)
            let isHabit =
                keeping != .neither
                && trust.recordWord(Fixture.features, isKept: keeping == .kept, handedAt: now, at: now)
            trust.record(
                Fixture.features, claimed: .one, verified: .one, billedAboveMeasured: false, accepted: true,
                takesMoreThanSaid: isHabit, at: now)
            guard number >= honest else { continue }
            tasks += 1
            if keeping == .broken { beyond += 1 }
            let standing = trust.standing(in: Fixture.features, at: now)
            if standing.verified >= Reputation.knownAfter, standing.reputation < Reputation.minimum {
                return (beyond, tasks)
            }
        }
        return nil
    }

    /// The bounds of docs/delegation.md: fifteen tasks, or twelve; sixteen or fourteen where it keeps its word only
    /// while less is locked.
    @Test(arguments: [0, 1, 5, 20, 100, 1_000])
    func `who takes as much as is locked is out as soon as who takes more whatever is locked`(honest: Int) throws {
        for most in [760, 1_000, 1_200, 100_000] as [Int64] {
            let found = try #require(Self.life(honest: honest) { locked, _ in min(locked, Energy(millijoules: most)) })
            #expect(found.tasks <= (honest < WordRecord.learning ? 15 : 12), "\(most) mJ after \(honest)")
            #expect(found.beyond == found.tasks)
        }
        let sly = try #require(Self.life(honest: honest) { locked, isCut in isCut ? Energy(millijoules: 500) : locked })
        print("words: kept only while less is locked, after \(honest) honest tasks: \(sly) until out")
        #expect(sly.beyond <= (honest < WordRecord.learning ? 16 : 14), "after \(honest)")
        // Who stays just below what is locked is within its word, as everybody may be, and gets no more for it.
        #expect(Self.life(honest: honest) { locked, isCut in isCut ? locked - Energy(millijoules: 1) : locked } == nil)
    }

    /// The honest worker says what it has measured so far, and its first word is a tenth of that.
    @Test(arguments: `bounds that hold for nineteen runs of twenty`.Distribution.allCases)
    func `who says what it has measured never loses by it, whatever its runs are distributed like`(
        _ distribution: `bounds that hold for nineteen runs of twenty`.Distribution
    ) throws {
        let size = ByteCount(bytes: 57_600)
        for seed in [1, 2, 3, UInt64.random(in: 4...(.max))] {
            var random = ExperimentRandom(seed: seed)
            var predictor = Predictor()
            var career = Career()
            for number in 0..<4_000 {
                let value = Int64(distribution.time(number, &random).rounded())
                let (time, energy) = (TimeSpan.milliseconds(value), Energy(millijoules: value * 7))
                let word =
                    try predictor.ordinary(place: Self.node, operation: Fixture.features)
                    ?? Self.served(milliseconds: value / 10, millijoules: value)
                career.add(
                    word, size: size, time: time, energy: energy, at: LedgerTime(milliseconds: Int64(number) * 1_000))
                predictor.record(
                    place: Self.node, operation: Fixture.features, inputSize: size, time: time, energy: energy,
                    memory: .zero)
            }
            print("words: \(distribution.rawValue), seed \(seed): \(career.counted) of 4000 runs counted against it")
            #expect(career.tasksUntilOut == nil, "\(distribution.rawValue), seed \(seed)")
            // Where runs suddenly take three times as much, it is a few runs until the word has followed.
            #expect(career.counted <= 40, "\(distribution.rawValue), seed \(seed)")
        }
    }

    /// Payers see large inputs alone, or small ones; the word is of all that the worker has run.
    @Test(arguments: [0.0, 0.5, 1, 2], [true, false])
    func `who runs inputs of all sizes never loses by it, however time goes with size`(
        exponent: Double, isLarge: Bool
    ) throws {
        for seed in [1, 2, 3, UInt64.random(in: 4...(.max))] {
            var random = ExperimentRandom(seed: seed)
            var predictor = Predictor()
            var career = Career()
            for number in 0..<2_000 {
                let size = ByteCount(bytes: Int64(exp(random.number(log(500.0), log(60_000.0)))))
                let value = Int64(5 + 2_000 * pow(Double(size.bytes) / 60_000, exponent) * random.logNormal(0.3))
                let (time, energy) = (TimeSpan.milliseconds(value), Energy(millijoules: value * 7))
                if let word = predictor.ordinary(place: Self.node, operation: Fixture.features),
                    (size.bytes > 30_000) == isLarge
                {
                    career.add(
                        word, size: size, time: time, energy: energy,
                        at: LedgerTime(milliseconds: Int64(number) * 1_000))
                }
                predictor.record(
                    place: Self.node, operation: Fixture.features, inputSize: size, time: time, energy: energy,
                    memory: .zero)
            }
            print("words: time by size to the \(exponent), seed \(seed): \(career.counted) runs counted against it")
            #expect(career.tasksUntilOut == nil, "exponent \(exponent), seed \(seed)")
            #expect(career.counted <= 4, "exponent \(exponent), seed \(seed)")
        }
    }

    @Test func `what is remembered of a word is stored and read back, and records of before are read`() throws {
        func read(_ bytes: [UInt8]) throws -> TrustRecord {
            var reader = try CBORReader(bytes.span, limit: 8_192)
            let record = try TrustRecord(from: &reader)
            try reader.finish()
            return record
        }
        func written(_ record: TrustRecord) -> [UInt8] {
            var writer = CBORWriter()
            record.write(to: &writer)
            return writer.bytes
        }
        var record = TrustRecord()
        for _ in 0..<WordRecord.learning {
            record.record(
                Fixture.features, claimed: .one, verified: .one, billedAboveMeasured: false, accepted: true, at: .origin
            )
        }
        let before = written(record)
        #expect(try read(before) == record)
        _ = record.recordWord(
            Fixture.features, isKept: true, handedAt: .origin, at: .origin)
        #expect(written(record) == before, "of who keeps its word nothing is remembered")
        for number in 1...9 {
            let now = LedgerTime(milliseconds: Int64(number))
            _ = record.recordWord(Fixture.features, isKept: false, handedAt: now, at: now)
        }
        #expect(record.reputations.first?.word.isHabit == true)
        #expect(try read(written(record)) == record)
        for number in 1...9 {
            let now = LedgerTime(milliseconds: Int64(number))
            _ = record.recordWord(Fixture.features, isKept: true, handedAt: now, at: now)
        }
        #expect(try read(written(record)) == record)
    }

    @Test func `a heartbeat says of what size its runs were, and leaves out what does not fit`() throws {
        func read(_ heartbeat: Heartbeat) throws -> Heartbeat? {
            guard case .heartbeat(let read) = try PeerMessage(decoding: PeerMessage.heartbeat(heartbeat).encoded) else {
                return nil
            }
            return read
        }
        var heartbeat = Fixture.heartbeat
        #expect(try read(heartbeat) == heartbeat)
        heartbeat.operations = [try Self.served(milliseconds: 1, millijoules: 2, bytes: 3)]
        #expect(try read(heartbeat) == heartbeat)
        #expect(
            ServedOperation(
                operation: Fixture.features, typicalTime: .zero, typicalEnergy: .zero, typicalSize: .zero) == nil)
        heartbeat.operations = try (10..<26).map { number in
            let name = "perception." + String(repeating: "x", count: 51) + "\(number)"
            return try #require(
                ServedOperation(
                    operation: Fixture.operation(name), typicalTime: .seconds(86_400), typicalEnergy: .largest,
                    typicalSize: .mebibytes(32)))
        }
        heartbeat.horizons = (1...8).compactMap { Horizon(String(repeating: "h", count: 31) + "\($0)") }
        heartbeat.convergence = BasisPoints(clamping: 7_000)
        #expect(PeerMessage.heartbeat(heartbeat).encoded.count > 1_096)
        let fitting = heartbeat.fitting(1_096)
        #expect(PeerMessage.heartbeat(fitting).encoded.count <= 1_096)
        #expect(fitting.operations.count >= 8)
        #expect(fitting.operations == Array(heartbeat.operations.prefix(fitting.operations.count)))
        #expect(fitting.horizons == heartbeat.horizons && fitting.convergence == heartbeat.convergence)
        #expect(try read(fitting) == fitting)
        #expect(heartbeat.fitting(65_536) == heartbeat)
        #expect(heartbeat.fitting(0).operations.isEmpty)
    }
}
