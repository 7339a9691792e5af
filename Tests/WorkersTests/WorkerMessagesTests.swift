import TestKit
import Testing
import Wire

@testable import Workers

@Suite struct WorkerMessagesTests {
    private static let requests = [
        WorkerRequest(operation: "perception.features", input: [1, 2, 3]),
        WorkerRequest(operation: "", input: []),
        WorkerRequest(operation: "é", input: [0], parameters: [1, 2]),
    ]

    private static let answers: [WorkerAnswer] =
        [.result([]), .result([7]), .result([UInt8](repeating: 1, count: WorkerLimits.maximumResultBytes))]
        + WorkerRefusal.Code.allCases.map { .refused(WorkerRefusal($0, "why")) }

    @Test(arguments: requests) func `a request reads back as it was`(request: WorkerRequest) throws {
        let bytes = request.encoded
        #expect(try WorkerRequest(decoding: bytes.span) == request)
    }

    @Test(arguments: answers) func `an answer reads back as it was`(answer: WorkerAnswer) throws {
        let bytes = answer.encoded
        #expect(bytes.count <= WorkerLimits.maximumAnswerBytes)
        #expect(try WorkerAnswer(decoding: bytes.span) == answer)
    }

    @Test func `the encodings are those of the definition`() {
        let requests = WorkerMessagesTests.requests.map { hexadecimal($0.encoded) }
        #expect(requests[0] == "a20173" + hexadecimal(Array("perception.features".utf8)) + "0243010203")
        #expect(requests[1] == "a201600240")
        #expect(requests[2] == "a30162c3a902410003420102")
        #expect(hexadecimal(WorkerAnswer.result([7]).encoded) == "a1014107")
        #expect(hexadecimal(WorkerAnswer.refused(WorkerRefusal(.badInput, "why")).encoded) == "a202040363776879")
    }

    private static let malformedRequests: [(String, CBORError)] = [
        ("", .truncated(at: 0)),
        ("a0", .missingField(1, at: 1)),
        ("a10160", .missingField(2, at: 3)),
        ("a201600240ff", .trailingBytes(at: 5)),
        ("a2016002400000", .trailingBytes(at: 5)),
        ("a20160026161", .unexpectedKind(at: 4, expected: .bytes, found: .text)),
        ("a3016002400340", .invalidValue(at: 6)),
        ("a3016002400380", .unexpectedKind(at: 6, expected: .bytes, found: .array)),
        ("a30160024003590801" + String(repeating: "60", count: 2049), .tooLong(at: 6, limit: 2048)),
        ("a40160024003417a0400", .unknownField(4, at: 8)),
        ("a2017841" + String(repeating: "61", count: 65) + "0240", .tooLong(at: 2, limit: 64)),
    ]

    @Test(arguments: malformedRequests)
    func `a malformed request is refused by name`(hex: String, refusal: CBORError) throws {
        let input = try octets(hex)
        #expect(throws: refusal) { try WorkerRequest(decoding: input.span) }
        let answer = WorkerMain.answer(to: input, operation: "perception.features")
        #expect(answer == .refused(WorkerRefusal(.badRequest, refusal.explanation)))
    }

    private static let malformedAnswers: [(String, CBORError)] = [
        ("a0", .missingField(2, at: 1)),
        ("a10201", .missingField(3, at: 3)),
        ("a202000360", .invalidValue(at: 2)),
        ("a202050360", .invalidValue(at: 2)),
        ("a201400201", .unknownField(2, at: 3)),
        ("a1014000", .trailingBytes(at: 3)),
        ("68656c6c6f", .unexpectedKind(at: 0, expected: .map, found: .text)),
    ]

    @Test(arguments: malformedAnswers)
    func `a malformed answer is refused by name`(hex: String, refusal: CBORError) throws {
        let input = try octets(hex)
        #expect(throws: refusal) { try WorkerAnswer(decoding: input.span) }
    }

    @Test func `a result beyond its limit is no answer`() {
        let bytes = WorkerAnswer.result([UInt8](repeating: 0, count: WorkerLimits.maximumResultBytes + 1)).encoded
        #expect(throws: CBORError.tooLong(at: 2, limit: WorkerLimits.maximumResultBytes)) {
            try WorkerAnswer(decoding: bytes.span)
        }
    }

    @Test func `an explanation is cut between its characters`() {
        let refusal = WorkerRefusal(.badInput, String(repeating: "é", count: 400) + "x")
        #expect(refusal.explanation == String(repeating: "é", count: 256))
    }

    private static let impossible: [(String, String, String, WorkerRefusal.Code)] = [
        ("perception.features", "perception.count", "", .badRequest),
        ("perception.count", "perception.count", "", .unknownOperation),
        ("perception.features", "perception.features", "7b7d", .badParameters),
        ("perception.features", "perception.features", "a10101", .badParameters),
        ("perception.features", "perception.features", "a201010220", .badParameters),
        ("perception.features", "perception.features", "a20101021a00010000", .badParameters),
        ("perception.features", "perception.features", "a2010102030400", .badParameters),
        ("perception.features", "perception.features", "a201010200", .badInput),
        ("perception.features", "perception.features", "a201040204", .badInput),
        ("perception.features", "perception.features", "", .badInput),
    ]

    @Test(arguments: impossible)
    func `what the worker cannot do it refuses by number`(
        started: String, asked: String, parameters: String, code: WorkerRefusal.Code
    ) throws {
        let request = WorkerRequest(operation: asked, input: [1, 2, 3], parameters: try octets(parameters))
        guard case .refused(let refusal) = WorkerMain.answer(to: request.encoded, operation: started) else {
            Issue.record("an answer")
            return
        }
        #expect(refusal.code == code)
        #expect(!refusal.explanation.isEmpty)
    }

    @Test func `the worker answers with the operation's result`() throws {
        let request = WorkerRequest(operation: "perception.features", input: try frame("shapes.pgm"))
        let expected = try #require(ExpectedFeatures.all.first { $0.name == "shapes.pgm" })
        let result = try octets(expected.result)
        #expect(WorkerMain.answer(to: request.encoded, operation: "perception.features") == .result(result))

        let bare = WorkerRequest(
            operation: "perception.features", input: try FrameInput(netpbm: frame("shapes.pgm")).current.pixels,
            parameters: FrameSize(width: 96, height: 64).encoded)
        #expect(WorkerMain.answer(to: bare.encoded, operation: "perception.features") == .result(result))
    }
}
