import Quantities

extension PeerLink {
    /// When the next timer of this peer is due; nil when none runs.
    var nextDeadline: BootTime? {
        var times: [BootTime?] = [
            initiation?.sendAt, initiation?.expiresAt, initiationDeadline,
            unconfirmed.map { $0.answeredAt + LinkTimes.unconfirmedLife },
            path?.deadline, reassembly.nextDeadline,
            isReportedUnresponsive ? nil : waitingSince.map { $0 + LinkTimes.silenceBeforeReport },
        ]
        if let session {
            if canSend { times.append(session.acknowledgementDeadline) }
            times.append(session.loss.lossDeadline(roundTrip: roundTrip))
            times.append(session.loss.probeDeadline(roundTrip: roundTrip))
        }
        return times.lazy.compactMap { $0 }.min()
    }

    /// Fires the timers that are due.
    mutating func advance(to now: BootTime, newChallenge: UInt64, events: inout [LinkEvent]) {
        if let session, let deadline = session.loss.lossDeadline(roundTrip: roundTrip), deadline <= now {
            let lost = self.session?.loss.detectLost(now: now, roundTrip: roundTrip) ?? []
            resend(lost)
        }
        if let session, let deadline = session.loss.probeDeadline(roundTrip: roundTrip), deadline <= now {
            probe(now: now)
        }
        if let deadline = reassembly.nextDeadline, deadline <= now {
            resets += reassembly.dropStalled(now: now)
        }
        if let unconfirmed, unconfirmed.answeredAt + LinkTimes.unconfirmedLife <= now { self.unconfirmed = nil }
        if let initiation, initiation.expiresAt <= now { self.initiation = nil }
        if let path, path.deadline <= now { retryPath(path, newChallenge: newChallenge, now: now) }
        if !isReportedUnresponsive, let waitingSince, waitingSince + LinkTimes.silenceBeforeReport <= now {
            isReportedUnresponsive = true
            events.append(.unresponsive(id))
        }
    }

    /// Sends the oldest frames under way again, or a PING where there are none.
    private mutating func probe(now: BootTime) {
        guard let frames = session?.loss.probe(now: now) else { return }
        resend(frames)
        session?.probeAllowance = 2
        session?.wantsPing = true
        if session?.loss.probeDeadline(roundTrip: roundTrip) == nil, queue.isEmpty {
            // Nothing waits for this peer; the next message asks for a new session.
            dropSession()
            waitingSince = nil
        }
    }

    /// Asks again on the new path, or goes back to the proven one.
    private mutating func retryPath(_ check: PathCheck, newChallenge: UInt64, now: BootTime) {
        if check.attempts < LinkTimes.pathAttempts {
            path?.attempts += 1
            path?.challenge = newChallenge
            path?.isDue = true
            path?.deadline = now + LinkTimes.pathTimeout
        } else {
            path = nil
            if let provenAddress { address = provenAddress }
        }
    }
}
