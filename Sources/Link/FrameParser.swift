import Quantities
import Wire

extension Frame {
    /// The frames in the opened bytes of a datagram, all of them or none.
    ///
    /// Payloads are within `bytes`, classes fit their frames, and fragments lie within the longest message.
    static func parse(_ bytes: Span<UInt8>) throws(FrameError) -> [Frame] {
        guard bytes.count > 0 else { throw .empty }
        var frames: [Frame] = []
        var reader = ByteReader(bytes)
        while reader.remaining > 0 {
            guard frames.count < LinkLimits.framesPerDatagram else { throw .tooMany }
            frames.append(try next(&reader))
        }
        return frames
    }

    private static func next(_ reader: inout ByteReader) throws(FrameError) -> Frame {
        let start = reader.offset
        let kind = UInt8(truncatingIfNeeded: try number(&reader, 1, start))
        switch kind {
        case 0x20...0x3f: return try acknowledgement(&reader, holes: Int(kind & 0x1f), start)
        case 0x40...0x5f: return try message(&reader, kind, start)
        case 0x60...0x7f: return try fragment(&reader, kind, start)
        case FrameKind.ping: return .ping
        case FrameKind.pathChallenge: return .pathChallenge(try number(&reader, 8, start))
        case FrameKind.pathResponse: return .pathResponse(try number(&reader, 8, start))
        case FrameKind.resetMessage:
            return .resetMessage(number: UInt16(truncatingIfNeeded: try number(&reader, 2, start)))
        case FrameKind.close: return .close
        default: throw .kind(kind, at: start)
        }
    }

    private static func acknowledgement(
        _ reader: inout ByteReader, holes: Int, _ start: Int
    ) throws(FrameError) -> Frame {
        var high = UInt32(truncatingIfNeeded: try number(&reader, 4, start))
        let delay = TimeSpan.milliseconds(Int64(try number(&reader, 1, start)))
        var runs: [CounterRun] = []
        for index in 0...holes {
            if index > 0, let last = runs.last {
                let missing = UInt32(truncatingIfNeeded: try number(&reader, 1, start)) + 1
                // The run below begins under the missing counters, and counters end at zero.
                guard last.low > missing else { throw .acknowledgement(at: start) }
                high = last.low - missing - 1
            }
            let length = UInt32(truncatingIfNeeded: try number(&reader, 1, start))
            guard high >= length else { throw .acknowledgement(at: start) }
            runs.append(CounterRun(low: high - length, high: high))
        }
        return .acknowledgement(runs: runs, delay: delay)
    }

    private static func message(_ reader: inout ByteReader, _ kind: UInt8, _ start: Int) throws(FrameError) -> Frame {
        guard kind & FrameKind.isLast == 0 else { throw .kind(kind, at: start) }
        let messageClass = try messageClass(kind, start)
        if messageClass == .heartbeat { return .heartbeat(payload: try payload(&reader, kind, start)) }
        let low = UInt16(truncatingIfNeeded: try number(&reader, 2, start))
        return .message(messageClass, number: low, payload: try payload(&reader, kind, start))
    }

    private static func fragment(_ reader: inout ByteReader, _ kind: UInt8, _ start: Int) throws(FrameError) -> Frame {
        let messageClass = try messageClass(kind, start)
        guard messageClass != .heartbeat else { throw .messageClass(messageClass.rawValue, at: start) }
        let low = UInt16(truncatingIfNeeded: try number(&reader, 2, start))
        let offset = Int(try number(&reader, 3, start))
        let isLast = kind & FrameKind.isLast != 0
        let payload = try payload(&reader, kind, start)
        guard payload.count >= (isLast ? 1 : LinkLimits.shortestFragment),
            offset + payload.count <= LinkLimits.messageLength
        else { throw .fragment(at: start) }
        return .fragment(messageClass, number: low, offset: offset, isLast: isLast, payload: payload)
    }

    private static func messageClass(_ kind: UInt8, _ start: Int) throws(FrameError) -> MessageClass {
        guard let messageClass = MessageClass(rawValue: kind & FrameKind.classMask) else {
            throw .messageClass(kind & FrameKind.classMask, at: start)
        }
        return messageClass
    }

    private static func payload(
        _ reader: inout ByteReader, _ kind: UInt8, _ start: Int
    ) throws(FrameError) -> Range<Int> {
        let count =
            kind & FrameKind.hasLength != 0 ? Int(try number(&reader, 2, start)) : reader.remaining
        let offset = reader.offset
        do throws(ByteReaderError) {
            _ = try reader.bytes(count)
        } catch { throw .truncated(at: start) }
        return offset..<(offset + count)
    }

    private static func number(_ reader: inout ByteReader, _ count: Int, _ start: Int) throws(FrameError) -> UInt64 {
        do throws(ByteReaderError) {
            return try reader.littleEndian(count)
        } catch { throw .truncated(at: start) }
    }
}
