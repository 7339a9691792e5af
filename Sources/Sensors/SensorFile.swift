import CLinux
import Telemetry

/// What a read gave: a value, or why there is none.
public enum Reading<Value> {
    /// The value.
    case value(Value)
    /// Why there is none.
    case unavailable(UnavailableReason)
}

/// One sensor's file: read from the start every time, once, without trying again.
final class SensorFile {
    private let path: String
    private let isHeld: Bool
    private let recorded: UnavailableReason?
    private var descriptor: Int32 = -1
    /// Whether the device behind the file went away since it was opened.
    private(set) var isGone = false

    init(path: String, isHeld: Bool, recorded: UnavailableReason?) {
        self.path = path
        self.isHeld = isHeld
        self.recorded = recorded
    }

    deinit { close() }

    /// Reads up to the whole of `buffer`; the number of bytes, at least one.
    func read(into buffer: inout [UInt8]) -> Reading<Int> {
        if let recorded { return .unavailable(recorded) }
        if descriptor < 0 {
            let opened = unsafe sysfs_open(path)
            guard opened >= 0 else { return failed(-opened) }
            descriptor = opened
        }
        let file = descriptor
        let count = unsafe buffer.withUnsafeMutableBufferPointer { bytes in
            guard let start = bytes.baseAddress else { return 0 }
            return unsafe sysfs_read(file, start, bytes.count)
        }
        if !isHeld { close() }
        if count < 0 { return failed(Int32(-count)) }
        return count == 0 ? .unavailable(.empty) : .value(count)
    }

    /// Reads the whole number in the file.
    func integer(_ buffer: inout [UInt8]) -> Reading<Int64> {
        switch read(into: &buffer) {
        case .unavailable(let reason): return .unavailable(reason)
        case .value(let count):
            let text = DecimalText.trimmed(buffer[..<count])
            guard !text.isEmpty else { return .unavailable(.empty) }
            return DecimalText.signed(text).map { .value($0) } ?? .unavailable(.malformed)
        }
    }

    private func failed(_ error: Int32) -> Reading<Int> {
        let reason = SensorFile.reason(error)
        if reason == .absent {
            isGone = true
            close()
        }
        return .unavailable(reason)
    }

    private func close() {
        if descriptor >= 0 { sysfs_close(descriptor) }
        descriptor = -1
    }

    private static func reason(_ error: Int32) -> UnavailableReason {
        switch sysfs_error_class(error) {
        case Int32(SYSFS_EAGAIN): .tryAgain
        case Int32(SYSFS_ENODATA): .noValue
        case Int32(SYSFS_EACCES): .permission
        case Int32(SYSFS_ENOENT): .absent
        case Int32(SYSFS_ETIMEDOUT): .timeout
        default: .inputOutput
        }
    }
}
