import Quantities
import Wire

/// The frames of one datagram under construction, within a length.
struct FrameWriter {
    /// What has been written.
    private(set) var bytes: [UInt8] = []
    /// Bytes that may be written in all.
    let limit: Int
    /// Where the last frame begins and has its length, if it is one with a length.
    private var lastLength: (kind: Int, length: Int)?

    /// Bytes of a fragment frame around its payload.
    static let fragmentOverhead = 1 + 2 + 3 + 2
    /// Bytes of an acknowledgement with one run.
    static let shortestAcknowledgement = 7

    /// A writer for at most `limit` bytes.
    init(limit: Int) {
        self.limit = limit
        bytes.reserveCapacity(limit)
    }

    /// Bytes left.
    var room: Int { limit - bytes.count }

    /// Appends an acknowledgement with as many runs as the frame, the gaps and the room allow.
    ///
    /// Runs are told up to 256 counters long, holes up to 256; what lies below is left out.
    /// - Returns: whether there was anything to tell and room for it.
    mutating func acknowledgement(_ runs: [CounterRun], delay: TimeSpan) -> Bool {
        guard let first = runs.first, room >= FrameWriter.shortestAcknowledgement else { return false }
        let kindOffset = bytes.count
        begin(FrameKind.acknowledgement)
        append(UInt64(first.high), 4)
        append(UInt64(min(max(delay, .zero), LinkTimes.longestToldDelay).milliseconds), 1)
        append(UInt64(min(first.high - first.low, 255)), 1)
        var previous = first
        for (index, run) in runs.enumerated().dropFirst() {
            let missing = previous.low - run.high - 1
            guard previous.high - previous.low <= 255, missing <= 256, room >= 2 else { break }
            append(UInt64(missing - 1), 1)
            append(UInt64(min(run.high - run.low, 255)), 1)
            bytes[kindOffset] = FrameKind.acknowledgement | UInt8(truncatingIfNeeded: index)
            previous = run
        }
        return true
    }

    /// Appends a whole message, or a heartbeat, where there is room.
    mutating func message(_ messageClass: MessageClass, number: UInt64, payload: [UInt8]) -> Bool {
        let isNumbered = messageClass != .heartbeat
        guard room >= (isNumbered ? 5 : 3) + payload.count else { return false }
        let kindOffset = bytes.count
        begin(FrameKind.message | FrameKind.hasLength | messageClass.rawValue)
        if isNumbered { append(number & 0xffff, 2) }
        appendPayload(payload[...], kindOffset)
        return true
    }

    /// Appends a part of a message where there is room.
    mutating func fragment(
        _ messageClass: MessageClass, number: UInt64, offset: Int, isLast: Bool, payload: ArraySlice<UInt8>
    ) -> Bool {
        guard room >= FrameWriter.fragmentOverhead + payload.count else { return false }
        let kindOffset = bytes.count
        begin(FrameKind.fragment | FrameKind.hasLength | (isLast ? FrameKind.isLast : 0) | messageClass.rawValue)
        append(number & 0xffff, 2)
        append(UInt64(offset), 3)
        appendPayload(payload, kindOffset)
        return true
    }

    /// Appends a frame of one byte and `value` of `count` bytes (0 for none) where there is room.
    mutating func short(_ kind: UInt8, _ value: UInt64 = 0, count: Int = 0) -> Bool {
        guard room >= 1 + count else { return false }
        begin(kind)
        if count > 0 { append(value, count) }
        return true
    }

    /// The frames; the last one, if it has a length, goes without: it fills the datagram.
    consuming func finished() -> [UInt8] {
        if let lastLength {
            bytes[lastLength.kind] &= ~FrameKind.hasLength
            bytes.removeSubrange(lastLength.length..<(lastLength.length + 2))
        }
        return bytes
    }

    private mutating func begin(_ kind: UInt8) {
        bytes.append(kind)
        lastLength = nil
    }

    private mutating func appendPayload(_ payload: ArraySlice<UInt8>, _ kindOffset: Int) {
        lastLength = (kindOffset, bytes.count)
        append(UInt64(payload.count), 2)
        bytes += payload
    }

    private mutating func append(_ value: UInt64, _ count: Int) {
        for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
    }
}
