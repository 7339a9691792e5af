import AgentCore

/// The body in which a client sends its task, not read yet.
///
/// To read a long one and to write what is signed of it takes many times as long as all else that is done for a task,
/// and comes before anybody knows who sent it. Where many come at once, others than the loop can read short ones too.
public struct ClientBody: Sendable {
    private let bytes: [UInt8]
    private let showsKey: Bool

    init(_ bytes: [UInt8], showsKey: Bool) {
        self.bytes = bytes
        self.showsKey = showsKey
    }

    /// What a body comes to.
    public enum Reading: Sendable {
        /// This task.
        case task(ClientRequest)
        /// This refusal: it is none.
        case refused(HTTPResponse)
    }

    /// Whether it is not to be read where others wait meanwhile.
    var isLong: Bool { bytes.count > HTTPLimits.readAtOnceBytes }

    /// Reads it.
    /// - Complexity: O(n log n) in the bytes; up to a fifth of a second for the longest one.
    public func read() -> Reading {
        do throws(ClientTaskFault) {
            return .task(try ClientTask.request(bytes, showsKey: showsKey))
        } catch { return .refused(HTTPRefusal(400, error.text).response(.delegate)) }
    }
}
