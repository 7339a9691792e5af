import Cryptography
import Quantities

/// What the handlers share: rows that remember what they were, entries that move balances, and lots.
extension LedgerMachine {
    // MARK: Rows

    /// Writes a row; the step remembers what it was.
    mutating func put(_ row: LedgerRow) {
        remember(row.key)
        image.put(row)
    }

    /// Removes a row; the step remembers what it was.
    mutating func remove(_ key: LedgerRowKey) {
        remember(key)
        image.remove(key)
    }

    private mutating func remember(_ key: LedgerRowKey) {
        guard step.touched.insert(key).inserted else { return }
        if let row = image.row(key) { step.undo.append(.put(row)) } else { step.undo.append(.remove(key)) }
    }

    /// Changes the summary.
    mutating func changeSummary(
        _ change: (inout LedgerSummary) throws(LedgerError) -> Void
    ) throws(LedgerError) {
        guard var summary = image.summary else { throw .notBegun }
        try change(&summary)
        put(.summary(summary))
    }

    /// Changes an account, which is there from then on.
    mutating func change(
        account id: AccountID, _ change: (inout Account) throws(LedgerError) -> Void
    ) throws(LedgerError) {
        var account: Account
        if let existing = image.accounts[id] {
            account = existing
        } else {
            guard image.accounts.count < LedgerLimits.accounts else {
                throw .limitReached(.accounts, limit: LedgerLimits.accounts)
            }
            account = Account(id: id)
        }
        try change(&account)
        put(.account(account))
    }

    // MARK: Entries

    /// Moves `amount` from one book to another and adjusts the balances behind them; nothing where nothing moves.
    mutating func enter(
        _ kind: LedgerEntryKind, _ amount: Energy, of issuer: PlatformID, from source: LedgerBook, to target: LedgerBook
    ) throws(LedgerError) {
        guard amount > .zero, source != target else { return }
        try adjust(source, by: Energy(millijoules: -amount.millijoules))
        try adjust(target, by: amount)
        try count(kind, amount, source, target)
        // One line for each pair of books: parts of several lots that go the same way are one movement.
        if let last = step.entries.last, last.kind == kind, last.issuer == issuer, last.source == source,
            last.target == target
        {
            step.entries[step.entries.count - 1] = LedgerEntry(
                kind: kind, issuer: issuer, amount: try sum(last.amount, amount), source: source, target: target)
        } else {
            step.entries.append(
                LedgerEntry(kind: kind, issuer: issuer, amount: amount, source: source, target: target))
        }
    }

    private mutating func adjust(_ book: LedgerBook, by amount: Energy) throws(LedgerError) {
        switch book {
        case .mint: try changeSummary { (row) throws(LedgerError) in row.supply = try balance(row.supply, -amount) }
        case .adp: try changeSummary { (row) throws(LedgerError) in row.adp = try balance(row.adp, amount) }
        case .available(let id):
            try change(account: id) { (row) throws(LedgerError) in row.available = try balance(row.available, amount) }
        case .locked(let id):
            try change(account: id) { (row) throws(LedgerError) in row.locked = try balance(row.locked, amount) }
        case .reserved(let id):
            try change(account: id) { (row) throws(LedgerError) in row.reserved = try balance(row.reserved, amount) }
        case .abroad, .owed: break
        }
    }

    /// What passed through an account, by the books an entry names.
    private mutating func count(
        _ kind: LedgerEntryKind, _ amount: Energy, _ source: LedgerBook, _ target: LedgerBook
    ) throws(LedgerError) {
        if let id = target.account, target.account != source.account {
            try change(account: id) { (row) throws(LedgerError) in
                if kind == .charge {
                    row.charged = try sum(row.charged, amount)
                } else {
                    row.received = try sum(row.received, amount)
                }
            }
        }
        if let id = source.account, source.account != target.account {
            try change(account: id) { (row) throws(LedgerError) in
                switch kind {
                case .discharge: row.discharged = try sum(row.discharged, amount)
                case .expire: row.expired = try sum(row.expired, amount)
                default: row.sent = try sum(row.sent, amount)
                }
            }
        }
    }

    // MARK: Lots

    /// Credits `amount` of `origin` to `account`: to a lot that it can join, or to a new one.
    mutating func addLot(
        _ amount: Energy, _ origin: LotOrigin, to account: AccountID
    ) throws(LedgerError) {
        guard amount > .zero else { return }
        if let lot = lotToJoin(origin, of: account, losing: mergingLoss(of: origin)) {
            return try join(lot, amount)
        }
        guard image.lots.count < LedgerLimits.lots else { throw .limitReached(.lots, limit: LedgerLimits.lots) }
        guard (image.lotsOfAccount[account]?.count ?? 0) < LedgerLimits.lotsPerAccount else {
            throw .limitReached(.lotsOfAccount, limit: LedgerLimits.lotsPerAccount)
        }
        try makeLot(amount, origin, of: account)
    }

    /// Adds `amount` to what can be spent of `lot`.
    mutating func join(_ lot: Lot, _ amount: Energy) throws(LedgerError) {
        var lot = lot
        lot.available = try balance(lot.available, amount)
        put(.lot(lot))
    }

    /// Makes a lot of its own of `amount`.
    mutating func makeLot(
        _ amount: Energy, _ origin: LotOrigin, of account: AccountID
    ) throws(LedgerError) {
        guard let number = image.summary?.nextLot, number < .max else { throw .overflow }
        try changeSummary { (row) throws(LedgerError) in row.nextLot = number + 1 }
        put(.lot(Lot(number: number, account: account, origin: origin, available: amount, held: .zero)))
    }

    /// The lot of `account` that tokens of `origin` can join: of the same issuer, giver and proof.
    ///
    /// It runs out no later than they do, so that a merger extends no lifetime; and it is never cut to theirs,
    /// so that nobody shortens what an account owns by sending it tokens that soon run out. Of several lots
    /// the one by which they lose least, and that at most `loss`. Complexity: O(lots of the account).
    func lotToJoin(
        _ origin: LotOrigin, of account: AccountID, losing loss: TimeSpan
    ) -> Lot? {
        var found: Lot?
        for order in image.lotsOfAccount[account] ?? [] {
            if order.expires > origin.expires { break }
            guard origin.expires.since(order.expires) <= loss,
                order.expires > step.now || order.expires == origin.expires,
                let lot = image.lots[order.number], lot.origin.isAlike(origin)
            else { continue }
            found = lot
        }
        return found
    }

    /// How much of their lifetime tokens of `origin` give up rather than make a lot of their own.
    func mergingLoss(of origin: LotOrigin) -> TimeSpan {
        let left = max(.zero, origin.expires.since(step.now))
        return TimeSpan(milliseconds: left.milliseconds / LedgerLimits.mergingLossDivisor)
    }

    /// Writes a lot, or removes it when nothing is left in it.
    mutating func store(_ lot: Lot) {
        if lot.available == .zero, lot.held == .zero { remove(.lot(lot.number)) } else { put(.lot(lot)) }
    }

    /// The parts of lots of `account` that make up `amount`, those first that run out first.
    ///
    /// Only lots that run out after `limit` count. Lots are taken in the order in which they run out, and
    /// whenever they are more than a transfer may touch, the smallest of them is left out (of equal ones, the
    /// last): so dust is in nobody's way, and the choice succeeds whenever that many lots suffice.
    /// Complexity: O(lots of the account × lots of a transfer).
    func choose(
        _ amount: Energy, from account: AccountID, outliving limit: LedgerTime
    ) throws(LedgerError) -> [LotShare] {
        var chosen: [LotShare] = []
        var total = Energy.zero
        var spendable = Energy.zero
        for order in image.lotsOfAccount[account] ?? [] where order.expires > limit {
            guard total < amount else { break }
            guard let lot = image.lots[order.number], lot.available > .zero else { continue }
            spendable = try sum(spendable, lot.available)
            total = try sum(total, lot.available)
            chosen.append(LotShare(lot: lot.number, amount: lot.available))
            guard chosen.count > LedgerLimits.lotsPerTransfer else { continue }
            var smallest = chosen.startIndex
            for index in chosen.indices where chosen[index].amount <= chosen[smallest].amount { smallest = index }
            total -= chosen.remove(at: smallest).amount
        }
        guard spendable >= amount else { throw .insufficientFunds(spendable: spendable, needed: amount) }
        guard total >= amount else {
            throw .limitReached(.lotsPerTransfer, limit: LedgerLimits.lotsPerTransfer)
        }
        var left = amount
        var shares: [LotShare] = []
        for share in chosen where left > .zero {
            let part = min(left, share.amount)
            left -= part
            shares.append(LotShare(lot: share.lot, amount: part))
        }
        return shares
    }

    /// What is used up returns to its issuer: to the pool, or to the peer it came from as something owed.
    mutating func sendHome(
        _ amount: Energy, of origin: LotOrigin, as kind: LedgerEntryKind, from source: LedgerBook
    ) throws(LedgerError) {
        guard amount > .zero else { return }
        guard let giver = origin.giver else {
            try enter(kind, amount, of: origin.issuer, from: source, to: .adp)
            if kind == .expire {
                try changeSummary { (row) throws(LedgerError) in row.wasted = try sum(row.wasted, amount) }
            }
            return
        }
        let used = kind == .expire ? (discharged: Energy.zero, expired: amount) : (discharged: amount, expired: .zero)
        let target = owe(used, of: origin.issuer, origin.proof, to: giver)
        try enter(kind, amount, of: origin.issuer, from: source, to: target)
    }

    /// Adds to what is owed back to `giver`, and returns the book where the tokens are then.
    ///
    /// Where there is no room to remember the debt they count as abroad again: their issuer takes them back
    /// without a notice when their lifetime and its grace are over.
    mutating func owe(
        _ amount: (discharged: Energy, expired: Energy), of issuer: PlatformID, _ proof: Bytes32, to giver: PlatformID
    ) -> LedgerBook {
        let key = OwedKey(giver: giver, issuer: issuer, proof: proof)
        guard var row = image.owed[key] ?? newDebt(key) else { return .abroad(giver) }
        row.discharged += amount.discharged
        row.expired += amount.expired
        guard row.discharged <= .largest, row.expired <= .largest else { return .abroad(giver) }
        put(.owed(row))
        return .owed(giver)
    }

    private func newDebt(_ key: OwedKey) -> OwedReturn? {
        guard image.owed.count < LedgerLimits.returnsOwed,
            image.owedTo[key.giver] ?? 0 < LedgerLimits.returnsOwedToPeer
        else { return nil }
        return OwedReturn(key: key, discharged: .zero, expired: .zero)
    }
}

extension LedgerBook {
    /// The account whose book it is, if it is one's.
    var account: AccountID? {
        switch self {
        case .available(let id), .locked(let id), .reserved(let id): id
        case .mint, .adp, .abroad, .owed: nil
        }
    }
}

/// `balance + change`, which must stay within 0 … `Energy.largest`.
func balance(_ balance: Energy, _ change: Energy) throws(LedgerError) -> Energy {
    guard let after = balance.adding(change), after >= .zero, after <= .largest else { throw .overflow }
    return after
}

/// The sum, which must be representable.
func sum(_ left: Energy, _ right: Energy) throws(LedgerError) -> Energy {
    guard let sum = left.adding(right) else { throw .overflow }
    return sum
}

/// Refuses an amount that is not within 1 mJ … `Energy.largest`.
func requirePositive(_ amount: Energy) throws(LedgerError) {
    guard amount > .zero else { throw .notPositive(amount) }
    guard amount <= .largest else { throw .tooLarge(amount) }
}

prefix func - (amount: Energy) -> Energy { Energy(millijoules: -amount.millijoules) }
