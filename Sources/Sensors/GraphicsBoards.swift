import CHardware
import Platform
import Quantities
import Telemetry

/// What one graphics board showed.
struct GraphicsBoard {
    /// Its rail and zone, `gpu-` and the library's number for it.
    let name: String
    /// What it is called; nil where that is no text.
    let title: String?
    /// Its identity, which stays when numbers move; nil where that is no text.
    let identity: String?
    /// Readings by metric.
    fileprivate(set) var values: [GraphicsMetric: Int64] = [:]
    /// What its energy counter gained, counted once for every answer.
    fileprivate(set) var counter: EnergyCounter.Reading?
    /// When it was read: between the question and the answer.
    fileprivate(set) var time: ReadingTime
    /// Why others are missing.
    fileprivate(set) var failures: [(metric: GraphicsMetric, reason: UnavailableReason)] = []
    /// Whether it went away.
    fileprivate(set) var isLost = false
    /// What is still asked.
    fileprivate var mask = GraphicsMetric.all

    /// What is known and hardly changes, as bits.
    fileprivate var settled: UInt32 {
        GraphicsMetric.settled.reduce(0) { values[$1] == nil ? $0 : $0 | $1.mask }
    }

    /// What its counter is known by.
    var counterKey: String { identity ?? name }

    /// Whether the library never tells this about this board.
    func lacks(_ metric: GraphicsMetric) -> Bool { mask & metric.mask == 0 }
}

/// The graphics boards of NVIDIA, through the driver's library on a thread of its own.
///
/// The library is asked once a sample and waited for shortly; what it does not answer in time is shown as it was and
/// with the time that it had, and as overdue when that is too old. An answer that comes late is asked for anew. Each
/// metric is believed only after a reading: on a Jetson the library starts up and supports next to nothing. A library
/// that supports nothing at all is let go.
@safe
final class GraphicsBoards {
    /// The library of the driver, as the linker finds it.
    static let library = "libnvidia-ml.so.1"

    private enum State {
        /// Nothing was heard yet.
        case starting
        /// The boards of the last answer.
        case ready
        /// The library or the driver refused; to be tried again at a time.
        case refused(UnavailableReason, again: BootTime)
        /// Nothing can be had from it.
        case useless
    }

    private let path: String
    /// The thread; nil while the library is let go.
    private var handle: OpaquePointer?
    private var state = State.starting
    private var startedAt: BootTime?
    /// When the question was asked that is not answered yet.
    private var askedAt: BootTime?
    /// When the answer that is in `boards` was read.
    private var answered: ReadingTime?
    private var lookAgainAt: BootTime?
    /// When the metrics that hardly change are asked again.
    private var settledUntil: BootTime?
    private var boards: [GraphicsBoard] = []
    /// What was read of each board's energy counter; kept while the library is let go.
    private var counters: [String: EnergyCounter] = [:]

    /// Boards through the library at `path`, which is loaded by the first look.
    init(library path: String) {
        self.path = path
        unsafe handle = nil
    }

    deinit { letGo() }

    private func letGo() {
        guard let running = unsafe handle else { return }
        unsafe chardware_nvml_abandon(running)
        unsafe handle = nil
        askedAt = nil
    }

    /// What a look shows.
    struct Look {
        /// The boards, in the library's order; those that are overdue are lost.
        var boards: [GraphicsBoard] = []
        /// Why there are none that should be.
        var refusal: UnavailableReason?
        /// Whether more may come out of the first answer, so that what is there is not yet all.
        var isOpen = false
    }

    /// Whether nothing was heard yet.
    var isStarting: Bool {
        if case .starting = state { true } else { false }
    }

    /// Asks the boards, where no question is open; false where the library cannot be called at all.
    @discardableResult
    func ask(at now: BootTime) -> Bool {
        startedAt = startedAt ?? now
        switch state {
        case .useless: return true
        case .refused(_, let again) where now < again: return true
        default: break
        }
        guard let running = unsafe started() else { return false }
        unsafe ask(running, now)
        return true
    }

    /// Asks the boards, and waits at most `SensorLimits.graphicsPatience` for them; twice where the answer to an
    /// older question comes first.
    func look(at now: BootTime) -> Look {
        guard ask(at: now) else { return Look(refusal: .inputOutput) }
        let isLate = askedAt.map { $0 < now } ?? false
        if take(now), isLate, ask(at: now) { _ = take(now) }
        return shown(now)
    }

    /// Takes in the answer to the open question; false where there is none.
    private func take(_ now: BootTime) -> Bool {
        guard let running = unsafe handle, let asked = askedAt,
            unsafe chardware_nvml_take(running, SensorLimits.graphicsPatience.milliseconds) == 1
        else { return false }
        askedAt = nil
        let took = TimeSpan.milliseconds(unsafe chardware_nvml_milliseconds(running))
        let time = ReadingTime(earliest: asked, latest: asked + took)
        answered = time
        unsafe takeIn(running, now, time)
        return true
    }

    private func started() -> OpaquePointer? {
        if let running = unsafe handle { return unsafe running }
        var made: OpaquePointer?
        let result = unsafe path.withCString { unsafe chardware_nvml_start($0, &made) }
        guard result == 0, let made = unsafe made else { return nil }
        unsafe handle = made
        boards = []
        return unsafe made
    }

    private func ask(_ running: OpaquePointer, _ now: BootTime) {
        guard askedAt == nil else { return }
        let begins = lookAgainAt.map { !(now < $0) } ?? false
        if begins {
            lookAgainAt = nil
            boards = []
        }
        let isSettled = settledUntil.map { now < $0 } ?? false
        var masks = [UInt32](repeating: GraphicsMetric.all, count: Int(CHARDWARE_NVML_DEVICES))
        for (index, board) in boards.enumerated() {
            guard !board.isLost else {
                masks[index] = 0
                continue
            }
            masks[index] = isSettled ? board.mask & ~board.settled : board.mask
        }
        guard unsafe chardware_nvml_ask(running, masks, begins ? 1 : 0) == 1 else { return }
        askedAt = now
        if !isSettled { settledUntil = now + SensorLimits.graphicsSettled }
    }

    private func takeIn(_ running: OpaquePointer, _ now: BootTime, _ time: ReadingTime) {
        let result = GraphicsResult(code: unsafe chardware_nvml_result(running))
        let count = unsafe Int(chardware_nvml_count(running))
        if let reason = result.reason ?? (count == 0 ? .absent : nil) {
            boards = []
            // Without a library or a board there is nothing to hope for but an installation.
            let pause = reason == .absent ? SensorLimits.graphicsAbsence : SensorLimits.searchPause
            state = .refused(reason, again: now + pause)
            return letGo()
        }
        state = .ready
        boards = (0..<count).map { index in
            unsafe board(running, UInt32(index), time, before: index < boards.count ? boards[index] : nil)
        }
        if boards.contains(where: { $0.isLost }), lookAgainAt == nil { lookAgainAt = now + SensorLimits.searchPause }
        if boards.allSatisfy({ $0.mask == 0 }) {
            state = .useless
            letGo()
        }
    }

    private func board(
        _ running: OpaquePointer, _ index: UInt32, _ time: ReadingTime, before: GraphicsBoard?
    ) -> GraphicsBoard {
        var board = GraphicsBoard(
            name: "gpu-\(index)", title: unsafe GraphicsBoards.text(chardware_nvml_name(running, index)),
            identity: unsafe GraphicsBoards.text(chardware_nvml_identity(running, index)), time: time)
        board.mask = before?.mask ?? GraphicsMetric.all
        board.isLost = before?.isLost ?? false
        for metric in GraphicsMetric.allCases {
            let answer = unsafe chardware_nvml_metric(running, index, metric.rawValue)
            guard answer.result != Int32(CHARDWARE_NVML_NOT_ASKED) else {
                if GraphicsMetric.settled.contains(metric) { board.values[metric] = before?.values[metric] }
                continue
            }
            switch GraphicsResult(code: answer.result) {
            case .value:
                if let value = metric.reading(answer.value) {
                    board.values[metric] = value
                } else {
                    board.failures.append((metric, .malformed))
                }
            case .unsupported: board.mask &= ~metric.mask
            case .lost: board.isLost = true
            case .failed(let reason):
                board.failures.append((metric, reason))
                if GraphicsMetric.settled.contains(metric) { board.values[metric] = before?.values[metric] }
            }
        }
        if let total = board.values[.memoryTotal], let free = board.values[.memoryFree], free > total {
            board.values[.memoryFree] = nil
            board.failures.append((.memoryFree, .malformed))
        }
        if board.isLost { board.values = [:] }
        if let energy = board.values[.energy] {
            var counter = counters[board.counterKey] ?? EnergyCounter(range: nil)
            board.counter = counter.advance(to: UInt64(energy) * 1000, at: time)
            counters[board.counterKey] = counter
        }
        return board
    }

    private static func text(_ bytes: UnsafePointer<CChar>?) -> String? {
        guard let bytes = unsafe bytes else { return nil }
        let text = unsafe String(cString: bytes)
        return nameText(Array(text.utf8)[...])
    }

    private func shown(_ now: BootTime) -> Look {
        switch state {
        case .starting:
            let isOpen = startedAt.map { now.since($0) < SensorLimits.graphicsStart } ?? true
            return Look(refusal: .timeout, isOpen: isOpen)
        case .refused(let reason, _): return reason == .absent ? Look() : Look(refusal: reason)
        case .useless: return Look(refusal: .notSupported)
        case .ready:
            guard let answered, !(SensorLimits.graphicsAge < now.since(answered.earliest)) else {
                var overdue = Look(boards: boards, refusal: .timeout)
                for index in overdue.boards.indices {
                    overdue.boards[index].values = [:]
                    overdue.boards[index].counter = nil
                }
                return overdue
            }
            return Look(boards: boards)
        }
    }
}
