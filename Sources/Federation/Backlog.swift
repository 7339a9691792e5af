import Quantities

/// What waits or runs at a place before a task that comes now.
public struct Backlog: Hashable, Sendable {
    /// How many tasks.
    public private(set) var tasks: Int64 = 0
    /// How long they take one after the other.
    public private(set) var time: TimeSpan = .zero
    /// How many run at once.
    public var workers: Int64

    /// Nothing before it at a place where `workers` run at once.
    public init(workers: Int64) { self.workers = max(1, workers) }

    /// Puts `count` tasks of `time` each before it.
    public mutating func add(_ count: Int64 = 1, of time: TimeSpan) {
        guard count > 0 else { return }
        tasks = Int64(clamping: Int128(tasks) + Int128(count))
        self.time = self.time + max(.zero, time) * count
    }

    /// The time until a worker is free: none while there are fewer tasks than workers; else so many of the tasks have
    /// to end before, one after the other at each worker.
    public var wait: TimeSpan {
        guard tasks >= workers else { return .zero }
        let (before, of) = (tasks - workers + 1, Int128(tasks) * Int128(workers))
        return .milliseconds(Int64(clamping: Int128(time.milliseconds) * Int128(before) / of))
    }
}

/// What a peer's heartbeats say of its queue, less what was sent there from here.
public struct PeerQueue: Hashable, Sendable {
    /// Tasks of others that waited or ran there at the last heartbeat.
    public private(set) var others: Int64 = 0
    /// How many run there at once, as far as heartbeats have shown.
    public private(set) var workers: Int64 = 1

    /// The queue of a peer that was not heard of yet.
    public init() {}

    /// Takes in a heartbeat that came while `own` tasks of this board were under way there.
    public mutating func hear(_ heartbeat: Heartbeat, own: Int) {
        let length = Int64(heartbeat.queueLength)
        others = max(0, length - Int64(own))
        // Below full load nothing waits: those that run make up the load.
        let load = Int64(heartbeat.load.value)
        guard length > 0, (1..<10_000).contains(load) else { return }
        workers = max(1, min(FederationLimits.maximumWorkers, (length * 10_000 + load / 2) / load))
    }

    /// What is before a task that comes now: the `own` tasks under way there, each as long as it is expected to take,
    /// and those of others, each as long as `typical`.
    public func backlog(own: [TimeSpan], typical: TimeSpan) -> Backlog {
        var backlog = Backlog(workers: workers)
        for time in own { backlog.add(of: time) }
        backlog.add(others, of: typical)
        return backlog
    }
}
