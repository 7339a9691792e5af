import Quantities
import Wire

/// One frame of a sealed datagram; payloads are ranges of the opened bytes.
enum Frame: Equatable, Sendable {
    /// The runs of counters that arrived, newest first, and how long the newest waited.
    case acknowledgement(runs: [CounterRun], delay: TimeSpan)
    /// A whole reliable message, by the low bits of its number.
    case message(MessageClass, number: UInt16, payload: Range<Int>)
    /// A heartbeat.
    case heartbeat(payload: Range<Int>)
    /// A part of a reliable message; the one with `isLast` tells the message's length.
    case fragment(MessageClass, number: UInt16, offset: Int, isLast: Bool, payload: Range<Int>)
    /// Asks for an acknowledgement at once.
    case ping
    /// Asks whoever is at this address to repeat eight bytes.
    case pathChallenge(UInt64)
    /// The eight bytes.
    case pathResponse(UInt64)
    /// The receiver dropped the parts of a message; its sender begins it anew.
    case resetMessage(number: UInt16)
    /// The sender has forgotten the session.
    case close

    /// Whether the frame's datagram wants an acknowledgement.
    var isEliciting: Bool {
        switch self {
        case .acknowledgement, .close: false
        default: true
        }
    }
}

/// The first byte of frames: three bits of kind, five of content.
enum FrameKind {
    static let acknowledgement: UInt8 = 0x20
    static let message: UInt8 = 0x40
    static let fragment: UInt8 = 0x60
    static let ping: UInt8 = 0x80
    static let pathChallenge: UInt8 = 0x81
    static let pathResponse: UInt8 = 0x82
    static let resetMessage: UInt8 = 0x83
    static let close: UInt8 = 0x84
    // 0x85 (OFFER) and 0x86 (GRANT) are kept for messages above 64 KiB and refused in this version.

    /// In messages and fragments: a length of two bytes follows; else the payload fills the datagram.
    static let hasLength: UInt8 = 0x10
    /// In fragments: the last one of its message.
    static let isLast: UInt8 = 0x08
    static let classMask: UInt8 = 0x07
}
