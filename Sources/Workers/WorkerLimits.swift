import Federation
import Quantities

/// Limits of worker processes and of the pool that runs them.
public enum WorkerLimits {
    /// Most bytes of one operation's input: a grey frame of 16 Mpixel and its header.
    public static let maximumInputBytes = FrameLimits.maximumPixels + 65_536
    /// Most bytes of one operation's result, so that it travels in one message.
    public static let maximumResultBytes = FederationLimits.maximumInlineLength
    /// The longest time that a worker may say that graphics processors worked for a task.
    public static let longestClaim = FederationLimits.longestTaskTime
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
    public static let maximumMemory = ByteCount.mebibytes(16_384)
    /// Most words of a command.
    public static let maximumCommandWords = 64
    /// Most variables of its environment: 32 of the operator's, and three of the agent's.
    public static let maximumVariables = 35
    /// Most bytes of its words and variables together, so that an order travels in one message.
    public static let maximumCommandBytes = 12_288
    /// Most bytes of an order to the service of workers.
    public static let maximumOrderBytes = 16_384
    /// Most bytes of a report of its.
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

/// Limits of external executors: programs of the operator that stay and serve one task after another.
extension WorkerLimits {
    /// Most of their processes that the agent starts, all executors together.
    public static let maximumExternalProcesses = 16
    /// Most processes of workers at once, those of operations and of external executors.
    public static let maximumProcesses = maximumConcurrentWorkers + maximumExternalProcesses
    /// Most bytes of a line that one writes; one more and it is stopped.
    public static let maximumLineBytes = 131_072
    /// Time in which a line that was begun has to end.
    public static let lineTime = TimeSpan.seconds(10)
    /// Most lines about its progress that one writes for a task.
    public static let maximumProgressLines = 4_096
    /// Bytes of its standard error that are kept, the last ones.
    public static let maximumErrorBytes = 2_048
    /// Bytes of its standard error that are read in a second; beyond that it has to wait.
    public static let errorBytesPerSecond = 262_144
    /// Time from its start in which one has to say that it is ready.
    public static let readyTime = TimeSpan.seconds(120)
    /// Time for which one may live on whose standard streams are closed.
    public static let closedTime = TimeSpan.seconds(1)
    /// Most processes of one executor's process, itself counted.
    public static let maximumFamily = 64
    /// Most of its processes and threads where a control group counts them.
    public static let maximumTasks = 256
    /// Most descriptors that one may have open.
    public static let externalOpenFiles: UInt32 = 1_024
    /// Size of a file that one may write.
    public static let externalFileSize = ByteCount.mebibytes(1_024)

    /// Wait before one that died is started again; it doubles with every further death.
    public static let firstRestart = TimeSpan.milliseconds(100)
    /// The longest such wait.
    public static let longestRestart = TimeSpan.seconds(30)
    /// Deaths in a row, none of them of a task, after which an executor is parked.
    public static let startsBeforeParking = 5
    /// Tasks in a row that cost an executor's process its life, after which it is parked.
    public static let tasksBeforeParking = 10
    /// Time after which a parked executor is tried once more.
    public static let parkTime = TimeSpan.seconds(600)

    /// How often a worker's memory and processes are looked at while it works.
    public static let watchInterval = TimeSpan.milliseconds(250)
    /// How often while it waits.
    public static let idleWatchInterval = TimeSpan.seconds(2)
    /// How often those are looked for that belong to it.
    public static let familyInterval = TimeSpan.seconds(1)
    /// Time in which the service of workers has to say what a worker has used.
    public static let measureTime = TimeSpan.seconds(1)
}
