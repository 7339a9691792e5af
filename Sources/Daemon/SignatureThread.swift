import AgentCore
import Cryptography
import Platform

/// A client's task whose signature is to be verified.
final class SignatureJob: Sendable {
    let id: CommandID
    let request: ClientRequest
    /// The keys one of which has to have signed it.
    let keys: [PublicKey]

    init(_ id: CommandID, _ request: ClientRequest, by keys: [PublicKey]) {
        self.id = id
        self.request = request
        self.keys = keys
    }
}

/// A client's task whose signature was verified; it says by which key it is signed, where it is.
final class CheckedRequest: Sendable {
    let id: CommandID
    let request: ClientRequest

    init(_ id: CommandID, _ request: ClientRequest) {
        self.id = id
        self.request = request
    }
}

/// The thread that verifies the signatures of clients' tasks while the loop does something else.
///
/// A verification takes about as long as all else that the loop does for a task. It is handed over where several
/// clients ask at a time; a single one would only wait for the thread.
struct SignatureThread: ~Copyable {
    private let thread: WorkerThread<SignatureJob, CheckedRequest>

    /// Tasks under way at once; further ones are verified in the loop.
    private static let capacity = 64

    /// Starts the thread, which is watched in `loop` under `token`.
    init(in loop: borrowing EventLoop, token: EventToken) throws(SystemError) {
        let started = try WorkerThread<SignatureJob, CheckedRequest>(
            name: "signatures", capacity: SignatureThread.capacity
        ) { port in
            let scheme = Ed25519()
            while let jobs = port.takeAll() {
                for job in jobs { port.complete(CheckedRequest(job.id, SignatureThread.checked(job, scheme))) }
            }
        }
        try loop.register(started.descriptor, token, .readable)
        thread = started
    }

    /// Hands a task over; false where as many as may be are under way.
    func offer(_ job: SignatureJob) -> Bool { thread.offer(job) }

    /// The task that was verified first; nil where there is none yet.
    func collect() -> CheckedRequest? { thread.collect() }

    private static func checked(_ job: SignatureJob, _ scheme: Ed25519) -> ClientRequest {
        var request = job.request
        request.signer = job.keys.first { request.isSigned(by: $0, scheme) }
        return request
    }
}
