/// Why bytes are no datagram of this protocol.
public enum DatagramError: Error, Equatable, Sendable {
    /// `count` bytes are too few or too many for what the first byte says.
    case length(count: Int)
    /// The first byte names no kind of datagram.
    case kind(UInt8)
    /// The protocol version is not this one.
    case version(UInt8)
    /// Bytes that must be zero are not.
    case reserved
}

/// Why the content of an authentic datagram is not well formed; `at` is the frame's offset.
public enum FrameError: Error, Equatable, Sendable {
    /// The datagram holds no frame.
    case empty
    /// The datagram holds more frames than are accepted.
    case tooMany
    /// The frame ends before its last field.
    case truncated(at: Int)
    /// The first byte names no frame of this version.
    case kind(UInt8, at: Int)
    /// The class is not known, or may not travel in this frame.
    case messageClass(UInt8, at: Int)
    /// An acknowledgement reaches below counter zero.
    case acknowledgement(at: Int)
    /// An acknowledgement names a counter that was never sent.
    case acknowledgedUnsent(UInt32)
    /// A fragment is shorter than allowed, or reaches past the longest message.
    case fragment(at: Int)
    /// A fragment contradicts earlier ones of its message.
    case inconsistentFragment(number: UInt16)
}
