/// One simulated run: what it came to.
public struct SimulationRun: Sendable {
    /// The seed that determines it.
    public let seed: UInt64
    /// What a checker found wrong; nil for a good run.
    public let finding: String?
    /// Hash over everything that happened.
    public let hash: UInt64
    /// Events.
    public let events: Int
    /// The time that passed in the simulation.
    public let milliseconds: Int64
    /// Boards that were started, the first starts included.
    public let starts: Int64
    /// Commands that were asked.
    public let commands: Int
    /// Tasks that one board paid another for.
    public let payments: Int
    /// Tasks of peers that were handed on and paid below.
    public let paidBelow: Int
    /// The last things that happened, where they were kept.
    public let lastLines: [String]

    /// Runs `seed`; `keepingLines` costs time and changes nothing else.
    public init(seed: UInt64, keepingLines: Bool = false) {
        self.seed = seed
        do throws(SimulationSetupError) {
            var fleet = try Fleet(Scenario(seed: seed), keepingLines: keepingLines)
            finding = fleet.run()
            hash = fleet.trace.hash
            events = fleet.events
            milliseconds = fleet.now
            starts = fleet.boards.reduce(0) { $0 + $1.starts }
            commands = Int(fleet.commands)
            payments = fleet.checker.settledPayments
            paidBelow = fleet.checker.paidBelow
            lastLines = fleet.trace.lastLines
        } catch {
            finding = "the fleet cannot be set up"
            (hash, events, milliseconds, starts, commands, payments, lastLines) = (0, 0, 0, 0, 0, 0, [])
            paidBelow = 0
        }
    }

    /// What went wrong, when, how it came to it, and how to see it again; runs the seed once more for that.
    public static func report(_ failed: SimulationRun) -> String {
        let again = SimulationRun(seed: failed.seed, keepingLines: true)
        var text = "seed \(failed.seed): after \(failed.milliseconds) ms: " + (failed.finding ?? "nothing") + "\n"
        if again.hash != failed.hash { text += "the same seed ran differently the second time\n" }
        for line in again.lastLines.suffix(120) { text += "  " + line + "\n" }
        return text + "again: make sim SEED=\(failed.seed)\n"
    }
}
