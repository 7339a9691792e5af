import AgentCore
import Configuration
import Gateway
import Platform
import Quantities

/// Asks the running agent over its control socket.
struct AgentClient {
    /// Time that the agent has for an answer that it need not work for.
    static let ordinaryTimeout = TimeSpan.seconds(15)

    private static let signalToken = EventToken(rawValue: 1)
    private static let answerToken = EventToken(rawValue: 2)

    private let paths: StatePaths

    /// The client for the agent that `invocation` means: the user's own, or else the system's.
    init(_ invocation: Invocation) { paths = StatePaths(state: invocation.value("state")) }

    /// An answer of the agent.
    struct Answer {
        /// The object as it was sent.
        let line: String
        /// The object.
        let value: JSONValue

        /// The answer that the agent would give.
        init(_ reply: CommandReply) throws(Failure) { try self.init(Array(reply.json.utf8), from: "this program") }

        /// Where the part before this one ends, of a list that is told in parts, newest first; nil for the first part.
        ///
        /// `asked` is where this one was asked to end.
        func partBefore(_ asked: UInt64?) -> UInt64? {
            guard let told = value["next_before"]?.number, told > 0 else { return nil }
            let before = UInt64(told)
            // Only what gets nearer to the beginning ever gets there.
            return asked.map { before < $0 } ?? true ? before : nil
        }

        init(_ bytes: [UInt8], from sender: String) throws(Failure) {
            line = String(decoding: bytes, as: UTF8.self)
            do throws(JSONError) { value = try JSONValue(parsing: bytes) } catch {
                throw Failure(.unavailable, "\(sender) is no agent: \(error.message)")
            }
        }
    }

    /// The agent's answer to `command`, or nil where no agent runs.
    ///
    /// - Throws: what the agent refuses, with the exit status that fits; `permission` where its socket is not
    ///   for this user; `tryAgain` where it does not answer within `timeout`; `interruption` at Ctrl-C, which
    ///   without it ends the program.
    func askIfRunning(
        _ command: AgentCommand, timeout: TimeSpan = ordinaryTimeout, progress: String? = nil,
        interruption: Failure? = nil
    ) throws(Failure) -> Answer? {
        let deadline = Clock.bootTime + timeout
        for socket in [paths.socket, paths.systemSocket].compactMap({ $0 }) {
            let connection: StreamConnection
            do throws(SystemError) {
                connection = try StreamConnection(connectingTo: socket, timeout: timeout)
            } catch {
                switch error.errno {
                // At a path that is too long for a socket nobody can listen.
                case .noEntry, .connectionRefused, .nameTooLong: continue
                case .accessDenied, .notPermitted:
                    // Who may not speak to the system's agent is as one without any.
                    if socket == paths.systemSocket { continue }
                    throw Failure(
                        .permission, "\(socket): \(error.errno.text)",
                        hint: "run as a member of the agent's group, or with sudo")
                default: throw Failure(.unavailable, "the agent cannot be reached: \(error.description)")
                }
            }
            let line = try exchange(
                ControlProtocol.request(command), over: connection, from: socket, until: deadline, progress,
                interruption)
            let answer = try Answer(line, from: "what answers at \(socket)")
            if let refusal = refusal(answer) { throw refusal }
            return answer
        }
        return nil
    }

    /// The agent's answer to `command`.
    ///
    /// - Throws: as `askIfRunning`, and `unavailable` where no agent runs.
    func ask(
        _ command: AgentCommand, timeout: TimeSpan = ordinaryTimeout, progress: String? = nil,
        interruption: Failure? = nil
    ) throws(Failure) -> Answer {
        let answer = try askIfRunning(command, timeout: timeout, progress: progress, interruption: interruption)
        if let answer { return answer }
        var message = "no agent is running: nobody listens at \(paths.socket)"
        guard let system = paths.systemSocket, (try? FileSystem.status(system)).flatMap({ $0 }) != nil else {
            throw Failure(.unavailable, message, hint: "sage-edge run")
        }
        message += ", and the system's agent at \(system) is not for this user"
        throw Failure(.permission, message, hint: "sudo adduser $USER sage-edge, and log in again")
    }

    /// Sends a line and waits for the one that answers it.
    private func exchange(
        _ request: String, over connection: borrowing StreamConnection, from socket: String, until deadline: BootTime,
        _ progress: String?, _ interruption: Failure?
    ) throws(Failure) -> [UInt8] {
        let start = Clock.bootTime
        let bytes = Array(request.utf8) + [.lineFeed]
        var line: [UInt8] = []
        var isInterrupted = false
        defer { if progress != nil { Console.progress(nil) } }
        do throws(SystemError) {
            var loop = try EventLoop()
            let signals = try SignalSource(interruption == nil ? [] : [.interrupt])
            try loop.register(signals.descriptor, AgentClient.signalToken, .readable)
            try loop.register(connection.descriptor.raw, AgentClient.answerToken, .readable)
            try connection.descriptor.writeAll(bytes.span)
            var events: [ReadyEvent] = []
            while line.last != .lineFeed {
                let now = Clock.bootTime
                guard now < deadline else { break }
                guard line.count <= GatewayLimits.replyBytes else {
                    throw SystemError("read", .fileTooLarge, subject: socket)
                }
                if let progress {
                    Console.progress(progress + ", " + duration(milliseconds: now.since(start).milliseconds))
                }
                // The progress is brought up to date every second.
                try loop.wait(until: min(deadline, now + .seconds(1)), into: &events)
                if events.contains(where: { $0.token == AgentClient.signalToken }) {
                    isInterrupted = true
                    break
                }
                guard events.contains(where: { $0.token == AgentClient.answerToken }) else { continue }
                switch try connection.descriptor.read(upTo: 65_536, appendingTo: &line) {
                case .bytes, .wouldBlock: continue
                case .end: throw SystemError("read", .connectionReset, subject: socket)
                }
            }
        } catch {
            throw Failure(.unavailable, "the agent broke off: \(error.description)", hint: "sage-edge status")
        }
        if isInterrupted, let interruption { throw interruption }
        guard line.popLast() == .lineFeed else {
            let waited = duration(milliseconds: Clock.bootTime.since(start).milliseconds)
            throw Failure(.tryAgain, "the agent has not answered within \(waited)", hint: "sage-edge status")
        }
        return line
    }

    /// The failure that an answer tells, or nil where it is what was asked for.
    private func refusal(_ answer: Answer) -> Failure? {
        guard let error = answer.value["error"] else { return nil }
        let code: ExitCode =
            switch error["kind"]?.text.flatMap({ CommandReply.Refusal(rawValue: $0) }) {
            case .invalid: .badData
            case .notFound: .noInput
            case .unavailable: .tryAgain
            case .failed: .checkFailed
            case .none: .internal
            }
        return Failure(
            code, error["message"]?.text ?? "the agent gives no reason", hint: error["hint"]?.text, answer: answer.line)
    }
}

extension UInt8 {
    fileprivate static let lineFeed = UInt8(ascii: "\n")
}
