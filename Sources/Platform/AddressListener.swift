import CLinux
import Quantities
import Wire

/// TCP sockets that programs of any machine connect to.
public enum AddressListener {
    /// A non-blocking socket that listens at `address`; at `[::]` for IPv4 as well.
    ///
    /// - Throws: `addressInUse` where somebody listens there, `addressNotAvailable` where the machine has no such
    ///   address, `accessDenied` for a port below 1024 without the right to it.
    public static func listen(at address: NetworkAddress) throws(SystemError) -> FileDescriptor {
        var native = clinux_address(address)
        let raw = try system("bind", address.text) {
            unsafe clinux_stream_listen_at(&native, CInt(PlatformLimits.addressBacklog))
        }
        return FileDescriptor(adopting: Int32(raw))
    }
}
