import Federation
import Quantities
import Testing
import Wire

@Suite struct WitnessTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var qualities: [Int64]
        var verdict: Int64?
        var accurate: [Bool]
        /// The verdict where nobody else can be asked, where that is another.
        var last: Int64?
    }

    static let cases: [Case] = [
        Case(testDescription: "nobody", qualities: [], verdict: nil, accurate: []),
        Case(testDescription: "two are too few", qualities: [9_000, 9_000], verdict: nil, accurate: [true, true]),
        Case(
            testDescription: "three within a tenth", qualities: [8_000, 9_000, 10_000], verdict: 9_000,
            accurate: [true, true, true]),
        Case(
            testDescription: "one is off", qualities: [9_000, 9_000, 7_999], verdict: nil,
            accurate: [true, true, false], last: 9_000),
        Case(
            testDescription: "all differ", qualities: [9_000, 5_000, 1_000], verdict: nil,
            accurate: [false, true, false]),
        Case(
            testDescription: "a fourth makes up for it", qualities: [9_000, 9_000, 0, 9_100], verdict: 9_000,
            accurate: [true, true, false, true]),
        Case(
            testDescription: "three of six are not more than half", qualities: [9_000, 9_000, 9_000, 0, 0, 0],
            verdict: nil, accurate: [false, false, false, true, true, true]),
        Case(
            testDescription: "four of six are", qualities: [9_000, 9_000, 9_000, 9_000, 0, 0], verdict: 9_000,
            accurate: [true, true, true, true, false, false]),
    ]

    @Test(arguments: cases) func `the median of those who agree counts`(_ item: Case) throws {
        var panel = WitnessPanel(try #require(WitnessRule(count: 3)))
        for quality in item.qualities { panel.add(BasisPoints(clamping: quality)) }
        #expect(panel.verdict(isLast: false) == item.verdict.map { BasisPoints(clamping: $0) })
        #expect(panel.verdict(isLast: true) == (item.last ?? item.verdict).map { BasisPoints(clamping: $0) })
        #expect(panel.isScored == (item.qualities.count >= 3))
        #expect(panel.qualities.map { panel.isAccurate($0) } == item.accurate)
        #expect(panel.most == 6)
    }

    @Test func `a witness that is often off is not asked once it is known`() throws {
        var record = WitnessRecord()
        for _ in 0..<9 { record.add(isAccurate: false) }
        #expect(record.isFit)
        record.add(isAccurate: false)
        #expect(!record.isFit)
        var writer = CBORWriter()
        record.write(to: &writer)
        let bytes = writer.bytes
        var reader = try CBORReader(bytes.span, limit: 64)
        #expect(try WitnessRecord(from: &reader) == record)
        var good = WitnessRecord()
        for _ in 0..<10 { good.add(isAccurate: true) }
        #expect(good.isFit)
        // The more accurate are asked first, and who is no longer fit last.
        #expect(good.isBetter(than: WitnessRecord()) && WitnessRecord().isBetter(than: record))
        #expect(!record.isBetter(than: WitnessRecord()) && !good.isBetter(than: good))
    }

    @Test func `what a witness is asked and says comes through, and nothing else does`() throws {
        var task = Fixture.task
        task.subject = WitnessSubject(task: Fixture.task.id, proofHash: Fixture.hash(3), result: [1, 2, 3])
        #expect(try Fixture.roundTrip(task) == task)
        let word = Attestation(on: try #require(task.subject), quality: BasisPoints(clamping: 7_500))
        #expect(try Attestation(decoding: word.encoded) == word)
        for length in 0..<word.encoded.count {
            #expect(throws: CBORError.self) { try Attestation(decoding: Array(word.encoded.prefix(length))) }
        }
        #expect(throws: CBORError.self) { try Attestation(decoding: word.encoded + [0]) }
    }
}
