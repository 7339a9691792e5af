import Federation
import Quantities

/// Limits of worker processes and of the pool that runs them.
public enum WorkerLimits {
    /// Most bytes of one operation's input: a grey frame of 16 Mpixel and its header.
    public static let maximumInputBytes = FrameLimits.maximumPixels + 65_536
    /// Most bytes of one operation's result, so that it travels in one message.
    public static let maximumResultBytes = FederationLimits.maximumInlineLength
    /// Most bytes of an operation's name.
    public static let maximumOperationBytes = FederationLimits.maximumOperationLength
    /// Most bytes of an operation's parameters.
    public static let maximumParametersBytes = FederationLimits.maximumParametersLength
    /// Most bytes of an explanation.
    public static let maximumExplanationBytes = 512
    /// Most bytes of one encoded request.
    public static let maximumRequestBytes = maximumInputBytes + maximumParametersBytes + 256
    /// Most bytes that a worker may write; one more and it is stopped.
    public static let maximumAnswerBytes = maximumResultBytes + maximumExplanationBytes + 64

    /// Most workers that run at the same time.
    public static let maximumConcurrentWorkers = 8
    /// Most jobs that wait for a worker.
    public static let maximumQueuedJobs = 16
    /// Most bytes of input that wait for a worker.
    public static let maximumQueuedBytes = maximumInputBytes
    /// Address space that a worker has for its program and libraries, besides what its job may use.
    public static let programAddressSpace = ByteCount.mebibytes(64)
    /// Most descriptors that a worker may have open.
    public static let maximumOpenFiles: UInt32 = 64
    /// Most memory that the service of workers gives to one worker, besides its program.
    public static let maximumMemory = ByteCount.mebibytes(4096)
    /// Most bytes of an order to the service of workers.
    public static let maximumOrderBytes = maximumOperationBytes + 64
    /// Most bytes of its report.
    public static let maximumReportBytes = 64
    /// Time in which the service has to take a connection; the kernel takes it for one that is only late.
    public static let serviceTimeout = TimeSpan(milliseconds: 500)
    /// Time in which whoever connects to the service has to say what it wants.
    public static let orderTimeout = TimeSpan.seconds(5)
    /// Time in which the service has to tell the end of a worker that it was to kill.
    public static let serviceEndTime = TimeSpan.seconds(5)
    /// How far a worker steps back for the agent and others (nice(2)).
    public static let nice: Int32 = 5
    /// How often an end is looked for where the kernel cannot tell of it (before Linux 5.3).
    public static let endPollInterval = TimeSpan(milliseconds: 20)
}
