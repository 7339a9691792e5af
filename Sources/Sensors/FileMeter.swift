import Platform
import Quantities
import Telemetry

/// A meter whose figures another program keeps in a file.
///
/// A file that nobody writes any more tells nothing about now: it counts for `SensorLimits.meterAge` after its last
/// change, by boot time, since the time that files carry is the wall clock's.
final class FileMeter {
    private struct Version: Equatable {
        let modified: WallTime
        let inode: UInt64
        let size: ByteCount
    }

    private let path: String
    private var version: Version?
    private var changedAt: BootTime?

    init(_ path: String) { self.path = path }

    func read(at now: BootTime) -> Reading<MeterFigures> {
        do throws(SystemError) { return try readOnce(now) } catch {
            return .unavailable(UnavailableReason(error.errno))
        }
    }

    /// Opened for every read, since the other program may replace the file; and without blocking, since what stands
    /// in its place may be a pipe.
    private func readOnce(_ now: BootTime) throws(SystemError) -> Reading<MeterFigures> {
        let file = try FileDescriptor(opening: path, .read, [.nonBlocking])
        let status = try file.status()
        guard status.kind == .file else { return .unavailable(.absent) }
        let seen = Version(modified: status.modified, inode: status.inode, size: status.size)
        if seen != version {
            version = seen
            changedAt = now
        }
        if let changedAt, SensorLimits.meterAge < now.since(changedAt) { return .unavailable(.timeout) }
        var buffer = [UInt8](repeating: 0, count: TelemetryLimits.meterDocumentBytes + 1)
        var span = buffer.mutableSpan
        let count = try file.read(into: &span, at: 0)
        return count == 0 ? .unavailable(.empty) : MeterFigures.reading(Array(buffer[..<count]))
    }
}

extension MeterFigures {
    /// The figures of a document.
    static func reading(_ bytes: [UInt8]) -> Reading<MeterFigures> {
        do throws(MeterDocumentError) {
            let document = try MeterDocument(bytes)
            return .value(MeterFigures(power: document.power, counter: document.counter))
        } catch { return .unavailable(.malformed) }
    }
}
