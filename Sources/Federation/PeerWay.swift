import Quantities

/// How fast input gets to a peer, learned from the time that peers take to say that they have a task.
public struct PeerWay: Hashable, Sendable {
    /// Milliseconds for a MiB.
    private var perMebibyte: MovingStatistic?

    /// What is assumed before anything was sent: 20 Mbit/s, a slow Wi-Fi.
    public static let assumedBytesPerSecond: Int64 = 2_500_000
    /// Less input than this tells nothing of the rate.
    static let leastInput = ByteCount.kibibytes(16)

    /// A way on which nothing was sent yet.
    public init() {}

    /// Takes in that a task with an input of `size` was answered after `elapsed`, where a message without input takes
    /// `roundTrip`.
    public mutating func record(_ size: ByteCount, elapsed: TimeSpan, roundTrip: TimeSpan) {
        guard size >= PeerWay.leastInput else { return }
        let transfer = max(.milliseconds(1), elapsed - roundTrip)
        guard let rate = scaled(transfer.milliseconds, by: 1_048_576, over: size.bytes) else { return }
        if perMebibyte == nil {
            perMebibyte = MovingStatistic(first: rate)
        } else {
            perMebibyte?.add(rate)
        }
    }

    /// Rate at which input gets there, in bytes per second; at least one.
    public var bytesPerSecond: Int64 {
        guard let perMebibyte else { return PeerWay.assumedBytesPerSecond }
        return max(1, scaled(1_048_576, by: 1_000, over: max(1, perMebibyte.mean)) ?? .max)
    }
}
