import Quantities

/// Limits of worker processes and of the pool that runs them.
public enum WorkerLimits {
    /// Most bytes of one operation's input: a colour frame of 16 Mpixel and its header.
    public static let maximumInputBytes = 3 * FrameLimits.maximumPixels + 65_536
    /// Most bytes of one operation's result, so that it travels in one message.
    public static let maximumResultBytes = 49_152
    /// Most bytes of an explanation.
    public static let maximumExplanationBytes = 512
    /// Most bytes of an operation's name.
    public static let maximumOperationBytes = 64
    /// Most parameters of one request.
    public static let maximumParameters = 16
    /// Most bytes of a parameter's name and of its value, each.
    public static let maximumParameterBytes = 256
    /// Most bytes of one encoded request.
    public static let maximumRequestBytes = maximumInputBytes + 16_384
    /// Most bytes that a worker may write; one more and it is stopped.
    public static let maximumAnswerBytes = maximumResultBytes + maximumExplanationBytes + 64
}
