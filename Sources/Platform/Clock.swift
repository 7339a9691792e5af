import CLinux
import Quantities

/// The machine's clocks; whoever needs the time in a state machine is given it.
public enum Clock {
    /// Time since boot, suspended time included (`CLOCK_BOOTTIME`).
    public static var bootTime: BootTime {
        BootTime(milliseconds: clinux_clock_nanoseconds(CInt(CLINUX_CLOCK_BOOT)) / 1_000_000)
    }

    /// Nanoseconds since boot, for measuring short spans.
    public static var bootNanoseconds: Int64 { clinux_clock_nanoseconds(CInt(CLINUX_CLOCK_BOOT)) }

    /// The time of day (`CLOCK_REALTIME`); trust it as far as `timeStatus` says.
    public static var wallTime: WallTime {
        WallTime(milliseconds: clinux_clock_nanoseconds(CInt(CLINUX_CLOCK_WALL)) / 1_000_000)
    }

    /// Whether a time service disciplines the wall clock (adjtimex(2), `STA_UNSYNC`).
    public static var timeStatus: TimeStatus { clinux_clock_is_synchronized() == 1 ? .synchronized : .unsynchronized }

    /// Processor time of the calling thread, in nanoseconds.
    public static var threadNanoseconds: Int64 { clinux_clock_nanoseconds(CInt(CLINUX_CLOCK_THREAD)) }

    /// Processor time of all threads of this process, in nanoseconds.
    public static var processNanoseconds: Int64 { clinux_clock_nanoseconds(CInt(CLINUX_CLOCK_PROCESS)) }

    /// The number that the kernel drew at this boot (`/proc/sys/kernel/random/boot_id`).
    ///
    /// - Throws: `inputOutput` where the file does not hold one; what the kernel refuses.
    public static func bootID() throws(SystemError) -> Bytes16 {
        let path = "/proc/sys/kernel/random/boot_id"
        let text = try FileSystem.read(path, limit: 64)
        guard let identifier = parseUUID(text) else { throw SystemError("read", .inputOutput, subject: path) }
        return identifier
    }

    /// The sixteen bytes of a UUID in its text form (RFC 9562 §4), with or without a newline.
    static func parseUUID(_ text: [UInt8]) -> Bytes16? {
        let line = text.last == UInt8(ascii: "\n") ? text.dropLast() : text[...]
        guard line.count == 36 else { return nil }
        var bits: UInt128 = 0
        for (index, character) in line.enumerated() {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard character == UInt8(ascii: "-") else { return nil }
                continue
            }
            switch character {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): bits = bits << 4 | UInt128(character - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): bits = bits << 4 | UInt128(character - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): bits = bits << 4 | UInt128(character - UInt8(ascii: "A") + 10)
            default: return nil
            }
        }
        return Bytes16(bits: bits)
    }
}
