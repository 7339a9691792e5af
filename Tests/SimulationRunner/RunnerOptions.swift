/// What the runner was asked for.
struct RunnerOptions {
    /// The seeds, in order.
    var seeds: ClosedRange<UInt64> = 1...200
    /// For how long seeds are run at least, beyond the last one named if need be.
    var seconds: Int64 = 0
    /// Whether each seed's hash is printed instead of a summary.
    var printsHashes = false
    /// Whether the last lines of every run are printed.
    var printsLines = false
    /// For how many days one agent lives, instead of fleets; nil for fleets.
    var days: Int?
    /// Whether a failed seed does not end the run.
    var goesOn = false

    /// What `arguments` ask for; nil where they cannot be understood.
    init?(_ arguments: [String]) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--hashes": printsHashes = true
            case "--lines": printsLines = true
            case "--go-on": goesOn = true
            case "--endurance":
                guard let days = rest.popFirst().flatMap({ Int($0) }), (6...10_000).contains(days) else { return nil }
                self.days = days
            case "--seconds":
                guard let seconds = rest.popFirst().flatMap({ Int64($0) }), seconds >= 0 else { return nil }
                self.seconds = seconds
            case "--seeds":
                guard let text = rest.popFirst(), let seeds = RunnerOptions.range(text) else { return nil }
                self.seeds = seeds
            default: return nil
            }
        }
    }

    /// The range of `FIRST...LAST`, or of one number.
    private static func range(_ text: String) -> ClosedRange<UInt64>? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: true)
        guard let first = parts.first.flatMap({ UInt64($0) }), let last = parts.last.flatMap({ UInt64($0) }),
            parts.count <= 2, first <= last
        else { return nil }
        return first...last
    }
}
