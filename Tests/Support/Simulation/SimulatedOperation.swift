import AgentCore
import Cryptography
import Federation
import Quantities

/// The one operation of simulated boards: its result is a hash of the input, so that anybody can check it.
public final class SimulatedOperation: ResultVerifier {
    /// The operation's name.
    public static let name = "perception.features"

    /// Whether results can be checked without a worker.
    private let checksResults: Bool

    /// The operation; it has no state.
    public init(checksResults: Bool = true) { self.checksResults = checksResults }

    /// The right result for `input`.
    public static func result(of input: [UInt8]) -> [UInt8] {
        Hashing.hash(input, for: .input).array + input.prefix(64)
    }

    /// How good the right result for `input` is: half as good as could be where it begins with 0xEE, else the whole.
    public static func worth(of input: [UInt8]) -> BasisPoints {
        input.first == 0xEE ? BasisPoints(clamping: 5_000) : .one
    }

    /// In full for the right result, else nothing.
    public func quality(of result: [UInt8], operation: Operation, input: [UInt8], parameters: [UInt8]) -> BasisPoints? {
        guard checksResults else { return nil }
        return result == SimulatedOperation.result(of: input) ? .one : .zero
    }

    /// All of them, or none.
    public func checks(_ operation: Operation) -> Bool { checksResults }
}
