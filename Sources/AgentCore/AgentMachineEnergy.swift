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
        rails.record(sample)
        let closed = energy.record(sample)
        let windows = closed + further.record(sample, energy)
        if further.sources.count > chains.count - 1 { registerSources() }
        for window in windows { makePage(of: window) }
        for refused in further.takeRefused() {
            log(.warning, "\(refused.name) is not metered: " + refused.reason, kind: .sourceRefused)
        }
        watchSensors(sample)
        for change in energy.takeThrottleChanges() { log(change.level, change.text) }
        noteHistory(sample)
        settleMeasuredWork()
    }

    /// Ends windows that no sample ended: a sensor that has gone silent leaves a gap, not an open window.
    mutating func passMeterTime() {
        let closed = energy.passTime(to: now.boot)
        for window in closed + further.passTime(to: now.boot, energy) { makePage(of: window) }
    }

    /// Ends every open window where it was measured last: what was measured shall not be lost.
    mutating func endWindows() {
        let board = energy.end()
        for window in (board.map { [$0] } ?? []) + further.end(at: now.boot, energy) { makePage(of: window) }
    }

    private mutating func makePage(of closed: ClosedWindow) {
        let source = closed.source
        register(source)
        let proof = EnergyCapacityProof(
            of: closed.window, from: source, in: closed.state,
            wallEnd: max(.origin, now.wall - now.boot.since(closed.window.end)), timeStatus: now.status,
            federation: identity.domain.federation, after: chains[source]?.link)
        let page = ProofPage(signing: proof, with: identity.signing, in: identity.domain, by: scheme)
        chains[source, default: PageChain()].append(page)
        recentPages.append(page)
        if recentPages.count > AgentLimits.recentPages { recentPages.removeFirst() }
        store(page, with: SourceRecord(meter: closed.meter, way: closed.way, lastPage: page.link))
        putOffClock()
        charge(from: page, endedAgo: now.boot.since(closed.window.end))
    }

    private mutating func store(_ page: ProofPage, with record: SourceRecord) {
        let isBoard = page.proof.source == settings.energy.source
        let keys = isBoard ? PageKeys.board : PageKeys(of: page.proof.source)
        let kept = isBoard ? AgentLimits.storedPages : SourceLimits.storedPages
        let number = page.proof.page
        staging.putOff(.put(.proof, key: keys.key(number), value: page.bytes), now: now.boot)
        if number >= kept {
            let oldest = keys.key(number - kept + 1)
            staging.putOff(.removeRange(.proof, from: keys.start, below: oldest), now: now.boot)
        }
        let key = isBoard ? SettingKey.meter : Array(page.proof.source.text.utf8)
        staging.putOff(.put(.meter, key: key, value: record.encoded), now: now.boot)
    }

    /// Charges what is missing to the target, as far as the page and the pool allow.
    private mutating func charge(from page: ProofPage, endedAgo age: TimeSpan) {
        let source = page.proof.source
        switch gate.accept(page, age: age, now: ledgerNow, in: identity.domain, using: scheme) {
        case .failure(let refusal):
            counters.count(.refused as AgentCounters.PageResult)
            if chains[source]?.refusal != refusal {
                log(
                    .warning,
                    "page \(page.proof.page) of \(source.text) is not accepted for charging: " + refusal.explanation,
                    kind: .pageRefused)
            }
            chains[source]?.refusal = refusal
        case .success:
            counters.count(.accepted)
            // Only what was charged from, and what still can be, has to be remembered.
            gate.forgetUncharged()
            putOffGate()
            guard !isStopping, let pool = ledger.image.summary?.adp else { return }
            let missing = (settings.chargeTarget - availableATP).clampedToZero
            guard min(missing, pool) >= chargeStep else { return }
            switch gate.available(from: page.hash, now: ledgerNow) {
            case .failure(let refusal): chains[source]?.refusal = refusal
            case .success(let chargeable):
                chains[source]?.refusal = nil
                if chargeable >= leastOfPage { charge(min(missing, min(pool, chargeable)), from: page, pool: pool) }
            }
        }
    }

    /// The least that may be missing before anything is charged: each charge is a lot of its own, and what a board
    /// holds is to be few lots.
    private var chargeStep: Energy {
        let most = min(settings.chargeTarget, ledger.image.summary?.supply ?? .zero)
        return max(Energy(millijoules: most.millijoules / AgentLimits.chargesToTarget), Energy(millijoules: 1))
    }

    /// The least that is charged from one page: a board that draws nearly what it is rated for has little to charge in
    /// every window, and gets it as long as its lots are few.
    private var leastOfPage: Energy {
        guard ledger.image.lots.count < Int(AgentLimits.chargesToTarget) else { return chargeStep }
        return max(Energy(millijoules: chargeStep.millijoules / AgentLimits.leastOfStep), Energy(millijoules: 1))
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
        chains[page.proof.source]?.note(charged: grant.amount)
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
        log(.info, "\(sweep.lots) lots ran out: \(sweep.expired.millijoules) mJ wasted", kind: .creditsExpired)
    }

    /// What the home account can spend.
    var availableATP: Energy { ledger.image.accounts[account]?.available ?? .zero }
}
