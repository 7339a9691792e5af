import Quantities
import Telemetry

/// Whether the board's total can be what the board draws.
///
/// Nothing, or less, it cannot be at any moment: the program that reads it runs on the board. Less than one of its
/// parts it can be for a moment, since rails are read one after the other; where it stays so, it is another
/// rail's label or a counter that stands still.
struct TotalWatch: Sendable {
    /// Since when every look showed more in one of its parts than in the whole, and in which one last.
    private var excess: (since: BootTime, part: String)?
    /// Why the last sample's total is not believed, whatever the board is rated for; nil where it is.
    private(set) var contradiction: String?

    /// Takes in a sample of a board with `profile`; one that does not show whole and parts changes nothing.
    mutating func note(_ sample: TelemetrySample, _ profile: HardwareProfile) {
        if let residual = profile.residual(of: sample) {
            excess = residual.greaterPart.map { (excess?.since ?? sample.taken, $0) }
        }
        contradiction = profile.contradiction(in: sample)
        if let excess, contradiction == nil, sample.taken.since(excess.since) >= SourceLimits.contradictionTime {
            contradiction = "its part \(excess.part) alone draws more than the whole"
        }
    }
}
