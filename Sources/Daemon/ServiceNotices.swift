import Platform
import Quantities

/// What the service manager is told, and when.
///
/// It hears of life when a sampling round has been completed, whatever the round could read. Rounds that lie further
/// apart than half its patience are no sign of death: between them it is told as well, for as long as none is overdue.
struct ServiceNotices: ~Copyable {
    private let manager: ServiceSupervisor
    private var isReady = false
    private var toldAt = BootTime.distantFuture
    private var status = ""
    /// What the manager had no room for, to be said with the next.
    private var unsaid: [ServiceNotice] = []

    /// Nothing said yet.
    init(_ manager: consuming ServiceSupervisor = ServiceSupervisor()) { self.manager = manager }

    /// When `standBy` is due; the distant future where nobody watches.
    var due: BootTime {
        guard isReady, let patience = manager.watchdog else { return .distantFuture }
        return toldAt + half(patience)
    }

    /// A round of samples has been taken in, at `now`; the first one makes the agent ready.
    mutating func completedRound(_ now: BootTime, status: String) {
        var notices: [ServiceNotice] = isReady ? [] : [.ready]
        if manager.watchdog != nil { notices.append(.watchdog) }
        if status != self.status { notices.append(.status(status)) }
        isReady = true
        toldAt = now
        self.status = status
        say(notices)
    }

    /// Says it, behind what could not be said before; of that the newest few are kept.
    private mutating func say(_ notices: [ServiceNotice]) {
        let all = unsaid + notices
        guard !all.isEmpty, !manager.tell(all) else {
            unsaid = []
            return
        }
        unsaid = Array(all.filter { $0 != .watchdog }.suffix(8))
    }

    /// Tells of life between two rounds, where one is not `underWay` for too long.
    mutating func standBy(_ now: BootTime, isRoundUnderWay: Bool) {
        guard due <= now else { return }
        toldAt = now
        // The round's own end tells the next time, or nothing does.
        if !isRoundUnderWay { say([.watchdog]) }
    }

    /// The configuration is being read again; whoever waits for that waits for `reloaded`.
    mutating func reloading() { say([.reloading]) }

    /// It was read again, whatever came of it.
    mutating func reloaded(_ status: String) {
        self.status = status
        say(isReady ? [.ready, .status(status)] : [.status(status)])
    }

    /// The agent was asked to end.
    mutating func stopping() { say([.stopping, .status("stopping")]) }

    private func half(_ patience: TimeSpan) -> TimeSpan {
        TimeSpan(milliseconds: max(1, patience.milliseconds / 2))
    }
}
