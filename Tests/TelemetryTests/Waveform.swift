import Quantities
import TestKit

/// A power over time that is known at every moment: straight pieces, one after the other.
struct Waveform {
    private struct Piece {
        let start: Int64
        /// Microwatts at the start.
        let level: Int64
        /// Microwatts per millisecond.
        let slope: Int64
        /// Energy from the waveform's beginning to the piece's, in half nanojoules.
        let before: Int64
    }

    private var pieces: [Piece] = []
    /// Where the waveform ends, in milliseconds.
    private(set) var length: Int64 = 0
    private var total: Int64 = 0

    /// Goes on with `level` µW for `duration` ms, rising by `slope` µW each.
    mutating func append(_ level: Int64, for duration: Int64, slope: Int64 = 0) {
        guard duration > 0 else { return }
        pieces.append(Piece(start: length, level: level, slope: slope, before: total))
        length += duration
        total += 2 * level * duration + slope * duration * duration
    }

    private func piece(at time: Int64) -> Piece {
        var (low, high) = (0, pieces.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if pieces[middle].start <= time { low = middle } else { high = middle }
        }
        return pieces[low]
    }

    /// Energy up to `time`, in half nanojoules.
    private func energy(to time: Int64) -> Int64 {
        let time = min(max(time, 0), length)
        let piece = piece(at: time)
        let into = time - piece.start
        return piece.before + 2 * piece.level * into + piece.slope * into * into
    }

    /// Energy between two moments, in nanojoules.
    func energy(from start: Int64, to end: Int64) -> Int64 { (energy(to: end) - energy(to: start)) / 2 }

    /// The mean over the `span` ms before `time`, in µW.
    func mean(over span: Int64, before time: Int64) -> Int64 {
        let start = max(0, time - span)
        guard time > start else { return pieces.first?.level ?? 0 }
        return energy(from: start, to: time) / (time - start)
    }
}

/// The shapes that a load may have; lengths in periods of a second.
enum WaveformShape: CaseIterable {
    case constant, ramp, square, bursts

    /// A waveform of this shape for a source that never draws more than `rated` µW, at least `length` ms long.
    ///
    /// Means over `averaged` ms hide what repeats about as often as that or several times as often; no square does.
    func waveform(
        rated: Int64, floor: Int64, length: Int64, hiddenBy averaged: Int64? = nil, _ random: inout SeededRandom
    ) -> Waveform {
        var waveform = Waveform()
        switch self {
        case .constant: waveform.append(random.number(in: floor...rated), for: length)
        case .ramp:
            // Up and down again, from slow drift to the whole range in seconds.
            let climb = random.number(in: 5000...length)
            let low = random.number(in: 0...rated / 2)
            let slope = max(1, (rated - low) / climb)
            while waveform.length < length {
                waveform.append(low, for: climb, slope: slope)
                waveform.append(low + slope * climb, for: climb, slope: -slope)
            }
        case .square:
            // Two levels with any duty; each is held for a tenth of a period to five periods.
            let levels = [random.number(in: 0...rated), random.number(in: 0...rated)]
            var holds: [Int64]
            repeat {
                holds = [random.number(in: 100...5000), random.number(in: 100...5000)]
            } while WaveformShape.hides(holds[0] + holds[1], averaged)
            waveform.append(levels[1], for: random.number(in: 0...holds[1]))
            while waveform.length < length {
                for side in 0...1 { waveform.append(levels[side], for: holds[side]) }
            }
        case .bursts:
            // A quiet level, and bursts of any height and of a tenth of a period to five periods, at any distance.
            let quiet = random.number(in: 0...rated / 2)
            while waveform.length < length {
                waveform.append(quiet, for: random.number(in: 100...10_000))
                waveform.append(random.number(in: quiet...rated), for: random.number(in: 100...5000))
            }
        }
        return waveform
    }

    /// Whether what repeats every `cycle` ms fits, within a tenth of it, a whole number of times into `averaged` ms.
    private static func hides(_ cycle: Int64, _ averaged: Int64?) -> Bool {
        guard let averaged, cycle * 9 < averaged * 10 else { return false }
        let rest = averaged % cycle
        return min(rest, cycle - rest) * 10 < cycle
    }
}
