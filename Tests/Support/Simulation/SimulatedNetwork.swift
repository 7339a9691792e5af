/// A network that loses, repeats, delays, reorders and cuts, as its seed has it.
public struct SimulatedNetwork {
    /// How bad it is at the moment.
    public struct Conditions: Sendable {
        /// Datagrams lost, of a thousand.
        public var lossPermille: Int64 = 0
        /// Datagrams that arrive twice, of a thousand.
        public var duplicationPermille: Int64 = 0
        /// Shortest and longest way.
        public var delayMilliseconds: ClosedRange<Int64> = 1...3
        /// Datagrams that take ten times as long, of a thousand.
        public var spikePermille: Int64 = 0

        /// Nothing goes wrong.
        public static let calm = Conditions()

        /// What a seed draws: from a good wire to a bad radio.
        public static func drawn(_ random: inout SimulationRandom) -> Conditions {
            var conditions = Conditions()
            conditions.lossPermille = [0, 10, 50, 200, 400][Int(random.number(below: 5))]
            conditions.duplicationPermille = [0, 0, 20, 100][Int(random.number(below: 4))]
            let shortest = random.number(in: 1...20)
            conditions.delayMilliseconds = shortest...(shortest + random.number(in: 0...60))
            conditions.spikePermille = [0, 0, 10, 50][Int(random.number(below: 4))]
            return conditions
        }
    }

    /// How bad it is at the moment.
    public var conditions: Conditions
    private var random: SimulationRandom
    private var cut: Set<Int> = []
    /// Datagrams offered so far.
    public private(set) var offered = 0
    /// Datagrams that never arrived.
    public private(set) var lost = 0

    /// A network with its own generator.
    public init(_ conditions: Conditions, random: SimulationRandom) {
        self.conditions = conditions
        self.random = random
    }

    /// Cuts the way between two boards, or joins it again.
    public mutating func setCut(_ isCut: Bool, between first: Int, and second: Int) {
        let way = SimulatedNetwork.way(first, second)
        if isCut { cut.insert(way) } else { cut.remove(way) }
    }

    /// Joins all ways.
    public mutating func heal() { cut = [] }

    /// After how many milliseconds a datagram arrives, once for each copy; empty where it is lost.
    public mutating func delays(from sender: Int, to receiver: Int) -> [Int64] {
        offered += 1
        guard !cut.contains(SimulatedNetwork.way(sender, receiver)), !random.chance(permille: conditions.lossPermille)
        else {
            lost += 1
            return []
        }
        let copies = random.chance(permille: conditions.duplicationPermille) ? 2 : 1
        return (0..<copies).map { _ in
            let delay = random.number(in: conditions.delayMilliseconds)
            return random.chance(permille: conditions.spikePermille) ? delay * 10 : delay
        }
    }

    private static func way(_ first: Int, _ second: Int) -> Int { min(first, second) * 1024 + max(first, second) }
}
