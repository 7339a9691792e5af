import AgentCore
import Cryptography
import Gateway
import Platform

/// What is to be done for a client's task before it is taken on, or is answered.
final class SignatureJob: Sendable {
    enum Work {
        /// To read it, and verify who has signed it.
        case read(ClientBody, ClientVerifier)
        /// To put its answer into words, and sign it.
        case answer(ClientAnswer, FederationCall, by: ClientSigner)
    }

    let id: CommandID
    let work: Work

    init(_ id: CommandID, _ work: Work) {
        self.id = id
        self.work = work
    }
}

/// What came of a job.
final class SignatureOutcome: Sendable {
    enum Outcome {
        /// It was read; a task says by which key it is signed, where it is.
        case read(ClientBody.Reading)
        /// Its answer can be told.
        case answered(HTTPResponse)
    }

    let id: CommandID
    let outcome: Outcome

    init(_ id: CommandID, _ outcome: Outcome) {
        self.id = id
        self.outcome = outcome
    }
}

/// The thread that reads clients' tasks, verifies their signatures and signs their answers, while the loop does
/// something else.
///
/// A verification takes half as long as all else that the loop does for a task, a signature half of that. They are
/// handed over where several clients ask at a time, or what is signed is long; else a single one would only wait for
/// the thread.
struct SignatureThread: ~Copyable {
    private let thread: WorkerThread<SignatureJob, SignatureOutcome>

    /// Jobs under way at once; further ones are done in the loop.
    private static let capacity = 64

    /// Starts the thread, which is watched in `loop` under `token`.
    init(in loop: borrowing EventLoop, token: EventToken) throws(SystemError) {
        let started = try WorkerThread<SignatureJob, SignatureOutcome>(
            name: "signatures", capacity: SignatureThread.capacity
        ) { port in
            while let jobs = port.takeAll() {
                for job in jobs { port.complete(SignatureOutcome(job.id, SignatureThread.outcome(of: job))) }
            }
        }
        try loop.register(started.descriptor, token, .readable)
        thread = started
    }

    /// Hands a job over; false where as many as may be are under way.
    func offer(_ job: SignatureJob) -> Bool { thread.offer(job) }

    /// The outcome of the job that was done first; nil where there is none yet.
    func collect() -> SignatureOutcome? { thread.collect() }

    private static func outcome(of job: SignatureJob) -> SignatureOutcome.Outcome {
        switch job.work {
        case .read(let body, let verifier):
            let reading = body.read()
            guard case .task(var request) = reading else { return .read(reading) }
            verifier.verify(&request)
            return .read(.task(request))
        case .answer(let answer, let call, let signer): return .answered(HTTPResponse(answer, to: call, by: signer))
        }
    }
}
