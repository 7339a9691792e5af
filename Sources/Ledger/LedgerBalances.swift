import Cryptography
import Quantities

/// The figures of a ledger as its operator reads them.
public struct LedgerBalances: Hashable, Sendable {
    /// Pool and own credits together.
    public let supply: Energy
    /// The pool.
    public let adp: Energy
    /// Own credits held by accounts of this ledger.
    public let ownAtHome: Energy
    /// Own credits held elsewhere.
    public let ownAbroad: Energy
    /// Credits of other issuers held by accounts of this ledger.
    public let foreignAtHome: Energy
    /// Used-up tokens of other issuers that are still to be returned.
    public let owed: Energy
    /// Own credits that ran out unused, since the ledger began.
    public let wasted: Energy
    /// Own credits whose holder never reported them and which returned by themselves.
    public let reclaimed: Energy
    /// All accounts, by name.
    public let accounts: [Account]
    /// All peers, by id.
    public let peers: [PeerBalance]
}

/// What stands between this ledger and one peer.
public struct PeerBalance: Hashable, Sendable {
    /// The peer and where its lane stands.
    public let peer: Peer
    /// Own credits it holds or has passed on.
    public let ownAbroad: Energy
    /// Credits of other issuers that were sent to it.
    public let foreignAbroad: Energy
    /// Used-up tokens that are still to be returned to it.
    public let owed: Energy
}

extension LedgerImage {
    /// The figures; nil before genesis.
    ///
    /// Sums that are not representable are shown at the largest.
    ///
    /// Complexity: O(n log n) in the rows.
    public var balances: LedgerBalances? {
        guard let summary else { return nil }
        let home = summary.genesis.home
        var ownAtHome = Energy.zero
        var foreignAtHome = Energy.zero
        for lot in lots.values {
            if lot.origin.issuer == home {
                ownAtHome = ownAtHome.saturatingSum(lot.amount)
            } else {
                foreignAtHome = foreignAtHome.saturatingSum(lot.amount)
            }
        }
        var ownAt: [PlatformID: Energy] = [:]
        var foreignAt: [PlatformID: Energy] = [:]
        for row in abroad.values {
            let holder = row.key.holder
            if row.key.origin.issuer == home {
                ownAt[holder] = (ownAt[holder] ?? .zero).saturatingSum(row.amount)
            } else {
                foreignAt[holder] = (foreignAt[holder] ?? .zero).saturatingSum(row.amount)
            }
        }
        var owedTo: [PlatformID: Energy] = [:]
        for row in owed.values {
            let giver = row.key.giver
            owedTo[giver] = (owedTo[giver] ?? .zero).saturatingSum(row.discharged).saturatingSum(row.expired)
        }
        let peerRows = peers.keys.sorted().compactMap { peers[$0] }
        return LedgerBalances(
            supply: summary.supply, adp: summary.adp, ownAtHome: ownAtHome,
            ownAbroad: ownAt.values.reduce(.zero) { $0.saturatingSum($1) }, foreignAtHome: foreignAtHome,
            owed: owedTo.values.reduce(.zero) { $0.saturatingSum($1) }, wasted: summary.wasted,
            reclaimed: summary.reclaimed, accounts: accounts.keys.sorted().compactMap { accounts[$0] },
            peers: peerRows.map { peer in
                PeerBalance(
                    peer: peer, ownAbroad: ownAt[peer.platform] ?? .zero,
                    foreignAbroad: foreignAt[peer.platform] ?? .zero, owed: owedTo[peer.platform] ?? .zero)
            })
    }

    /// The balances of one account; all zero where there is no such account.
    public func account(_ id: AccountID) -> Account { accounts[id] ?? Account(id: id) }

    /// What `account` can spend in lots that outlive `limit`.
    ///
    /// Complexity: O(lots of the account).
    public func spendable(by account: AccountID, outliving limit: LedgerTime) -> Energy {
        var total = Energy.zero
        for order in lotsOfAccount[account] ?? [] where order.expires > limit {
            if let lot = lots[order.number] { total = total.saturatingSum(lot.available) }
        }
        return total
    }

    /// When the next sweep or expiry of a lock has something to do; nil for never.
    ///
    /// Complexity: O(n) in the rows.
    public var nextDeadline: LedgerTime? {
        guard let summary else { return nil }
        var next: LedgerTime?
        for lot in lots.values where lot.available > .zero { next = min(next ?? .distantFuture, lot.origin.expires) }
        for row in abroad.values where row.amount > .zero {
            next = min(next ?? .distantFuture, row.key.origin.expires + summary.genesis.returnGrace)
        }
        for hold in holds.values { next = min(next ?? .distantFuture, hold.deadline) }
        return next
    }

    /// The locks and reservations whose deadline has passed at `now`, by task.
    public func overdueHolds(at now: LedgerTime) -> [TaskID] {
        holds.filter { $0.value.deadline <= now }.map { $0.key }.sorted()
    }

    /// The peers to which used-up tokens are owed, by id.
    public var creditors: [PlatformID] { Set(owed.keys.map { $0.giver }).sorted() }
}

extension Energy {
    /// The sum, or the largest amount there is.
    func saturatingSum(_ other: Energy) -> Energy { adding(other) ?? Energy(millijoules: .max) }
}
