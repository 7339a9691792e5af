import Quantities

/// The newest intervals of a meter, at most `MeterLimits.history`; the oldest makes room.
struct MeterHistory: Sendable {
    /// The intervals in no particular order.
    private(set) var segments: [MeterSegment] = []
    /// Where the next interval goes once the ring is full.
    private var next = 0

    mutating func append(_ segment: MeterSegment) {
        if segments.count < MeterLimits.history {
            segments.append(segment)
        } else {
            segments[next] = segment
            next = (next + 1) % MeterLimits.history
        }
    }

    /// The interval that holds `time`; of two that touch there, the later.
    func segment(at time: BootTime) -> MeterSegment? {
        for distance in 1...MeterLimits.history where distance <= segments.count {
            let segment = segments[(next + segments.count - distance) % segments.count]
            if time >= segment.start { return time <= segment.end ? segment : nil }
        }
        return nil
    }
}
