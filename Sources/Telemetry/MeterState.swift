import Quantities
import Wire

/// What of a meter outlives a restart: its register at the end of the last closed window.
///
/// Encoding: a map of 1 epoch, 2 reason, 3 register (µJ) and 4 its remainder (half nanojoules, below
/// 2000), 5 and 6 the same of a battery's deficit, 7 boot id, 8 window end (boot ms), and 9 what is known of the
/// load, which may be absent: the first release did not write it.
public struct MeterState: Hashable, Sendable {
    /// The register's epoch.
    public internal(set) var epoch: UInt64
    /// Why that epoch began.
    public internal(set) var epochReason: MeterEpochReason
    /// The boot in which the last window ended.
    public internal(set) var bootID: Bytes16
    /// Where the last window ended on that boot's timeline.
    public internal(set) var windowEnd: BootTime
    /// Register at that point, in half nanojoules.
    var total: UInt128
    /// A battery's intake still to be given back, in half nanojoules.
    var deficit: UInt128
    /// What is known of the load's swings; nil where nothing is.
    var memory: MeterMemory?

    /// The register at the end of the last window.
    public var register: EnergyRegister { EnergyRegister(total: total) }

    private enum Field {
        static let epoch: UInt64 = 1
        static let reason: UInt64 = 2
        static let register: UInt64 = 3
        static let remainder: UInt64 = 4
        static let deficit: UInt64 = 5
        static let deficitRemainder: UInt64 = 6
        static let bootID: UInt64 = 7
        static let windowEnd: UInt64 = 8
        static let memory: UInt64 = 9
    }

    init(
        epoch: UInt64, epochReason: MeterEpochReason, bootID: Bytes16, windowEnd: BootTime, total: UInt128,
        deficit: UInt128, memory: MeterMemory?
    ) {
        self.epoch = epoch
        self.epochReason = epochReason
        self.bootID = bootID
        self.windowEnd = windowEnd
        self.total = total
        self.deficit = deficit
        self.memory = memory
    }

    /// Reads the state that comes next.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(Field.epoch, of: &map)
        epoch = try reader.unsigned()
        try reader.field(Field.reason, of: &map)
        let reasonOffset = reader.offset
        guard let reason = MeterEpochReason(rawValue: UInt8(try reader.unsigned(atMost: 255))) else {
            throw .invalidValue(at: reasonOffset)
        }
        epochReason = reason
        try reader.field(Field.register, of: &map)
        let register = try reader.unsigned(atMost: MeterLimits.largestRegister.microjoules)
        try reader.field(Field.remainder, of: &map)
        let remainder = try reader.unsigned(atMost: UInt64(MeterSegment.perMicrojoule) - 1)
        total = UInt128(register) * MeterSegment.perMicrojoule + UInt128(remainder)
        try reader.field(Field.deficit, of: &map)
        let deficitRegister = try reader.unsigned(atMost: MeterLimits.largestRegister.microjoules)
        try reader.field(Field.deficitRemainder, of: &map)
        let deficitRemainder = try reader.unsigned(atMost: UInt64(MeterSegment.perMicrojoule) - 1)
        deficit = UInt128(deficitRegister) * MeterSegment.perMicrojoule + UInt128(deficitRemainder)
        try reader.field(Field.bootID, of: &map)
        bootID = try reader.bytes16()
        try reader.field(Field.windowEnd, of: &map)
        windowEnd = BootTime(milliseconds: try reader.nonNegative())
        memory = try reader.hasField(Field.memory, of: &map) ? try MeterMemory(from: &reader) : nil
        try reader.endMap(&map)
    }

    /// Appends the state's encoding.
    public func write(to writer: inout CBORWriter) {
        writer.map(memory == nil ? 8 : 9)
        writer.unsigned(Field.epoch)
        writer.unsigned(epoch)
        writer.unsigned(Field.reason)
        writer.unsigned(UInt64(epochReason.rawValue))
        writer.unsigned(Field.register)
        writer.unsigned(register.microjoules)
        writer.unsigned(Field.remainder)
        writer.unsigned(UInt64(total % MeterSegment.perMicrojoule))
        writer.unsigned(Field.deficit)
        writer.unsigned(EnergyRegister(total: deficit).microjoules)
        writer.unsigned(Field.deficitRemainder)
        writer.unsigned(UInt64(deficit % MeterSegment.perMicrojoule))
        writer.unsigned(Field.bootID)
        writer.byteString(bootID)
        writer.unsigned(Field.windowEnd)
        writer.unsigned(UInt64(max(0, windowEnd.milliseconds)))
        if let memory {
            writer.unsigned(Field.memory)
            memory.write(to: &writer)
        }
    }
}

extension EnergyRegister {
    /// The register of `total` half nanojoules, floored to whole microjoules.
    init(total: UInt128) {
        self.init(microjoules: UInt64(clamping: total / MeterSegment.perMicrojoule))
    }
}
