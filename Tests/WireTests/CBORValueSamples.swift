import TestKit
import Wire

extension CBORValue {
    /// A value of the subset that `random` determines, with at most `depth` levels of arrays and maps.
    static func random(_ random: inout SeededRandom, depth: Int = 8) -> CBORValue {
        switch random.number(in: 0...(depth > 0 ? 8 : 5)) {
        case 0: return .unsigned(random.edgy())
        case 1: return .negative(complement: random.edgy())
        case 2: return .boolean(random.oneIn(2))
        case 3: return .bytes(random.bytes(randomLength(&random)))
        case 4, 5:
            let scalars: [Unicode.Scalar] = [
                "\0", "a", "\"", "\\", "é", "水", "\u{d7ff}", "\u{e000}", "\u{ffff}", "𐅑", "\u{10ffff}",
            ]
            var text = ""
            for _ in 0..<randomLength(&random) { text.unicodeScalars.append(scalars[random.number(in: 0...10)]) }
            return .text(text)
        case 6:
            return .array((0..<random.number(in: 0...4)).map { _ in .random(&random, depth: depth - 1) })
        case 7:
            // Enough items that the head is longer than one byte.
            return .array((0..<random.number(in: 20...30)).map { _ in .random(&random, depth: 0) })
        default:
            let keys = Set((0..<random.number(in: 0...5)).map { _ in random.edgy() })
            return .map(keys.sorted().map { CBOREntry(key: $0, value: .random(&random, depth: depth - 1)) })
        }
    }

    private static func randomLength(_ random: inout SeededRandom) -> Int {
        random.oneIn(20) ? random.number(in: 250...300) : random.number(in: 0...30)
    }

    /// A text that names this value and no other: what Python's side of the comparison writes too.
    var notation: String {
        switch self {
        case .unsigned(let value): "\(value)"
        case .negative(let complement): "\(-1 - Int128(complement))"
        case .bytes(let bytes): "h" + hexadecimal(bytes)
        case .text(let text): "t" + hexadecimal(Array(text.utf8))
        case .boolean(let value): value ? "true" : "false"
        case .array(let items): "[" + items.map(\.notation).joined(separator: ",") + "]"
        case .map(let entries):
            "{" + entries.map { "\($0.key):\($0.value.notation)" }.joined(separator: ",") + "}"
        }
    }

    init(_ bytes: [UInt8]) throws(CBORError) { try self.init(decoding: bytes.span) }
}

/// Writes values with a chosen head in another form than the shortest: what the reader has to refuse.
struct LooseCBORWriter {
    /// How the chosen head is written.
    enum Form: CaseIterable {
        case oneByte, twoBytes, fourBytes, eightBytes, indefinite
    }

    private(set) var bytes: [UInt8] = []
    /// Offset of the chosen head, once it was written in the chosen form.
    private(set) var changedAt: Int?
    private var head = 0
    private let chosenHead: Int
    private let form: Form

    /// Writes `value` with its head number `chosenHead` in `form`, where that is another than the shortest.
    init(_ value: CBORValue, head chosenHead: Int, as form: Form) {
        self.chosenHead = chosenHead
        self.form = form
        write(value)
    }

    /// Number of heads written.
    var heads: Int { head }

    private mutating func write(_ value: CBORValue) {
        switch value {
        case .unsigned(let value): _ = write(0, value)
        case .negative(let complement): _ = write(1, complement)
        case .boolean(let value): bytes.append(value ? 0xf5 : 0xf4)
        case .bytes(let value): string(2, value)
        case .text(let value): string(3, Array(value.utf8))
        case .array(let items):
            let indefinite = write(4, UInt64(items.count), canBeIndefinite: true)
            for item in items { write(item) }
            if indefinite { bytes.append(0xff) }
        case .map(let entries):
            let indefinite = write(5, UInt64(entries.count), canBeIndefinite: true)
            for entry in entries {
                _ = write(0, entry.key)
                write(entry.value)
            }
            if indefinite { bytes.append(0xff) }
        }
    }

    private mutating func string(_ major: UInt8, _ content: [UInt8]) {
        if write(major, UInt64(content.count), canBeIndefinite: true) {
            bytes += CBORValue.bytes(content).encoded.enumerated().map { $0 == 0 ? $1 & 0x1f | major << 5 : $1 }
            bytes.append(0xff)
        } else {
            bytes += content
        }
    }

    /// Whether the head was written in the indefinite form.
    private mutating func write(_ major: UInt8, _ argument: UInt64, canBeIndefinite: Bool = false) -> Bool {
        defer { head += 1 }
        let shortest =
            argument < 24 ? 0 : argument <= 0xff ? 1 : argument <= 0xffff ? 2 : argument <= 0xffff_ffff ? 4 : 8
        var width = shortest
        if head == chosenHead {
            switch form {
            case .oneByte: width = 1
            case .twoBytes: width = 2
            case .fourBytes: width = 4
            case .eightBytes: width = 8
            case .indefinite:
                guard canBeIndefinite else { break }
                changedAt = bytes.count
                bytes.append(major << 5 | 31)
                return true
            }
            width = max(width, shortest)
            if width != shortest { changedAt = bytes.count }
        }
        let codes: [Int: UInt8] = [1: 24, 2: 25, 4: 26, 8: 27]
        bytes.append(major << 5 | (codes[width] ?? UInt8(argument)))
        for index in stride(from: width - 1, through: 0, by: -1) {
            bytes.append(UInt8(truncatingIfNeeded: argument >> UInt64(8 * index)))
        }
        return false
    }
}
