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
    /// What stands in the file's place is none: a folder, a pipe, a socket or a device.
    case notFile = "not-a-file"
    /// The bytes are not what the source is documented to give.
    case malformed
    /// This machine or this program has no way to read it.
    case notSupported = "not-supported"
    /// The source did not answer in time.
    case timeout
    /// Another source is read from the same meter.
    case counted = "counted-already"
    /// The board itself is read from the same meter.
    case board = "counted-in-board"
    /// It says what was negotiated with a supply, and measures nothing.
    case negotiated = "not-measured"
    /// It is the battery of a device, such as a mouse, and feeds nothing else.
    case device = "feeds-a-device"
}

/// Something that could not be read, and why.
public struct Unavailable: Hashable, Sendable {
    /// The name of the rail, zone or cause, or the key of the sample's member that is missing.
    public var what: String
    /// Why.
    public var reason: UnavailableReason
    /// The source that the meter counts for in its place; nil where there is none.
    public var by: String?

    /// States that `what` could not be read because of `reason`.
    public init(_ what: String, _ reason: UnavailableReason, by: String? = nil) {
        self.what = what
        self.reason = reason
        self.by = by
    }

    /// The reason in one phrase, with the source that has the meter instead.
    public var text: String { by.map { reason.rawValue + ", " + $0 } ?? reason.rawValue }

    /// Why a source is not read from a meter that is there; nil where it is another reason.
    public var refusal: String? {
        switch reason {
        case .counted: "its meter is the one that " + (by ?? "another source") + " is read from, and counts once"
        case .board: "its meter is one of the board's own, whose energy the board's source counts"
        case .negotiated: "it shows what was negotiated with a USB supply, and measures nothing"
        case .device: "it is the battery of a device, such as a mouse, and feeds nothing else"
        default: nil
        }
    }
}
