import CLinux

/// Bytes with open descriptors beside them, over a Unix connection (unix(7), `SCM_RIGHTS`).
public final class DescriptorMessage {
    /// The bytes.
    public let bytes: [UInt8]
    /// The descriptors in their order; closed when this object goes away.
    public let descriptors: [Int32]

    private init(bytes: [UInt8], descriptors: [Int32]) {
        self.bytes = bytes
        self.descriptors = descriptors
    }

    deinit {
        for descriptor in descriptors { _ = clinux_close(descriptor) }
    }

    /// Sends `bytes`, at least one, with copies of `descriptors`, 1 … 4.
    ///
    /// - Throws: `tryAgain` where the connection has no room for all of it now; what else the kernel refuses.
    public static func send(_ bytes: [UInt8], _ descriptors: [Int32], over connection: borrowing StreamConnection)
        throws(SystemError)
    {
        let raw = connection.descriptor.raw
        let sent = try system("sendmsg") {
            unsafe bytes.withUnsafeBufferPointer { content in
                unsafe descriptors.withUnsafeBufferPointer { numbers in
                    guard let start = content.baseAddress, let first = numbers.baseAddress else {
                        return -Int(Errno.invalidArgument.rawValue)
                    }
                    return unsafe clinux_descriptors_send(
                        raw, start, content.count, first, UInt32(numbers.count))
                }
            }
        }
        guard sent == bytes.count else { throw SystemError("sendmsg", .tryAgain) }
    }

    /// What waits on a connection, up to `limit` bytes; nil where nothing does.
    ///
    /// No bytes: the other end has closed.
    /// - Throws: `messageTooLong` where more descriptors came than a message may bring.
    public static func receive(upTo limit: Int, from connection: borrowing StreamConnection) throws(SystemError)
        -> DescriptorMessage?
    {
        let raw = connection.descriptor.raw
        var bytes = [UInt8](repeating: 0, count: max(1, limit))
        var numbers = [Int32](repeating: -1, count: Int(CLINUX_DESCRIPTORS_MAX))
        var found: UInt32 = 0
        let count = try system("recvmsg", expecting: .tryAgain) {
            unsafe bytes.withUnsafeMutableBufferPointer { content in
                unsafe numbers.withUnsafeMutableBufferPointer { numbers in
                    guard let start = content.baseAddress, let first = numbers.baseAddress else {
                        return -Int(Errno.invalidArgument.rawValue)
                    }
                    return unsafe clinux_descriptors_receive(raw, start, content.count, first, &found)
                }
            }
        }
        guard let count else { return nil }
        return DescriptorMessage(bytes: Array(bytes[..<count]), descriptors: Array(numbers[..<Int(found)]))
    }
}
