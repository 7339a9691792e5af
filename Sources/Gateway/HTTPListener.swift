import CMicroHTTPD
import Quantities

/// Why no requests can be taken.
public enum HTTPListenerError: Error, Equatable, Sendable {
    /// The library is not installed; the loader's reason.
    case noLibrary(String)
    /// The library lacks this function.
    case otherLibrary(missing: String)
    /// The library has no memory or descriptors.
    case refused

    /// What is wrong, for a person.
    public var explanation: String {
        switch self {
        case .noLibrary(let reason): "libmicrohttpd is not installed: " + reason
        case .otherLibrary(let missing): "libmicrohttpd is of a release without " + missing
        case .refused: "libmicrohttpd does not start: too little memory or too many descriptors"
        }
    }
}

/// A request that has not been answered yet: `HTTPListener.answer` does, once.
@safe
public struct HTTPExchange {
    fileprivate let exchange: OpaquePointer
    /// What is asked.
    public let request: HTTPRequest

    fileprivate init(_ exchange: OpaquePointer, _ request: HTTPRequest) {
        unsafe self.exchange = exchange
        self.request = request
    }
}

/// Takes requests from one listening socket, in the caller's thread and loop.
@safe
public struct HTTPListener: ~Copyable {
    private let server: OpaquePointer

    /// Serves the non-blocking socket `listener`, which belongs to this value from now on.
    ///
    /// - Parameters:
    ///   - connections: at once; further ones wait in the kernel's queue.
    ///   - perAddress: at once from one address, further ones are closed; nil for no limit of its own.
    ///   - timeout: for sending a request and for reading its answer; slower connections are closed.
    public init(adopting listener: Int32, connections: UInt32, perAddress: UInt32?, timeout: TimeSpan)
        throws(HTTPListenerError)
    {
        var limits = cmicrohttpd_limits(
            connections: connections, connections_per_address: perAddress ?? 0,
            timeout_milliseconds: UInt32(clamping: timeout.milliseconds),
            connection_bytes: HTTPLimits.connectionBytes, body_bytes: HTTPLimits.bodyBytes)
        var started: OpaquePointer?
        var problem = [CChar](repeating: 0, count: 256)
        let outcome = unsafe problem.withUnsafeMutableBufferPointer { problem -> Int32 in
            guard let text = problem.baseAddress else { return Int32(CMICROHTTPD_REFUSED) }
            return unsafe cmicrohttpd_start(listener, &limits, &started, text, problem.count)
        }
        guard let server = unsafe started else {
            let text = String(decoding: problem.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            switch Int(outcome) {
            case CMICROHTTPD_NO_LIBRARY: throw .noLibrary(text)
            case CMICROHTTPD_OTHER_LIBRARY: throw .otherLibrary(missing: text)
            default: throw .refused
            }
        }
        unsafe self.server = server
    }

    deinit { unsafe cmicrohttpd_stop(server) }

    /// What to wait for: readable while there is something to do.
    public var descriptor: Int32 { unsafe cmicrohttpd_descriptor(server) }

    /// Connections at present.
    public var connections: Int { Int(unsafe cmicrohttpd_connections(server)) }

    /// Does what can be done without waiting, and closes slow connections; whether more can be done at once.
    public mutating func run(now: BootTime) -> Bool { unsafe cmicrohttpd_run(server, now.milliseconds) == 1 }

    /// When the next connection becomes too slow; nil where none can.
    public var deadline: BootTime? {
        let deadline = unsafe cmicrohttpd_deadline(server)
        return deadline == .max ? nil : BootTime(milliseconds: deadline)
    }

    /// The oldest whole request that was not taken yet.
    public mutating func take() -> HTTPExchange? {
        guard let exchange = unsafe cmicrohttpd_take(server) else { return nil }
        var count = 0
        var body: [UInt8] = []
        if let bytes = unsafe cmicrohttpd_body(exchange, &count) {
            body = unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
        }
        let request = unsafe HTTPRequest(
            String(cString: cmicrohttpd_method(exchange)), String(cString: cmicrohttpd_target(exchange)),
            headers: HTTPListener.headers(exchange), body: body,
            isBodyTooLarge: cmicrohttpd_is_too_large(exchange) == 1)
        return unsafe HTTPExchange(exchange, request)
    }

    /// The header fields, one more than are allowed at most.
    private static func headers(_ exchange: OpaquePointer) -> [HTTPField] {
        let capacity = HTTPLimits.headers + 1
        return unsafe withUnsafeTemporaryAllocation(of: cmicrohttpd_header.self, capacity: capacity) { buffer in
            guard let start = buffer.baseAddress else { return [] }
            let count = unsafe min(capacity, cmicrohttpd_headers(exchange, start, capacity))
            return (0..<count).map {
                unsafe HTTPField(String(cString: start[$0].name), String(cString: start[$0].value))
            }
        }
    }

    /// Answers a request; it goes out with the next `run`, and its client has from `now` on to read it.
    ///
    /// Without memory for it the connection is closed.
    public mutating func answer(_ exchange: HTTPExchange, _ response: HTTPResponse, now: BootTime) {
        let pointer = unsafe exchange.exchange
        let made = unsafe response.body.withUnsafeBufferPointer { body in
            unsafe cmicrohttpd_answer(pointer, response.status, body.baseAddress, body.count)
        }
        if made == 0 {
            for field in response.headers { _ = unsafe cmicrohttpd_add_header(pointer, field.name, field.value) }
        }
        unsafe cmicrohttpd_send(pointer, now.milliseconds)
    }

    /// Whether the client of a request has ended its side of the connection, as those do that have gone away.
    public func isLeft(_ exchange: HTTPExchange) -> Bool { unsafe cmicrohttpd_is_left(exchange.exchange) == 1 }

    /// Closes the connection of a request with the next `run`, without an answer.
    public mutating func drop(_ exchange: HTTPExchange, now: BootTime) {
        unsafe cmicrohttpd_send(exchange.exchange, now.milliseconds)
    }
}
