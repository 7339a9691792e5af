import Cryptography
import Quantities

/// Locks and work tickets: credits that are frozen once and released once.
extension LedgerMachine {
    // MARK: Beginning

    mutating func lock(
        _ request: LockRequest, _ digest: Bytes16, _ summary: LedgerSummary
    ) throws(LedgerError) -> LedgerEffect {
        try requirePositive(request.amount)
        guard request.leastLifetimeBeyond >= .zero else { throw .negativeSpan(request.leastLifetimeBeyond) }
        if let known = try beginTask(request.task, digest, of: summary.genesis.home, summary) { return known }
        guard image.accounts[request.payer.account] != nil else { throw .unknownAccount(request.payer.account) }
        guard request.payer != request.payee else { throw .sameParty(request.payer.account) }
        if request.payee.platform != summary.genesis.home { try requireOpenLane(request.payee.platform) }
        try requireDeadline(request.deadline, summary)
        let hold = try freeze(
            request.amount, of: request.payer.account, outliving: request.deadline + request.leastLifetimeBeyond,
            for: request.task, summary, as: .lock
        ) { shares in
            Hold(
                task: request.task, account: request.payer.account, payerPlatform: request.payer.platform,
                payee: request.payee, amount: request.amount, deadline: request.deadline, digest: digest,
                shares: shares)
        }
        return .changed(.frozen(slices(of: hold)))
    }

    mutating func reserve(
        _ request: ReserveRequest, _ digest: Bytes16, _ summary: LedgerSummary
    ) throws(LedgerError) -> LedgerEffect {
        try requirePositive(request.amount)
        if let known = try beginTask(request.task, digest, of: summary.genesis.home, summary) { return known }
        guard image.accounts[request.account] != nil else { throw .unknownAccount(request.account) }
        try requireDeadline(request.deadline, summary)
        let hold = try freeze(
            request.amount, of: request.account, outliving: step.now, for: request.task, summary, as: .reserve
        ) { shares in
            Hold(
                task: request.task, account: request.account, payerPlatform: summary.genesis.home, payee: nil,
                amount: request.amount, deadline: request.deadline, digest: digest, shares: shares)
        }
        return .changed(.frozen(slices(of: hold)))
    }

    private func requireDeadline(_ deadline: LedgerTime, _ summary: LedgerSummary) throws(LedgerError) {
        guard deadline > step.now else { throw .deadlinePassed(deadline: deadline, now: step.now) }
        let latest = step.now + summary.genesis.longestLotLifetime
        guard deadline <= latest else { throw .deadlineTooFar(latest: latest, given: deadline) }
    }

    private mutating func freeze(
        _ amount: Energy, of account: AccountID, outliving limit: LedgerTime, for task: TaskReference,
        _ summary: LedgerSummary, as kind: LedgerEntryKind, _ hold: ([LotShare]) -> Hold
    ) throws(LedgerError) -> Hold {
        let shares = try choose(amount, from: account, outliving: limit)
        guard image.holds.count < LedgerLimits.holds else {
            throw .limitReached(.holds, limit: LedgerLimits.holds)
        }
        try requireRoomForTask(summary)
        let frozen: LedgerBook = kind == .lock ? .locked(account) : .reserved(account)
        for share in shares {
            guard var lot = image.lots[share.lot] else { throw .overflow }
            lot.available -= share.amount
            lot.held += share.amount
            put(.lot(lot))
            try enter(kind, share.amount, of: lot.origin.issuer, from: .available(account), to: frozen)
        }
        let row = hold(shares)
        put(.hold(row))
        return row
    }

    // MARK: Ending

    mutating func post(
        _ request: PostRequest, _ digest: Bytes16, _ summary: LedgerSummary
    ) throws(LedgerError) -> LedgerEffect {
        try requirePositive(request.amount)
        guard let hold = try liveHold(request.task, digest, isLock: true), let payee = hold.payee else {
            return try endedAlready(request.task)
        }
        guard request.payee == payee else { throw .otherPayee(expected: payee, given: request.payee) }
        try requireParty(request.by, of: hold)
        let isLocal = payee.platform == summary.genesis.home
        if !isLocal { try requireOpenLane(payee.platform) }
        guard step.now < hold.deadline else { throw .deadlinePassed(deadline: hold.deadline, now: step.now) }
        guard request.amount <= hold.amount else { throw .aboveLock(locked: hold.amount, amount: request.amount) }

        var left = request.amount
        var posted: [LotSlice] = []
        for share in hold.shares {
            let paid = min(left, share.amount)
            left -= paid
            let origin = try takeOut(share, using: paid, of: hold)
            guard paid > .zero else { continue }
            posted.append(LotSlice(amount: paid, origin: origin))
            if isLocal {
                try enter(.post, paid, of: origin.issuer, from: .locked(hold.account), to: .available(payee.account))
                try addLot(paid, origin, to: payee.account)
            } else {
                try enter(.post, paid, of: origin.issuer, from: .locked(hold.account), to: .abroad(payee.platform))
                try sendAbroad(paid, origin, to: payee.platform)
            }
        }
        return end(hold, .posted(request.amount), digest, posted)
    }

    mutating func void(_ request: VoidRequest, _ digest: Bytes16) throws(LedgerError) -> LedgerEffect {
        guard let hold = try liveHold(request.task, digest, isLock: true) else {
            return try endedAlready(request.task)
        }
        try requireParty(request.by, of: hold)
        try release(hold)
        return end(hold, .voided(request.reason), digest, [])
    }

    mutating func expire(_ task: TaskID, _ digest: Bytes16) throws(LedgerError) -> LedgerEffect {
        guard let hold = try liveHold(task, digest, isLock: nil) else { return try endedAlready(task) }
        guard step.now >= hold.deadline else { throw .deadlineNotReached(deadline: hold.deadline, now: step.now) }
        try release(hold)
        return end(hold, .expired, digest, [])
    }

    mutating func completeWork(_ completion: WorkCompletion, _ digest: Bytes16) throws(LedgerError) -> LedgerEffect {
        try requirePositive(completion.measured)
        guard let hold = try liveHold(completion.task, digest, isLock: false) else {
            return try endedAlready(completion.task)
        }
        guard step.now < hold.deadline else { throw .deadlinePassed(deadline: hold.deadline, now: step.now) }
        var left = min(completion.measured, hold.amount)
        var discharged = Energy.zero
        for share in hold.shares {
            // A lot that ran out while it was frozen expires now; nothing can be discharged from it.
            let alive = image.lots[share.lot].map { $0.origin.expires > step.now } ?? false
            let used = alive ? min(left, share.amount) : .zero
            left -= used
            discharged += used
            let origin = try takeOut(share, using: used, of: hold)
            try sendHome(used, of: origin, as: .discharge, from: .reserved(hold.account))
        }
        try credit(completion.reputation, for: discharged)
        return end(hold, .completed(discharged: discharged), digest, [])
    }

    mutating func failWork(
        _ task: TaskID, _ reason: ReleaseReason, _ digest: Bytes16
    ) throws(LedgerError) -> LedgerEffect {
        guard let hold = try liveHold(task, digest, isLock: false) else { return try endedAlready(task) }
        try release(hold)
        return end(hold, .failed(reason), digest, [])
    }

    // MARK: Shared

    /// The live hold of `task`; nil when the same event has ended it before.
    private func liveHold(_ task: TaskID, _ digest: Bytes16, isLock: Bool?) throws(LedgerError) -> Hold? {
        if let hold = image.holds[task] {
            if let isLock, isLock != (hold.payee != nil) { throw .wrongKindOfTask(task) }
            return hold
        }
        guard let finished = image.finished[task] else { throw .unknownTask(task) }
        guard finished.ending == digest else { throw .taskEnded(task, finished.outcome) }
        return nil
    }

    private func endedAlready(_ task: TaskID) throws(LedgerError) -> LedgerEffect {
        guard let finished = image.finished[task] else { throw .unknownTask(task) }
        return .unchanged(.ended(finished.outcome, []))
    }

    private func requireParty(_ platform: PlatformID, of hold: Hold) throws(LedgerError) {
        guard platform == hold.payerPlatform || platform == hold.payee?.platform else { throw .notAParty(platform) }
    }

    private mutating func end(
        _ hold: Hold, _ outcome: TaskOutcome, _ digest: Bytes16, _ slices: [LotSlice]
    ) -> LedgerEffect {
        remove(.hold(hold.task.id))
        put(.finished(FinishedTask(task: hold.task, outcome: outcome, beginning: hold.digest, ending: digest)))
        return .changed(.ended(outcome, slices))
    }

    private mutating func release(_ hold: Hold) throws(LedgerError) {
        for share in hold.shares { _ = try takeOut(share, using: .zero, of: hold) }
    }

    /// Unfreezes a share: `used` leaves the lot, the remainder can be spent again or, run out, expires.
    private mutating func takeOut(
        _ share: LotShare, using used: Energy, of hold: Hold
    ) throws(LedgerError) -> LotOrigin {
        guard var lot = image.lots[share.lot], lot.held >= share.amount else { throw .overflow }
        let frozen: LedgerBook = hold.payee == nil ? .reserved(hold.account) : .locked(hold.account)
        let rest = share.amount - used
        lot.held -= share.amount
        if lot.origin.expires > step.now {
            lot.available = try balance(lot.available, rest)
            try enter(.release, rest, of: lot.origin.issuer, from: frozen, to: .available(hold.account))
        } else {
            try sendHome(rest, of: lot.origin, as: .expire, from: frozen)
        }
        store(lot)
        return lot.origin
    }

    /// The frozen parts of lots with what they stand on.
    func slices(of hold: Hold) -> [LotSlice] {
        var slices: [LotSlice] = []
        for share in hold.shares {
            if let lot = image.lots[share.lot] { slices.append(LotSlice(amount: share.amount, origin: lot.origin)) }
        }
        return slices
    }

    /// Credits a worker's reputation with the discharged energy times its quality.
    mutating func credit(_ reputation: ReputationCredit?, for discharged: Energy) throws(LedgerError) {
        guard let reputation else { return }
        let earned = discharged.scaled(by: reputation.quality)
        guard earned > .zero else { return }
        try change(account: reputation.worker) { (row) throws(LedgerError) in
            row.reputation = try sum(row.reputation, earned)
        }
    }
}
