import TestKit
import Testing
import Wire

/// RFC 8949 Appendix A, in the file of cbor/test-vectors.
struct CBORVectorTests {
    struct Vector: Decodable, Sendable {
        let hex: String
    }

    /// What Appendix A has outside the subset, by the reason of the refusal.
    enum Refusal: String, CaseIterable {
        case float, tag, null, undefined, simpleValue, indefiniteLength, textKey
    }

    /// The refusal of a vector by what its first bytes are, worked out apart from the reader; nil inside the subset.
    static func refusal(_ hex: String) -> (reason: Refusal, error: CBORError)? {
        let initialByte = UInt8(hex.prefix(2), radix: 16) ?? 0
        let reason: Refusal
        switch hex.prefix(2) {
        case "f9", "fa", "fb": reason = .float
        case "c0", "c1", "c2", "c3", "d7", "d8": reason = .tag
        case "f6": reason = .null
        case "f7": reason = .undefined
        case "f0", "f8": reason = .simpleValue
        case "5f", "7f", "9f", "bf": reason = .indefiniteLength
        default:
            // Four vectors hold what is refused further inside.
            switch hex {
            case "a26161016162820203", "a56161614161626142616361436164614461656145":
                return (.textKey, .unexpectedKind(at: 1, expected: .unsigned, found: .text))
            case "826161a161626163": return (.textKey, .unexpectedKind(at: 4, expected: .unsigned, found: .text))
            case "826161bf61626163ff": return (.indefiniteLength, .unsupported(at: 3, initialByte: 0xbf))
            case "83018202039f0405ff": return (.indefiniteLength, .unsupported(at: 5, initialByte: 0x9f))
            case "83019f0203ff820405": return (.indefiniteLength, .unsupported(at: 2, initialByte: 0x9f))
            default: return nil
            }
        }
        return (reason, .unsupported(at: 0, initialByte: initialByte))
    }

    @Test func `values inside the subset read back to the same bytes, all others are refused by reason`() throws {
        let vectors = try Vectors.load("cbor-rfc8949-appendix-a.json", as: [Vector].self)
        #expect(vectors.count == 82)
        var accepted = 0
        var refused: [Refusal: Int] = [:]
        for vector in vectors {
            let input = try octets(vector.hex)
            if let (reason, error) = Self.refusal(vector.hex) {
                refused[reason, default: 0] += 1
                #expect(throws: error, "\(reason): \(vector.hex)") { try CBORValue(input) }
            } else {
                accepted += 1
                #expect(try CBORValue(input).encoded == input, "\(vector.hex)")
            }
        }
        #expect(accepted == 33)
        #expect(
            refused == [
                .float: 22, .tag: 8, .null: 1, .undefined: 1, .simpleValue: 3, .indefiniteLength: 11, .textKey: 3,
            ])
    }

    @Test(arguments: [
        ("00", CBORValue.unsigned(0)), ("17", .unsigned(23)), ("1818", .unsigned(24)), ("1903e8", .unsigned(1000)),
        ("1bffffffffffffffff", .unsigned(.max)), ("20", .negative(complement: 0)),
        ("3903e7", .negative(complement: 999)),
        ("3bffffffffffffffff", .negative(complement: .max)), ("f4", .boolean(false)), ("f5", .boolean(true)),
        ("4401020304", .bytes([1, 2, 3, 4])), ("62c3bc", .text("ü")), ("64f0908591", .text("𐅑")), ("80", .array([])),
        (
            "8301820203820405",
            .array([
                .unsigned(1), .array([.unsigned(2), .unsigned(3)]), .array([.unsigned(4), .unsigned(5)]),
            ])
        ),
        ("a201020304", .map([.init(key: 1, value: .unsigned(2)), .init(key: 3, value: .unsigned(4))])),
    ])
    func `values are what the RFC says they are`(hex: String, value: CBORValue) throws {
        let input = try octets(hex)
        #expect(try CBORValue(input) == value)
        #expect(value.encoded == input)
    }
}
