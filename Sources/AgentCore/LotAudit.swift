import Cryptography
import EnergyProofs
import Federation
import Ledger
import Quantities
import Wire

/// What a lot stands on: the society that issued it, and the page that it was charged on.
struct LotProof: Hashable {
    let issuer: PlatformID
    let hash: Bytes32
}

/// Lots that one peer has offered.
struct LotOffer {
    let giver: PlatformID
    let lots: [LotTransfer]
}

/// Why offered lots are not taken.
enum LotObjection: Hashable {
    /// Their giver or issuer has been caught with false lots, or their page was.
    case contradicted
    /// More than their page proves, with what was taken on it and is offered for tasks under way.
    case beyondPage(Energy, chargeable: Energy)
    /// More than the giver may owe on pages that have not come.
    case unaudited(Energy, limit: Energy)

    /// What is wrong, for a person.
    var explanation: String {
        switch self {
        case .contradicted: "its energy page contradicts it, or an earlier one did"
        case .beyondPage(let sum, let chargeable):
            "\(sum.millijoules) mJ on an energy page that proves \(chargeable.millijoules) mJ"
        case .unaudited(let sum, let limit):
            "\(sum.millijoules) mJ on energy pages that have not come; \(limit.millijoules) mJ are the most"
        }
    }
}

/// Lots that were found false.
struct LotContradiction: Hashable {
    /// How.
    enum Reason: Hashable {
        /// The issuer answers for its own lot with a page that it has not signed.
        case notSigned
        /// The issuer has signed a page whose fields contradict each other.
        case inconsistent
        /// The page is of a source that is named after another board's key.
        case sourceOfAnother
        /// More was taken than the page proves.
        case overdrawn(Energy, chargeable: Energy)
    }

    let reason: Reason
    /// Who must have known; nil where it cannot be told.
    let culprit: PlatformID?

    /// What is wrong, for a person.
    var explanation: String {
        switch reason {
        case .notSigned: "its issuer answers with a page that it has not signed"
        case .inconsistent: "its page contradicts itself"
        case .sourceOfAnother: "its page is of a source that belongs to another board"
        case .overdrawn(let sum, let chargeable):
            "\(sum.millijoules) mJ were taken on a page that proves \(chargeable.millijoules) mJ"
        }
    }
}

/// What is known of the lots of other societies that came here: their pages, and what was taken on each.
///
/// A lot is *unaudited* until its page has come; what one giver may owe on such pages is limited. The
/// table is in memory only, and bounded.
struct LotAudit {
    private enum Standing {
        case asked
        case page(ProofPage)
        case refused
    }

    private struct Entry {
        let number: UInt64
        /// Who brought it first, in whose room it stands until its page has come.
        let giver: PlatformID
        var standing = Standing.asked
        /// What is held or used up here: taken, less what was passed on.
        var taken = Energy.zero
        /// What each peer brought; zero where it only offered.
        var brought: [PlatformID: Energy] = [:]
        /// When the last lot on it is dead.
        var ends: LedgerTime
        /// How often its page was asked for since it was offered.
        var attempts = 0

        var isAsked: Bool {
            if case .asked = standing { true } else { false }
        }
    }

    private let home: PlatformID
    /// What a giver may owe on pages that have not come.
    var limit: Energy
    private var entries: [LotProof: Entry] = [:]
    private var nextNumber: UInt64 = 0
    /// What each giver owes on pages that have not come and made room for others.
    private var carried: [PlatformID: Energy] = [:]
    /// Peers whose lots are refused: those that they bring, and those that they issued.
    private var distrusted: Set<PlatformID> = []
    /// The page asked of each peer last, until it answers.
    private var questions: [PlatformID: BootTime] = [:]

    /// An empty table of the board `home`.
    init(home: PlatformID, limit: Energy) {
        self.home = home
        self.limit = limit
    }

    /// Proofs in the table.
    var count: Int { entries.count }

    /// Proofs whose pages are known.
    var auditedCount: Int { entries.values.count { if case .page = $0.standing { true } else { false } } }

    /// Proofs on which nothing is taken any more, and peers from which nothing is.
    var contradictedCount: Int {
        distrusted.count + entries.values.count { if case .refused = $0.standing { true } else { false } }
    }

    // MARK: Offers

    /// What speaks against `offer` beside `others`, which were accepted and are not paid yet; nil for nothing.
    ///
    /// Complexity: O(proofs in the table + lots).
    func objection(to offer: LotOffer, beside others: [LotOffer]) -> LotObjection? {
        let lots = foreign(offer.lots)
        guard !lots.isEmpty else { return nil }
        if distrusted.contains(offer.giver) || lots.contains(where: { distrusted.contains($0.issuer) }) {
            return .contradicted
        }
        var planned: [LotProof: Energy] = [:]
        var owed = unaudited(of: offer.giver)
        for other in others + [offer] {
            for lot in foreign(other.lots) {
                planned[lot.standsOn, default: .zero].add(lot.amount)
                guard other.giver == offer.giver else { continue }
                if entries[lot.standsOn]?.isAsked ?? true { owed.add(lot.amount) }
            }
        }
        for lot in lots {
            guard let entry = entries[lot.standsOn] else { continue }
            switch entry.standing {
            case .asked: break
            case .refused: return .contradicted
            case .page(let page):
                var sum = entry.taken
                sum.add(planned[lot.standsOn] ?? .zero)
                if sum > page.proof.chargeable { return .beyondPage(sum, chargeable: page.proof.chargeable) }
            }
        }
        let isUnaudited = lots.contains { entries[$0.standsOn]?.isAsked ?? true }
        return isUnaudited && owed > limit ? .unaudited(owed, limit: limit) : nil
    }

    /// Remembers what `offer` stands on, so that its pages are asked for.
    mutating func note(_ offer: LotOffer, at now: LedgerTime) {
        for lot in foreign(offer.lots) { note(lot, from: offer.giver, at: now) }
    }

    /// What `giver` owes on pages that have not come.
    func unaudited(of giver: PlatformID) -> Energy {
        var sum = carried[giver] ?? .zero
        for entry in entries.values where entry.isAsked { sum.add(entry.brought[giver] ?? .zero) }
        return sum
    }

    private mutating func note(_ lot: LotTransfer, from giver: PlatformID, at now: LedgerTime) {
        let proof = lot.standsOn
        if entries[proof] == nil {
            entries = entries.filter { now < $0.value.ends }
            makeRoom(for: giver)
            entries[proof] = Entry(
                number: nextNumber, giver: giver, ends: now + LotAuditLimits.unauditedMemory)
            nextNumber += 1
        }
        let end = now + max(.zero, lot.remaining) + LedgerLimits.chargeFloorMargin
        if let known = entries[proof]?.ends, known < end { entries[proof]?.ends = end }
        entries[proof]?.attempts = 0
        if entries[proof]?.brought[giver] == nil { entries[proof]?.brought[giver] = .zero }
    }

    /// The giver's oldest proof without a page makes room; what was brought on it is still owed.
    private mutating func makeRoom(for giver: PlatformID) {
        let room = entries.filter { $0.value.isAsked && $0.value.giver == giver }
        guard room.count >= LotAuditLimits.askedProofsPerGiver,
            let oldest = room.min(by: { $0.value.number < $1.value.number })
        else { return }
        for (peer, amount) in oldest.value.brought where amount > .zero {
            carried[peer, default: .zero].add(amount)
        }
        entries[oldest.key] = nil
    }

    // MARK: Payments

    /// Counts lots that `giver` paid with; returns what is wrong with them, if they show it.
    mutating func take(_ lots: [LotTransfer], from giver: PlatformID, at now: LedgerTime) -> [LotContradiction] {
        var found: [LotContradiction] = []
        // Of what is refused for good nothing is to be found out.
        for lot in foreign(lots) where !distrusted.contains(giver) && !distrusted.contains(lot.issuer) {
            note(lot, from: giver, at: now)
            entries[lot.standsOn]?.taken.add(lot.amount)
            entries[lot.standsOn]?.brought[giver, default: .zero].add(lot.amount)
            if let contradiction = overdraft(of: lot.standsOn) { found.append(contradiction) }
        }
        return found
    }

    /// Counts lots that this board paid somebody else with.
    mutating func passOn(_ slices: [LotSlice]) {
        for slice in slices where slice.origin.issuer != home {
            let proof = LotProof(issuer: slice.origin.issuer, hash: slice.origin.proof)
            guard let taken = entries[proof]?.taken else { continue }
            entries[proof]?.taken = (taken - slice.amount).clampedToZero
        }
    }

    /// Refuses `proof` from now on where more was taken than its page proves.
    private mutating func overdraft(of proof: LotProof) -> LotContradiction? {
        guard let entry = entries[proof], case .page(let page) = entry.standing,
            entry.taken > page.proof.chargeable
        else { return nil }
        let givers = entry.brought.filter { $0.value > .zero }.keys
        // Of several givers any one may have brought too much.
        return contradict(
            proof, .overdrawn(entry.taken, chargeable: page.proof.chargeable),
            culprit: givers.count == 1 ? givers.first : nil)
    }

    private mutating func contradict(
        _ proof: LotProof, _ reason: LotContradiction.Reason, culprit: PlatformID?
    ) -> LotContradiction {
        entries[proof]?.standing = .refused
        trimSettled()
        if let culprit { distrusted.insert(culprit) }
        return LotContradiction(reason: reason, culprit: culprit)
    }

    // MARK: Pages

    /// The proofs whose pages are wanted, and who brought them: the least asked for and oldest first.
    ///
    /// Complexity: O(n log n) in the proofs of the table.
    var wanted: [(proof: LotProof, giver: PlatformID)] {
        entries.filter { $0.value.isAsked && $0.value.attempts < LotAuditLimits.attempts }
            .sorted {
                ($0.value.attempts, $0.value.number) < ($1.value.attempts, $1.value.number)
            }
            .map { ($0.key, $0.value.giver) }
    }

    /// Whether `peer` may be asked for `proof` now, one question at a time; counts the question.
    mutating func ask(_ peer: PlatformID, for proof: LotProof, at now: BootTime) -> Bool {
        if let asked = questions[peer], now < asked + LotAuditLimits.answerTime { return false }
        questions[peer] = now
        entries[proof]?.attempts += 1
        return true
    }

    /// `peer` has answered: it may be asked the next question.
    mutating func answered(by peer: PlatformID) { questions[peer] = nil }

    /// Whether the page of `proof` is waited for.
    func isAsked(_ proof: LotProof) -> Bool { entries[proof]?.isAsked == true }

    /// Whether `sender` answers for a lot that it issued and brought itself.
    func answersForItself(_ proof: LotProof, _ sender: PlatformID) -> Bool {
        proof.issuer == sender && entries[proof]?.brought[sender] != nil
    }

    /// The issuer's own answer for its own lot, or its signed page, is wrong: nothing of its lots is taken any more.
    mutating func refuse(_ proof: LotProof, _ reason: LotContradiction.Reason) -> LotContradiction {
        contradict(proof, reason, culprit: proof.issuer)
    }

    /// Takes in a page that `issuer` has signed and that is consistent; returns what is wrong with its lots.
    mutating func accept(_ page: ProofPage, of issuer: PlatformID) -> LotContradiction? {
        let proof = LotProof(issuer: issuer, hash: page.hash)
        guard isAsked(proof) else { return nil }
        // A board's own source is named after its key; whose another one is cannot be told from here.
        if let owner = LotAudit.keyDigits(of: page.proof.source), !issuer.text.hasPrefix(owner) {
            return contradict(proof, .sourceOfAnother, culprit: issuer)
        }
        entries[proof]?.standing = .page(page)
        trimSettled()
        return overdraft(of: proof)
    }

    /// The oldest proofs that are decided on make room.
    private mutating func trimSettled() {
        let settled = entries.filter { !$0.value.isAsked }.sorted { $0.value.number < $1.value.number }
        for entry in settled.dropLast(LotAuditLimits.auditedProofs) { entries[entry.key] = nil }
    }

    /// The audited page with `hash`, to be shown to whoever holds a lot on it.
    func page(_ hash: Bytes32) -> ProofPage? {
        for entry in entries.values {
            if case .page(let page) = entry.standing, page.hash == hash { return page }
        }
        return nil
    }

    // MARK: Peers

    /// Begins anew with a peer that the operator has removed.
    mutating func forget(_ peer: PlatformID) {
        distrusted.remove(peer)
        carried[peer] = nil
        questions[peer] = nil
        entries = entries.filter { $0.key.issuer != peer && $0.value.giver != peer }
        for proof in Array(entries.keys) { entries[proof]?.brought[peer] = nil }
    }

    /// The first digits of the key that a source is named after; nil where it is not named after one.
    private static func keyDigits(of source: SourceID) -> String? {
        guard let last = source.text.split(separator: ":").last, last.utf8.count == 12,
            last.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        return String(last)
    }

    private func foreign(_ lots: [LotTransfer]) -> [LotTransfer] {
        lots.filter { $0.issuer != home && $0.amount > .zero }
    }
}

extension LotTransfer {
    /// What the lot stands on.
    fileprivate var standsOn: LotProof { LotProof(issuer: issuer, hash: proof) }
}

extension Energy {
    /// Adds `amount`, to no more than the largest energy.
    fileprivate mutating func add(_ amount: Energy) { self = min(adding(amount) ?? .largest, .largest) }
}
