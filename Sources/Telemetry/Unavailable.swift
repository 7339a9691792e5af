/// Why something could not be read.
public enum UnavailableReason: String, Sendable, CaseIterable {
    /// Switched off: a disabled channel, a sensor that reports its off value.
    case disabled
    /// The read succeeded and gave no bytes.
    case empty
    /// The driver has nothing to give now; a powered-down thermal zone answers so on every read.
    case tryAgain = "EAGAIN"
    /// The driver has no value for this channel.
    case noValue = "ENODATA"
    /// The file may not be read by this user.
    case permission = "EACCES"
    /// The transfer to the device failed, or any other error of the system.
    case inputOutput = "EIO"
    /// The file or its device is not there.
    case absent = "ENOENT"
    /// The bytes are not what the source is documented to give.
    case malformed
    /// This machine or this program has no way to read it.
    case notSupported = "not-supported"
    /// The source did not answer in time.
    case timeout
}

/// Something that could not be read, and why.
public struct Unavailable: Hashable, Sendable {
    /// The name of the rail, zone or cause, or the key of the sample's member that is missing.
    public var what: String
    /// Why.
    public var reason: UnavailableReason

    /// States that `what` could not be read because of `reason`.
    public init(_ what: String, _ reason: UnavailableReason) {
        self.what = what
        self.reason = reason
    }
}
