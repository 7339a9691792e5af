import Quantities
import Wire

extension CBORReader {
    /// The next item, one value of a closed list.
    mutating func choice<Choice: RawRepresentable<UInt8>>() throws(CBORError) -> Choice {
        let start = offset
        guard let choice = Choice(rawValue: UInt8(try unsigned(atMost: 255))) else { throw .invalidValue(at: start) }
        return choice
    }

    /// The field `key`: a count or a time in milliseconds.
    mutating func count(_ key: UInt64, of map: inout CBORMapFields) throws(CBORError) -> UInt64 {
        try field(key, of: &map)
        return try unsigned(atMost: EnergyProofLimits.largestCount)
    }

    /// The field `key`: an energy ≥ 0 in millijoules.
    mutating func energy(_ key: UInt64, of map: inout CBORMapFields) throws(CBORError) -> Energy {
        try field(key, of: &map)
        return Energy(millijoules: Int64(try unsigned(atMost: UInt64(Energy.largest.millijoules))))
    }

    /// The field `key`: a power ≥ 0 in milliwatts.
    mutating func power(_ key: UInt64, of map: inout CBORMapFields) throws(CBORError) -> Power {
        try field(key, of: &map)
        let largest = UInt64(EnergyProofLimits.largestPower.milliwatts)
        return Power(milliwatts: Int64(try unsigned(atMost: largest)))
    }

    /// The field `key`: a temperature in millidegrees, or nil where it is absent.
    mutating func temperature(_ key: UInt64, of map: inout CBORMapFields) throws(CBORError) -> Temperature? {
        guard try hasField(key, of: &map) else { return nil }
        let start = offset
        guard let millidegrees = Int32(exactly: try integer()) else { throw .outOfRange(at: start) }
        return Temperature(millidegrees: millidegrees)
    }

    /// The next item, a printable text of at most `limit` bytes.
    mutating func proofText(limit: Int) throws(CBORError) -> ProofText {
        let start = offset
        guard let text = ProofText(try text(limit: limit), limit: limit) else { throw .invalidValue(at: start) }
        return text
    }

    /// The next item, a source's identity.
    mutating func sourceID() throws(CBORError) -> SourceID {
        let start = offset
        guard let source = SourceID(try text(limit: EnergyProofLimits.sourceIDBytes)) else {
            throw .invalidValue(at: start)
        }
        return source
    }
}

extension CBORWriter {
    /// Appends a key and a number ≥ 0.
    mutating func entry(_ key: UInt64, _ value: UInt64) {
        unsigned(key)
        unsigned(value)
    }

    /// Appends a key and a number.
    mutating func entry(_ key: UInt64, _ value: Int64) {
        unsigned(key)
        integer(value)
    }
}
