import Quantities
import Wire

extension PeerLink {
    /// Bytes of frames that the next datagram may hold.
    private var frameLimit: Int {
        let length = path.map { min($0.allowance, LinkLimits.datagramLength) } ?? LinkLimits.datagramLength
        return length - SealedHeader.overhead
    }

    /// Whether the session can send at least an acknowledgement now.
    var canSend: Bool {
        address != nil && frameLimit >= FrameWriter.shortestAcknowledgement && session?.canSeal == true
    }

    /// The next datagram of the session; nil when nothing is to be sent.
    mutating func nextSealed(now: BootTime) -> OutgoingDatagram? {
        guard canSend, hasFramesToSend(now: now), let address, var session else { return nil }
        // Held by one owner while it changes, so that nothing is copied.
        self.session = nil
        defer { self.session = session }

        var writer = FrameWriter(limit: frameLimit)
        let acknowledged = session.writeAcknowledgement(to: &writer, now: now)
        let start = writer.bytes.count
        writePathFrames(to: &writer)
        if session.wantsPing, writer.short(FrameKind.ping) { session.wantsPing = false }
        var frames = writeResets(to: &writer)
        writeMessages(to: &writer, session: session, frames: &frames)
        let isEliciting = writer.bytes.count > start
        guard isEliciting || (acknowledged != nil && session.owesAcknowledgement(now: now)) else { return nil }

        if acknowledged != nil { session.acknowledgementSent() }
        if isEliciting {
            session.loss.sent(
                SentPacket(counter: session.nextCounter, sentAt: now, frames: frames, acknowledges: acknowledged))
            session.probeAllowance = max(0, session.probeAllowance - 1)
            expectAnswer(now: now)
        }
        let datagram = session.seal(writer.finished())
        path?.allowance -= datagram.count
        datagramsSent += 1
        return OutgoingDatagram(bytes: datagram, destination: address)
    }

    /// Whether anything waits for the next datagram, acknowledgements that may wait longer left aside.
    private func hasFramesToSend(now: BootTime) -> Bool {
        guard let session else { return false }
        return session.owesAcknowledgement(now: now) || session.wantsPing || pathAnswer != nil || path?.isDue == true
            || !resets.isEmpty
            || queue.next(inFlight: session.loss.inFlight.count, isProbe: session.probeAllowance > 0) != nil
    }

    private mutating func writePathFrames(to writer: inout FrameWriter) {
        if let value = pathAnswer, writer.short(FrameKind.pathResponse, value, count: 8) { pathAnswer = nil }
        if let check = path, check.isDue, writer.short(FrameKind.pathChallenge, check.challenge, count: 8) {
            path?.isDue = false
        }
    }

    private mutating func writeResets(to writer: inout FrameWriter) -> [SentFrame] {
        var frames: [SentFrame] = []
        while let number = resets.first, writer.short(FrameKind.resetMessage, number & 0xffff, count: 2) {
            resets.removeFirst()
            frames.append(.resetMessage(number))
        }
        return frames
    }

    /// Fills the datagram with parts, the most urgent first, until the next one does not fit.
    private mutating func writeMessages(to writer: inout FrameWriter, session: Session, frames: inout [SentFrame]) {
        let inFlight = session.loss.inFlight.count
        let isProbe = session.probeAllowance > 0
        while let (message, part) = queue.next(inFlight: inFlight, isProbe: isProbe) {
            let hasRoom: Bool
            if message.partCount == 1 {
                hasRoom = writer.message(message.messageClass, number: message.number, payload: message.bytes)
            } else {
                hasRoom = writer.fragment(
                    message.messageClass, number: message.number, offset: message.range(of: part.index).lowerBound,
                    isLast: part.index == message.partCount - 1, payload: message.bytes[message.range(of: part.index)])
            }
            guard hasRoom else { return }
            queue.markSent(part)
            if part.messageClass.isReliable { frames.append(.part(part)) }
        }
    }
}
