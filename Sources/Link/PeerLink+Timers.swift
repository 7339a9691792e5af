import Quantities

extension PeerLink {
    /// When the next timer of this peer is due; nil when none runs.
    var nextDeadline: BootTime? {
        var next = BootTime.distantFuture
        func consider(_ time: BootTime?) {
            if let time, time < next { next = time }
        }
        consider(initiation?.sendAt)
        consider(initiation?.expiresAt)
        consider(initiationDeadline)
        consider(unconfirmed.map { $0.answeredAt + LinkTimes.unconfirmedLife })
        consider(canSend ? session?.acknowledgementDeadline : nil)
        consider(lossDeadline)
        consider(probeDeadline)
        consider(path?.deadline)
        consider(reassembly.nextDeadline)
        consider(reportDeadline)
        return next == .distantFuture ? nil : next
    }

    private var lossDeadline: BootTime? { session?.loss.lossDeadline(roundTrip: roundTrip) }
    private var probeDeadline: BootTime? { session?.loss.probeDeadline(roundTrip: roundTrip) }
    private var reportDeadline: BootTime? {
        isReportedUnresponsive ? nil : waitingSince.map { $0 + LinkTimes.silenceBeforeReport }
    }

    /// Fires the timers that are due.
    mutating func advance(to now: BootTime, newChallenge: UInt64, events: inout [LinkEvent]) {
        if let lossDeadline, lossDeadline <= now {
            resend(session?.loss.detectLost(now: now, roundTrip: roundTrip) ?? [])
        }
        if let probeDeadline, probeDeadline <= now { probe(now: now) }
        if let deadline = reassembly.nextDeadline, deadline <= now {
            resets += reassembly.dropStalled(now: now)
        }
        if let unconfirmed, unconfirmed.answeredAt + LinkTimes.unconfirmedLife <= now { self.unconfirmed = nil }
        if let initiation, initiation.expiresAt <= now { self.initiation = nil }
        if let path, path.deadline <= now { retryPath(path, newChallenge: newChallenge, now: now) }
        if let reportDeadline, reportDeadline <= now {
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
        if probeDeadline == nil, queue.isEmpty {
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
