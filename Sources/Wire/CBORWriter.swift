import Quantities

/// Writes the deterministic CBOR subset: every integer and length in its shortest form.
///
/// The caller writes map keys in ascending order and as many entries as it announced.
public struct CBORWriter: Sendable {
    /// The encoding so far.
    public private(set) var bytes: [UInt8] = []

    /// An empty writer, with room for `capacity` bytes.
    public init(capacity: Int = 64) { bytes.reserveCapacity(capacity) }

    /// Appends an integer ≥ 0; also a map key.
    public mutating func unsigned(_ value: UInt64) { head(.unsigned, value) }

    /// Appends an integer.
    public mutating func integer(_ value: Int64) {
        if value >= 0 { head(.unsigned, UInt64(value)) } else { head(.negative, UInt64(bitPattern: ~value)) }
    }

    /// Appends −1 − `complement`, the integers below `Int64.min` included.
    public mutating func negative(complement: UInt64) { head(.negative, complement) }

    /// Appends `true` or `false`.
    public mutating func boolean(_ value: Bool) { bytes.append(value ? 0xf5 : 0xf4) }

    /// Appends a byte string.
    public mutating func byteString(_ value: [UInt8]) {
        head(.bytes, UInt64(value.count))
        bytes += value
    }

    /// Appends a byte string of sixteen bytes.
    public mutating func byteString(_ value: Bytes16) { byteString(value.array) }

    /// Appends a byte string of thirty-two bytes.
    public mutating func byteString(_ value: Bytes32) { byteString(value.array) }

    /// Appends a text.
    public mutating func text(_ value: String) {
        head(.text, UInt64(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    /// Begins an array of `count` items.
    public mutating func array(_ count: Int) { head(.array, UInt64(count)) }

    /// Begins a map of `count` entries.
    public mutating func map(_ count: Int) { head(.map, UInt64(count)) }

    /// Appends an item that is already encoded.
    public mutating func encoded(_ item: [UInt8]) { bytes += item }

    private mutating func head(_ kind: CBORKind, _ argument: UInt64) {
        let major = kind.rawValue << 5
        switch argument {
        case 0..<24:
            bytes.append(major | UInt8(truncatingIfNeeded: argument))
        case 24...0xff:
            bytes.append(major | 24)
            bigEndian(argument, 1)
        case 0x100...0xffff:
            bytes.append(major | 25)
            bigEndian(argument, 2)
        case 0x1_0000...0xffff_ffff:
            bytes.append(major | 26)
            bigEndian(argument, 4)
        default:
            bytes.append(major | 27)
            bigEndian(argument, 8)
        }
    }

    private mutating func bigEndian(_ value: UInt64, _ count: Int) {
        for index in stride(from: count - 1, through: 0, by: -1) {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index)))
        }
    }
}
