import CLinux
import Wire

/// How many datagrams of what size a socket handles at once; its memory for both directions is made of this.
public struct DatagramBatch: Hashable, Sendable {
    /// Datagrams per system call and direction.
    public let datagrams: Int
    /// Bytes of the longest datagram; longer ones that come in are dropped and counted.
    public let datagramBytes: Int

    /// A batch of 1 … `PlatformLimits.datagramsPerBatch` datagrams of 1 … 65,535 bytes.
    public init(datagrams: Int, datagramBytes: Int) {
        precondition((1...PlatformLimits.datagramsPerBatch).contains(datagrams), "datagrams of a batch")
        precondition((1...PlatformLimits.datagramBytes).contains(datagramBytes), "bytes of a datagram")
        self.datagrams = datagrams
        self.datagramBytes = datagramBytes
    }
}

/// What came in.
public struct ReceivedBatch: Hashable, Sendable {
    /// Datagrams handed over.
    public var received = 0
    /// Datagrams dropped because they were longer than the socket's limit.
    public var truncated = 0
    /// Whether all room was used, so that more may be waiting.
    public var full = false

    /// A batch of these counts.
    public init(received: Int = 0, truncated: Int = 0, full: Bool = false) {
        self.received = received
        self.truncated = truncated
        self.full = full
    }
}

/// What went out.
public struct SentBatch: Hashable, Sendable {
    /// Datagrams that the kernel took.
    public var sent = 0
    /// Datagrams that the kernel refused for good; they are dropped.
    public var failed = 0
    /// Whether datagrams stay queued because the kernel has no room: flush again when the socket is writable.
    public var blocked = false

    /// A batch of these counts.
    public init(sent: Int = 0, failed: Int = 0, blocked: Bool = false) {
        self.sent = sent
        self.failed = failed
        self.blocked = blocked
    }
}

/// A non-blocking UDP socket for IPv6 and IPv4, in batches, without allocation per datagram.
///
/// Link-local IPv6 peers are out of reach: `NetworkAddress` has no zone.
public struct DatagramSocket: ~Copyable {
    private let socket: FileDescriptor
    private let isIPv6: Bool
    private let incoming: DatagramArena
    private let outgoing: DatagramArena
    /// The slot of the oldest queued datagram.
    private var oldest = 0
    /// Datagrams queued; they lie in slots `oldest ..< oldest + queued`, around the end.
    private var queued = 0

    /// A socket bound to `address`: all zeros for every address, port 0 for one that the kernel chooses.
    ///
    /// - Throws: `addressInUse`, `addressNotAvailable`; what else the kernel refuses.
    public init(boundTo address: NetworkAddress, batch: DatagramBatch) throws(SystemError) {
        try self.init(boundTo: address, batch: batch, withIPv6: true)
    }

    /// The same, without IPv6 as on a machine that has none.
    init(boundTo address: NetworkAddress, batch: DatagramBatch, withIPv6: Bool) throws(SystemError) {
        var ipv6: CInt = withIPv6 ? 1 : 0
        let made = FileDescriptor(
            adopting: Int32(try system("socket") { unsafe clinux_datagram_socket(&ipv6) }))
        var native = clinux_address(address)
        let family = ipv6
        _ = try system("bind", address.text) { unsafe clinux_datagram_bind(made.raw, family, &native) }
        let incoming = try DatagramArena(batch)
        let outgoing = try DatagramArena(batch)
        self.socket = made
        self.isIPv6 = family != 0
        self.incoming = incoming
        self.outgoing = outgoing
    }

    /// What to wait for.
    public var descriptor: Int32 { socket.raw }

    /// The address and port that the socket is bound to.
    public func localAddress() throws(SystemError) -> NetworkAddress {
        var native = clinux_address()
        _ = try system("getsockname") { unsafe clinux_datagram_local_address(socket.raw, &native) }
        return NetworkAddress(native)
    }

    /// Asks the kernel for buffers of this many bytes (0 leaves one as it is); what it gives, which it counts
    /// twice over for its own bookkeeping (socket(7)).
    public func setBuffers(receiveBytes: Int32, sendBytes: Int32) throws(SystemError) -> (receive: Int32, send: Int32) {
        var receive = receiveBytes
        var send = sendBytes
        _ = try system("setsockopt") { unsafe clinux_socket_buffers(socket.raw, &receive, &send) }
        return (receive, send)
    }

    // MARK: Receiving

    /// Hands over every datagram of one batch, in the order of arrival; the bytes are valid only within `body`.
    public func receive(
        _ body: (_ datagram: Span<UInt8>, _ source: NetworkAddress) -> Void
    ) throws(SystemError) -> ReceivedBatch {
        var batch = ReceivedBatch()
        let count = try system("recvmmsg", expecting: .tryAgain) {
            unsafe clinux_datagrams_receive(socket.raw, incoming.handle)
        }
        for slot in 0..<(count ?? 0) {
            var length = 0
            var source = clinux_address()
            let start = unsafe clinux_datagrams_received(incoming.handle, UInt32(slot), &length, &source)
            guard let start = unsafe start else {
                batch.truncated += 1
                continue
            }
            let bytes = unsafe UnsafeBufferPointer(start: start, count: length)
            unsafe body(bytes.span, NetworkAddress(source))
            batch.received += 1
        }
        batch.full = count == incoming.batch.datagrams
        return batch
    }

    // MARK: Sending

    /// Queues a copy of a datagram for the next flush; false where the queue is full.
    ///
    /// An empty datagram is a datagram; one longer than the batch's limit is the caller's error.
    public mutating func enqueue(_ datagram: Span<UInt8>, to destination: NetworkAddress) -> Bool {
        precondition(datagram.count <= outgoing.batch.datagramBytes, "a datagram within the socket's limit")
        guard queued < outgoing.batch.datagrams else { return false }
        let slot = UInt32((oldest + queued) % outgoing.batch.datagrams)
        var native = clinux_address(destination)
        unsafe datagram.withUnsafeBufferPointer {
            unsafe clinux_datagrams_fill(outgoing.handle, slot, $0.baseAddress, $0.count, isIPv6 ? 1 : 0, &native)
        }
        queued += 1
        return true
    }

    /// Datagrams that wait for a flush.
    public var queuedCount: Int { queued }

    /// Sends what is queued, in order.
    ///
    /// A datagram that the kernel refuses (no route, too long, forbidden) is dropped and told to `failure`;
    /// those behind it are sent.
    /// - Throws: what makes the socket itself unusable, such as `badDescriptor`.
    public mutating func flush(
        failure: (_ destination: NetworkAddress, _ errno: Errno) -> Void = { _, _ in }
    ) throws(SystemError) -> SentBatch {
        var batch = SentBatch()
        while queued > 0 {
            // Up to the end of the ring; the rest starts at its beginning.
            let run = min(queued, outgoing.batch.datagrams - oldest)
            let first = UInt32(oldest)
            var sent = 1
            do throws(SystemError) {
                sent = try system("sendmmsg") {
                    unsafe clinux_datagrams_send(socket.raw, outgoing.handle, first, UInt32(run))
                }
                batch.sent += sent
            } catch {
                switch error.errno {
                case .tryAgain:
                    batch.blocked = true
                    return batch
                case .badDescriptor, .notSocket, .noMemory:
                    throw error
                default:
                    batch.failed += 1
                    var native = clinux_address()
                    unsafe clinux_datagrams_destination(outgoing.handle, first, &native)
                    failure(NetworkAddress(native), error.errno)
                }
            }
            oldest = (oldest + sent) % outgoing.batch.datagrams
            queued -= sent
        }
        return batch
    }
}

/// The memory of one direction; a class because Embedded Swift finds no deinit of a noncopyable field's private type.
@safe
private final class DatagramArena {
    let handle: OpaquePointer
    let batch: DatagramBatch

    init(_ batch: DatagramBatch) throws(SystemError) {
        guard let made = unsafe clinux_datagrams_create(UInt32(batch.datagrams), UInt32(batch.datagramBytes)) else {
            throw SystemError("calloc", .noMemory)
        }
        unsafe handle = made
        self.batch = batch
    }

    deinit { unsafe clinux_datagrams_free(handle) }
}

extension clinux_address {
    init(_ address: NetworkAddress) {
        self.init(
            high: UInt64(truncatingIfNeeded: address.bits >> 64), low: UInt64(truncatingIfNeeded: address.bits),
            port: address.port)
    }
}

extension NetworkAddress {
    fileprivate init(_ address: clinux_address) {
        self.init(bits: UInt128(address.high) << 64 | UInt128(address.low), port: address.port)
    }
}
