import CLinux

/// The last words of a crashing program; Embedded Swift stops without any.
public enum CrashReporter {
    /// From now on a fatal fault writes one line to the standard error before it ends the program as it would have:
    /// the signal, `program` (name and version, up to 95 bytes) and the last note.
    ///
    /// For the main thread, and for those that `WorkerThread` starts.
    public static func install(program: String) throws(SystemError) {
        let bytes = Array(program.utf8)
        _ = try system("sigaction") {
            unsafe bytes.withUnsafeBufferPointer { buffer in
                guard let start = buffer.baseAddress else { return -Int(Errno.invalidArgument.rawValue) }
                return unsafe clinux_crash_install(start, buffer.count)
            }
        }
    }

    /// Remembers what is being done, up to 63 bytes; for the thread that owns the state, and cheap enough for
    /// every effect.
    public static func note(_ label: StaticString) {
        unsafe clinux_crash_note(label.utf8Start, label.utf8CodeUnitCount)
    }
}
