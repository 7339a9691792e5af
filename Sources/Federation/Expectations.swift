import Cryptography
import Ledger
import Quantities

/// What a run of one kind is expected to take, at whatever place.
///
/// A few runs say little of a kind: what a task asks for differs from one to the next. What they say is weighed with
/// what runs on other sizes at the same place say, as far as both sizes compare on this board, or, where it has not run
/// both, at the place where both are known best. Nobody's runs but its own say what this board takes.
public struct Expectations {
    private typealias Key = Predictor.Key
    private typealias Entry = Predictor.Entry

    private let predictor: Predictor
    private let kind: TaskKind
    private let here: PlatformID
    /// In ascending order of the other size.
    private let comparisons: [Comparison]

    /// How runs of the kind compare to those on another size: on this board where it has run both, else where both are
    /// known best; and at the second best.
    private struct Comparison {
        var other: TaskKind
        var best: Witness
        var second: Witness?

        /// The best that is not `place` itself.
        func witness(for place: PlatformID) -> Witness? { best.place == place ? second : best }

        mutating func add(_ witness: Witness) {
            if witness.precedes(best) {
                second = best
                best = witness
            } else if second.map({ witness.precedes($0) }) ?? true {
                second = witness
            }
        }
    }

    /// A place where runs on both sizes were measured.
    private struct Witness {
        var place: PlatformID
        var isOwn: Bool
        var wanted: Entry
        var known: Entry

        /// How many runs it stands for, in 1/256.
        var weight: Int64 { Expectations.weight(of: wanted.energy, known.energy) }

        func precedes(_ other: Witness) -> Bool {
            if isOwn != other.isOwn { return isOwn }
            return weight != other.weight ? weight > other.weight : place < other.place
        }
    }

    /// What `predictor` knows of runs of `operation` on inputs of `inputSize`; `here` is this board.
    /// - Complexity: O(n + mp) for n predictions, of which m are of the operation, at p places.
    public init(_ predictor: Predictor, of operation: Operation, inputSize: ByteCount, here: PlatformID) {
        self.predictor = predictor
        kind = TaskKind(operation, inputSize: inputSize)
        self.here = here
        var known: [(key: Key, entry: Entry)] = []
        for (key, entry) in predictor.entries where key.kind.operation == operation { known.append((key, entry)) }
        var found: [Comparison?] = Array(repeating: nil, count: Int(TaskKind.highestBucket) + 1)
        for (key, wanted) in known where key.kind == kind {
            for (other, entry) in known where other.place == key.place && other.kind != kind {
                let witness = Witness(place: key.place, isOwn: key.place == here, wanted: wanted, known: entry)
                let bucket = Int(other.kind.bucket)
                if found[bucket] == nil {
                    found[bucket] = Comparison(other: other.kind, best: witness)
                } else {
                    found[bucket]?.add(witness)
                }
            }
        }
        comparisons = found.compactMap { $0 }
    }

    /// What a run will take at `place`: what was measured there, weighed with what runs on other sizes say of it; or
    /// else what is `stated` of an ordinary run.
    ///
    /// What is stated of an ordinary run is taken for one on this size as `yardstick` says.
    public func at(
        _ place: PlatformID, stated: ServedOperation?, memory: ByteCount, basis: PredictionBasis,
        yardstick: Yardstick = .ordinary
    ) -> Prediction {
        let (key, told) = (Key(place: place, kind: kind), told(of: place))
        if let entry = predictor.entries[key], let measured = predictor.prediction(of: key) {
            return told.map { Expectations.weighed(measured, entry, $0) } ?? measured
        }
        let unseen = UInt32(clamping: predictor.runs[kind] ?? 0)
        let time = yardstick.time(of: stated?.typicalTime ?? .zero)
        let energy = yardstick.energy(of: stated?.typicalEnergy ?? .zero)
        guard let told else {
            return Prediction(unmeasuredTime: time, energy: energy, memory: memory, basis: basis, unseen: unseen)
        }
        return Prediction(
            unmeasuredTime: .milliseconds(told.time.mean(near: stated == nil ? nil : time.milliseconds)),
            energy: Energy(millijoules: told.energy.mean(near: stated == nil ? nil : energy.millijoules)),
            memory: memory, basis: basis, unseen: unseen, uncertainty: Prediction.siblingUncertainty)
    }

    /// `measured`, which `entry` says, weighed with what is `told`.
    private static func weighed(
        _ measured: Prediction, _ entry: Entry, _ told: (time: Told, energy: Told)
    ) -> Prediction {
        let time = weighed(measured.time.milliseconds, measured.timeP95.milliseconds, entry.time, told.time)
        let energy = weighed(measured.energy.millijoules, measured.energyP95.millijoules, entry.energy, told.energy)
        // The standard error falls with the root of the runs.
        let own = entry.energy.weight * 256
        let error = Int64(squareRoot(UInt64((own << 16) / (own + told.energy.weight))))
        return Prediction(
            time: .milliseconds(time.mean), timeP95: .milliseconds(time.bound),
            energy: Energy(millijoules: energy.mean), energyP95: Energy(millijoules: energy.bound),
            memory: measured.memory, basis: measured.basis, runs: measured.runs, unseen: measured.unseen,
            uncertainty: BasisPoints(clamping: Int64(measured.uncertainty.value) * error / 256))
    }

    private static func weighed(
        _ mean: Int64, _ bound: Int64, _ own: MovingStatistic, _ told: Told
    ) -> (mean: Int64, bound: Int64) {
        let weight = own.weight * 256
        let sum = Int128(mean) * Int128(weight) + Int128(told.mean(near: mean)) * Int128(told.weight)
        let both = Int64(clamping: sum / Int128(weight + told.weight))
        // What is told of the mean says nothing of how far runs are from it: what is locked is no less for it.
        return (both, max(bound, scaled(bound, by: max(1, both), over: max(1, mean)) ?? .max))
    }

    /// A mean that another size tells, and how many runs of this one it is worth, in 1/256.
    private struct Told {
        var mean: Int64
        var weight: Int64

        /// The mean, at most four times more or less than `anchor`: one place cannot make out sizes to compare at will.
        func mean(near anchor: Int64?) -> Int64 {
            guard let anchor else { return mean }
            return max(anchor / Told.farthest, min(mean, scaled(anchor, by: Told.farthest, over: 1) ?? .max))
        }

        private static let farthest: Int64 = 4
    }

    /// What the size that tells the most says of `place`.
    private func told(of place: PlatformID) -> (time: Told, energy: Told)? {
        guard place != here else { return nil }
        var best: (time: Told, energy: Told)?
        for comparison in comparisons {
            guard let witness = comparison.witness(for: place),
                let here = predictor.entries[Key(place: place, kind: comparison.other)]
            else { continue }
            let energy = Expectations.told(here.energy, witness.wanted.energy, witness.known.energy)
            guard energy.weight > best?.energy.weight ?? 0 else { continue }
            best = (Expectations.told(here.time, witness.wanted.time, witness.known.time), energy)
        }
        return best
    }

    private static func told(_ here: MovingStatistic, _ wanted: MovingStatistic, _ known: MovingStatistic) -> Told {
        Told(
            mean: scaled(here.mean, by: max(1, wanted.mean), over: max(1, known.mean)) ?? MovingStatistic.largest,
            weight: weight(of: here, wanted, known))
    }

    /// How many runs a figure is worth that is made of `parts`, in 1/256.
    ///
    /// Its variance is the sum of theirs, and an eighth of that of a single run, since sizes do not compare alike at
    /// all places: so it is worth less than eight.
    private static func weight(of parts: MovingStatistic...) -> Int64 {
        var variance: Int64 = (1 << 16) / 8
        for part in parts { variance += (1 << 16) / part.weight }
        return (256 << 16) / variance
    }
}
