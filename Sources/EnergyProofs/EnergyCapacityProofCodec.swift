import Cryptography
import Quantities
import Telemetry
import Wire

/// The encoding of a page's payload: one map with these keys, ascending.
extension EnergyCapacityProof {
    private enum Field {
        static let federation: UInt64 = 1
        static let source: UInt64 = 2
        static let kind: UInt64 = 3
        static let evidence: UInt64 = 4
        static let epoch: UInt64 = 5
        static let epochReason: UInt64 = 6
        static let page: UInt64 = 7
        static let bootID: UInt64 = 8
        static let windowStart: UInt64 = 9
        static let windowEnd: UInt64 = 10
        static let wallStart: UInt64 = 11
        static let wallEnd: UInt64 = 12
        static let timeStatus: UInt64 = 13
        static let registerStart: UInt64 = 14
        static let registerEnd: UInt64 = 15
        static let rated: UInt64 = 16
        static let capacity: UInt64 = 17
        static let baseline: UInt64 = 18
        static let peak: UInt64 = 19
        static let work: UInt64 = 20
        static let chargeable: UInt64 = 21
        /// Absent where no temperature is known.
        static let hottest: UInt64 = 22
        static let throttle: UInt64 = 23
        /// Absent where there is no power mode.
        static let powerMode: UInt64 = 24
        static let samples: UInt64 = 25
        static let expected: UInt64 = 26
        static let gap: UInt64 = 27
        static let errorBound: UInt64 = 28
        static let validationMethod: UInt64 = 29
        /// Absent on page 0.
        static let previousHash: UInt64 = 30
        /// Fields that every page has.
        static let required = 27
    }

    /// Reads the payload that comes next.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(Field.federation, of: &map)
        federation = try reader.bytes32()
        try reader.field(Field.source, of: &map)
        source = try reader.sourceID()
        try reader.field(Field.kind, of: &map)
        kind = try reader.choice()
        try reader.field(Field.evidence, of: &map)
        evidence = try reader.choice()
        epoch = try reader.count(Field.epoch, of: &map)
        try reader.field(Field.epochReason, of: &map)
        epochReason = try reader.choice()
        page = try reader.count(Field.page, of: &map)
        try reader.field(Field.bootID, of: &map)
        bootID = try reader.bytes16()
        windowStart = BootTime(milliseconds: Int64(try reader.count(Field.windowStart, of: &map)))
        windowEnd = BootTime(milliseconds: Int64(try reader.count(Field.windowEnd, of: &map)))
        wallStart = WallTime(milliseconds: Int64(try reader.count(Field.wallStart, of: &map)))
        wallEnd = WallTime(milliseconds: Int64(try reader.count(Field.wallEnd, of: &map)))
        try reader.field(Field.timeStatus, of: &map)
        timeStatus = try reader.choice()
        registerStart = try reader.energy(Field.registerStart, of: &map)
        registerEnd = try reader.energy(Field.registerEnd, of: &map)
        rated = try reader.power(Field.rated, of: &map)
        capacity = try reader.power(Field.capacity, of: &map)
        baseline = try reader.power(Field.baseline, of: &map)
        peak = try reader.power(Field.peak, of: &map)
        work = try reader.energy(Field.work, of: &map)
        chargeable = try reader.energy(Field.chargeable, of: &map)
        hottest = try reader.temperature(Field.hottest, of: &map)
        try reader.field(Field.throttle, of: &map)
        let throttleOffset = reader.offset
        guard let throttle = ThrottleReasons(bits: try reader.unsigned()) else {
            throw .invalidValue(at: throttleOffset)
        }
        self.throttle = throttle
        powerMode =
            try reader.hasField(Field.powerMode, of: &map)
            ? try reader.proofText(limit: EnergyProofLimits.powerModeBytes) : nil
        samples = try reader.count(Field.samples, of: &map)
        expected = try reader.count(Field.expected, of: &map)
        gap = TimeSpan(milliseconds: Int64(try reader.count(Field.gap, of: &map)))
        try reader.field(Field.errorBound, of: &map)
        errorBoundPermille = UInt32(try reader.unsigned(atMost: UInt64(MeterLimits.errorBoundCeilingPermille)))
        try reader.field(Field.validationMethod, of: &map)
        validationMethod = try reader.proofText(limit: EnergyProofLimits.validationMethodBytes)
        previousHash = try reader.hasField(Field.previousHash, of: &map) ? try reader.bytes32() : nil
        try reader.endMap(&map)
    }

    /// The payload that `bytes` encode.
    public init(decoding bytes: [UInt8]) throws(CBORError) {
        var reader = try CBORReader(bytes.span, limit: EnergyProofLimits.payloadBytes)
        try self.init(from: &reader)
        try reader.finish()
    }

    /// Appends the payload to `writer`.
    public func write(to writer: inout CBORWriter) {
        let optional = (hottest == nil ? 0 : 1) + (powerMode == nil ? 0 : 1) + (previousHash == nil ? 0 : 1)
        writer.map(Field.required + optional)
        writer.unsigned(Field.federation)
        writer.byteString(federation)
        writer.unsigned(Field.source)
        writer.text(source.text)
        writer.entry(Field.kind, UInt64(kind.rawValue))
        writer.entry(Field.evidence, UInt64(evidence.rawValue))
        writer.entry(Field.epoch, epoch)
        writer.entry(Field.epochReason, UInt64(epochReason.rawValue))
        writer.entry(Field.page, page)
        writer.unsigned(Field.bootID)
        writer.byteString(bootID)
        writer.entry(Field.windowStart, windowStart.milliseconds)
        writer.entry(Field.windowEnd, windowEnd.milliseconds)
        writer.entry(Field.wallStart, wallStart.milliseconds)
        writer.entry(Field.wallEnd, wallEnd.milliseconds)
        writer.entry(Field.timeStatus, UInt64(timeStatus.rawValue))
        writer.entry(Field.registerStart, registerStart.millijoules)
        writer.entry(Field.registerEnd, registerEnd.millijoules)
        writer.entry(Field.rated, rated.milliwatts)
        writer.entry(Field.capacity, capacity.milliwatts)
        writer.entry(Field.baseline, baseline.milliwatts)
        writer.entry(Field.peak, peak.milliwatts)
        writer.entry(Field.work, work.millijoules)
        writer.entry(Field.chargeable, chargeable.millijoules)
        if let hottest { writer.entry(Field.hottest, Int64(hottest.millidegrees)) }
        writer.entry(Field.throttle, throttle.bits)
        if let powerMode {
            writer.unsigned(Field.powerMode)
            writer.text(powerMode.text)
        }
        writer.entry(Field.samples, samples)
        writer.entry(Field.expected, expected)
        writer.entry(Field.gap, gap.milliseconds)
        writer.entry(Field.errorBound, UInt64(errorBoundPermille))
        writer.unsigned(Field.validationMethod)
        writer.text(validationMethod.text)
        if let previousHash {
            writer.unsigned(Field.previousHash)
            writer.byteString(previousHash)
        }
    }

    /// The payload's encoding.
    public var encoded: [UInt8] {
        var writer = CBORWriter(capacity: 512)
        write(to: &writer)
        return writer.bytes
    }
}
