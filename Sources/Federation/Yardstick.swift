import Quantities

/// How a run on an input of one size compares to an ordinary run, by what one place measured and states.
///
/// A platform states what an ordinary run takes, and nothing of other sizes. Until a place was measured, its runs are
/// taken to be longer or shorter than an ordinary one as those of a place that was.
public struct Yardstick: Sendable {
    private let time: (measured: Int64, stated: Int64)
    private let energy: (measured: Int64, stated: Int64)

    /// Every run is an ordinary one.
    public static let ordinary = Yardstick(time: (1, 1), energy: (1, 1))

    private init(time: (measured: Int64, stated: Int64), energy: (measured: Int64, stated: Int64)) {
        self.time = time
        self.energy = energy
    }

    /// The yardstick of a place with `measured` runs of the size at hand that is `stated` to take so much ordinarily;
    /// `ordinary` where one of both is missing or nothing.
    public init(measured: Prediction?, stated: ServedOperation?) {
        guard let measured, let stated, stated.typicalTime > .zero, stated.typicalEnergy > .zero else {
            self = .ordinary
            return
        }
        time = (max(1, measured.time.milliseconds), stated.typicalTime.milliseconds)
        energy = (max(1, measured.energy.millijoules), stated.typicalEnergy.millijoules)
    }

    /// The time of a run on this size where an ordinary one takes `ordinary`.
    public func time(of ordinary: TimeSpan) -> TimeSpan {
        .milliseconds(scaled(ordinary.milliseconds, by: time.measured, over: time.stated) ?? .max)
    }

    /// The energy of a run on this size where an ordinary one takes `ordinary`.
    public func energy(of ordinary: Energy) -> Energy {
        Energy(millijoules: scaled(ordinary.millijoules, by: energy.measured, over: energy.stated) ?? .max)
    }
}
