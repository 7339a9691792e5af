import TestKit
import Testing
import Wire

/// There is one encoding of every value; every other is refused, and the refusal names the place.
struct CBORStrictnessTests {
    @Test func `a longer or indefinite head is refused wherever it stands`() throws {
        var random = SeededRandom(seed: 8949)
        var longer = 0
        var indefinite = 0
        for _ in 0..<250 {
            let value = CBORValue.random(&random, depth: 3)
            let strict = LooseCBORWriter(value, head: -1, as: .oneByte)
            #expect(strict.bytes == value.encoded)
            for head in 0..<strict.heads {
                for form in LooseCBORWriter.Form.allCases {
                    let loose = LooseCBORWriter(value, head: head, as: form)
                    guard let offset = loose.changedAt else { continue }
                    if form == .indefinite {
                        indefinite += 1
                        let error = CBORError.unsupported(at: offset, initialByte: loose.bytes[offset])
                        #expect(throws: error) { try CBORValue(loose.bytes) }
                    } else {
                        longer += 1
                        #expect(throws: CBORError.notShortest(at: offset)) { try CBORValue(loose.bytes) }
                    }
                }
            }
        }
        #expect(longer > 2000)
        #expect(indefinite > 500)
    }

    @Test func `an input cut at any byte is truncated`() {
        var random = SeededRandom(seed: 1)
        for _ in 0..<100 {
            let encoded = CBORValue.random(&random, depth: 3).encoded
            for length in 0..<encoded.count {
                #expect { try CBORValue(Array(encoded[..<length])) } throws: { error in
                    if case .truncated(let offset)? = error as? CBORError { offset == length } else { false }
                }
            }
        }
    }

    @Test func `bytes after the value are refused`() {
        var random = SeededRandom(seed: 2)
        for _ in 0..<100 {
            let encoded = CBORValue.random(&random, depth: 3).encoded
            let error = CBORError.trailingBytes(at: encoded.count)
            #expect(throws: error) { try CBORValue(encoded + [UInt8(truncatingIfNeeded: random.next())]) }
        }
    }

    @Test(arguments: [
        ("a2000000 00", CBORError.repeatedKey(at: 3)), ("a2010000 00", .unsortedKey(at: 3)),
        ("a3010002000100", .unsortedKey(at: 5)), ("a218180017 00", .unsortedKey(at: 4)),
        ("a21b000000010000000000181800", .unsortedKey(at: 11)),
        ("a12000", .unexpectedKind(at: 1, expected: .unsigned, found: .negative)),
        ("a14000", .unexpectedKind(at: 1, expected: .unsigned, found: .bytes)),
        ("a16000", .unexpectedKind(at: 1, expected: .unsigned, found: .text)),
        ("a18000", .unexpectedKind(at: 1, expected: .unsigned, found: .array)),
        ("a1a000", .unexpectedKind(at: 1, expected: .unsigned, found: .map)),
        ("a1f400", .unexpectedKind(at: 1, expected: .unsigned, found: .boolean)),
        ("a1f600", .unsupported(at: 1, initialByte: 0xf6)),
    ])
    func `map keys are unsigned, sorted and stand once`(hex: String, error: CBORError) throws {
        let input = try octets(hex.filter { $0 != " " })
        #expect(throws: error) { try CBORValue(input) }
    }

    @Test(arguments: [
        "6180", "61ff", "61c3", "62c328", "62c080", "63e28228", "63eda080", "63edbfbf", "64f0808080", "64f4908080",
        "64f8888080", "62c0af", "63e080af", "6261ff",
    ])
    func `text that is not UTF-8 is refused`(hex: String) throws {
        let input = try octets(hex)
        #expect(throws: CBORError.invalidUTF8(at: 0)) { try CBORValue(input) }
    }

    @Test func `text is kept scalar for scalar, without normalisation`() throws {
        let composed = CBORValue.text("\u{e9}").encoded
        let decomposed = CBORValue.text("e\u{301}").encoded
        #expect(composed != decomposed)
        #expect(try CBORValue(composed).encoded == composed)
        #expect(try CBORValue(decomposed).encoded == decomposed)
    }

    @Test(arguments: [UInt8(0x81), 0xa1])
    func `eight levels are read, nine are refused`(head: UInt8) throws {
        func nested(_ levels: Int) -> [UInt8] {
            (0..<levels).flatMap { _ in head == 0x81 ? [head] : [head, 0] } + [0]
        }
        let width = head == 0x81 ? 1 : 2
        #expect(try CBORValue(nested(8)).encoded == nested(8))
        #expect(throws: CBORError.tooDeep(at: 8 * width)) { try CBORValue(nested(9)) }
        #expect(throws: CBORError.tooDeep(at: 8 * width)) { try CBORValue(nested(100_000)) }
    }

    @Test(arguments: [
        "5bffffffffffffffff", "7bffffffffffffffff", "9bffffffffffffffff", "bbffffffffffffffff", "5b7fffffffffffffff",
        "9b7fffffffffffffff", "bb7fffffffffffffff", "9affffffff", "bb4000000000000000", "9a0001000000", "b90100",
    ])
    func `a length beyond the input is refused before anything is reserved for it`(hex: String) throws {
        let input = try octets(hex)
        #expect(throws: CBORError.truncated(at: input.count)) { try CBORValue(input) }
    }

    @Test func `of all inputs of one and two bytes just the encodings are accepted`() {
        // One byte: 24 + 24 small integers, four empty strings and collections, two booleans.
        // Two bytes: 232 + 232 integers, 256 byte strings, 128 texts, 54 arrays of one.
        func accepted(_ inputs: some Sequence<[UInt8]>) -> Int {
            inputs.count { input in (try? CBORValue(input).encoded) == input }
        }
        func refused(_ inputs: some Sequence<[UInt8]>) -> Int { inputs.count { (try? CBORValue($0)) == nil } }
        let one = (0...255).map { [UInt8($0)] }
        let two = (0...65_535).lazy.map { [UInt8($0 >> 8), UInt8($0 & 255)] }
        #expect(accepted(one) == 54)
        #expect(refused(one) == 256 - 54)
        #expect(accepted(two) == 902)
        #expect(refused(two) == 65_536 - 902)
    }

    @Test func `what is accepted encodes to itself, whatever byte was changed`() {
        var random = SeededRandom(seed: 3)
        var accepted = 0
        for _ in 0..<20_000 {
            var input = CBORValue.random(&random, depth: 3).encoded
            if input.count > 80 { continue }
            input[random.number(in: 0...(input.count - 1))] = UInt8(truncatingIfNeeded: random.next())
            guard let value = try? CBORValue(input) else { continue }
            accepted += 1
            #expect(value.encoded == input)
        }
        #expect(accepted > 1000)
    }
}
