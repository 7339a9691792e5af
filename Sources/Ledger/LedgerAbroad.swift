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
                try comeBack(spent, wasted, row.key.origin, from: notice.from)
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

    /// Tokens that `holder` gives back reach the pool, or are owed on to where they came from.
    mutating func comeBack(
        _ spent: Energy, _ wasted: Energy, _ origin: LotOrigin, from holder: PlatformID
    ) throws(LedgerError) {
        let amount = try sum(spent, wasted)
        guard amount > .zero else { return }
        guard let giver = origin.giver else {
            try enter(.giveBack, amount, of: origin.issuer, from: .abroad(holder), to: .adp)
            return try changeSummary { (row) throws(LedgerError) in row.wasted = try sum(row.wasted, wasted) }
        }
        let target = owe((spent, wasted), of: origin.issuer, origin.proof, to: giver)
        try enter(.giveBack, amount, of: origin.issuer, from: .abroad(holder), to: target)
    }

    // MARK: Rows abroad

    /// What of these tokens is abroad: at `holder` first, then, if `orAnywhere`, elsewhere.
    ///
    /// What runs out first stands in front. Complexity: O(lots abroad).
    func abroadRows(
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

    mutating func storeAbroad(_ row: AbroadLot, less amount: Energy) {
        if row.amount == amount {
            remove(.abroad(row.key))
        } else {
            put(.abroad(AbroadLot(key: row.key, amount: row.amount - amount)))
        }
    }
}
