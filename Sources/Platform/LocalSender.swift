import CLinux

/// Sends datagrams to one Unix socket of this machine that somebody else listens on.
///
/// It holds no connection: a receiver that was started anew in the meantime gets the next datagram.
public struct LocalSender: ~Copyable {
    private let socket: FileDescriptor
    private let address: [UInt8]

    /// A sender to the socket at the path `address`, or to that of an abstract name, which begins with `@`.
    public init(to address: String) throws(SystemError) {
        socket = FileDescriptor(adopting: Int32(try system("socket") { clinux_local_socket() }))
        self.address = Array(address.utf8)
    }

    /// Sends one datagram, without waiting; false where the receiver has no room for it now.
    ///
    /// - Throws: `noEntry` or `connectionRefused` where nobody listens; what else the kernel refuses.
    public func send(_ bytes: [UInt8]) throws(SystemError) -> Bool {
        try system("sendto", String(decoding: address, as: UTF8.self), expecting: .tryAgain) {
            unsafe address.withUnsafeBufferPointer { path in
                unsafe bytes.withUnsafeBufferPointer { content in
                    guard let start = path.baseAddress else { return -Int(Errno.invalidArgument.rawValue) }
                    return unsafe clinux_local_send(
                        socket.raw, start, path.count, content.baseAddress, content.count)
                }
            }
        } != nil
    }
}
