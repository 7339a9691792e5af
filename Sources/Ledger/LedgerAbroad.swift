import Cryptography
import Quantities

/// Lots that cross a lane, and the tokens that come back along the way they went.
extension LedgerMachine {
    /// Remembers that `amount` of `origin` is at `holder`; what comes home there needs no memory.
    mutating func sendAbroad(_ amount: Energy, _ origin: LotOrigin, to holder: PlatformID) throws(LedgerError) {
        guard origin.issuer != holder, origin.giver != holder else { return }
        let key = AbroadKey(holder: holder, origin: origin)
        if image.abroad[key] == nil, image.abroad.count >= LedgerLimits.lotsAbroad {
            throw .limitReached(.lotsAbroad, limit: LedgerLimits.lotsAbroad)
        }
        let before = image.abroad[key]?.amount ?? .zero
        put(.abroad(AbroadLot(key: key, amount: try balance(before, amount))))
    }

    // MARK: Receipts

    mutating func receive(
        _ credit: ReceiptCredit, _ digest: Bytes16, _ summary: LedgerSummary
    ) throws(LedgerError) -> LedgerEffect {
        guard !credit.lots.isEmpty else { throw .nothingListed }
        var total = Energy.zero
        for lot in credit.lots {
            try requirePositive(lot.amount)
            guard lot.remaining >= .zero else { throw .negativeSpan(lot.remaining) }
            total = try sum(total, lot.amount)
        }
        try requirePositive(total)
        let home = summary.genesis.home
        let giver = credit.task.delegator
        guard giver != home else { throw .ownPlatform }
        if let known = try beginTask(credit.task, digest, of: giver, summary) { return known }
        try requireOpenLane(giver)
        for lot in credit.lots where lot.remaining > summary.genesis.longestLotLifetime {
            throw .lifetimeTooLong(longest: summary.genesis.longestLotLifetime, given: lot.remaining)
        }
        for lot in credit.lots {
            try enter(.receive, lot.amount, of: lot.issuer, from: .abroad(giver), to: .available(credit.account))
            try take(lot, from: giver, for: credit, home)
        }
        try requireRoomForForeignLots()
        try requireRoomForTask(of: giver, summary)
        let outcome = TaskOutcome.received(total)
        put(.finished(FinishedTask(task: credit.task, outcome: outcome, beginning: digest, ending: .zero)))
        return .changed(.ended(outcome, []))
    }

    /// Credits one received lot.
    ///
    /// Tokens that were sent out from here come back as what they were. Own tokens may come back by
    /// way of a third platform; more of them than is abroad is refused.
    private mutating func take(
        _ lot: LotTransfer, from giver: PlatformID, for credit: ReceiptCredit, _ home: PlatformID
    ) throws(LedgerError) {
        let expires = step.now + lot.remaining
        let isOwn = lot.issuer == home
        var left = lot.amount
        // What the sender had from elsewhere is not what was sent to it, however alike they are.
        guard isOwn || lot.isReturning else { return try addReceived(lot.amount, lot, expires, giver, credit) }
        let rows = abroadRows(of: lot.issuer, lot.proof, at: giver, orAnywhere: isOwn)
        let atGiver = rows.filter { $0.key.holder == giver }
        let elsewhere = rows.filter { $0.key.holder != giver }
        for row in lot.isReturning ? atGiver + elsewhere : elsewhere + atGiver {
            let part = min(left, row.amount)
            guard part > .zero else { break }
            left -= part
            storeAbroad(row, less: part)
            let origin = LotOrigin(
                issuer: lot.issuer, giver: row.key.origin.giver, proof: lot.proof,
                expires: min(expires, row.key.origin.expires))
            try addLot(part, origin, for: credit.task.id, to: credit.account)
        }
        guard left > .zero else { return }
        guard !isOwn else { throw .notAbroad(abroad: lot.amount - left, claimed: lot.amount) }
        try addReceived(left, lot, expires, giver, credit)
    }

    private mutating func addReceived(
        _ amount: Energy, _ lot: LotTransfer, _ expires: LedgerTime, _ giver: PlatformID, _ credit: ReceiptCredit
    ) throws(LedgerError) {
        let origin = LotOrigin(issuer: lot.issuer, giver: giver, proof: lot.proof, expires: expires)
        try addLot(amount, origin, for: credit.task.id, to: credit.account)
    }

    /// Every foreign lot here or passed on may one day be owed back; all of them must find room then.
    private func requireRoomForForeignLots() throws(LedgerError) {
        var count = image.foreignLots + image.owed.count
        for row in image.abroad.values where row.key.origin.giver != nil { count += 1 }
        guard count <= LedgerLimits.foreignLots else {
            throw .limitReached(.foreignLots, limit: LedgerLimits.foreignLots)
        }
    }

    mutating func dischargeReceived(
        _ request: ReceivedDischarge, _ digest: Bytes16
    ) throws(LedgerError) -> LedgerEffect {
        try requirePositive(request.measured)
        guard let task = image.finished[request.task] else { throw .unknownTask(request.task) }
        if task.ending == digest { return .unchanged(.ended(task.outcome, [])) }
        guard case .received(let received) = task.outcome else { throw .taskEnded(request.task, task.outcome) }
        guard image.accounts[request.account] != nil else { throw .unknownAccount(request.account) }

        var left = min(request.measured, received)
        var discharged = Energy.zero
        for order in image.lotsOfAccount[request.account] ?? [] where order.expires > step.now && left > .zero {
            guard var lot = image.lots[order.number], lot.task == request.task else { continue }
            let used = min(left, lot.available)
            left -= used
            discharged += used
            lot.available -= used
            store(lot)
            try sendHome(used, of: lot.origin, as: .discharge, from: .available(request.account))
        }
        try credit(request.reputation, for: discharged)
        let outcome = TaskOutcome.settled(received: received, discharged: discharged)
        put(.finished(FinishedTask(task: task.task, outcome: outcome, beginning: task.beginning, ending: digest)))
        return .changed(.ended(outcome, []))
    }

    // MARK: Returns

    mutating func issueReturn(to peer: PlatformID, _ summary: LedgerSummary) throws(LedgerError) -> LedgerEffect {
        let row = try requireOpenLane(peer)
        let owed = image.owed.values.filter { $0.key.giver == peer }
            .sorted { ($0.key.issuer, $0.key.proof) < ($1.key.issuer, $1.key.proof) }
        guard !owed.isEmpty else { throw .nothingOwed(peer) }
        guard row.sent.sequence < .max else { throw .overflow }
        var lines: [ReturnLine] = []
        for row in owed.prefix(LedgerLimits.linesPerReturn) {
            remove(.owed(row.key))
            let amount = try sum(row.discharged, row.expired)
            try enter(.giveBack, amount, of: row.key.issuer, from: .owed(peer), to: .abroad(peer))
            lines.append(
                ReturnLine(
                    issuer: row.key.issuer, proof: row.key.proof, discharged: row.discharged, expired: row.expired))
        }
        let notice = ReturnNotice(from: summary.genesis.home, number: row.sent.sequence + 1, lines: lines)
        return .changed(.returnNotice(notice))
    }

    mutating func acceptReturn(
        _ notice: ReturnNotice, _ digest: Bytes16, _ summary: LedgerSummary
    ) throws(LedgerError) -> LedgerEffect {
        guard !notice.lines.isEmpty else { throw .nothingListed }
        for line in notice.lines {
            guard line.discharged >= .zero else { throw .notPositive(line.discharged) }
            guard line.expired >= .zero else { throw .notPositive(line.expired) }
            try requirePositive(try sum(line.discharged, line.expired))
        }
        guard let known = image.peers[notice.from] else { throw .unknownPeer(notice.from) }
        if notice.number == known.lastReturnNumber, known.lastReturn == digest {
            return .unchanged(.returned(accepted: known.lastReturnAccepted, unmatched: known.lastReturnUnmatched))
        }
        guard notice.number > known.lastReturnNumber else {
            throw .returnOutOfStep(last: known.lastReturnNumber, given: notice.number)
        }
        var peer = try requireOpenLane(notice.from)

        var accepted = Energy.zero
        var unmatched = Energy.zero
        for line in notice.lines {
            var discharged = line.discharged
            var expired = line.expired
            for row in abroadRows(of: line.issuer, line.proof, at: notice.from, orAnywhere: false) {
                let spent = min(discharged, row.amount)
                let wasted = min(expired, row.amount - spent)
                guard spent + wasted > .zero else { break }
                discharged -= spent
                expired -= wasted
                accepted = try sum(accepted, spent + wasted)
                storeAbroad(row, less: spent + wasted)
                try comeBack(spent, wasted, row.key)
            }
            unmatched = try sum(unmatched, try sum(discharged, expired))
        }
        peer.lastReturnNumber = notice.number
        peer.lastReturn = digest
        peer.lastReturnAccepted = accepted
        peer.lastReturnUnmatched = unmatched
        peer.unmatchedReturns = try sum(peer.unmatchedReturns, unmatched)
        put(.peer(peer))
        return .changed(.returned(accepted: accepted, unmatched: unmatched))
    }

    /// Tokens that a holder has used up reach the pool, or are owed on to where they came from.
    private mutating func comeBack(_ spent: Energy, _ wasted: Energy, _ key: AbroadKey) throws(LedgerError) {
        let origin = key.origin
        guard let giver = origin.giver else {
            try enter(.giveBack, spent + wasted, of: origin.issuer, from: .abroad(key.holder), to: .adp)
            try changeSummary { (row) throws(LedgerError) in row.wasted = try sum(row.wasted, wasted) }
            return
        }
        try enter(.giveBack, spent + wasted, of: origin.issuer, from: .abroad(key.holder), to: .owed(giver))
        try owe((spent, wasted), of: origin.issuer, origin.proof, to: giver)
    }

    // MARK: Rows abroad

    /// What of these tokens is abroad: at `holder` first, then, if `orAnywhere`, elsewhere.
    ///
    /// What runs out first stands in front. Complexity: O(lots abroad).
    private func abroadRows(
        of issuer: PlatformID, _ proof: Bytes32, at holder: PlatformID, orAnywhere: Bool
    ) -> [AbroadLot] {
        image.abroad.values
            .filter {
                $0.key.origin.issuer == issuer && $0.key.origin.proof == proof
                    && (orAnywhere || $0.key.holder == holder)
            }
            .sorted { left, right in
                let (isLeft, isRight) = (left.key.holder == holder, right.key.holder == holder)
                if isLeft != isRight { return isLeft }
                if left.key.origin != right.key.origin { return left.key.origin < right.key.origin }
                return left.key.holder < right.key.holder
            }
    }

    private mutating func storeAbroad(_ row: AbroadLot, less amount: Energy) {
        if row.amount == amount {
            remove(.abroad(row.key))
        } else {
            put(.abroad(AbroadLot(key: row.key, amount: row.amount - amount)))
        }
    }
}
