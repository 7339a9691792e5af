import CLinux
import Quantities

/// What a process or thread has used (getrusage(2)).
public struct ResourceUsage: Hashable, Sendable {
    /// Processor time in its own code, in microseconds.
    public let userMicroseconds: Int64
    /// Processor time in the kernel on its behalf, in microseconds.
    public let systemMicroseconds: Int64
    /// The most memory that was resident at once; of a thread that of its process.
    ///
    /// Of a child no less than its parent had resident at the fork: exec(2) does not forget that peak.
    public let peakResident: ByteCount
    /// Pages that had to be read from a disk.
    public let majorFaults: Int64

    /// Processor time in all, in microseconds.
    public var processorMicroseconds: Int64 { userMicroseconds + systemMicroseconds }

    /// What somebody else measured; nothing is known of its parts.
    public init(processorMicroseconds: Int64, peakResident: ByteCount) {
        userMicroseconds = processorMicroseconds
        systemMicroseconds = 0
        self.peakResident = peakResident
        majorFaults = 0
    }

    init(_ usage: clinux_usage) {
        userMicroseconds = usage.user_microseconds
        systemMicroseconds = usage.system_microseconds
        peakResident = ByteCount(bytes: usage.peak_resident_bytes)
        majorFaults = usage.major_faults
    }

    /// What this process has used so far, all threads together.
    public static func ofProcess() throws(SystemError) -> ResourceUsage {
        var usage = clinux_usage()
        _ = try system("getrusage") { unsafe clinux_usage_of_process(&usage) }
        return ResourceUsage(usage)
    }

    /// What the calling thread has used so far.
    public static func ofThread() throws(SystemError) -> ResourceUsage {
        var usage = clinux_usage()
        _ = try system("getrusage") { unsafe clinux_usage_of_thread(&usage) }
        return ResourceUsage(usage)
    }

    /// Gives back the pages of the program and its libraries that nobody has changed.
    ///
    /// Starting touches many that running never does: those of the dynamic linker's work above all. What is needed
    /// again comes back from the system's cache.
    public static func releaseFilePages() { clinux_release_file_pages() }

    /// Memory of this process that is resident now (`/proc/self/statm`).
    ///
    /// - Throws: `inputOutput` where the file is not as proc(5) says; what the kernel refuses.
    public static func residentMemory() throws(SystemError) -> ByteCount {
        let path = "/proc/self/statm"
        let fields = try FileSystem.read(path, limit: 256).split(separator: UInt8(ascii: " "))
        guard fields.count > 1, let pages = Int64(String(decoding: fields[1], as: UTF8.self)), pages < 1 << 40 else {
            throw SystemError("read", .inputOutput, subject: path)
        }
        return ByteCount(bytes: pages * Int64(clinux_page_bytes()))
    }
}
