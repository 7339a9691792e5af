import Quantities
import Wire

/// What a prediction rests on.
public enum PredictionBasis: UInt8, Sendable, CaseIterable {
    /// Runs that were measured from here.
    case measured = 1
    /// What the platform says about itself.
    case stated = 2
    /// The hardware profile.
    case profile = 3

    /// The basis in the words of output.
    public var name: String {
        switch self {
        case .measured: "measured"
        case .stated: "stated"
        case .profile: "profile"
        }
    }
}

/// What one run of an operation will take at one place.
public struct Prediction: Hashable, Sendable {
    /// Mean time.
    public let time: TimeSpan
    /// Time that nineteen runs of twenty stay within.
    public let timeP95: TimeSpan
    /// Mean energy.
    public let energy: Energy
    /// Energy that nineteen runs of twenty stay within: what is locked for it.
    public let energyP95: Energy
    /// Memory that nineteen runs of twenty stay within.
    public let memory: ByteCount
    /// What it rests on.
    public let basis: PredictionBasis
    /// Runs it rests on.
    public let runs: UInt32
    /// Runs of the same kind that were measured elsewhere since the last one here.
    public let unseen: UInt32
    /// By what share the energy is off ordinarily.
    public let uncertainty: BasisPoints

    /// A prediction; negative numbers count as nothing and large ones as the largest there are.
    public init(
        time: TimeSpan, timeP95: TimeSpan, energy: Energy, energyP95: Energy, memory: ByteCount,
        basis: PredictionBasis, runs: UInt32, unseen: UInt32 = 0, uncertainty: BasisPoints = .zero
    ) {
        self.time = max(.zero, min(time, FederationLimits.longestTaskTime))
        self.timeP95 = max(self.time, min(timeP95, FederationLimits.longestTaskTime))
        self.energy = max(.zero, min(energy, .largest))
        self.energyP95 = max(self.energy, min(energyP95, .largest))
        self.memory = max(.zero, memory)
        self.basis = basis
        self.runs = runs
        self.unseen = unseen
        self.uncertainty = uncertainty
    }

    /// The benefit of the doubt: the share by which a run is taken to be cheaper than predicted.
    ///
    /// Half of the uncertainty is taken off, and of what is left, since the place may have changed while nobody looked,
    /// half after `doubtAfter` runs elsewhere, two thirds after twice as many, and so on.
    ///
    /// A place that was found, or said to be, so much dearer than the best is tried again after so many times more
    /// runs: what trying costs is the same share for every place.
    public var doubt: BasisPoints {
        let left = (20_000 - Int64(uncertainty.value)) / 2
        let doubt = 10_000 - left * Prediction.doubtAfter / (Prediction.doubtAfter + Int64(unseen))
        return BasisPoints(clamping: runs > 0 ? doubt : min(doubt, Prediction.largestDoubtOfWord))
    }

    /// Runs elsewhere after which half is taken off.
    static let doubtAfter: Int64 = 300
    /// Of what was never measured: a word may be any, and is not to win however high it is.
    private static let largestDoubtOfWord: Int64 = 7_500
    /// By how much the word of a platform, or of a profile, is off ordinarily.
    public static let unmeasuredUncertainty = BasisPoints(clamping: 6_000)
    /// By how much runs on inputs of another size tell of one.
    static let siblingUncertainty = BasisPoints(clamping: 4_000)

    /// How likely it is that a run takes longer than `left`, told from its mean and its bound alone.
    ///
    /// It is what it would be if times had a log-normal distribution with a bound of one and a half to twice the mean,
    /// up to four times the distance of the bound; from five times on it counts as never.
    public func lateness(within left: TimeSpan) -> BasisPoints {
        guard left > .zero else { return .one }
        let distance = Int64(clamping: Int128(left.milliseconds) - Int128(time.milliseconds))
        let spread = max(1, timeP95.milliseconds - time.milliseconds)
        guard distance < spread * 5 else { return .zero }
        // In 1/64 of the distance from the mean to the bound.
        let place = distance * 64 / spread
        func between(_ low: Int64, _ shareAtLow: Int64, _ high: Int64, _ shareAtHigh: Int64) -> BasisPoints {
            BasisPoints(clamping: shareAtLow + (shareAtHigh - shareAtLow) * (place - low) / (high - low))
        }
        switch place {
        case ..<(-64): return .one
        case ..<(-32): return between(-64, 10_000, -32, 8_400)
        case ..<0: return between(-32, 8_400, 0, 4_300)
        case ..<32: return between(0, 4_300, 32, 1_500)
        case ..<64: return between(32, 1_500, 64, 500)
        case ..<96: return between(64, 500, 96, 170)
        case ..<128: return between(96, 170, 128, 60)
        case ..<192: return between(128, 60, 192, 15)
        default: return between(192, 15, 320, 0)
        }
    }

    /// A prediction without a single run: twice the mean is taken for the bound.
    public init(
        unmeasuredTime time: TimeSpan, energy: Energy, memory: ByteCount, basis: PredictionBasis, unseen: UInt32 = 0,
        uncertainty: BasisPoints = Prediction.unmeasuredUncertainty
    ) {
        self.init(
            time: time, timeP95: time * 2, energy: energy,
            energyP95: Energy(millijoules: Int64(clamping: Int128(energy.millijoules) * 2)), memory: memory,
            basis: basis, runs: 0, unseen: unseen, uncertainty: uncertainty)
    }
}

/// What the hardware profile says of an operation, until runs are measured.
public struct OperationPrior: Hashable, Sendable {
    /// Time of a run on nothing.
    public let baseTime: TimeSpan
    /// Time for each MiB of input.
    public let timePerMebibyte: TimeSpan
    /// Energy of a run on nothing.
    public let baseEnergy: Energy
    /// Energy for each MiB of input.
    public let energyPerMebibyte: Energy
    /// Memory of a run.
    public let memory: ByteCount

    /// A prior.
    public init(
        baseTime: TimeSpan, timePerMebibyte: TimeSpan, baseEnergy: Energy, energyPerMebibyte: Energy,
        memory: ByteCount
    ) {
        self.baseTime = baseTime
        self.timePerMebibyte = timePerMebibyte
        self.baseEnergy = baseEnergy
        self.energyPerMebibyte = energyPerMebibyte
        self.memory = memory
    }

    /// The prediction for an input of `size`.
    public func prediction(inputSize size: ByteCount) -> Prediction {
        let mebibyte: Int64 = 1_048_576
        let bytes = max(0, size.bytes)
        let time = scaled(timePerMebibyte.milliseconds, by: bytes, over: mebibyte) ?? 0
        let energy = scaled(energyPerMebibyte.millijoules, by: bytes, over: mebibyte) ?? 0
        return Prediction(
            unmeasuredTime: baseTime + TimeSpan(milliseconds: time),
            energy: baseEnergy.adding(Energy(millijoules: energy)) ?? .largest, memory: memory, basis: .profile)
    }
}
