import Federation
import Quantities
import TestKit
import Testing

@Suite struct ToleranceTests {
    static let thousandth = ResultTolerance(absolute: 1_000, relative: 0)
    static let percent = ResultTolerance(absolute: 0, relative: 10_000)

    @Test(
        arguments: [
            ("{\"a\":1.5}", "{\"a\":1.5004}", true), ("{\"a\":1.5}", "{\"a\":1.5011}", false),
            ("[1,2,3]", "[1.0005,1.9995,3e0]", true), ("[1,2,3]", "[1,2]", false), ("[1,2]", "[1,2,3]", false),
            ("{\"a\":1}", "{\"b\":1}", false), ("{\"a1\":1}", "{\"a2\":1}", false), ("\"1.5\"", "\"1.5004\"", false),
            ("\"\\\"1\",1", "\"\\\"1\",1.0001", true), ("-0.0004", "0.0004", true), ("-0.0006", "0.0006", false),
            ("1e-5", "0.0000102", true), ("1E3", "1000", true), ("1e3", "1000.002", false), ("true", "true", true),
            ("true", "1", false), ("1", "", false),
            ("123456789012345678901234567890", "123456789012345678901234567890", true),
            ("1234567890123456789012345678901", "1234567890123456789012345678902", false),
            ("1e400", "1e400", true), ("1e400", "1e401", false), ("1.", "1.", true), ("-", "-", true),
            ("0.33333333333333331483", "0.33333333333333337", true), ("9e999999999999", "0", false),
        ] as [(String, String, Bool)])
    func `numbers may be a thousandth apart, everything else is the same`(left: String, right: String, agree: Bool)
        throws
    {
        let tolerance = try #require(Self.thousandth)
        #expect(tolerance.agree(Array(left.utf8), Array(right.utf8)) == agree)
        #expect(tolerance.agree(Array(right.utf8), Array(left.utf8)) == agree)
        #expect(ResultTolerance.exact.agree(Array(left.utf8), Array(right.utf8)) == (left == right))
    }

    @Test(
        arguments: [
            ("100", "101", true), ("100", "101.1", false), ("1e20", "1.009e20", true), ("1e20", "1.02e20", false),
            ("-200", "-198.1", true), ("200", "-200", false), ("0.0001", "0.000102", false), ("0.01", "0.0101", true),
        ] as [(String, String, Bool)])
    func `numbers may be a hundredth of the larger apart`(left: String, right: String, agree: Bool) throws {
        let tolerance = try #require(Self.percent)
        #expect(tolerance.agree(Array(left.utf8), Array(right.utf8)) == agree)
    }

    /// Python's decimal numbers say what is near.
    @Test func `near is what Python's decimals say`() throws {
        var random = SeededRandom(seed: 4)
        var pairs: [(String, String)] = []
        for _ in 0..<2_000 {
            let digits = Int64(random.next() % 2_000_000) - 1_000_000
            let step = Int64(random.next() % 4_001) - 2_000
            let scale = Int(random.next() % 7)
            pairs.append(("\(digits)e-\(scale)", "\(digits + step)e-\(scale)"))
        }
        let script = """
            import sys
            from decimal import Decimal as D
            for line in sys.stdin:
                a, b = map(D, line.split())
                q = D("0.000001")
                print(int(abs(a.quantize(q) - b.quantize(q)) <= D("0.001")))
            """
        let answers = try PythonTool.lines(script, input: pairs.map { $0.0 + " " + $0.1 })
        let tolerance = try #require(Self.thousandth)
        try #require(answers.count == pairs.count)
        for (pair, answer) in zip(pairs, answers) {
            #expect(tolerance.agree(Array(pair.0.utf8), Array(pair.1.utf8)) == (answer == "1"), "\(pair)")
        }
    }

    @Test func `a tolerance is stated in the task, and a task without one is as before`() throws {
        var task = Fixture.task
        #expect(try Fixture.roundTrip(task) == task)
        let plain = task.encoded
        task.tolerance = try #require(ResultTolerance(absolute: 5, relative: 7))
        #expect(try Fixture.roundTrip(task) == task)
        #expect(task.encoded.count > plain.count)
        #expect(ResultTolerance(absolute: -1, relative: 0) == nil)
        #expect(ResultTolerance(absolute: 0, relative: 1_000_001) == nil)
    }
}
