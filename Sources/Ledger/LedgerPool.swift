import Cryptography
import Quantities

/// Genesis, supply, charges, grants and the expiry of lots.
extension LedgerMachine {
    mutating func begin(_ genesis: Genesis) throws(LedgerError) -> LedgerEffect {
        guard image.summary == nil else { throw .alreadyBegun }
        guard genesis.supply >= .zero else { throw .notPositive(genesis.supply) }
        guard genesis.supply <= .largest else { throw .tooLarge(genesis.supply) }
        guard genesis.longestLotLifetime > .zero else { throw .negativeSpan(genesis.longestLotLifetime) }
        guard genesis.returnGrace >= .zero else { throw .negativeSpan(genesis.returnGrace) }
        put(
            .summary(
                LedgerSummary(
                    genesis: genesis, supply: .zero, adp: .zero, wasted: .zero, reclaimed: .zero, nextLot: 1,
                    taskFloor: 0, chargeFloor: .origin)))
        try enter(.supply, genesis.supply, of: genesis.home, from: .mint, to: .adp)
        return .changed(.done)
    }

    mutating func configure(_ supply: Energy, _ summary: LedgerSummary) throws(LedgerError) -> LedgerEffect {
        guard supply >= .zero else { throw .notPositive(supply) }
        guard supply <= .largest else { throw .tooLarge(supply) }
        let home = summary.genesis.home
        if supply == summary.supply { return .unchanged(.done) }
        if supply > summary.supply {
            try enter(.supply, supply - summary.supply, of: home, from: .mint, to: .adp)
        } else {
            let less = summary.supply - supply
            guard summary.adp >= less else { throw .insufficientPool(adp: summary.adp, needed: less) }
            try enter(.supply, less, of: home, from: .adp, to: .mint)
        }
        return .changed(.done)
    }

    mutating func charge(
        _ authorisation: ChargeAuthorisation, _ digest: Bytes16, _ summary: LedgerSummary
    ) throws(LedgerError) -> LedgerEffect {
        let amount = authorisation.amount
        try requirePositive(amount)
        try requirePositive(authorisation.limit)
        guard authorisation.chargedBefore >= .zero else { throw .notPositive(authorisation.chargedBefore) }

        let known = image.charges[authorisation.proof]
        if let known, known.digest == digest { return .unchanged(.charged(known.charged)) }
        let charged = known?.charged ?? .zero
        guard authorisation.chargedBefore == charged else {
            throw .chargeOutOfStep(charged: charged, given: authorisation.chargedBefore)
        }
        if known == nil, summary.chargeFloor > .origin,
            authorisation.expires <= summary.chargeFloor + LedgerLimits.chargeFloorMargin
        {
            throw .chargeForgotten(floor: summary.chargeFloor, expires: authorisation.expires)
        }
        let expires = min(authorisation.expires, known?.expires ?? authorisation.expires)
        guard expires > step.now else { throw .alreadyExpired(expires: expires, now: step.now) }
        guard expires <= step.now + summary.genesis.longestLotLifetime else {
            throw .lifetimeTooLong(longest: summary.genesis.longestLotLifetime, given: expires.since(step.now))
        }
        let limit = min(authorisation.limit, known?.limit ?? authorisation.limit)
        let total = try sum(charged, amount)
        guard total <= limit else { throw .aboveChargeLimit(limit: limit, charged: charged, amount: amount) }
        guard summary.adp >= amount else { throw .insufficientPool(adp: summary.adp, needed: amount) }

        if known == nil, image.charges.count >= LedgerLimits.charges { try forgetOldestCharge() }
        put(
            .charge(
                ChargeRecord(
                    proof: authorisation.proof, charged: total, limit: limit, expires: expires, digest: digest)))
        let home = summary.genesis.home
        try enter(.charge, amount, of: home, from: .adp, to: .available(authorisation.account))
        let origin = LotOrigin(issuer: home, giver: nil, proof: authorisation.proof, expires: expires)
        try addLot(amount, origin, to: authorisation.account)
        return .changed(.charged(total))
    }

    /// Makes room for one charge: the one that expires first becomes the floor.
    private mutating func forgetOldestCharge() throws(LedgerError) {
        let oldest = image.charges.values.min { left, right in
            left.expires != right.expires ? left.expires < right.expires : left.proof < right.proof
        }
        guard let oldest else { return }
        remove(.charge(oldest.proof))
        try changeSummary { (row) throws(LedgerError) in row.chargeFloor = max(row.chargeFloor, oldest.expires) }
    }

    mutating func grant(
        _ request: GrantRequest, _ digest: Bytes16, _ summary: LedgerSummary
    ) throws(LedgerError) -> LedgerEffect {
        try requirePositive(request.amount)
        if let known = try beginTask(request.task, digest, of: summary.genesis.home, summary) { return known }
        guard image.accounts[request.from] != nil else { throw .unknownAccount(request.from) }
        guard request.from != request.to else { throw .sameParty(request.from) }
        let shares = try choose(request.amount, from: request.from, outliving: step.now)
        try requireRoomForTask(summary)
        for share in shares {
            guard var lot = image.lots[share.lot] else { throw .overflow }
            lot.available -= share.amount
            store(lot)
            try enter(
                .grant, share.amount, of: lot.origin.issuer, from: .available(request.from),
                to: .available(request.to))
            try addLot(share.amount, lot.origin, to: request.to)
        }
        let outcome = TaskOutcome.granted(request.amount)
        put(.finished(FinishedTask(task: request.task, outcome: outcome, beginning: digest, ending: digest)))
        return .changed(.ended(outcome, []))
    }

    /// Expires what has run out and is not frozen, and takes back what nobody abroad reported.
    mutating func expireLots(_ summary: LedgerSummary) throws(LedgerError) -> LedgerEffect {
        var sweep = LedgerSweep()
        for order in expiredLots() {
            guard sweep.lots < LedgerLimits.lotsPerSweep else {
                sweep.more = true
                break
            }
            guard var lot = image.lots[order.number] else { continue }
            let amount = lot.available
            lot.available = .zero
            store(lot)
            try sendHome(amount, of: lot.origin, as: .expire, from: .available(lot.account))
            sweep.lots += 1
            sweep.expired = try sum(sweep.expired, amount)
        }
        try reclaim(&sweep, summary)
        forgetExpiredCharges(&sweep)
        return step.undo.isEmpty ? .unchanged(.swept(sweep)) : .changed(.swept(sweep))
    }

    private func expiredLots() -> [LedgerImage.LotOrder] {
        var expired: [LedgerImage.LotOrder] = []
        for orders in image.lotsOfAccount.values {
            for order in orders {
                guard order.expires <= step.now else { break }
                if let lot = image.lots[order.number], lot.available > .zero { expired.append(order) }
            }
        }
        return expired.sorted()
    }

    /// Takes back own tokens whose lifetime and grace are over; foreign ones are their issuer's to take back.
    private mutating func reclaim(_ sweep: inout LedgerSweep, _ summary: LedgerSummary) throws(LedgerError) {
        // What was only taken for others is forgotten when they hold nothing any more.
        let due = image.abroad.values
            .filter { $0.amount > .zero && $0.key.origin.expires + summary.genesis.returnGrace <= step.now }
            .map { (key: $0.key.encoded, row: $0) }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        if due.count > LedgerLimits.lotsPerSweep { sweep.more = true }
        for (_, row) in due.prefix(LedgerLimits.lotsPerSweep) {
            store(AbroadLot(key: row.key, amount: .zero, takenForOthers: row.takenForOthers))
            let origin = row.key.origin
            guard origin.giver == nil else { continue }
            try enter(.reclaim, row.amount, of: origin.issuer, from: .abroad(row.key.holder), to: .adp)
            try changeSummary { (summary) throws(LedgerError) in
                summary.reclaimed = try sum(summary.reclaimed, row.amount)
            }
            sweep.reclaimed = try sum(sweep.reclaimed, row.amount)
        }
        guard image.abroad.values.contains(where: { $0.takenForOthers > .zero }) else { return }
        for proof in Set(due.map { $0.row.key.origin.proof }).sorted() {
            forgetTaken(of: summary.genesis.home, proof)
        }
    }

    /// Forgets charges whose proofs are too old to be charged again, even by a clock that is off by the margin.
    private mutating func forgetExpiredCharges(_ sweep: inout LedgerSweep) {
        let margin = LedgerLimits.chargeFloorMargin
        let dead = image.charges.values.filter { $0.expires + margin <= step.now }.map { $0.proof }.sorted()
        if dead.count > LedgerLimits.lotsPerSweep { sweep.more = true }
        for proof in dead.prefix(LedgerLimits.lotsPerSweep) { remove(.charge(proof)) }
    }
}
