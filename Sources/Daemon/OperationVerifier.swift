import AgentCore
import Federation
import Quantities
import Workers

/// Checks results of the built-in operations by running them again here.
public final class OperationVerifier: ResultVerifier {
    /// A verifier; it has no state.
    public init() {}

    /// The whole quality where the result is the one that comes out here, none where it is not.
    public func quality(of result: [UInt8], operation: Operation, input: [UInt8], parameters: [UInt8]) -> BasisPoints? {
        guard let known = WorkerOperation(rawValue: operation.name) else { return nil }
        do throws(WorkerRefusal) {
            return try known.result(for: input, parameters: parameters) == result ? .one : .zero
        } catch { return .zero }
    }

    /// Whether this program has the operation.
    public func checks(_ operation: Operation) -> Bool { WorkerOperation(rawValue: operation.name) != nil }
}
