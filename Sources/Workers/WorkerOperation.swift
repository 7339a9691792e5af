import Wire

/// An operation that this program can run itself.
public enum WorkerOperation: String, CaseIterable, Sendable {
    /// Features of a grey frame: brightness, contrast, edges, motion, regions, perceptual hash.
    case perceptionFeatures = "perception.features"
    /// Which of given tasks to do within a budget, and in which order (docs/planning.md).
    case planning = "planning"

    /// The result for `input`.
    ///
    /// `perception.features` takes one or two Netpbm images, or where `parameters` is an encoded `FrameSize`
    /// one or two frames of bare grey levels; the first of two is the frame before. `planning` takes a `PlanRequest` in
    /// JSON, as input or, where that is empty, as parameters.
    /// Deterministic: the same arguments give the same bytes on every machine.
    public func result(for input: [UInt8], parameters: [UInt8] = []) throws(WorkerRefusal) -> [UInt8] {
        switch self {
        case .perceptionFeatures:
            let size = try frameSize(parameters)
            do throws(FrameError) {
                let frames =
                    if let size { try FrameInput(raw: input, size) } else { try FrameInput(netpbm: input) }
                return PerceptionFeatures(of: frames).encoded
            } catch {
                throw WorkerRefusal(.badInput, error.explanation)
            }
        case .planning:
            guard input.isEmpty || parameters.isEmpty else {
                throw WorkerRefusal(.badParameters, "the request stands in the input or in the parameters, not in both")
            }
            let request = try PlanRequest(parsing: input.isEmpty ? parameters : input)
            return Array(Plan(for: request).json(of: request).utf8)
        }
    }

    private func frameSize(_ parameters: [UInt8]) throws(WorkerRefusal) -> FrameSize? {
        if parameters.isEmpty { return nil }
        do throws(CBORError) {
            return try FrameSize(decoding: parameters.span)
        } catch {
            throw WorkerRefusal(.badParameters, error.explanation)
        }
    }
}

/// Why a worker gives no result: what its answer carries instead.
public struct WorkerRefusal: Error, Hashable, Sendable {
    /// The kinds of refusal, by their number in the answer.
    public enum Code: UInt64, CaseIterable, Sendable {
        /// The request cannot be read.
        case badRequest = 1
        /// This program has no such operation.
        case unknownOperation = 2
        /// The parameters are not what the operation takes.
        case badParameters = 3
        /// The input is not what the operation takes.
        case badInput = 4
    }

    /// The kind.
    public let code: Code
    /// What is wrong, for a person; at most `WorkerLimits.maximumExplanationBytes` bytes.
    public let explanation: String

    /// A refusal; a longer explanation is cut to its limit.
    public init(_ code: Code, _ explanation: String) {
        self.code = code
        var text = explanation
        while text.utf8.count > WorkerLimits.maximumExplanationBytes { text.unicodeScalars.removeLast() }
        self.explanation = text
    }
}
