import CLinux

/// Random bytes from the kernel (getrandom(2)), fit for keys.
public enum Entropy {
    /// `count` random bytes; waits, early at boot, until the kernel has gathered enough.
    public static func bytes(_ count: Int) throws(SystemError) -> [UInt8] {
        precondition(count >= 0, "a number of bytes")
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            filled += try system("getrandom") {
                unsafe bytes.withUnsafeMutableBufferPointer { buffer in
                    guard let start = buffer.baseAddress else { return 0 }
                    return unsafe clinux_random(start + filled, count - filled)
                }
            }
        }
        return bytes
    }
}
