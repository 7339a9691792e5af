import Cryptography
import Ledger
import Quantities
import TestKit

/// Four ledgers that pay each other over lanes which delay and repeat, driven by a seed.
///
/// It does what an agent does with the ledger, without an agent: receipts and notices are kept until
/// they are applied, the lane is observed before money moves, and everything may be tried twice.
struct LedgerFleet {
    static let names = ["Sprout", "Thor", "Legion", "Nano"]

    /// A message of a lane on its way: a receipt or a notice.
    struct Transit {
        let from: Int
        let to: Int
        let head: LaneHead
        let lock: LockRequest?
        let slices: [LotSlice]
        let notice: ReturnNotice?
    }

    var random: SeededRandom
    var ledgers: [LedgerFixture] = []
    var transit: [Transit] = []
    var unmatched = Energy.zero
    var refusals: [String: Int] = [:]
    var applied: [String: Int] = [:]
    private var nextProof = 1
    private var locks: [[LockRequest]] = names.map { _ in [] }
    private var tickets: [[TaskID]] = names.map { _ in [] }

    init(seed: UInt64) throws {
        random = SeededRandom(seed: seed)
        for name in LedgerFleet.names {
            var ledger = LedgerFixture(name, supply: 3_000)
            ledger.machine = LedgerMachine()
            ledger.commits = []
            try ledger.apply(
                .genesis(
                    Genesis(
                        home: ledger.home, storeEpoch: ledger.epoch, supply: Energy(joules: 3_000),
                        returnGrace: .seconds(400 * 86_400))))
            ledgers.append(ledger)
        }
        for here in ledgers.indices {
            for there in ledgers.indices where there != here {
                try ledgers[here].apply(.observePeer(observation(of: there)))
            }
        }
    }

    private func observation(of index: Int) -> PeerObservation {
        PeerObservation(
            peer: ledgers[index].home, storeEpoch: ledgers[index].epoch, bootEpoch: 1, sent: .start, received: .start)
    }

    func account(_ index: Int, _ which: Int = 0) -> AccountID {
        LedgerFixture.account("a\(which)@\(LedgerFleet.names[index])")
    }

    /// One random thing at one random ledger; returns that ledger.
    mutating func step() throws -> Int {
        let here = random.number(in: 0...ledgers.count - 1)
        for index in ledgers.indices { ledgers[index].pass(.seconds(random.number(in: 0...120))) }
        switch random.number(in: 0...19) {
        case 0, 1, 2: attempt(here, charge(here))
        case 3, 4, 5, 6: lock(here)
        case 7, 8, 9: post(here)
        case 10: release(here)
        case 11: reserve(here)
        case 12: complete(here)
        case 13, 14, 15: deliver()
        case 16: giveBack(here)
        case 17: attempt(here, .expireLots)
        case 18:
            let other = account(here, random.number(in: 0...2))
            attempt(
                here,
                .grant(GrantRequest(task: ledgers[here].task(), from: account(here), to: other, amount: amount())))
        default:
            let home = ledgers[here].home
            if let floor = ledgers[here].machine.image.proposedTaskFloor(of: home, keeping: 3) {
                attempt(here, .raiseFloor(of: home, storeEpoch: ledgers[here].epoch, to: floor))
            }
        }
        return here
    }

    /// Applies what may be refused; a second try of the same event must change nothing.
    @discardableResult
    private mutating func attempt(_ index: Int, _ event: LedgerEvent) -> LedgerOutcome? {
        do {
            let outcome = try ledgers[index].apply(event)
            if outcome.commit != nil { applied[event.name, default: 0] += 1 }
            return outcome
        } catch {
            refusals[String("\(error)".prefix { $0 != "(" }), default: 0] += 1
            return nil
        }
    }

    private mutating func amount() -> Energy { Energy(millijoules: random.number(in: 1...400_000)) }

    private mutating func charge(_ here: Int) -> LedgerEvent {
        let proof = LedgerFixture.proof(random.oneIn(4) ? max(1, nextProof - 1) : nextProof)
        nextProof += 1
        let before = ledgers[here].machine.image.charges[proof]?.charged ?? .zero
        return .charge(
            ChargeAuthorisation(
                proof: proof, account: account(here), amount: amount(), limit: Energy(joules: 500),
                chargedBefore: before, expires: ledgers[here].now + .seconds(random.number(in: 1...200_000))))
    }

    private mutating func lock(_ here: Int) {
        let there = random.number(in: 0...ledgers.count - 1)
        let request = LockRequest(
            task: ledgers[here].task(), payer: Party(platform: ledgers[here].home, account: account(here)),
            payee: Party(platform: ledgers[there].home, account: account(there, random.number(in: 0...1))),
            amount: amount(),
            deadline: ledgers[here].now + .seconds(random.number(in: 1...4_000)),
            leastLifetimeBeyond: .seconds(random.number(in: 0...3_600)))
        if attempt(here, .lock(request))?.commit != nil { locks[here].append(request) }
    }

    private mutating func post(_ here: Int) {
        guard let lock = locks[here].suffix(6).randomElement(using: &random) else { return }
        let paid = Energy(millijoules: random.number(in: 1...(lock.amount.millijoules * 5 / 4)))
        let post = PostRequest(
            task: lock.task.id, by: ledgers[here].home, payee: lock.payee, amount: paid, proof: LedgerFixture.proof(0))
        guard let commit = attempt(here, .post(post))?.commit, case .ended(_, let slices) = commit.result,
            let there = ledgers.firstIndex(where: { $0.home == lock.payee.platform }), there != here
        else { return }
        send(from: here, to: there, lock: lock, slices, notice: nil)
    }

    private mutating func send(
        from here: Int, to there: Int, lock: LockRequest?, _ slices: [LotSlice], notice: ReturnNotice?
    ) {
        let peer = ledgers[there].home
        guard let row = ledgers[here].machine.image.peers[peer] else { return }
        let head = row.sent.advanced(by: lock?.task.id.bytes.array ?? [])
        attempt(here, .advanceLane(LaneAdvance(peer: peer, direction: .sent, head: head)))
        transit.append(Transit(from: here, to: there, head: head, lock: lock, slices: slices, notice: notice))
    }

    private mutating func release(_ here: Int) {
        guard let lock = locks[here].randomElement(using: &random) else { return }
        if random.oneIn(2) {
            attempt(here, .expire(lock.task.id))
        } else {
            attempt(here, .void(VoidRequest(task: lock.task.id, by: lock.payee.platform, reason: .refused)))
        }
    }

    private mutating func reserve(_ here: Int) {
        let task = ledgers[here].task()
        let request = ReserveRequest(
            task: task, account: account(here), amount: amount(),
            deadline: ledgers[here].now + .seconds(random.number(in: 1...9_000)))
        if attempt(here, .reserve(request))?.commit != nil { tickets[here].append(task.id) }
    }

    private mutating func complete(_ here: Int) {
        guard let task = tickets[here].randomElement(using: &random) else { return }
        let worker = ReputationCredit(worker: account(here, 2), quality: BasisPoints(clamping: 9_000))
        switch random.number(in: 0...3) {
        case 0: attempt(here, .failWork(task, .timedOut))
        case 1: attempt(here, .expire(task))
        default:
            attempt(
                here,
                .completeWork(
                    WorkCompletion(task: task, measured: amount(), proof: LedgerFixture.proof(2), reputation: worker)))
        }
    }

    /// Delivers the first message of some lane; sometimes it comes once more later.
    private mutating func deliver() {
        guard let chosen = transit.randomElement(using: &random),
            let index = transit.firstIndex(where: { $0.from == chosen.from && $0.to == chosen.to })
        else { return }
        let message = transit[index]
        var outcome: LedgerOutcome?
        if let lock = message.lock {
            let now = ledgers[message.from].now
            let receiver = ledgers[message.to].home
            outcome = attempt(
                message.to,
                .receive(
                    ReceiptCredit(
                        task: lock.task, account: lock.payee.account,
                        lots: message.slices.map { $0.transfer(at: now, to: receiver) },
                        receipt: LedgerFixture.proof(1), head: message.head,
                        measured: random.oneIn(3) ? .zero : amount(),
                        reputation: ReputationCredit(worker: lock.payee.account, quality: .one))))
            if case .received(let taken)? = outcome?.commit?.result { unmatched += taken.unmatched }
        } else if let notice = message.notice {
            outcome = attempt(message.to, .acceptReturn(notice))
            if case .committed(let commit)? = outcome, case .returned(_, let more) = commit.result { unmatched += more }
            if outcome != nil {
                attempt(
                    message.to,
                    .advanceLane(
                        LaneAdvance(peer: ledgers[message.from].home, direction: .received, head: message.head)))
            }
        }
        if outcome != nil, !random.oneIn(5) { transit.remove(at: index) }
    }

    private mutating func giveBack(_ here: Int) {
        let there = (here + random.number(in: 1...ledgers.count - 1)) % ledgers.count
        guard case .returnNotice(let notice)? = attempt(here, .issueReturn(to: ledgers[there].home))?.commit?.result
        else { return }
        send(from: here, to: there, lock: nil, [], notice: notice)
    }

    /// Every token there is: in pools, lots, on the way, owed, or claimed and not found.
    var everything: Energy {
        var total = unmatched
        for ledger in ledgers {
            guard let balances = ledger.machine.image.balances else { continue }
            total += balances.adp + balances.ownAtHome + balances.foreignAtHome + balances.owed
        }
        for message in transit {
            let lane = ledgers[message.to].machine.image.peers[ledgers[message.from].home]
            guard message.head.sequence > lane?.received.sequence ?? 0 else { continue }
            total += message.slices.reduce(.zero) { $0 + $1.amount }
            if let notice = message.notice {
                total += notice.lines.reduce(.zero) { $0 + $1.discharged + $1.expired }
            }
        }
        return total
    }
}
