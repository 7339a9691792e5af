import Cryptography
import EnergyProofs
import Federation
import Ledger
import Quantities
import Telemetry
import Wire

// Samples in; pages, and credits charged from them, out.
extension AgentMachine {
    mutating func handle(_ sample: TelemetrySample) {
        // Until now the peers were told of a board without memory; they need not wait to learn better.
        if energy.sample == nil { heartbeatDue = now.boot }
        for closed in energy.record(sample) { makePage(of: closed) }
        settleMeasuredWork()
    }

    /// Ends windows that no sample ended: a sensor that has gone silent leaves a gap, not an open window.
    mutating func passMeterTime() {
        for closed in energy.passTime(to: now.boot) { makePage(of: closed) }
    }

    /// Registers the board as this society's source, rated at the most that any of its modes allows.
    mutating func registerSource() {
        var rated = max(settings.energy.rated, settings.profile.moduleRating ?? .zero)
        for mode in settings.profile.powerModes { rated = max(rated, mode.rated) }
        let registration = SourceRegistration(
            settings.energy.source, owner: identity.signing.publicKey, rated: rated)
        if case .failure(let refusal) = gate.register(registration) {
            log(.error, "the energy source is not registered: " + refusal.explanation)
        }
        // A store that is older than its pages' gate goes on from what the gate accepted.
        lastPage = lastPage ?? gate.lastPage(of: settings.energy.source)
    }

    private mutating func makePage(of closed: BoardEnergy.ClosedWindow) {
        let proof = EnergyCapacityProof(
            of: closed.window, from: settings.energy.source, in: closed.state,
            wallEnd: max(.origin, now.wall - now.boot.since(closed.window.end)), timeStatus: now.status,
            federation: identity.domain.federation, after: lastPage)
        let page = ProofPage(signing: proof, with: identity.signing, in: identity.domain, by: scheme)
        lastPage = page.link
        recentPages.append(page)
        if recentPages.count > AgentLimits.recentPages { recentPages.removeFirst() }
        staging.putOff(.put(.proof, key: AgentMachine.pageKey(proof.page), value: page.bytes), now: now.boot)
        if proof.page >= AgentLimits.storedPages {
            let oldest = proof.page - AgentLimits.storedPages + 1
            staging.putOff(.removeBelow(.proof, key: AgentMachine.pageKey(oldest)), now: now.boot)
        }
        var writer = CBORWriter()
        closed.meter.write(to: &writer)
        staging.putOff(.put(.meter, key: SettingKey.meter, value: writer.bytes), now: now.boot)
        putOffClock()
        charge(from: page, endedAgo: now.boot.since(closed.window.end))
    }

    /// Charges what is missing to the target, as far as the page and the pool allow.
    private mutating func charge(from page: ProofPage, endedAgo age: TimeSpan) {
        switch gate.accept(page, age: age, now: ledgerNow, in: identity.domain, using: scheme) {
        case .failure(let refusal):
            chargeRefusal = refusal
            log(.warning, "page \(page.proof.page) is not accepted for charging: " + refusal.explanation)
        case .success:
            putOffGate()
            guard !isStopping, let pool = ledger.image.summary?.adp else { return }
            let missing = (settings.chargeTarget - availableATP).clampedToZero
            guard min(missing, pool) >= chargeStep else { return }
            switch gate.available(from: page.hash, now: ledgerNow) {
            case .failure(let refusal): chargeRefusal = refusal
            case .success(let chargeable):
                chargeRefusal = nil
                if chargeable >= chargeStep { charge(min(missing, min(pool, chargeable)), from: page, pool: pool) }
            }
        }
    }

    /// The least that is charged: each charge is a lot of its own, and what a board holds is to be few lots.
    private var chargeStep: Energy {
        let most = min(settings.chargeTarget, ledger.image.summary?.supply ?? .zero)
        return max(Energy(millijoules: most.millijoules / AgentLimits.chargesToTarget), Energy(millijoules: 1))
    }

    private mutating func charge(_ amount: Energy, from page: ProofPage, pool: Energy) {
        var charged = gate
        guard case .success(let grant) = charged.charge(amount, from: page.hash, pool: pool, now: ledgerNow) else {
            return
        }
        let authorisation = ChargeAuthorisation(
            proof: grant.id, account: account, amount: grant.amount, limit: grant.limit,
            chargedBefore: grant.chargedBefore,
            expires: ledgerNow + grant.remaining)
        guard apply(.charge(authorisation)) != nil else { return }
        gate = charged
        putOffGate()
        // Whoever takes these credits may ask for it as long as they live.
        staging.write(.put(.chargedPage, key: page.hash.array, value: page.bytes))
        // What the peers know of this board is out of date now.
        heartbeatDue = now.boot
        // The page must be on disk before anything charged from it is spent: this event writes anyway,
        // and what was put off goes along.
    }

    private mutating func putOffGate() {
        var writer = CBORWriter()
        gate.write(to: &writer)
        staging.putOff(.put(.gate, key: SettingKey.gate, value: writer.bytes), now: now.boot)
    }

    /// Lots that have run out return to their issuers.
    mutating func sweepLots() {
        guard let ledgerDue, ledgerDue <= ledgerNow else { return }
        guard case .swept(let sweep)? = apply(.expireLots), sweep.lots > 0 else { return }
        log(.info, "\(sweep.lots) lots ran out: \(sweep.expired.millijoules) mJ wasted")
    }

    /// What the home account can spend.
    var availableATP: Energy { ledger.image.accounts[account]?.available ?? .zero }

    /// A page's key: its number, so that pages are kept in order.
    static func pageKey(_ page: UInt64) -> [UInt8] {
        stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: page >> UInt64($0)) }
    }
}
