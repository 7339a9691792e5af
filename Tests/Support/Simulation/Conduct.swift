import Federation
import Quantities

/// How the workers of a board work: as they should, or so as to be paid for less.
public struct Conduct: Sendable {
    /// What a dishonest worker does instead of its work.
    public enum Cheat: Sendable, CaseIterable {
        /// Makes something up.
        case madeUp
        /// Gives the result of the first task it ever had.
        case stale
        /// Says of every result that it could not be better.
        case overstated
        /// Does its work, and takes `slowness` and longer for it, whatever its board says.
        case understated
        /// Does its work, and says of every result that it is worth nothing.
        case belittled
        /// Takes its work, and never comes to an end.
        case endless
        /// Says of every task that its input cannot be read.
        case refusing

        /// Those that give a result that is not what it is said to be.
        public static let falseResults: [Cheat] = [.madeUp, .stale, .overstated]
    }

    /// How long a run takes at least that is to take more than was said.
    static let slowness: Int64 = 1_500

    /// How long a run takes that is never to end: longer than any timeout.
    static let eternity: Int64 = 1 << 40

    /// What it does; nil for honest work.
    public let cheat: Cheat?
    /// Honest runs before that.
    public let honestRuns: Int
    /// Runs so far.
    public private(set) var runs = 0
    /// Those in which it cheated.
    public private(set) var cheats = 0
    private var first: [UInt8]?

    /// Whether it refuses the work that it was last given.
    var refuses: Bool { cheat == .refusing && runs > honestRuns }

    /// Honest work, or so many honest runs and then `cheat` for good.
    public init(_ cheat: Cheat? = nil, after honestRuns: Int = 0) {
        self.cheat = cheat
        self.honestRuns = honestRuns
    }

    /// What comes of a run on `input`, and how good it is said to be.
    mutating func work(on input: [UInt8]) -> (result: [UInt8], quality: BasisPoints, leastMilliseconds: Int64) {
        let result = SimulatedOperation.result(of: input)
        let stale = first ?? result
        first = stale
        runs += 1
        guard let cheat, runs > honestRuns else { return (result, SimulatedOperation.worth(of: input), 0) }
        cheats += 1
        switch cheat {
        case .madeUp: return ([UInt8](repeating: UInt8(truncatingIfNeeded: runs), count: 96), .one, 0)
        case .stale: return (stale, .one, 0)
        case .overstated: return (result, .one, 0)
        case .understated: return (result, SimulatedOperation.worth(of: input), Conduct.slowness)
        case .belittled: return (result, .zero, 0)
        case .endless: return (result, .one, Conduct.eternity)
        case .refusing: return (result, .one, 0)
        }
    }
}
