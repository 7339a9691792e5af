import Ledger
import Quantities
import Telemetry
import Wire

/// What is asked of the energy history.
public struct HistoryQuery: Hashable, Sendable {
    /// How finely it is told.
    public var resolution: HistoryResolution
    /// What begins before this is left out.
    public var from: WallTime?
    /// What begins at or after this is left out.
    public var to: WallTime?
    /// Only what has a lower number, as an answer's `next_before` says; nil for the newest.
    public var before: UInt64?
    /// Most buckets that are looked at, the newest ones.
    public var limit: Int

    /// A question for the newest `limit` buckets.
    public init(
        _ resolution: HistoryResolution, from: WallTime? = nil, to: WallTime? = nil, before: UInt64? = nil,
        limit: Int = EnergyHistoryLimits.listed
    ) {
        self.resolution = resolution
        self.from = from
        self.to = to
        self.before = before
        self.limit = limit
    }

    /// Whether what begins at `start`, a minute or an hour where that is what is told, is asked for.
    func includes(_ start: WallTime) -> Bool {
        if let from, start < from { return false }
        if let to, start >= to { return false }
        return true
    }
}

/// A question about the board's past that the store has to answer.
struct HistoryQuestion: Sendable {
    let command: CommandID
    let query: HistoryQuery
    /// What was not over when it was asked, and belongs to the answer.
    let open: [HistoryBucket]
    /// Where the answer goes on, further back.
    let nextBefore: UInt64?
}

// The board's past: kept by size, stored with the once-a-minute commit.
extension AgentMachine {
    /// Takes a metered sample into the history.
    mutating func noteHistory(_ sample: TelemetrySample) {
        let reading = HistoryReading(
            at: sample.taken, wall: max(.origin, now.wall - now.boot.since(sample.taken)),
            power: sample.total?.isComplete == true ? boardPower : nil, register: energy.register,
            temperature: sample.hottest?.temperature, isThrottled: sample.throttle.contains { $0.isActive })
        store(history.record(reading))
    }

    /// Stores the minute that the agent stops in.
    mutating func endHistory() { store(history.closeMinute()) }

    private mutating func store(_ closed: [EnergyHistory.Closed]) {
        guard !closed.isEmpty else { return }
        for ended in closed {
            guard let kind = ended.resolution.recordKind else { continue }
            staging.putOff(
                .put(kind, key: AgentMachine.numberKey(ended.number), value: ended.bucket.encoded), now: now.boot)
            let kept = ended.resolution.kept
            if ended.number >= kept {
                let lowest = AgentMachine.numberKey(ended.number - kept + 1)
                staging.putOff(.removeRange(kind, from: AgentMachine.numberKey(0), below: lowest), now: now.boot)
            }
        }
        staging.putOff(.put(.setting, key: SettingKey.history, value: history.state.encoded), now: now.boot)
    }

    /// Answers what is asked of the history, from memory or, later, from the store.
    mutating func tellHistory(_ query: HistoryQuery, for command: CommandID) {
        guard let kind = query.resolution.recordKind else {
            guard query.before == nil else {
                let refusal = "'before' goes back in minutes and hours; samples are told all at once"
                return reply(command, CommandReply(.invalid, refusal, hint: "choose by from_ms and to_ms"))
            }
            let samples = history.newestSamples.filter { query.includes($0.wall) }
            return reply(command, AgentViews.energyHistory(samples.suffix(query.limit)))
        }
        guard mayAskStore(for: command) else { return }
        let next = kind == .historyHour ? history.state.nextHour : history.state.nextMinute
        // What is open has the numbers that it will be stored under.
        let open = history.open(query.resolution)
        let top = next + UInt64(open.count)
        let last = min(query.before ?? top, top)
        let first = last - min(last, UInt64(max(1, query.limit)))
        let end = min(last, next)
        let shown = open.indices.filter { (first..<last).contains(next + UInt64($0)) }.map { open[$0] }
        let nextBefore = AgentMachine.nextBefore(first, next: next, kept: query.resolution.kept)
        guard first < end else {
            return reply(command, AgentViews.energyHistory([], shown, query, nextBefore: nextBefore))
        }
        historyQueries[nextQuery] = HistoryQuestion(
            command: command, query: query, open: shown, nextBefore: nextBefore)
        let (from, below) = (AgentMachine.numberKey(first), AgentMachine.numberKey(end))
        askStore(.history(query.resolution, from: from, below: below), limit: Int(end - first))
    }

    /// Answers with what the store found; false where the question was not one of the history.
    mutating func answerHistory(_ id: UInt64, _ found: StoreAnswer) -> Bool {
        guard let asked = historyQueries.removeValue(forKey: id) else { return false }
        guard let records = records(in: found, for: asked.command) else { return true }
        reply(asked.command, AgentViews.energyHistory(records, asked.open, asked.query, nextBefore: asked.nextBefore))
        return true
    }

    /// Whether the store may be asked for the sake of `command`; the command is answered where it may not.
    mutating func mayAskStore(for command: CommandID) -> Bool {
        if openQueries < AgentLimits.errands { return true }
        reply(command, CommandReply(.unavailable, "too many questions to the store are under way"))
        return false
    }

    /// Asks the store, once everything written or put off before is in it.
    mutating func askStore(_ kind: RecordQuery.Kind, limit: Int) {
        staging.hurry()
        afterWrites(.readRecords(RecordQuery(id: nextQuery, kind: kind, limit: limit)))
        nextQuery += 1
    }

    /// The numbered records that the store found; nil where it found none for a reason that `command` is answered with.
    mutating func records(in found: StoreAnswer, for command: CommandID) -> [StoredRecord]? {
        if case .history(let records) = found { return records }
        var reason = "it answered something else"
        if case .failed(let why) = found { reason = why }
        reply(command, CommandReply(.failed, "the store cannot be read: " + reason))
        return nil
    }

    /// Before which number a list goes on whose part begins with `first`, where the newest `kept` below `next` stay;
    /// nil where nothing comes before it.
    static func nextBefore(_ first: UInt64, next: UInt64, kept: UInt64) -> UInt64? {
        first > next - min(next, kept) ? first : nil
    }

    /// The key of the minute, hour or run `number`, so that they are kept in order.
    static func numberKey(_ number: UInt64) -> [UInt8] {
        stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> UInt64($0)) }
    }

    /// The number that `key` is the key of; nil where it is none.
    static func number(ofKey key: [UInt8]) -> UInt64? {
        guard key.count == 8 else { return nil }
        return key.reduce(0) { $0 << 8 | UInt64($1) }
    }
}

extension AgentViews {
    /// Samples of the history, oldest first.
    static func energyHistory(_ samples: ArraySlice<HistorySample>) -> CommandReply {
        CommandReply(
            object { json in
                json.member("resolution", HistoryResolution.sample.name)
                json.key("samples")
                json.beginArray()
                for sample in samples {
                    json.beginObject()
                    json.member("at_ms", sample.wall.milliseconds)
                    json.member("power_mw", sample.power?.milliwatts)
                    json.member("hottest_mc", sample.temperature?.millidegrees)
                    json.endObject()
                }
                json.endArray()
            })
    }

    /// What is stored of an agent that does not run: `records` of the minutes or hours that `query` asks for, oldest
    /// first, and among `settings` where the history stands.
    public static func energyHistory(
        _ records: [StoredRecord], settings: [StoredRecord], _ query: HistoryQuery
    ) -> CommandReply {
        // The minute that an agent stops in is over; its hour may not be.
        let state = settings.first { $0.key == SettingKey.history }.flatMap { HistoryState(decoding: $0.value) }
        let open = query.resolution == .hour ? state?.hour.map { [$0.bucket] } : nil
        return energyHistory(records, open ?? [], query, nextBefore: nil)
    }

    /// Minutes or hours of the history, oldest first; the last ones may still be open.
    static func energyHistory(
        _ records: [StoredRecord], _ open: [HistoryBucket], _ query: HistoryQuery, nextBefore: UInt64?
    ) -> CommandReply {
        var buckets: [HistoryBucket] = []
        var damaged = 0
        for record in records {
            guard let bucket = HistoryBucket(decoding: record.value) else {
                damaged += 1
                continue
            }
            add(bucket, to: &buckets, query)
        }
        for bucket in open { add(bucket, to: &buckets, query) }
        return CommandReply(
            object { json in
                json.member("resolution", query.resolution.name)
                json.key("buckets")
                json.beginArray()
                for bucket in buckets { write(bucket, to: &json) }
                json.endArray()
                json.member("next_before", nextBefore)
                if damaged > 0 { json.member("damaged", damaged) }
            })
    }

    /// Appends a bucket that is asked for, with the beginning of its minute or hour; two parts of one, which an agent
    /// that was started again makes, are told as one.
    private static func add(_ bucket: HistoryBucket, to buckets: inout [HistoryBucket], _ query: HistoryQuery) {
        var bucket = bucket
        bucket.start = query.resolution.start(of: bucket.start)
        guard query.includes(bucket.start) else { return }
        if let last = buckets.indices.last, buckets[last].start == bucket.start {
            buckets[last].add(bucket)
        } else {
            buckets.append(bucket)
        }
    }

    private static func write(_ bucket: HistoryBucket, to json: inout JSONWriter) {
        let isRead = bucket.samples > 0
        json.beginObject()
        json.member("start_ms", bucket.start.milliseconds)
        json.member("covered_ms", bucket.covered.milliseconds)
        json.member("energy_mj", "\(bucket.microjoules / 1000)")
        json.member("samples", bucket.samples)
        json.member("mean_mw", bucket.covered > .zero ? bucket.mean.milliwatts : nil)
        json.member("lowest_mw", isRead ? bucket.lowest.milliwatts : nil)
        json.member("highest_mw", isRead ? bucket.highest.milliwatts : nil)
        json.member("hottest_mc", bucket.hottest?.millidegrees)
        json.member("throttled_ms", bucket.throttled.milliseconds)
        json.endObject()
    }
}
