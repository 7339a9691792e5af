import Quantities

/// Energy that a counter showed in one or several intervals, the last of which is not shorter than the rest by much.
struct CountedStretch: Sendable {
    let start: BootTime
    let end: BootTime
    /// In half nanojoules.
    let energy: UInt128

    /// The stretch up to the end of `segment`, which goes on where `before` ends.
    ///
    /// What is shorter than a quarter of a period is put together with what came before.
    init(_ segment: MeterSegment, after before: CountedStretch?, _ configuration: MeterConfiguration) {
        if let before, before.end == segment.start, segment.isShort(configuration) {
            start = before.start
            energy = before.energy + segment.energy
        } else {
            start = segment.start
            energy = segment.energy
        }
        end = segment.end
    }

    /// How much of what `next` shows may have been drawn before it, by a counter that was late by that much between
    /// the two: what makes the powers on both sides differ no more; nothing where its steps explain the difference.
    func lateness(before next: MeterSegment, _ configuration: MeterConfiguration) -> UInt128 {
        let first = UInt128(max(1, end.since(start).milliseconds))
        let second = UInt128(max(1, next.end.since(next.start).milliseconds))
        let (rise, fall) = (next.energy * first, energy * second)
        guard rise > fall else { return 0 }
        let late = (rise - fall) / (first + second)
        let blur = configuration.counterRefresh + next.startDoubt + next.endDoubt
        let most = max(energy / first, next.energy / second)
        let steps = 4 * UInt128(configuration.counterStep.microjoules) * MeterSegment.perMicrojoule
        return late > 2 * most * UInt128(max(0, blur.milliseconds)) + steps ? min(late, next.energy) : 0
    }
}
