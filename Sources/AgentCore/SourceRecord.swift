import EnergyProofs
import Quantities
import Telemetry
import Wire

/// What is kept of a source for a restart, written together with its page.
///
/// Encoding: a map of 1 the meter's state, 2 the way in which it is measured, 3 the link to its last page; each
/// may be absent. The first release wrote the state alone, for the board.
struct SourceRecord: Hashable, Sendable {
    /// The meter; nil for a source without readings.
    var meter: MeterState?
    /// How the source is measured; nil where that was never known.
    var way: String?
    /// The last page; nil before the first.
    var lastPage: PreviousPage?

    private enum Field {
        static let meter: UInt64 = 1
        static let way: UInt64 = 2
        static let lastPage: UInt64 = 3
    }

    /// What a bare state begins with: a map of eight fields.
    private static let bareState: UInt8 = 0xa8

    /// A record of its parts.
    init(meter: MeterState? = nil, way: String? = nil, lastPage: PreviousPage? = nil) {
        self.meter = meter
        self.way = way
        self.lastPage = lastPage
    }

    /// Reads a record, or the bare state that the first release wrote.
    init(from reader: inout CBORReader, firstByte: UInt8?) throws(CBORError) {
        if firstByte == SourceRecord.bareState {
            self.init(meter: try MeterState(from: &reader))
            return
        }
        self.init()
        var map = try reader.beginMap()
        if try reader.hasField(Field.meter, of: &map) { meter = try MeterState(from: &reader) }
        if try reader.hasField(Field.way, of: &map) { way = try reader.text(limit: SourceLimits.wayBytes) }
        if try reader.hasField(Field.lastPage, of: &map) { lastPage = try PreviousPage(from: &reader) }
        try reader.endMap(&map)
    }

    /// The stored form.
    var encoded: [UInt8] {
        var writer = CBORWriter(capacity: 256)
        writer.map((meter == nil ? 0 : 1) + (way == nil ? 0 : 1) + (lastPage == nil ? 0 : 1))
        if let meter {
            writer.unsigned(Field.meter)
            meter.write(to: &writer)
        }
        if let way {
            writer.unsigned(Field.way)
            writer.text(way)
        }
        if let lastPage {
            writer.unsigned(Field.lastPage)
            lastPage.write(to: &writer)
        }
        return writer.bytes
    }
}
