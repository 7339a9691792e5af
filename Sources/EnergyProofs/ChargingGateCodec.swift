import Cryptography
import Quantities
import Telemetry
import Wire

/// The encoding of a gate's state: an array of sources, each a map. The policy is configuration and not in it.
extension ChargingGate {
    /// The gate that `bytes` encode, under `policy`.
    public init(decoding bytes: [UInt8], policy: ChargingPolicy) throws(CBORError) {
        var reader = try CBORReader(bytes.span, limit: EnergyProofLimits.gateBytes)
        try self.init(from: &reader, policy: policy)
        try reader.finish()
    }

    /// Reads the state that comes next, under `policy`.
    public init(from reader: inout CBORReader, policy: ChargingPolicy) throws(CBORError) {
        self.init(policy: policy)
        for _ in 0..<(try reader.beginArray(limit: EnergyProofLimits.sources)) {
            let start = reader.offset
            let account = try SourceAccount(from: &reader)
            if let last = accounts.last, last.registration.source >= account.registration.source {
                throw .invalidValue(at: start)
            }
            accounts.append(account)
        }
        reader.endArray()
    }

    /// Appends the state's encoding.
    public func write(to writer: inout CBORWriter) {
        writer.array(accounts.count)
        for account in accounts { account.write(to: &writer) }
    }

    /// The state's encoding.
    public var encoded: [UInt8] {
        var writer = CBORWriter(capacity: 1024)
        write(to: &writer)
        return writer.bytes
    }
}

extension SourceRegistration {
    private enum Field {
        static let source: UInt64 = 1
        static let owner: UInt64 = 2
        static let rated: UInt64 = 3
        /// Absent where the source is part of no other.
        static let parent: UInt64 = 4
        /// Absent where the source charges no battery.
        static let feeds: UInt64 = 5
    }

    /// Reads the registration that comes next.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(Field.source, of: &map)
        source = try reader.sourceID()
        try reader.field(Field.owner, of: &map)
        owner = PublicKey(bytes: try reader.bytes32())
        rated = try reader.power(Field.rated, of: &map)
        parent = try reader.hasField(Field.parent, of: &map) ? try reader.sourceID() : nil
        feeds = try reader.hasField(Field.feeds, of: &map) ? try reader.sourceID() : nil
        try reader.endMap(&map)
    }

    /// Appends the registration's encoding.
    public func write(to writer: inout CBORWriter) {
        writer.map(3 + (parent == nil ? 0 : 1) + (feeds == nil ? 0 : 1))
        writer.unsigned(Field.source)
        writer.text(source.text)
        writer.unsigned(Field.owner)
        writer.byteString(owner.bytes)
        writer.entry(Field.rated, rated.milliwatts)
        if let parent {
            writer.unsigned(Field.parent)
            writer.text(parent.text)
        }
        if let feeds {
            writer.unsigned(Field.feeds)
            writer.text(feeds.text)
        }
    }
}

extension SourceAccount {
    private enum Field {
        static let registration: UInt64 = 1
        /// Absent before the first page.
        static let last: UInt64 = 2
        static let proofs: UInt64 = 3
        static let storedCredit: UInt64 = 4
        /// Absent where there are no blocks.
        static let blockAnchor: UInt64 = 5
        static let chargedInBlocks: UInt64 = 6
        static let day: UInt64 = 7
        static let timeToday: UInt64 = 8
    }

    init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(Field.registration, of: &map)
        self.init(try SourceRegistration(from: &reader), blockAnchor: nil)
        if try reader.hasField(Field.last, of: &map) { last = try PreviousPage(from: &reader) }
        try reader.field(Field.proofs, of: &map)
        for _ in 0..<(try reader.beginArray(limit: EnergyProofLimits.openProofs)) {
            proofs.append(try ProofAccount(from: &reader))
        }
        reader.endArray()
        storedCredit = try reader.energy(Field.storedCredit, of: &map)
        if try reader.hasField(Field.blockAnchor, of: &map) {
            blockAnchor = LedgerTime(milliseconds: try reader.integer())
        }
        try reader.field(Field.chargedInBlocks, of: &map)
        chargedInBlocks = Energy(millijoules: try reader.nonNegative())
        try reader.field(Field.day, of: &map)
        day = try reader.integer()
        timeToday = TimeSpan(milliseconds: Int64(try reader.count(Field.timeToday, of: &map)))
        try reader.endMap(&map)
    }

    func write(to writer: inout CBORWriter) {
        writer.map(6 + (last == nil ? 0 : 1) + (blockAnchor == nil ? 0 : 1))
        writer.unsigned(Field.registration)
        registration.write(to: &writer)
        if let last {
            writer.unsigned(Field.last)
            last.write(to: &writer)
        }
        writer.unsigned(Field.proofs)
        writer.array(proofs.count)
        for proof in proofs { proof.write(to: &writer) }
        writer.entry(Field.storedCredit, storedCredit.millijoules)
        if let blockAnchor { writer.entry(Field.blockAnchor, blockAnchor.milliseconds) }
        writer.entry(Field.chargedInBlocks, chargedInBlocks.millijoules)
        writer.entry(Field.day, day)
        writer.entry(Field.timeToday, timeToday.milliseconds)
    }
}

extension ProofAccount {
    private enum Field {
        static let hash: UInt64 = 1
        static let evidence: UInt64 = 2
        static let bootID: UInt64 = 3
        static let windowStart: UInt64 = 4
        static let windowEnd: UInt64 = 5
        static let endedAt: UInt64 = 6
        static let coverage: UInt64 = 7
        static let chargeable: UInt64 = 8
        static let charged: UInt64 = 9
        static let withheld: UInt64 = 10
    }

    init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(Field.hash, of: &map)
        hash = try reader.bytes32()
        try reader.field(Field.evidence, of: &map)
        evidence = try reader.choice()
        try reader.field(Field.bootID, of: &map)
        bootID = try reader.bytes16()
        windowStart = BootTime(milliseconds: Int64(try reader.count(Field.windowStart, of: &map)))
        windowEnd = BootTime(milliseconds: Int64(try reader.count(Field.windowEnd, of: &map)))
        try reader.field(Field.endedAt, of: &map)
        endedAt = LedgerTime(milliseconds: try reader.integer())
        try reader.field(Field.coverage, of: &map)
        coverage = BasisPoints(clamping: Int64(try reader.unsigned(atMost: UInt64(BasisPoints.one.value))))
        chargeable = try reader.energy(Field.chargeable, of: &map)
        charged = try reader.energy(Field.charged, of: &map)
        withheld = try reader.energy(Field.withheld, of: &map)
        try reader.endMap(&map)
    }

    func write(to writer: inout CBORWriter) {
        writer.map(10)
        writer.unsigned(Field.hash)
        writer.byteString(hash)
        writer.entry(Field.evidence, UInt64(evidence.rawValue))
        writer.unsigned(Field.bootID)
        writer.byteString(bootID)
        writer.entry(Field.windowStart, windowStart.milliseconds)
        writer.entry(Field.windowEnd, windowEnd.milliseconds)
        writer.entry(Field.endedAt, endedAt.milliseconds)
        writer.entry(Field.coverage, UInt64(coverage.value))
        writer.entry(Field.chargeable, chargeable.millijoules)
        writer.entry(Field.charged, charged.millijoules)
        writer.entry(Field.withheld, withheld.millijoules)
    }
}
