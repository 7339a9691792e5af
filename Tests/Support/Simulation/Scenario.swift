import Quantities

/// What a seed decides about a run before it begins.
public struct Scenario: Sendable {
    /// The seed.
    public let seed: UInt64
    /// Boards.
    public let boards: Int
    /// Whether signatures are real ones.
    public let hasRealSignatures: Bool
    /// For how long things go wrong.
    public let troubleMilliseconds: Int64
    /// Mean time between two commands to one board.
    public let commandMilliseconds: Int64
    /// Mean time between two crashes, of all boards together; zero for none.
    public let crashMilliseconds: Int64
    /// Mean time between two changes of the network; zero for none.
    public let networkMilliseconds: Int64
    /// Crashes between two effects of one event, of ten thousand effects.
    public let crashPerEffect: Int64
    /// Longest time in which a disk makes a write durable.
    public let diskMilliseconds: Int64
    /// Datagrams in which a bit is turned on the way, of a thousand.
    public let corruptionPermille: Int64
    /// How long charged credits live.
    public let lotLifetime: TimeSpan
    /// Time for settling after a task's deadline.
    public let grace: TimeSpan
    /// Time between two samples.
    public let samplePeriod: TimeSpan
    /// Credits are charged up to here.
    public let chargeTarget: Energy
    /// Runs of workers that go wrong, of a thousand.
    public let badWorkPermille: Int64
    /// Boards of a thousand that have sources beside themselves.
    public let othersPermille: Int64
    /// Whether nothing happens but what a test does: no operators, no trouble.
    public let isScripted: Bool
    /// The generator for everything else.
    var random: SimulationRandom

    /// What `seed` decides.
    public init(seed: UInt64) {
        var random = SimulationRandom(seed: seed)
        self.seed = seed
        boards = random.chance(permille: 500) ? 2 : random.chance(permille: 700) ? 3 : 4
        hasRealSignatures = random.number(below: 100) == 0
        troubleMilliseconds = random.number(in: 40...240) * 1_000
        commandMilliseconds = [500, 2_000, 5_000, 10_000][Int(random.number(below: 4))]
        crashMilliseconds = [0, 5_000, 20_000, 60_000][Int(random.number(below: 4))]
        networkMilliseconds = [0, 10_000, 40_000][Int(random.number(below: 3))]
        crashPerEffect = [0, 0, 5, 20, 60][Int(random.number(below: 5))]
        diskMilliseconds = [1, 10, 40, 1_500][Int(random.number(below: 4))]
        corruptionPermille = [0, 0, 0, 10][Int(random.number(below: 4))]
        lotLifetime = .seconds([30, 120, 7 * 86_400, 7 * 86_400][Int(random.number(below: 4))])
        grace = .seconds([2, 5, 20, 60][Int(random.number(below: 4))])
        samplePeriod = .milliseconds([1_000, 1_000, 2_000, 500][Int(random.number(below: 4))])
        chargeTarget = Energy(joules: [20, 100, 1_000][Int(random.number(below: 3))])
        badWorkPermille = [0, 50, 200, 500][Int(random.number(below: 4))]
        othersPermille = [0, 500, 1_000][Int(random.number(below: 3))]
        isScripted = false
        self.random = random
    }

    /// `boards` boards to which nothing happens but what a test does.
    public init(scriptedBoards boards: Int, seed: UInt64 = 1) {
        self.seed = seed
        self.boards = boards
        hasRealSignatures = false
        (troubleMilliseconds, commandMilliseconds, crashMilliseconds, networkMilliseconds) = (0, 1, 0, 0)
        (crashPerEffect, diskMilliseconds, corruptionPermille, badWorkPermille) = (0, 3, 0, 0)
        lotLifetime = .seconds(7 * 86_400)
        grace = .seconds(5)
        samplePeriod = .seconds(1)
        chargeTarget = Energy(joules: 100)
        othersPermille = 0
        isScripted = true
        random = SimulationRandom(seed: seed)
    }
}
