import Quantities
import Wire

/// A named setting of an operation, as text.
public struct WorkerParameter: Hashable, Sendable {
    /// The name; at most `WorkerLimits.maximumParameterBytes` bytes.
    public var name: String
    /// The value; at most `WorkerLimits.maximumParameterBytes` bytes.
    public var value: String

    /// The setting of `name` to `value`.
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// An operation that this program can run itself.
public enum WorkerOperation: String, CaseIterable, Sendable {
    /// Features of a grey frame: brightness, contrast, edges, motion, regions, perceptual hash.
    case perceptionFeatures = "perception.features"

    /// The result for `input`.
    ///
    /// `perception.features` takes one or two Netpbm images, or with the parameters `width` and `height`
    /// one or two frames of bare grey levels; the first of two is the frame before.
    /// Deterministic: the same arguments give the same bytes on every machine.
    public func result(for input: [UInt8], _ parameters: [WorkerParameter]) throws(WorkerRefusal) -> [UInt8] {
        switch self {
        case .perceptionFeatures:
            let size = try FrameSize(parameters)
            do throws(FrameError) {
                let frames =
                    if let size {
                        try FrameInput(raw: input, width: size.width, height: size.height)
                    } else {
                        try FrameInput(netpbm: input)
                    }
                return PerceptionFeatures(of: frames).encoded
            } catch {
                throw WorkerRefusal(.badInput, error.explanation)
            }
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
        /// A parameter is unknown, stands twice or has a value that the operation does not take.
        case badParameter = 3
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

/// The size of bare frames, from the parameters of an operation.
private struct FrameSize {
    let width: Int
    let height: Int

    /// The size where both parameters are given, nil where there are no parameters.
    init?(_ parameters: [WorkerParameter]) throws(WorkerRefusal) {
        var width: Int?
        var height: Int?
        for parameter in parameters {
            guard let value = Int(parameter.value), value >= 0, "\(value)" == parameter.value else {
                throw WorkerRefusal(.badParameter, "\(parameter.name) is not a plain decimal number")
            }
            switch (parameter.name, width, height) {
            case ("width", nil, _): width = value
            case ("height", _, nil): height = value
            default: throw WorkerRefusal(.badParameter, "\(parameter.name) is unknown or stands twice")
            }
        }
        switch (width, height) {
        case (let width?, let height?):
            self.width = width
            self.height = height
        case (nil, nil): return nil
        default: throw WorkerRefusal(.badParameter, "width and height are given together or not at all")
        }
    }
}
