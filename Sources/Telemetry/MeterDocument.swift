import Quantities

/// What is wrong with a meter's document.
public enum MeterDocumentError: Error, Hashable, Sendable {
    /// Longer than `TelemetryLimits.meterDocumentBytes`.
    case tooLong(bytes: Int)
    /// Not one JSON object without objects and lists in it.
    case notOneObject
    /// A member of this name comes twice.
    case twice(String)
    /// This member is no whole number, or one that no meter shows.
    case notANumber(String)
    /// Power, or energy, is told in two units.
    case twoUnits(String)
    /// Neither power nor energy is told.
    case nothing

    /// The problem in words.
    public var explanation: String {
        switch self {
        case .tooLong(let bytes): "\(bytes) bytes; at most \(TelemetryLimits.meterDocumentBytes) are read"
        case .notOneObject: "not one JSON object of plain members"
        case .twice(let name): "\(name) comes twice"
        case .notANumber(let name): "\(name) is not a whole number that a meter can show"
        case .twoUnits(let name): "\(name) is told in two units"
        case .nothing: "neither power_mw, power_uw, energy_mj nor energy_uj"
        }
    }
}

/// What an external meter says in one JSON object: `{"power_mw": 182400, "energy_mj": 99120000}`.
///
/// Power is `power_mw` or `power_uw`, negative into a battery; energy is `energy_mj` or `energy_uj`, a counter that
/// only grows. Both are whole numbers, and one of them is enough. Other members are passed over.
public struct MeterDocument: Hashable, Sendable {
    /// The power it tells.
    public var power: Power?
    /// The state of its counter.
    public var counter: EnergyRegister?

    /// Reads a document.
    ///
    /// Complexity: O(bytes).
    public init(_ bytes: [UInt8]) throws(MeterDocumentError) {
        guard bytes.count <= TelemetryLimits.meterDocumentBytes else { throw .tooLong(bytes: bytes.count) }
        var scanner = FlatObjectScanner(bytes)
        let members = try scanner.members()
        func number(_ name: String, times factor: Int64, within limit: Int64, from least: Int64)
            throws(MeterDocumentError) -> Int64?
        {
            guard let member = members.first(where: { $0.name.elementsEqual(name.utf8) }) else { return nil }
            let digits = member.value.first == UInt8(ascii: "-") ? member.value.dropFirst() : member.value
            guard !member.isText, digits.count == 1 || digits.first != UInt8(ascii: "0"),
                let value = DecimalText.signed(member.value), value >= least, value <= limit / factor
            else { throw .notANumber(name) }
            return value * factor
        }
        let most = TelemetryLimits.microwatts
        let milliwatts = try number("power_mw", times: 1000, within: most, from: -most / 1000)
        let microwatts = try number("power_uw", times: 1, within: most, from: -most)
        let highest = Int64(TelemetryLimits.counterMicrojoules)
        let millijoules = try number("energy_mj", times: 1000, within: highest, from: 0)
        let microjoules = try number("energy_uj", times: 1, within: highest, from: 0)
        guard milliwatts == nil || microwatts == nil else { throw .twoUnits("power") }
        guard millijoules == nil || microjoules == nil else { throw .twoUnits("energy") }
        power = (milliwatts ?? microwatts).map { Power(microwatts: $0) }
        counter = (millijoules ?? microjoules).map { EnergyRegister(microjoules: UInt64($0)) }
        guard power != nil || counter != nil else { throw .nothing }
    }
}

/// Takes a JSON object (RFC 8259) apart whose members are texts, numbers and words.
private struct FlatObjectScanner {
    /// A member; of a text the value is what was quoted.
    struct Member {
        let name: ArraySlice<UInt8>
        let value: ArraySlice<UInt8>
        let isText: Bool
    }

    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func members() throws(MeterDocumentError) -> [Member] {
        var members: [Member] = []
        guard take("{") else { throw .notOneObject }
        if !take("}") {
            repeat {
                let name = try text()
                guard take(":") else { throw .notOneObject }
                let isText = next == UInt8(ascii: "\"")
                let value = isText ? try text() : try word()
                guard !members.contains(where: { $0.name == name }) else {
                    throw .twice(String(decoding: name, as: UTF8.self))
                }
                members.append(Member(name: name, value: value, isText: isText))
            } while take(",")
            guard take("}") else { throw .notOneObject }
        }
        skipBlanks()
        guard position == bytes.count else { throw .notOneObject }
        return members
    }

    private var next: UInt8? {
        mutating get {
            skipBlanks()
            return position < bytes.count ? bytes[position] : nil
        }
    }

    private mutating func skipBlanks() {
        while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) { position += 1 }
    }

    private mutating func take(_ sign: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: sign) else { return false }
        position += 1
        return true
    }

    /// What is between two quotes, which are not part of it; escapes are left as they are, after a look.
    private mutating func text() throws(MeterDocumentError) -> ArraySlice<UInt8> {
        guard take("\"") else { throw .notOneObject }
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            guard bytes[position] >= 0x20 else { throw .notOneObject }
            position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard position < bytes.count, String(validating: bytes[start..<position], as: UTF8.self) != nil else {
            throw .notOneObject
        }
        defer { position += 1 }
        return bytes[start..<position]
    }

    /// A number, `true`, `false` or `null`.
    private mutating func word() throws(MeterDocumentError) -> ArraySlice<UInt8> {
        let start = position
        while position < bytes.count, FlatObjectScanner.isWordByte(bytes[position]) { position += 1 }
        let word = bytes[start..<position]
        let isPlain = ["true", "false", "null"].contains { word.elementsEqual($0.utf8) }
        let isNumber = word.first.map { $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) } ?? false
        guard isPlain || isNumber else { throw .notOneObject }
        return word
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".")
    }
}
