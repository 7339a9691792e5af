import Cryptography
import Quantities

/// Receipts: what a peer has paid is taken in, whatever room there is.
///
/// The payer has posted and cannot take it back, and its lane waits; so nothing that a receipt lists is a
/// reason to refuse it. What cannot be held goes back the way it came, at once and unused.
extension LedgerMachine {
    mutating func receive(
        _ credit: ReceiptCredit, _ digest: Bytes16, _ summary: LedgerSummary
    ) throws(LedgerError) -> LedgerEffect {
        let paid = try requireSoundLots(credit)
        guard credit.measured >= .zero else { throw .notPositive(credit.measured) }
        let giver = credit.task.delegator
        guard giver != summary.genesis.home else { throw .ownPlatform }
        var peer = try requireOpenLane(giver)
        guard try LedgerMachine.moves(peer.received, to: credit.head) else { return .unchanged(.lane(stop: nil)) }
        peer.received = credit.head
        var taken = ReceivedLots(paid: paid)
        let slices = try slices(of: credit.lots, from: giver, summary.genesis, &taken)
        for slice in slices { try takeIn(slice, credit, &taken) }
        try self.credit(credit.reputation, for: taken.discharged)
        peer.unmatchedReturns = try sum(peer.unmatchedReturns, taken.unmatched)
        put(.peer(peer))
        remember(credit.task, taken, digest, summary)
        return .changed(.received(taken))
    }

    private func requireSoundLots(_ credit: ReceiptCredit) throws(LedgerError) -> Energy {
        guard !credit.lots.isEmpty else { throw .nothingListed }
        var total = Energy.zero
        for lot in credit.lots {
            try requirePositive(lot.amount)
            guard lot.remaining >= .zero else { throw .negativeSpan(lot.remaining) }
            total = try sum(total, lot.amount)
        }
        try requirePositive(total)
        return total
    }

    /// What the lots of a receipt are here, those first that run out first.
    ///
    /// Tokens that were sent out from here come back as what they were, own ones maybe by way of a third
    /// platform; of own ones no more is taken than is abroad.
    private mutating func slices(
        of lots: [LotTransfer], from giver: PlatformID, _ genesis: Genesis, _ taken: inout ReceivedLots
    ) throws(LedgerError) -> [LotSlice] {
        var slices: [LotSlice] = []
        for lot in lots {
            let expires = step.now + min(lot.remaining, genesis.longestLotLifetime)
            let isOwn = lot.issuer == genesis.home
            var left = lot.amount
            var home: [LotSlice] = []
            if lot.isReturning { home = takeReturned(left, of: lot.issuer, lot.proof, by: giver) }
            left -= LedgerMachine.amount(of: home)
            if isOwn {
                let others = takeAnywhere(left, of: lot.issuer, lot.proof, by: giver)
                left -= LedgerMachine.amount(of: others)
                home += others
            }
            for slice in home {
                let origin = slice.origin
                slices.append(
                    LotSlice(
                        amount: slice.amount,
                        origin: LotOrigin(
                            issuer: lot.issuer, giver: origin.giver, proof: lot.proof,
                            expires: min(expires, origin.expires))))
            }
            if isOwn {
                taken.unmatched += left
            } else if left > .zero {
                let origin = LotOrigin(issuer: lot.issuer, giver: giver, proof: lot.proof, expires: expires)
                slices.append(LotSlice(amount: left, origin: origin))
            }
        }
        return slices.sorted { $0.origin < $1.origin }
    }

    private static func amount(of slices: [LotSlice]) -> Energy { slices.reduce(.zero) { $0 + $1.amount } }

    /// Discharges what was measured from a slice, keeps what finds room, and gives back the remainder.
    private mutating func takeIn(
        _ slice: LotSlice, _ credit: ReceiptCredit, _ taken: inout ReceivedLots
    ) throws(LedgerError) {
        let giver = credit.task.delegator
        let origin = slice.origin
        let account = LedgerBook.available(credit.account)
        var left = slice.amount
        if origin.expires > step.now {
            // What is discharged at once needs no lot.
            let used = min(left, credit.measured - taken.discharged)
            try enter(.receive, used, of: origin.issuer, from: .abroad(giver), to: account)
            try sendHome(used, of: origin, as: .discharge, from: account)
            taken.discharged += used
            left -= used
            let kept = try keep(left, origin, credit)
            taken.kept += kept
            left -= kept
        }
        try comeBack(.zero, left, origin, from: giver)
        taken.givenBack += left
    }

    /// Credits `amount`, as far as it finds room, and returns how much did.
    private mutating func keep(
        _ amount: Energy, _ origin: LotOrigin, _ credit: ReceiptCredit
    ) throws(LedgerError) -> Energy {
        // What an account has had in all its life stays countable.
        guard image.accounts[credit.account]?.received ?? .zero <= LedgerLimits.receivedByAccount else { return .zero }
        let held = heldFromPeer(origin.giver, by: credit.account)
        let free = Energy.largest - (image.accounts[credit.account]?.available ?? .zero)
        let kept = min(amount, min(free, (LedgerLimits.heldFromPeer - held.amount).clampedToZero))
        guard kept > .zero else { return .zero }
        let hasRoom =
            image.lots.count < LedgerLimits.lots && held.lots < LedgerLimits.lotsFromPeer
            && image.lotsOfAccount[credit.account]?.count ?? 0 < LedgerLimits.lotsPerAccount
        let loss = hasRoom ? mergingLoss(of: origin) : origin.expires.since(.origin)
        let lot = lotToJoin(origin, of: credit.account, losing: loss)
        guard lot != nil || hasRoom else { return .zero }
        try enter(
            .receive, kept, of: origin.issuer, from: .abroad(credit.task.delegator), to: .available(credit.account))
        if let lot { try join(lot, kept) } else { try makeLot(kept, origin, of: credit.account) }
        return kept
    }

    /// What `account` holds of what `giver` gave; nothing counts for own tokens that came home.
    private func heldFromPeer(_ giver: PlatformID?, by account: AccountID) -> (lots: Int, amount: Energy) {
        guard let giver else { return (0, .zero) }
        var held = (lots: 0, amount: Energy.zero)
        for order in image.lotsOfAccount[account] ?? [] {
            guard let lot = image.lots[order.number], lot.origin.giver == giver else { continue }
            held.lots += 1
            held.amount = held.amount.saturatingSum(lot.amount)
        }
        return held
    }

    /// Remembers the task, so that it is not taken on again; where there is no room, the lane alone remembers.
    private mutating func remember(
        _ task: TaskReference, _ taken: ReceivedLots, _ digest: Bytes16, _ summary: LedgerSummary
    ) {
        guard image.finished[task.id] == nil, hasRoomForTask(of: task.delegator, summary) else { return }
        let outcome = TaskOutcome.settled(received: taken.paid, discharged: taken.discharged)
        put(.finished(FinishedTask(task: task, outcome: outcome, beginning: digest, ending: digest)))
    }
}
