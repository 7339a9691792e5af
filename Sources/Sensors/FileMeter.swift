import Platform
import Quantities
import Telemetry

/// A meter whose figures another program keeps in a file.
///
/// They are of the time at which the file was written. Files carry the wall clock's time: it is believed where it lies
/// between the last look, which found another file, and this one; else the change may have been at any moment between
/// the two. A file that nobody writes any more tells nothing about now: it counts for `SensorLimits.meterAge`. One that
/// is older than that when it is first looked at, or as new as no file can be, has to change first.
final class FileMeter {
    private struct Version: Equatable {
        let modified: WallTime
        let inode: UInt64
        let size: ByteCount
    }

    private let path: String
    private var version: Version?
    private var lookedAt: ClockReading?
    /// When the version was written; nil where nobody knows.
    private var written: ReadingTime?

    init(_ path: String) { self.path = path }

    func read(at now: ClockReading) -> Reading<MeterFigures> {
        do throws(SystemError) { return try readOnce(now) } catch {
            return .unavailable(UnavailableReason(error.errno))
        }
    }

    /// Opened for every read, since the other program may replace the file; and without blocking, since what stands
    /// in its place may be a pipe.
    private func readOnce(_ now: ClockReading) throws(SystemError) -> Reading<MeterFigures> {
        let file = try FileDescriptor(opening: path, .read, [.nonBlocking])
        let status = try file.status()
        guard status.kind == .file else { return .unavailable(.notFile) }
        let seen = Version(modified: status.modified, inode: status.inode, size: status.size)
        if seen != version {
            version = seen
            written = time(of: seen.modified, now)
        }
        lookedAt = now
        var buffer = [UInt8](repeating: 0, count: TelemetryLimits.meterDocumentBytes + 1)
        var span = buffer.mutableSpan
        let count = try file.read(into: &span, at: 0)
        guard count > 0 else { return .unavailable(.empty) }
        guard case .value(var figures) = MeterFigures.reading(Array(buffer[..<count])) else {
            return .unavailable(.malformed)
        }
        guard let written, !(SensorLimits.meterAge < now.boot.since(written.earliest)) else {
            return .unavailable(.timeout)
        }
        figures.time = written
        return .value(figures)
    }

    /// When a file that says `modified`, and that is new, was written; nil where nobody knows.
    private func time(of modified: WallTime, _ now: ClockReading) -> ReadingTime? {
        let age = now.wall.since(modified)
        let isPast = !(age + SensorLimits.fileTick < .zero)
        // Whoever writes a file has read the meter a moment before.
        let earliest = now.boot - age - SensorLimits.writingTime
        let isWhole = modified.milliseconds % 1000 == 0
        let latest = now.boot - age + (isWhole ? SensorLimits.coarseFileTick : SensorLimits.fileTick)
        guard let before = lookedAt else {
            guard isPast, !(SensorLimits.meterAge < age) else { return nil }
            return ReadingTime(earliest: earliest, latest: latest)
        }
        let drift = now.wall.since(before.wall) - now.boot.since(before.boot)
        if isPast, drift.milliseconds.magnitude <= SensorLimits.fileTick.milliseconds.magnitude {
            if !(latest < before.boot) { return ReadingTime(earliest: earliest, latest: latest) }
            // Written before the last look, and put in its place after it.
            if let written, written.latest < earliest { return ReadingTime(earliest: earliest, latest: now.boot) }
        }
        return ReadingTime(earliest: before.boot - SensorLimits.writingTime, latest: now.boot)
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
