import AgentCore
import Cryptography
import Federation
import Quantities

/// The one operation of simulated boards: its result is a hash of the input, so that anybody can check it.
public final class SimulatedOperation: ResultVerifier {
    /// The operation's name.
    public static let name = "perception.features"

    /// The operation; it has no state.
    public init() {}

    /// The right result for `input`.
    public static func result(of input: [UInt8]) -> [UInt8] {
        Hashing.hash(input, for: .input).array + input.prefix(64)
    }

    /// In full for the right result, else nothing.
    public func quality(of result: [UInt8], operation: Operation, input: [UInt8], parameters: [UInt8]) -> BasisPoints? {
        result == SimulatedOperation.result(of: input) ? .one : .zero
    }
}
