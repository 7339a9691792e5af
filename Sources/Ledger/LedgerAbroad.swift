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
        var row = image.abroad[key] ?? AbroadLot(key: key, amount: .zero)
        row.amount = try balance(row.amount, amount)
        put(.abroad(row))
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
            let claimed = try sum(line.discharged, line.expired)
            var discharged = line.discharged
            var home = Energy.zero
            for part in takeReturned(claimed, of: line.issuer, line.proof, by: notice.from) {
                let spent = min(discharged, part.amount)
                discharged -= spent
                home += part.amount
                try comeBack(spent, part.amount - spent, part.origin, from: notice.from)
            }
            accepted = try sum(accepted, home)
            unmatched = try sum(unmatched, claimed - home)
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

    // Own tokens of one page are alike, and nobody tells by which platforms they went. What a third platform brings
    // home may so be taken off the row of one that has it still, and not off that of the one that handed it on. Each
    // row remembers how much, and what its holder returns beyond the amount is then taken off the others. Where the
    // row was the right one, its holder could lie as much: that nobody can tell, and no more comes home than is out.

    /// Takes home up to `amount` of tokens that `holder` had from here.
    ///
    /// They are taken off its own rows and, in place of what was taken off those for others, off the others'; what runs
    /// out first is used first. Complexity: O(n log n) in the lots abroad.
    mutating func takeReturned(
        _ amount: Energy, of issuer: PlatformID, _ proof: Bytes32, by holder: PlatformID
    ) -> [LotSlice] {
        let rows = abroadRows(of: issuer, proof)
        var others = rows.filter { $0.key.holder != holder }
        var left = amount
        var parts: [LotSlice] = []
        for var row in rows where row.key.holder == holder {
            left -= take(left, off: &row, forOthers: false, &parts)
            let most = min(left, row.takenForOthers)
            var found = Energy.zero
            for place in others.indices { found += take(most - found, off: &others[place], forOthers: true, &parts) }
            guard found > .zero else { continue }
            left -= found
            row.takenForOthers -= found
            store(row)
        }
        forgetTaken(of: issuer, proof)
        return parts
    }

    /// Takes home up to `amount` of own tokens that `bringer` had from somebody, wherever they are known to be.
    ///
    /// Complexity: O(n log n) in the lots abroad.
    mutating func takeAnywhere(
        _ amount: Energy, of issuer: PlatformID, _ proof: Bytes32, by bringer: PlatformID
    ) -> [LotSlice] {
        let rows = abroadRows(of: issuer, proof)
        var left = amount
        var parts: [LotSlice] = []
        // What was sent to the one that brings them is not what it had from others, however alike they are.
        for var row in rows.filter({ $0.key.holder != bringer }) + rows.filter({ $0.key.holder == bringer }) {
            left -= take(left, off: &row, forOthers: true, &parts)
        }
        forgetTaken(of: issuer, proof)
        return parts
    }

    /// Takes up to `most` off `row`, and adds it to `parts`; `forOthers` where its holder may have it still.
    private mutating func take(
        _ most: Energy, off row: inout AbroadLot, forOthers: Bool, _ parts: inout [LotSlice]
    ) -> Energy {
        let part = min(most, row.amount)
        guard part > .zero else { return .zero }
        row.amount -= part
        if forOthers { row.takenForOthers = min(row.takenForOthers.saturatingSum(part), .largest) }
        store(row)
        parts.append(LotSlice(amount: part, origin: row.key.origin))
        return part
    }

    /// What of these tokens is abroad, or was taken for others, and where; what runs out first stands in front.
    private func abroadRows(of issuer: PlatformID, _ proof: Bytes32) -> [AbroadLot] {
        image.abroad.values.filter { $0.key.origin.issuer == issuer && $0.key.origin.proof == proof }
            .sorted { left, right in
                if left.key.origin != right.key.origin { return left.key.origin < right.key.origin }
                return left.key.holder < right.key.holder
            }
    }

    /// Forgets what was taken off a holder's rows beyond what others are known to hold: it has no more to return.
    mutating func forgetTaken(of issuer: PlatformID, _ proof: Bytes32) {
        let rows = abroadRows(of: issuer, proof)
        guard rows.contains(where: { $0.takenForOthers > .zero }) else { return }
        var most: [PlatformID: Energy] = [:]
        for row in rows where most[row.key.holder] == nil {
            most[row.key.holder] = rows.reduce(.zero) { sum, other in
                other.key.holder == row.key.holder ? sum : sum.saturatingSum(other.amount)
            }
        }
        for var row in rows {
            row.takenForOthers = min(row.takenForOthers, most[row.key.holder] ?? .zero)
            most[row.key.holder]? -= row.takenForOthers
            store(row)
        }
    }

    /// Writes a row, or removes it when nothing is left in it.
    mutating func store(_ row: AbroadLot) {
        if row.amount == .zero, row.takenForOthers == .zero {
            remove(.abroad(row.key))
        } else {
            put(.abroad(row))
        }
    }
}
