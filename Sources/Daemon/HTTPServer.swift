import AgentCore
import Configuration
import Cryptography
import Federation
import Gateway
import Platform
import Quantities
import Wire

/// How HTTP is served.
public struct HTTPPlan: Sendable {
    /// Where requests are taken, how many at once, and how slowly.
    public var section: HTTPSection
    /// The key that requests from the network have to show.
    public var key: AccessKey?

    /// A plan of both.
    public init(_ section: HTTPSection, key: AccessKey?) {
        self.section = section
        self.key = key
    }
}

/// The HTTP gateway in the daemon's loop.
///
/// The agent works without it: where the address is taken, or the library not installed, it says so and tries again.
struct HTTPServer: ~Copyable {
    /// Time until a place that could not be used is tried again.
    private static let retryTime = TimeSpan.seconds(10)
    /// Rounds of work at once; what is left waits until others had their turn.
    private static let rounds = 8

    private let plan: HTTPPlan
    private let access: HTTPAccess
    private let token: EventToken
    private var listener: HTTPListener?
    /// Keeps the path of a Unix socket, and removes it at the end.
    private var socket: StreamListener?
    private var retryAt: BootTime?
    /// Requests whose answer the core owes.
    private var asked: [CommandID: HTTPExchange] = [:]
    /// Clients that wait for an answer.
    private var clients: [CommandID: WaitingClient] = [:]
    private var hasMore = false
    /// Connections at present.
    private(set) var connections = 0
    /// When the next connection becomes too slow.
    private var slowAt: BootTime?

    /// A client that waits, in the form of which call its answer is to be, and the answer as far as it is prepared.
    private struct WaitingClient {
        let exchange: HTTPExchange
        let call: FederationCall
        /// Who is to pay for its task, once that was handed to the core.
        var source: LCT?
        var preparation = Preparation.none
    }

    /// How far the answer for a client is put into words.
    private enum Preparation {
        case none
        /// The thread for it does so; whether the answer may be told already.
        case elsewhere(mayBeTold: Bool)
        case done(HTTPResponse)
    }

    /// A server that does not serve yet; `token` is its own in the loop.
    init(_ plan: HTTPPlan, token: EventToken) {
        self.plan = plan
        self.token = token
        let place: HTTPPlace =
            switch plan.section.listen {
            case .off, .unixSocket: .unixSocket
            case .address(let address): address.isLoopback ? .loopback : .network
            }
        access = HTTPAccess(place, key: plan.key, isOpen: plan.section.opensDelegation)
        retryAt = plan.section.listen == .off ? nil : .origin
    }

    /// When it has something to do, whether or not anything comes in; nil where never.
    var nextDeadline: BootTime? {
        if hasMore { return .origin }
        return retryAt ?? slowAt
    }

    // MARK: Beginning

    /// Begins to serve where it is time to; returns how it stands where that has been tried.
    mutating func startIfDue(in loop: borrowing EventLoop, now: BootTime) throws(SystemError) -> GatewayState? {
        guard let due = retryAt, due <= now else { return nil }
        let address = plan.section.listen.text
        let descriptor: FileDescriptor
        do throws(SystemError) { descriptor = try listen() } catch {
            return giveUp(address, error.description, now)
        }
        let most = UInt32(clamping: plan.section.connections)
        do throws(HTTPListenerError) {
            listener = try HTTPListener(
                adopting: descriptor.release(), connections: most,
                perAddress: plan.section.listen.isOpenToTheNetwork ? max(1, most / 2) : nil,
                timeout: plan.section.timeout)
        } catch {
            return giveUp(address, error.explanation, now)
        }
        if let descriptor = listener?.descriptor { try loop.register(descriptor, token, .readable) }
        retryAt = nil
        return .listening(address)
    }

    private mutating func giveUp(_ address: String, _ fault: String, _ now: BootTime) -> GatewayState {
        socket = nil
        retryAt = now + HTTPServer.retryTime
        return .failed(address, fault: fault)
    }

    /// A socket that listens where the plan says.
    private mutating func listen() throws(SystemError) -> FileDescriptor {
        switch plan.section.listen {
        case .off: throw SystemError("listen", .invalidArgument)
        case .address(let address): return try AddressListener.listen(at: address)
        case .unixSocket(let path):
            let made = try StreamListener(at: path, mode: 0o660)
            let descriptor = try FileDescriptor(duplicating: made.descriptor)
            socket = consume made
            return descriptor
        }
    }

    // MARK: Requests

    /// Does what can be done now; returns the requests that came in and what they come to.
    mutating func serve(now: BootTime) -> [(HTTPExchange, HTTPAnswer)] {
        guard listener != nil else { return [] }
        var arrived: [(HTTPExchange, HTTPAnswer)] = []
        hasMore = listener?.run(now: now) == true
        while let exchange = listener?.take() {
            let isBusy = !clients.isEmpty || !arrived.isEmpty
            arrived.append((exchange, HTTPRoutes.answer(exchange.request, access: access, isBusy: isBusy)))
        }
        connections = listener?.connections ?? 0
        slowAt = listener?.deadline
        return arrived
    }

    /// Whether `serve` is to be called again at once, in this turn's round `round`.
    func goesOn(round: Int) -> Bool { hasMore && round < HTTPServer.rounds }

    /// Answers a request.
    mutating func answer(_ exchange: HTTPExchange, _ response: HTTPResponse) {
        listener?.answer(exchange, response, now: Clock.bootTime)
        hasMore = true
    }

    /// Keeps a request until the core answers command `id`.
    mutating func wait(_ exchange: HTTPExchange, for id: CommandID) { asked[id] = exchange }

    /// Answers the request that waits for command `id`; nil where none does, else the status.
    mutating func answer(_ id: CommandID, _ reply: CommandReply) -> UInt32? {
        guard let exchange = asked.removeValue(forKey: id) else { return nil }
        let response = HTTPResponse(reply)
        answer(exchange, response)
        return response.status
    }

    /// Clients that wait for an answer of the core.
    var waitingClients: Int { clients.count }

    /// How many clients may wait for their tasks: half of the connections stay for others.
    private var places: Int { max(1, Int(clamping: plan.section.connections) / 2) }

    private var isFull: Bool {
        // That many have to be counted only where they could be too many.
        clients.count >= places && clients.values.count { $0.call == .delegate } >= places
    }

    /// Whether one more client may wait for its task.
    ///
    /// Where none could, those that seem to have gone away make room.
    mutating func makesRoom() -> Bool {
        if isFull { dropLeft() }
        return !isFull
    }

    /// Whether the client that waits for `id` may do so for a task that `source` pays, which has its share of the
    /// places; yes where it has gone away.
    mutating func admits(_ id: CommandID, of source: LCT) -> Bool {
        guard clients[id] != nil else { return true }
        if !hasShare(source) { dropLeft() }
        guard hasShare(source) else { return false }
        clients[id]?.source = source
        return true
    }

    private func hasShare(_ source: LCT) -> Bool {
        // Where even one that had all of them had room, whose they are need not be counted.
        if ClientShare.hasRoom(own: clients.count, all: clients.count, limit: places) { return true }
        let sources = clients.values.compactMap { $0.source }
        return ClientShare.hasRoom(own: sources.filter { $0 == source }.count, all: sources.count, limit: places)
    }

    /// Closes the connections of those that have ended theirs: their tasks go on, and nobody reads the answers.
    private mutating func dropLeft() {
        for id in clients.keys.sorted() {
            guard let client = clients[id], client.source != nil, listener?.isLeft(client.exchange) == true else {
                continue
            }
            clients[id] = nil
            listener?.drop(client.exchange, now: Clock.bootTime)
            hasMore = true
        }
    }

    /// Keeps a client's request until the core answers it.
    mutating func wait(_ exchange: HTTPExchange, for id: CommandID, _ call: FederationCall) {
        clients[id] = WaitingClient(exchange: exchange, call: call)
    }

    /// In the form of which call the client that waits for `id` is answered; nil where none does.
    func call(of id: CommandID) -> FederationCall? { clients[id]?.call }

    /// Has the answer for the client that waits for `id` wait until it was put into words elsewhere.
    mutating func prepareElsewhere(_ id: CommandID) {
        clients[id]?.preparation = .elsewhere(mayBeTold: false)
    }

    /// Whether somebody else puts an answer into words.
    var isPreparing: Bool {
        clients.values.contains { if case .elsewhere = $0.preparation { true } else { false } }
    }

    /// Takes the answer in words for the client that waits for `id`, so that it is at hand when it may be told.
    ///
    /// Where it may be already it is, and its status returned.
    mutating func prepared(_ id: CommandID, _ response: HTTPResponse) -> UInt32? {
        if case .elsewhere(mayBeTold: true)? = clients[id]?.preparation {
            return answer(id, { _ in response })
        }
        clients[id]?.preparation = .done(response)
        return nil
    }

    /// Answers the client that waits for `id`, as soon as the answer is there; nil where none waits or it is not there
    /// yet, else the status.
    mutating func answer(_ id: CommandID, _ answer: ClientAnswer, by signer: ClientSigner) -> UInt32? {
        guard let client = clients[id] else { return nil }
        switch client.preparation {
        case .none: return self.answer(id, { HTTPResponse(answer, to: $0, by: signer) })
        case .done(let response): return self.answer(id, { _ in response })
        case .elsewhere:
            clients[id]?.preparation = .elsewhere(mayBeTold: true)
            return nil
        }
    }

    /// Answers the client that waits for `id` without having asked the core; the status.
    mutating func answer(_ id: CommandID, _ response: (FederationCall) -> HTTPResponse) -> UInt32? {
        guard let client = clients.removeValue(forKey: id) else { return nil }
        let response = response(client.call)
        answer(client.exchange, response)
        return response.status
    }

    /// Answers every request that waits with `reply`, and every client that nothing can be asked because of a fault.
    mutating func answerAll(_ reply: CommandReply, unavailable fault: String) {
        for id in asked.keys.sorted() { _ = answer(id, reply) }
        for id in clients.keys.sorted() {
            guard let client = clients.removeValue(forKey: id) else { continue }
            answer(client.exchange, HTTPResponse(unavailable: "the store cannot be used: " + fault, client.call))
        }
    }
}
