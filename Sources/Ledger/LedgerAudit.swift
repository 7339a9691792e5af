import Cryptography
import Quantities

/// An accounting identity that does not hold.
public enum LedgerViolation: Hashable, Sendable {
    /// `supply = pool + own lots at home + own lots abroad`.
    case supply(supply: Energy, adp: Energy, atHome: Energy, abroad: Energy)
    /// `received + charged = available + locked + reserved + discharged + expired + sent`.
    case account(AccountID, entered: Energy, accountedFor: Energy)
    /// What the lots of an account hold is not what its balances say.
    case balances(AccountID, available: Energy, inLots: Energy, frozen: Energy, held: Energy)
    /// What locks or reservations hold of an account is not what its balances say.
    case holds(AccountID, locked: Energy, inLocks: Energy, reserved: Energy, inReservations: Energy)
    /// A lot's frozen part is not what locks and reservations hold of it.
    case lot(UInt64, held: Energy, inHolds: Energy)
    /// A lock's parts do not add up to its amount.
    case hold(TaskID, amount: Energy, inShares: Energy)
    /// A task lives and has ended.
    case livesTwice(TaskID)
    /// More was charged on a proof than it allows.
    case overcharged(Bytes32, charged: Energy, limit: Energy)
    /// A lot or balance is negative or empty where it should be gone.
    case emptyRow(LedgerRowKey)
    /// A sum is not representable.
    case overflow

    /// What does not hold, for a person, in one line.
    public var explanation: String {
        switch self {
        case .supply(let supply, let adp, let atHome, let abroad):
            "supply \(supply.millijoules) mJ is not pool \(adp.millijoules) + at home \(atHome.millijoules) "
                + "+ abroad \(abroad.millijoules)"
        case .account(let id, let entered, let accounted):
            "account " + id.text + ": \(entered.millijoules) mJ entered, \(accounted.millijoules) mJ are accounted for"
        case .balances(let id, let available, let inLots, let frozen, let held):
            "account " + id.text + ": available \(available.millijoules) mJ but \(inLots.millijoules) in lots, "
                + "frozen \(frozen.millijoules) but \(held.millijoules) held"
        case .holds(let id, let locked, let inLocks, let reserved, let inReservations):
            "account " + id.text + ": locked \(locked.millijoules) mJ but \(inLocks.millijoules) in locks, "
                + "reserved \(reserved.millijoules) but \(inReservations.millijoules) in reservations"
        case .lot(let number, let held, let inHolds):
            "lot \(number): \(held.millijoules) mJ held, \(inHolds.millijoules) in locks and reservations"
        case .hold(let task, let amount, let inShares):
            "task " + task.text + ": \(amount.millijoules) mJ frozen, \(inShares.millijoules) in lots"
        case .livesTwice(let task): "task " + task.text + " lives and has ended"
        case .overcharged(_, let charged, let limit):
            "\(charged.millijoules) mJ charged on a proof of \(limit.millijoules)"
        case .emptyRow: "a row holds nothing or less"
        case .overflow: "a sum is not representable"
        }
    }
}

extension LedgerImage {
    /// The accounting identities that do not hold; none in a sound ledger.
    ///
    /// Complexity: O(n log n) in the rows.
    public var violations: [LedgerViolation] {
        guard let summary else { return [] }
        var violations: [LedgerViolation] = []
        do throws(LedgerError) {
            try auditSupply(summary, &violations)
            try auditAccounts(&violations)
            try auditHolds(&violations)
        } catch { violations.append(.overflow) }
        for proof in charges.keys.sorted() {
            guard let row = charges[proof], row.charged > row.limit else { continue }
            violations.append(.overcharged(proof, charged: row.charged, limit: row.limit))
        }
        return violations
    }

    /// Own lots held at home.

    ///

    /// Complexity: O(lots).
    func ownAtHome(_ home: PlatformID) throws(LedgerError) -> Energy {
        var total = Energy.zero
        for lot in lots.values where lot.origin.issuer == home { total = try sum(total, lot.amount) }
        return total
    }

    /// Own lots abroad.

    ///

    /// Complexity: O(lots abroad).
    func ownAbroad(_ home: PlatformID) throws(LedgerError) -> Energy {
        var total = Energy.zero
        for row in abroad.values where row.key.origin.issuer == home { total = try sum(total, row.amount) }
        return total
    }

    private func auditSupply(
        _ summary: LedgerSummary, _ violations: inout [LedgerViolation]
    ) throws(LedgerError) {
        let home = summary.genesis.home
        let atHome = try ownAtHome(home)
        let away = try ownAbroad(home)
        if try sum(summary.adp, try sum(atHome, away)) != summary.supply {
            violations.append(.supply(supply: summary.supply, adp: summary.adp, atHome: atHome, abroad: away))
        }
        for number in lots.keys.sorted() where lots[number]?.amount == .zero {
            violations.append(.emptyRow(.lot(number)))
        }
        for row in abroad.values where row.amount < .zero || row.amount + row.takenForOthers <= .zero {
            violations.append(.emptyRow(.abroad(row.key)))
        }
    }

    private func auditAccounts(_ violations: inout [LedgerViolation]) throws(LedgerError) {
        for id in accounts.keys.sorted() {
            guard let account = accounts[id] else { continue }
            let entered = try sum(account.charged, account.received)
            let kept = try sum(account.available, try sum(account.locked, account.reserved))
            let left = try sum(account.discharged, try sum(account.expired, account.sent))
            if entered != (try sum(kept, left)) {
                violations.append(.account(id, entered: entered, accountedFor: try sum(kept, left)))
            }
            var available = Energy.zero
            var held = Energy.zero
            for order in lotsOfAccount[id] ?? [] {
                guard let lot = lots[order.number] else { continue }
                available = try sum(available, lot.available)
                held = try sum(held, lot.held)
            }
            let frozen = try sum(account.locked, account.reserved)
            if available != account.available || held != frozen {
                violations.append(
                    .balances(id, available: account.available, inLots: available, frozen: frozen, held: held))
            }
        }
        for account in lotsOfAccount.keys.sorted() where accounts[account] == nil {
            violations.append(.emptyRow(.account(account)))
        }
    }

    private func auditHolds(_ violations: inout [LedgerViolation]) throws(LedgerError) {
        var locked: [AccountID: Energy] = [:]
        var reserved: [AccountID: Energy] = [:]
        var heldOf: [UInt64: Energy] = [:]
        for id in holds.keys.sorted() {
            guard let hold = holds[id] else { continue }
            var inShares = Energy.zero
            for share in hold.shares {
                inShares = try sum(inShares, share.amount)
                heldOf[share.lot] = try sum(heldOf[share.lot] ?? .zero, share.amount)
            }
            if inShares != hold.amount {
                violations.append(.hold(id, amount: hold.amount, inShares: inShares))
            }
            if hold.payee != nil {
                locked[hold.account] = try sum(locked[hold.account] ?? .zero, hold.amount)
            } else {
                reserved[hold.account] = try sum(reserved[hold.account] ?? .zero, hold.amount)
            }
            if finished[id] != nil { violations.append(.livesTwice(id)) }
        }
        for number in lots.keys.sorted() {
            guard let lot = lots[number] else { continue }
            let inHolds = heldOf.removeValue(forKey: number) ?? .zero
            if lot.held != inHolds { violations.append(.lot(number, held: lot.held, inHolds: inHolds)) }
        }
        for number in heldOf.keys.sorted() {
            violations.append(.lot(number, held: .zero, inHolds: heldOf[number] ?? .zero))
        }
        for id in accounts.keys.sorted() {
            guard let account = accounts[id] else { continue }
            let inLocks = locked[id] ?? .zero
            let inReservations = reserved[id] ?? .zero
            if account.locked != inLocks || account.reserved != inReservations {
                violations.append(
                    .holds(
                        id, locked: account.locked, inLocks: inLocks, reserved: account.reserved,
                        inReservations: inReservations))
            }
        }
    }
}
