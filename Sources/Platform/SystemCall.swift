import CLinux

// Every call into the kernel goes through this file: here an interrupted call is repeated, a negated
// errno becomes a SystemError, and a path becomes a C string.

/// The result of `body`, which is repeated for as long as signals interrupt it.
func system(_ call: String, _ subject: String = "", _ body: () -> Int) throws(SystemError) -> Int {
    while true {
        let result = body()
        if result >= 0 { return result }
        let errno = Errno(rawValue: Int32(truncatingIfNeeded: -result))
        guard errno == .interrupted else { throw SystemError(call, errno, subject: subject) }
    }
}

/// The same, with `expected` as an ordinary outcome: nil.
func system(
    _ call: String, _ subject: String = "", expecting expected: Errno, _ body: () -> Int
) throws(SystemError) -> Int? {
    do throws(SystemError) {
        return try system(call, subject, body)
    } catch {
        guard error.errno == expected else { throw error }
        return nil
    }
}

/// The result of `body`, given `path` as a C string.
func system(
    _ call: String, path: String, _ body: (UnsafePointer<CChar>) -> Int
) throws(SystemError) -> Int {
    // A zero byte would silently end the path early.
    guard !path.utf8.contains(0) else { throw SystemError(call, .invalidArgument, subject: path) }
    return try system(call, path) { unsafe path.withCString { unsafe body($0) } }
}

/// The text that `fill` copies into a buffer of `capacity` bytes; nil where it fails.
func copiedText(capacity: Int, _ fill: (UnsafeMutablePointer<UInt8>, Int) -> Int) -> String? {
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: capacity) { buffer -> String? in
        guard let start = buffer.baseAddress else { return nil }
        let count = unsafe fill(start, capacity)
        guard count >= 0 else { return nil }
        return unsafe String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }
}
