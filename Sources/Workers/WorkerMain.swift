import Platform
import Wire

/// The worker's side: one request from standard input, one answer to standard output.
public enum WorkerMain {
    /// Exit code beside a result.
    public static let successCode: Int32 = 0
    /// Exit code beside a refusal (`EX_DATAERR`).
    public static let refusalCode: Int32 = 65
    /// Exit code where the answer could not be written (`EX_IOERR`).
    public static let outputErrorCode: Int32 = 74

    /// Runs the operation that the command line names, and returns the code to exit with.
    public static func run(operation: String) -> Int32 {
        let answer: WorkerAnswer
        do throws(SystemError) {
            let request = try StandardInput.readAll(limit: WorkerLimits.maximumRequestBytes)
            answer = self.answer(to: request, operation: operation)
        } catch {
            answer = .refused(WorkerRefusal(.badRequest, error.description))
        }
        var output = OutputBuffer.standardOutput
        output.write(answer.encoded)
        do throws(SystemError) {
            try output.flush()
        } catch {
            return outputErrorCode
        }
        if case .refused = answer { return refusalCode }
        return successCode
    }

    /// The answer to an encoded request, which must be for `operation`.
    public static func answer(to bytes: [UInt8], operation name: String) -> WorkerAnswer {
        let request: WorkerRequest
        do throws(CBORError) {
            request = try WorkerRequest(decoding: bytes.span)
        } catch {
            return .refused(WorkerRefusal(.badRequest, error.explanation))
        }
        guard request.operation == name else {
            return .refused(WorkerRefusal(.badRequest, "started for \(name), asked for \(request.operation)"))
        }
        guard let operation = WorkerOperation(rawValue: name) else {
            return .refused(WorkerRefusal(.unknownOperation, "no operation \(name) here"))
        }
        do throws(WorkerRefusal) {
            return .result(try operation.result(for: request.input, parameters: request.parameters))
        } catch {
            return .refused(error)
        }
    }
}
