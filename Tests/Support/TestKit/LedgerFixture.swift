import Cryptography
import Ledger
import Quantities

/// A ledger with short names for what tests do to it.
public struct LedgerFixture: Sendable {
    /// The ledger.
    public var machine = LedgerMachine()
    /// The time of the next event.
    public var now = LedgerTime(milliseconds: 1_000)
    /// What was committed so far.
    public var commits: [LedgerCommit] = []
    /// The ledger's platform.
    public let home: PlatformID
    /// The epoch of its store.
    public let epoch: StoreEpoch
    private var nextTask: UInt64 = 1

    /// Seven days.
    public static let week = TimeSpan.seconds(7 * 86_400)

    /// A platform's id that differs for every name.
    public static func platform(_ name: String) -> PlatformID {
        KeyID(bytes: Hashing.hash(Array(name.utf8), for: .key))
    }

    /// A proof's hash that differs for every number.
    public static func proof(_ number: Int) -> Bytes32 {
        Hashing.hash(Array("proof \(number)".utf8), for: .energyProof)
    }

    /// An account's name; tests only use good ones.
    public static func account(_ name: String) -> AccountID {
        guard let account = AccountID("lct:web4:agent:\(name)") else { preconditionFailure("a good name") }
        return account
    }

    /// A ledger of `name` that begins with `supply` joules, in the store of `epoch`.
    public init(_ name: String = "Sprout", supply joules: Int64 = 100_000, epoch: UInt64? = nil) {
        home = LedgerFixture.platform(name)
        self.epoch = StoreEpoch(epoch ?? UInt64(truncatingIfNeeded: home.bytes.low))
        _ = try? apply(.genesis(Genesis(home: home, storeEpoch: self.epoch, supply: Energy(joules: joules))))
    }

    /// Applies `event` now.
    @discardableResult
    public mutating func apply(_ event: LedgerEvent) throws(LedgerError) -> LedgerOutcome {
        let outcome = try machine.apply(event, at: now)
        if let commit = outcome.commit { commits.append(commit) }
        return outcome
    }

    /// Lets time pass.
    public mutating func pass(_ span: TimeSpan) { now = now + span }

    /// The next task of this platform.
    public mutating func task() -> TaskReference {
        defer { nextTask += 1 }
        return TaskReference(delegator: home, storeEpoch: epoch, sequence: nextTask)
    }

    /// Charges all of a proof of `joules`.
    @discardableResult
    public mutating func charge(
        _ account: AccountID, joules: Int64, proof: Int, lifetime: TimeSpan = week
    ) throws(LedgerError) -> LedgerOutcome {
        let amount = Energy(joules: joules)
        return try apply(
            .charge(
                ChargeAuthorisation(
                    proof: LedgerFixture.proof(proof), account: account, amount: amount, limit: amount,
                    chargedBefore: .zero, expires: now + lifetime)))
    }

    /// A lock of `joules` for `payee`, due in a minute.
    public mutating func lockRequest(
        _ payer: AccountID, _ joules: Int64, for payee: Party, lasting span: TimeSpan = .seconds(60)
    ) -> LockRequest {
        LockRequest(
            task: task(), payer: Party(platform: home, account: payer), payee: payee, amount: Energy(joules: joules),
            deadline: now + span, leastLifetimeBeyond: .seconds(3_600))
    }

    /// The payment of `joules` of a lock.
    public func postRequest(_ lock: LockRequest, _ joules: Int64, proof: Int = 900) -> PostRequest {
        PostRequest(
            task: lock.task.id, by: home, payee: lock.payee, amount: Energy(joules: joules),
            proof: LedgerFixture.proof(proof))
    }

    /// The receipt for `task`, as the next message in the lane of the platform that numbered it.
    public func receipt(
        _ task: TaskReference, to account: AccountID, _ lots: [LotTransfer], measured: Energy = .zero,
        reputation: ReputationCredit? = nil
    ) -> LedgerEvent {
        let lane = machine.image.peers[task.delegator]?.received ?? .start
        return .receive(
            ReceiptCredit(
                task: task, account: account, lots: lots, receipt: LedgerFixture.proof(0),
                head: lane.advanced(by: task.id.bytes.array), measured: measured, reputation: reputation))
    }

    /// What a peer shows of its store when nothing was exchanged yet.
    public func observation(of peer: PlatformID, epoch: UInt64 = 7, boot: UInt64 = 1) -> PeerObservation {
        PeerObservation(
            peer: peer, storeEpoch: StoreEpoch(epoch), bootEpoch: boot, sent: .start, received: .start)
    }

    /// The balances of an account.
    public func account(_ id: AccountID) -> Account { machine.image.account(id) }
    /// The pool.
    public var adp: Energy { machine.image.summary?.adp ?? .zero }
}
