import Federation
import Ledger
import Quantities
import Wire

/// What a client is answered.
public enum ClientAnswer: Sendable {
    /// Its task was done and is paid for.
    case proven(ClientProof, ClientTerms)
    /// Its task was not taken on, or came to nothing; it costs nothing.
    case refused(ClientRefusal, ClientTerms)
    /// What an identity does here.
    case status(ClientStatus)
    /// Nothing was ever done here in the name that the text spells.
    case unknown(lct: String)
    /// The task was taken back, and what was set aside for it is free again.
    case cancelled(refunded: ClientAmount)
    /// No task of this name runs or waits.
    case notActive(task: String)
    /// Tasks of several clients have this name.
    case ambiguous(task: String)
    /// Nothing can be asked at present, and why.
    case unavailable(String)
}

/// What a task came to.
public struct ClientProof: Sendable {
    /// What was paid: the measured energy, at most the budget.
    public let charged: Energy
    /// Whether more was measured than the budget.
    public let isCapped: Bool
    /// How long the run took.
    public let time: TimeSpan
    /// How good the result is.
    public let quality: BasisPoints
    /// The result, in the operation's own encoding.
    public let result: [UInt8]
    /// When the run ended.
    public let ended: WallTime
}

/// Why a client's task is not taken on, or came to nothing.
public enum ClientRefusal: Hashable, Sendable {
    /// No key is known by which the source signs.
    case unknownKey
    /// The signature is not the source's.
    case badSignature
    /// There is no signature.
    case noSignature
    /// What is not signed needs the API key here.
    case keyNeeded
    /// A task of this name runs or waits.
    case alreadyActive
    /// A task of this name has ended, and how.
    case alreadyEnded(ClientEnd)
    /// The task is older than what is remembered of its client.
    case forgotten
    /// The task was made in the future.
    case ahead
    /// The target lives elsewhere.
    case otherPlatform(own: PlatformName)
    /// The task's type is not the target's.
    case typeDiffers
    /// Nothing here serves the operation.
    case notServed
    /// The program that serves the operation died, and is started again after this time.
    case notYet(TimeSpan)
    /// The same rules speak against it that hold for peers.
    case rules(TaskRefusal)
    /// The operation takes more than the budget: as much as this.
    case shortOfBudget(required: Energy)
    /// The client's account has no more than this.
    case shortOfCredits(available: Energy)
    /// As many tasks of clients, or so much input, as may be are under way.
    case full
    /// The ledger refuses, and why.
    case ledger(String)
    /// The work came to no result, and why.
    case failed(String)
    /// Its run was cut short, why, and what it does is not run a second time.
    case interrupted(String)
    /// It was not done within its time.
    case timedOut
    /// It was taken back.
    case cancelled
    /// The agent shuts down, or its store cannot be used.
    case unavailable(String)
}

/// How a client's task ended, numbered as it is stored.
public enum ClientEnd: UInt8, Hashable, Sendable, CaseIterable {
    /// With a result.
    case completed = 1
    /// Without one.
    case failed = 2
    /// Too late.
    case timedOut = 3
    /// It was taken back.
    case cancelled = 4
    /// The agent ended before it did.
    case interrupted = 5
}

/// What an identity does here for clients.
public struct ClientStatus: Sendable {
    /// The identity in the client's own spelling.
    public let text: String
    /// Its role in that spelling.
    public let task: String
    /// What it used of its daily ceiling, what is set aside counted.
    public let spent: Energy
    /// Its daily ceiling; nil where there is none.
    public let budget: Energy?
    /// Its tasks that run or wait.
    public let running: Int64
    /// Most of them at a time.
    public let limit: Int64
    /// The share of this board's workers that are free.
    public let free: BasisPoints
    /// Tasks that were done in its name.
    public let tasks: UInt64
    /// How long they ran, together.
    public let runtime: TimeSpan
    /// Whether it is in good standing.
    public let isGood: Bool
    /// When the first one was taken on.
    public let since: WallTime
}
