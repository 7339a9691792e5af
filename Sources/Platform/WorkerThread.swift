import CLinux

/// What a worker thread sees of its owner: jobs that come in, completions that go out.
///
/// State that belongs to the thread (a database, open descriptors) is made in its body and never leaves it.
public final class WorkerPort<Job: AnyObject & Sendable, Completion: AnyObject & Sendable>: Sendable {
    fileprivate let jobs: Mailbox<Job>
    fileprivate let completions: Mailbox<Completion>
    private let capacity: Int

    fileprivate init(capacity: Int) throws(SystemError) {
        jobs = try Mailbox(capacity: capacity, notifies: false)
        completions = try Mailbox(capacity: capacity, notifies: true)
        self.capacity = capacity
    }

    /// Everything that waits, oldest first, waiting for at least one; nil when the owner wants the thread to end.
    ///
    /// - Complexity: O(*n*) for *n* jobs.
    public func takeAll() -> [Job]? {
        guard let first = jobs.take() else { return nil }
        var batch = [first]
        while batch.count < capacity, let next = jobs.poll() { batch.append(next) }
        return batch
    }

    /// The oldest job, waiting for one; nil when the owner wants the thread to end.
    public func take() -> Job? { jobs.take() }

    /// Answers one job; exactly one completion per job, so that there is always room.
    public func complete(_ completion: Completion) {
        let accepted = completions.offer(completion)
        precondition(accepted, "one completion per job")
    }
}

/// A named thread that works off jobs, with a bounded number of them under way at once.
///
/// It belongs to one thread, its owner's: jobs are offered and completions collected there.
@safe
public final class WorkerThread<Job: AnyObject & Sendable, Completion: AnyObject & Sendable> {
    private let port: WorkerPort<Job, Completion>
    private let capacity: Int
    private var thread: OpaquePointer?
    /// Jobs offered whose completion was not collected yet.
    public private(set) var underWay = 0

    /// Starts a thread called `name` (up to 15 bytes, as `ps -L` shows it) with room for `capacity` jobs.
    ///
    /// `body` runs on it until `WorkerPort.take()` or `takeAll()` gives nil, which `stop()` brings about; it must
    /// return then.
    public init(
        name: String, capacity: Int, body: @escaping @Sendable (WorkerPort<Job, Completion>) -> Void
    ) throws(SystemError) {
        let port = try WorkerPort<Job, Completion>(capacity: capacity)
        self.port = port
        self.capacity = capacity
        unsafe thread = nil
        let context = unsafe Unmanaged.passRetained(ThreadBody { body(port) })
        do throws(SystemError) {
            _ = try system("pthread_create", name) {
                unsafe name.withCString { name in
                    unsafe clinux_thread_start(
                        name, PlatformLimits.threadStackBytes, runThreadBody, context.toOpaque(), &thread)
                }
            }
        } catch {
            unsafe context.release()
            throw error
        }
    }

    deinit { stop() }

    /// Whether a further job would be accepted.
    public var hasRoom: Bool { underWay < capacity }

    /// What to wait for: readable while there are completions to collect.
    public var descriptor: Int32 { port.completions.descriptor }

    /// Hands a job over; false where `capacity` jobs are under way or the thread was stopped.
    public func offer(_ job: Job) -> Bool {
        guard hasRoom, port.jobs.offer(job) else { return false }
        underWay += 1
        return true
    }

    /// The oldest completion; nil where there is none yet.
    public func collect() -> Completion? {
        guard let completion = port.completions.poll() else { return nil }
        underWay -= 1
        return completion
    }

    /// Lets the thread finish what was offered and waits for its end; its completions can still be collected.
    public func stop() {
        port.jobs.close()
        guard let running = unsafe thread else { return }
        unsafe thread = nil
        unsafe clinux_thread_join(running)
    }
}

private final class ThreadBody {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func runThreadBody(_ context: UnsafeMutableRawPointer) {
    unsafe Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run()
}
