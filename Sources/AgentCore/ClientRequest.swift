import Cryptography
import Federation
import Quantities
import Wire

/// What a client asks over HTTP in the name of an identity, without being a peer.
public enum ClientCommand: Sendable {
    /// Run this here, pay for it from the client's account, and answer with the proof.
    case delegate(ClientRequest)
    /// What the identity of this text does here.
    case status(lct: String)
    /// Take back the task of this name, of `source` where that is said.
    case cancel(task: String, source: LCT? = nil)
}

/// An amount of credits as a client wrote it.
public struct ClientAmount: Hashable, Sendable {
    /// The number, as Python writes it: `50`, `50.0`.
    public let text: String
    /// Whether it was written without fraction and exponent.
    public let isWhole: Bool
    /// The amount, rounded down to whole millijoules.
    public let energy: Energy

    /// An amount that was written like `text`.
    public init(text: String, isWhole: Bool, energy: Energy) {
        self.text = text
        self.isWhole = isWhole
        self.energy = energy
    }
}

/// What a client and this board agree on, and what answers repeat.
public struct ClientTerms: Hashable, Sendable {
    /// The name that the client gave its task.
    public let task: String
    /// Who pays.
    public let source: LCT
    /// In which role the task runs here.
    public let target: LCT
    /// The target in the client's own spelling.
    public let targetText: String
    /// The task's type, which is the target's.
    public let type: TaskType
    /// The type in the client's own spelling.
    public let typeText: String
    /// What is to be done.
    public let operation: Operation
    /// What it may cost.
    public let budget: ClientAmount
    /// How long the client waits.
    public let timeout: TimeSpan
    /// That time in seconds, as Python writes it.
    public let timeoutText: String
    /// When the client made the task, by its own clock.
    public let created: WallTime

    /// Terms of their parts.
    public init(
        task: String, source: LCT, target: LCT, targetText: String, type: TaskType, typeText: String,
        operation: Operation, budget: ClientAmount, timeout: TimeSpan, timeoutText: String, created: WallTime
    ) {
        self.task = task
        self.source = source
        self.target = target
        self.targetText = targetText
        self.type = type
        self.typeText = typeText
        self.operation = operation
        self.budget = budget
        self.timeout = timeout
        self.timeoutText = timeoutText
        self.created = created
    }
}

/// A task that a client sent.
public struct ClientRequest: Sendable {
    /// What is agreed on.
    public let terms: ClientTerms
    /// The operation's input.
    public let input: [UInt8]
    /// The operation's parameters, in its own encoding.
    public let parameters: [UInt8]
    /// The bytes that the client has to have signed: one of these, which all say the same.
    public let signed: [[UInt8]]
    /// The signature; nil where something else stands in its place, or nothing.
    public let signature: Signature?
    /// Whether the request showed the API key.
    public let showsKey: Bool
    /// The key whose signature this was found to be; nil where nobody has looked yet, or it is none of those asked for.
    public var signer: PublicKey?
    /// Keys whose signature this was found not to be.
    public var strangers: [PublicKey] = []

    /// A request of its parts.
    public init(
        _ terms: ClientTerms, input: [UInt8], parameters: [UInt8], signed: [[UInt8]], signature: Signature?,
        showsKey: Bool
    ) {
        self.terms = terms
        self.input = input
        self.parameters = parameters
        self.signed = signed
        self.signature = signature
        self.showsKey = showsKey
    }

    /// Whether `key` has signed it.
    /// - Complexity: a verification for each of the forms that may be signed.
    public func isSigned(by key: PublicKey, _ scheme: any SignatureScheme) -> Bool {
        guard let signature else { return false }
        return signed.contains { scheme.isValid(signature, of: $0.span, by: key) }
    }
}
