import Foundation

/// A Unix datagram socket that plays a program which others send to: a service manager, a journal.
public final class LocalReceiver {
    private let socket: Int32
    private let address: String

    /// Listens at the path `address`, or at an abstract name, which begins with `@`.
    public init(at address: String) throws {
        self.address = address
        socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(address.utf8)
        let isAbstract = bytes.first == UInt8(ascii: "@")
        if isAbstract { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: bytes) }
        let length = MemoryLayout<sa_family_t>.size + bytes.count + (isAbstract ? 0 : 1)
        let bound = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, socklen_t(length)) }
        }
        guard bound == 0 else { throw ToolError.failed("bind " + address, status: errno, errors: "") }
    }

    deinit {
        close(socket)
        if address.hasPrefix("/") { unlink(address) }
    }

    /// The next datagram; nil where none comes within `seconds`.
    public func next(within seconds: Double = 20) -> [UInt8]? {
        var poll = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        guard Glibc.poll(&poll, 1, Int32(seconds * 1000)) == 1 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = recv(socket, &bytes, bytes.count, 0)
        return count >= 0 ? Array(bytes[..<count]) : nil
    }

    /// The next datagram as text.
    public func nextText(within seconds: Double = 20) -> String? {
        next(within: seconds).map { String(decoding: $0, as: UTF8.self) }
    }
}
