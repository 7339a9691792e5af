import Cryptography
import EnergyProofs
import Federation
import Ledger
import Link
import Quantities
import Telemetry

// Energy pages behind lots: kept and shown to whoever holds a lot, asked for where a lot is taken.
extension AgentMachine {
    // MARK: Own pages

    /// The pages of charges that `commit` forgets are not needed any more: no lot of theirs can be alive.
    mutating func forgetPages(of commit: LedgerCommit) {
        for case .remove(.charge(let proof)) in commit.changes {
            staging.write(.remove(.chargedPage, key: proof.array))
        }
    }

    /// Sends the page with `hash`, if this board has it: its own, or one that came with lots and was checked.
    ///
    /// A peer that asks too often, or again before the store has answered, gets nothing and may ask later.
    mutating func answerPageRequest(_ hash: Bytes32, of peer: PlatformID) {
        guard pageRates.request(by: peer, at: now.boot) == nil else { return }
        if let page = recentPages.last(where: { $0.hash == hash }) {
            // What others have seen of a page must not be signed once more with other content.
            staging.hurry()
            return send(.energyPage(page.envelope), to: peer)
        }
        if let page = audit.page(hash) { return send(.energyPage(page.envelope), to: peer) }
        guard ledger.image.charges[hash] != nil, !pageQueries.values.contains(peer) else { return }
        pageQueries[nextQuery] = peer
        afterWrites(.readRecords(RecordQuery(id: nextQuery, kind: .chargedPage(hash), limit: 1)))
        nextQuery += 1
    }

    /// Sends what the store found for `peer`.
    mutating func sendPage(_ found: StoreAnswer, to peer: PlatformID) {
        switch found {
        case .pages(let pages):
            guard let bytes = pages.first, let page = try? ProofPage(decoding: bytes) else { return }
            send(.energyPage(page.envelope), to: peer)
        case .failed(let reason): log(.warning, "an energy page cannot be read: " + reason)
        case .journal, .history, .verified, .notVerified: break
        }
    }

    // MARK: Lots of others

    /// Why the lots of a task that `peer` offers are not taken, or nil; their pages are asked for in either case.
    mutating func lotRefusal(of task: FederationTask, from peer: PlatformID) -> TaskRefusal? {
        let offer = LotOffer(giver: peer, lots: task.lots)
        let accepted = working.open.compactMap { entry in
            entry.task.map { LotOffer(giver: entry.life.payer, lots: $0.payload.lots) }
        }
        let objection = audit.objection(to: offer, beside: accepted)
        // Of what is refused for good nothing is to be found out.
        if objection != .contradicted { audit.note(offer, at: ledgerNow) }
        askForPages()
        guard let objection else { return nil }
        log(.notice, "lots of \(peerName(peer)) are not taken: \(objection.explanation)", kind: .creditsRefused)
        return .lotsNotAccepted
    }

    /// Counts what `peer` has paid with.
    mutating func countTaken(_ lots: [LotTransfer], from peer: PlatformID) {
        report(audit.take(lots, from: peer, at: ledgerNow))
        askForPages()
    }

    /// Asks for pages that are missing, each peer for one at a time: the issuer, or else who brought the lot.
    mutating func askForPages() {
        for (proof, giver) in audit.wanted {
            // Without the issuer's key its page could not be checked.
            guard peers[proof.issuer] != nil else { continue }
            let asked = isReachable(proof.issuer) ? proof.issuer : giver
            guard isReachable(asked), audit.ask(asked, for: proof, at: now.boot) else { continue }
            send(.energyPageRequest(proof.hash), to: asked)
        }
    }

    private func isReachable(_ peer: PlatformID) -> Bool {
        guard let state = peers[peer], let status = link.status(of: state.linkID) else { return false }
        return status.isEstablished && !status.isUnresponsive
    }

    /// A peer shows a page.
    mutating func takePage(_ envelope: SignedEnvelope, from peer: PlatformID) {
        audit.answered(by: peer)
        judgePage(envelope, from: peer)
        askForPages()
    }

    private mutating func judgePage(_ envelope: SignedEnvelope, from peer: PlatformID) {
        let hash = Hashing.hash(envelope.payload, for: .energyProof)
        let signed = LotProof(issuer: self.peer(signingAs: envelope.signer) ?? envelope.signer, hash: hash)
        // Whoever else has signed it, it may be the answer for a lot that the peer says to have issued.
        let proof = audit.isAsked(signed) ? signed : LotProof(issuer: peer, hash: hash)
        // What nobody waits for is an old answer.
        guard audit.isAsked(proof), let key = signingKey(of: proof.issuer, for: envelope.signer) else { return }
        do throws(EnvelopeError) {
            try envelope.verify(as: .energyProof, by: key, in: identity.domain, using: scheme)
        } catch {
            log(
                .warning, "\(peerName(peer)) shows an energy page that is not valid: \(error.explanation)",
                kind: .peerMessageRefused)
            // Anybody could have spoilt it but the issuer that answers for itself.
            if audit.answersForItself(proof, peer) { report([audit.refuse(proof, .notSigned)]) }
            return
        }
        do throws(EnergyProofError) {
            let page = try ProofPage(decoding: envelope.encoded)
            try EnergyProofVerifier.verify(page, after: nil, key: key, in: identity.domain, using: scheme)
            take(page, of: proof.issuer)
        } catch {
            log(
                .warning, "\(peerName(proof.issuer)) has signed a false energy page: \(error.explanation)",
                kind: .pageFalse)
            report([audit.refuse(proof, .inconsistent)])
        }
    }

    private mutating func take(_ page: ProofPage, of issuer: PlatformID) {
        if page.proof.source == settings.energy.source {
            return report([audit.refuse(LotProof(issuer: issuer, hash: page.hash), .sourceOfAnother)])
        }
        if page.proof.evidence != .metered {
            // Its issuer's own policy lets it; whoever takes the lots should know.
            log(
                .notice, "lots of \(peerName(issuer)) stand on \(page.proof.evidence.name) energy",
                kind: .creditsDoubtful)
        }
        if let contradiction = audit.accept(page, of: issuer) { report([contradiction]) }
    }

    private mutating func report(_ contradictions: [LotContradiction]) {
        for contradiction in contradictions {
            guard let culprit = contradiction.culprit else {
                log(
                    .error, "lots on an energy page are not taken any more: \(contradiction.explanation)",
                    kind: .creditsRefused)
                continue
            }
            log(
                .error,
                "lots of \(peerName(culprit)) are not taken until it is removed and added again: "
                    + contradiction.explanation, kind: .creditsRefused)
            peers[culprit]?.trust.recordDefault()
            storePeer(culprit)
        }
    }
}
