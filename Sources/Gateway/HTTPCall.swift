import CCurl
import Quantities

/// What is asked of a server over HTTP.
public struct HTTPCallRequest: Sendable {
    /// Where.
    public let url: String
    /// A JSON text that is posted; nil for a GET.
    public let body: [UInt8]?
    /// Time until the whole answer must be there.
    public let timeout: TimeSpan
    /// Further header fields.
    public var headers: [HTTPField] = []
    /// A file of the certificates of those who vouch for servers; nil for the system's.
    public var authorities: String?

    /// A request of its parts.
    public init(_ url: String, body: [UInt8]? = nil, timeout: TimeSpan = HTTPCallLimits.ordinaryTime) {
        self.url = url
        self.body = body
        self.timeout = timeout
    }
}

/// What a server answered, whatever it says.
public struct HTTPCallReply: Equatable, Sendable {
    /// The status.
    public var status: Int32
    /// The body.
    public var body: [UInt8]
    /// Where else the server sends the caller.
    public var redirect: String?
    /// Seconds after which the server may be asked again, where it says so.
    public var retrySeconds: Int64?

    /// An answer of its parts.
    public init(_ status: Int32, _ body: [UInt8], redirect: String? = nil, retrySeconds: Int64? = nil) {
        self.status = status
        self.body = body
        self.redirect = redirect
        self.retrySeconds = retrySeconds
    }
}

/// Why there is no answer.
public enum HTTPCallError: Error, Equatable, Sendable {
    /// libcurl is not installed; the loader's reason.
    case noLibrary(String)
    /// libcurl lacks a function, or refuses to work; which, or why.
    case otherLibrary(String)
    /// libcurl cannot read the address.
    case badAddress(String)
    /// Nobody knows the host.
    case noSuchHost(String)
    /// Nobody listens there.
    case noConnection(String)
    /// The answer was not there in time.
    case tooLate(String)
    /// The server could not show who it is.
    case notSecure(String)
    /// The file of authorities cannot be used.
    case badAuthorities(String)
    /// The answer is longer than one may be.
    case tooLong
    /// What came is no whole answer of HTTP.
    case broken(String)

    /// What is wrong, for a person.
    public var explanation: String {
        switch self {
        case .noLibrary(let reason): "libcurl is not installed: " + reason
        case .otherLibrary(let reason): "libcurl cannot be used: " + reason
        case .badAddress(let reason), .noSuchHost(let reason), .noConnection(let reason), .notSecure(let reason),
            .badAuthorities(let reason):
            reason
        case .tooLate(let reason): "no answer in time: " + reason
        case .tooLong:
            "the answer is longer than \(HTTPCallLimits.bodyBytes) bytes, or its header than "
                + "\(HTTPCallLimits.headerBytes)"
        case .broken(let reason): "no whole answer: " + reason
        }
    }
}

/// One call of a server, made in steps in the caller's thread.
@safe
public struct HTTPCall: ~Copyable {
    private let call: OpaquePointer

    /// How a call stands.
    public enum State: Sendable {
        /// It goes on.
        case running
        /// There is an answer, or a reason why not.
        case ended
        /// What the caller waits for besides can be read.
        case otherReadable
    }

    /// Makes the call of `request`; the first step begins it.
    public init(_ request: HTTPCallRequest) throws(HTTPCallError) {
        var limits = ccurl_limits(
            total_milliseconds: max(1, request.timeout.milliseconds),
            connect_milliseconds: HTTPCallLimits.connectTime.milliseconds,
            body_bytes: HTTPCallLimits.bodyBytes, header_bytes: HTTPCallLimits.headerBytes)
        var made: OpaquePointer?
        var problem = [CChar](repeating: 0, count: 256)
        let outcome = unsafe problem.withUnsafeMutableBufferPointer { problem -> Int32 in
            guard let text = problem.baseAddress else { return Int32(CCURL_REFUSED) }
            return unsafe request.url.withCString { url in
                unsafe withBytes(request.body) { body, count in
                    unsafe withText(request.authorities) { authorities in
                        unsafe ccurl_make(url, body, count, authorities, &limits, &made, text, problem.count)
                    }
                }
            }
        }
        guard let call = unsafe made else {
            let text = String(decoding: problem.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            switch Int(outcome) {
            case CCURL_NO_LIBRARY: throw .noLibrary(text)
            case CCURL_OTHER_LIBRARY: throw .otherLibrary("it has no " + text)
            default: throw .otherLibrary(text.isEmpty ? "there is not enough memory" : text)
            }
        }
        var fields = request.headers + [HTTPField("Accept", "application/json")]
        if request.body != nil { fields.append(HTTPField("Content-Type", "application/json")) }
        for field in fields {
            let line = field.name + ": " + field.value
            guard line.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }),
                unsafe line.withCString({ unsafe ccurl_add_header(call, $0) }) == 0
            else {
                unsafe ccurl_free(call)
                throw .otherLibrary("the header field \(field.name) is none")
            }
        }
        unsafe self.call = call
    }

    deinit { unsafe ccurl_free(call) }

    /// Goes on for at most `time`, or until `other` can be read.
    public mutating func step(watching other: Int32?, atMost time: TimeSpan) -> State {
        let milliseconds = Int32(clamping: time.milliseconds)
        switch Int(unsafe ccurl_step(call, other ?? -1, milliseconds)) {
        case CCURL_ENDED: return .ended
        case CCURL_OTHER_READABLE: return .otherReadable
        default: return .running
        }
    }

    /// The answer of a call that has ended.
    public consuming func reply() throws(HTTPCallError) -> HTTPCallReply {
        let reason = unsafe String(cString: ccurl_problem(call))
        switch Int(unsafe ccurl_outcome(call)) {
        case CCURL_ANSWERED: break
        case CCURL_BAD_ADDRESS: throw .badAddress(reason)
        case CCURL_NO_SUCH_HOST: throw .noSuchHost(reason)
        case CCURL_NO_CONNECTION: throw .noConnection(reason)
        case CCURL_TOO_LATE: throw .tooLate(reason)
        case CCURL_NOT_SECURE: throw .notSecure(reason)
        case CCURL_BAD_AUTHORITIES: throw .badAuthorities(reason)
        case CCURL_TOO_LONG: throw .tooLong
        default: throw .broken(reason)
        }
        var count = 0
        var body: [UInt8] = []
        if let bytes = unsafe ccurl_body(call, &count) {
            body = unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
        }
        var reply = HTTPCallReply(unsafe ccurl_status(call), body)
        if let address = unsafe ccurl_redirect(call) { reply.redirect = unsafe String(cString: address) }
        if let seconds = unsafe "Retry-After".withCString({ unsafe ccurl_header(call, $0) }) {
            reply.retrySeconds = unsafe Int64(String(cString: seconds)).flatMap { $0 >= 0 ? $0 : nil }
        }
        return reply
    }
}

/// Calls `body` with the address and number of `bytes`; with none where there are none.
private func withBytes<Result>(_ bytes: [UInt8]?, _ body: (UnsafePointer<UInt8>?, Int) -> Result) -> Result {
    guard let bytes else { return body(nil, 0) }
    return unsafe bytes.withUnsafeBufferPointer { buffer in unsafe body(buffer.baseAddress, buffer.count) }
}

private func withText<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
    guard let text else { return body(nil) }
    return unsafe text.withCString { unsafe body($0) }
}
