import Gateway
import Platform
import Quantities

/// Limits of the control socket.
enum ControlLimits {
    /// Connections at once; further ones wait in the kernel's queue.
    static let connections = 16
    /// Replies that a client has not read yet, in bytes; past it the connection is closed.
    static let replyBytes = 8 << 20
    /// Time in which a client has to send its request.
    static let requestTimeout = TimeSpan.seconds(10)
}

/// The Unix socket that commands come in on: one request per line of JSON, one reply per line.
///
/// A connection carries one request at a time. A client that hangs, floods or leaves costs its own
/// connection and nothing else.
struct ControlServer: ~Copyable {
    /// A line that came in.
    struct Request {
        /// The connection, for the reply.
        let connection: UInt32
        /// The line without its newline.
        let line: [UInt8]
    }

    private let listener: StreamListener
    private let firstToken: UInt32
    private var connections: [UInt32: Connection] = [:]
    private var nextConnection: UInt32 = 1
    private var isAccepting = true

    /// What is known of one connection; an object, because a socket has one owner.
    private final class Connection {
        let stream: StreamConnection
        let since: BootTime
        var input: [UInt8] = []
        var output: [UInt8] = []
        /// How much of `output` is written.
        var written = 0
        /// A request was handed out, and its last reply is not here yet.
        var isBusy = false
        /// The client closed its end: nothing more to read, close as soon as the last reply is gone.
        ///
        /// The loop would report that again and again, so such a connection is watched only while it has output.
        var isEnding = false
        var isWatched = true

        init(_ stream: consuming StreamConnection, since: BootTime) {
            self.stream = stream
            self.since = since
        }
    }

    /// Listens at `path`; its tokens in the loop are `firstToken` for the socket and those after it for connections.
    init(at path: String, in loop: borrowing EventLoop, firstToken: UInt32) throws(SystemError) {
        let made = try StreamListener(at: path, mode: 0o660)
        try loop.register(made.descriptor, EventToken(rawValue: firstToken), .readable)
        listener = made
        self.firstToken = firstToken
    }

    /// Whether `token` is one of this server's.
    func owns(_ token: EventToken) -> Bool { token.rawValue >= firstToken }

    /// When the next slow client is given up; nil when none is slow.
    var nextDeadline: BootTime? {
        connections.values.filter { !$0.isBusy }.map { $0.since + ControlLimits.requestTimeout }.min()
    }

    /// Takes what has come in on `event`; returns the requests that are whole.
    mutating func handle(_ event: ReadyEvent, in loop: borrowing EventLoop, now: BootTime) throws(SystemError)
        -> [Request]
    {
        let number = event.token.rawValue - firstToken
        if number == 0 {
            try accept(in: loop, now: now)
            return []
        }
        guard let connection = connections[number] else { return [] }
        if event.writable { try write(number, connection, in: loop) }
        guard event.readable || event.hangup, connections[number] != nil else { return [] }
        return try read(number, connection, in: loop)
    }

    /// Sends a line to the client of `connection`; with `isLast` the connection is ready for the next request.
    mutating func reply(_ line: String, to number: UInt32, isLast: Bool, in loop: borrowing EventLoop)
        throws(SystemError)
    {
        guard let connection = connections[number] else { return }
        connection.output += Array(line.utf8) + [UInt8(ascii: "\n")]
        if isLast { connection.isBusy = false }
        guard connection.output.count - connection.written <= ControlLimits.replyBytes else {
            return try close(number, in: loop)
        }
        try write(number, connection, in: loop)
    }

    /// Gives up clients that have been connected for too long without sending a request.
    mutating func closeSlow(in loop: borrowing EventLoop, now: BootTime) throws(SystemError) {
        let slow = connections.filter { !$0.value.isBusy && now.since($0.value.since) >= ControlLimits.requestTimeout }
        for number in slow.keys.sorted() { try close(number, in: loop) }
    }

    /// Whether the client of `connection` is still there.
    func isConnected(_ number: UInt32) -> Bool { connections[number] != nil }

    private mutating func accept(in loop: borrowing EventLoop, now: BootTime) throws(SystemError) {
        while connections.count < ControlLimits.connections {
            guard let stream = try listener.accept() else { return }
            let number = nextConnection
            nextConnection = number == 0x00ff_ffff ? 1 : number + 1
            guard connections[number] == nil else { continue }
            try loop.register(stream.descriptor.raw, EventToken(rawValue: firstToken + number), .readable)
            connections[number] = Connection(stream, since: now)
        }
        isAccepting = false
        try loop.change(listener.descriptor, EventToken(rawValue: firstToken), [])
    }

    private mutating func read(_ number: UInt32, _ connection: Connection, in loop: borrowing EventLoop)
        throws(SystemError) -> [Request]
    {
        do throws(SystemError) {
            reading: while connection.input.count <= GatewayLimits.requestBytes {
                switch try connection.stream.descriptor.read(upTo: 65_536, appendingTo: &connection.input) {
                case .bytes: continue
                case .wouldBlock: break reading
                case .end:
                    connection.isEnding = true
                    break reading
                }
            }
        } catch {
            try close(number, in: loop)
            return []
        }
        if let end = connection.input.firstIndex(of: UInt8(ascii: "\n")), !connection.isBusy {
            let line = Array(connection.input[..<end])
            connection.input.removeSubrange(...end)
            connection.isBusy = true
            return [Request(connection: number, line: line)]
        }
        if connection.input.count > GatewayLimits.requestBytes || (connection.isEnding && !connection.isBusy) {
            try close(number, in: loop)
        } else if connection.isEnding {
            try watch(number, connection, connection.output.isEmpty ? [] : .writable, in: loop)
        }
        return []
    }

    private func watch(
        _ number: UInt32, _ connection: Connection, _ interest: EventInterest, in loop: borrowing EventLoop
    ) throws(SystemError) {
        let descriptor = connection.stream.descriptor.raw
        let token = EventToken(rawValue: firstToken + number)
        switch (connection.isWatched, !interest.isEmpty) {
        case (true, true): try loop.change(descriptor, token, interest)
        case (true, false): try loop.remove(descriptor)
        case (false, true): try loop.register(descriptor, token, interest)
        case (false, false): break
        }
        connection.isWatched = !interest.isEmpty
    }

    private mutating func write(_ number: UInt32, _ connection: Connection, in loop: borrowing EventLoop)
        throws(SystemError)
    {
        let output = connection.output
        do throws(SystemError) {
            while connection.written < output.count {
                let rest = output.span.extracting(connection.written..<output.count)
                guard case .bytes(let count) = try connection.stream.descriptor.write(rest) else { break }
                connection.written += count
            }
        } catch {
            return try close(number, in: loop)
        }
        let reads: EventInterest = connection.isEnding ? [] : .readable
        guard connection.written == connection.output.count else {
            return try watch(number, connection, reads.union(.writable), in: loop)
        }
        connection.output.removeAll(keepingCapacity: true)
        connection.written = 0
        if connection.isEnding, !connection.isBusy { return try close(number, in: loop) }
        try watch(number, connection, reads, in: loop)
    }

    private mutating func close(_ number: UInt32, in loop: borrowing EventLoop) throws(SystemError) {
        guard let connection = connections.removeValue(forKey: number) else { return }
        if connection.isWatched { try loop.remove(connection.stream.descriptor.raw) }
        if !isAccepting {
            isAccepting = true
            try loop.change(listener.descriptor, EventToken(rawValue: firstToken), .readable)
        }
    }
}
