import Cryptography
import EnergyProofs
import Ledger
import Quantities
import Simulation
import TestKit
import Testing

@testable import AgentCore

/// The table behind the audit of lots, on a page that a simulated board has signed.
@Suite struct LotAuditTests {
    private let home = LedgerFixture.platform("Thor")
    private let issuer = LedgerFixture.platform("Sprout")
    private let other = LedgerFixture.platform("Legion")
    private let now = LedgerTime(milliseconds: 1_000)
    private let page: ProofPage
    private var audit: LotAudit

    init() throws {
        try #require(prepareCryptography())
        let record = try #require(try ScriptedFleet(boards: 2).chargedPages(of: 0).first)
        page = try ProofPage(decoding: record.value)
        try #require(page.proof.chargeable > Energy(joules: 20))
        audit = LotAudit(home: home, limit: Energy(joules: 20))
    }

    private var proof: LotProof { LotProof(issuer: issuer, hash: page.hash) }
    private var chargeable: Energy { page.proof.chargeable }
    private let one = Energy(millijoules: 1)

    private func lot(_ amount: Energy, of issuer: PlatformID? = nil, on proof: Bytes32? = nil) -> LotTransfer {
        LotTransfer(
            issuer: issuer ?? self.issuer, amount: amount, remaining: .seconds(3_600), proof: proof ?? page.hash)
    }

    private func offer(_ lots: [LotTransfer], from giver: PlatformID? = nil) -> LotOffer {
        LotOffer(giver: giver ?? issuer, lots: lots)
    }

    /// The table once the page has come.
    private func audited() -> LotAudit {
        var audit = audit
        audit.note(offer([lot(one)]), at: now)
        #expect(audit.accept(page, of: issuer) == nil)
        return audit
    }

    // MARK: Unaudited lots

    @Test func `lots on a page that has not come are taken up to the limit of their giver`() {
        var audit = audit
        #expect(audit.objection(to: offer([lot(Energy(joules: 20))]), beside: []) == nil)
        let sum = Energy(joules: 20) + one
        #expect(
            audit.objection(to: offer([lot(sum)]), beside: []) == .unaudited(sum, limit: Energy(joules: 20)))
        #expect(audit.take([lot(Energy(joules: 12))], from: issuer, at: now).isEmpty)
        #expect(audit.unaudited(of: issuer) == Energy(joules: 12))
        // Another page, and another issuer: what counts is who brings them.
        let more = lot(Energy(joules: 8) + one, of: other, on: LedgerFixture.proof(1))
        #expect(audit.objection(to: offer([more]), beside: []) == .unaudited(sum, limit: Energy(joules: 20)))
        #expect(audit.objection(to: offer([more], from: other), beside: []) == nil)
    }

    @Test func `what was accepted and is not paid yet counts like what was taken`() {
        let accepted = [offer([lot(Energy(joules: 15))]), offer([lot(Energy(joules: 15))], from: other)]
        #expect(
            audit.objection(to: offer([lot(Energy(joules: 6))]), beside: accepted)
                == .unaudited(Energy(joules: 21), limit: Energy(joules: 20)))
        #expect(audit.objection(to: offer([lot(Energy(joules: 5))]), beside: accepted) == nil)
    }

    @Test func `own lots that come home are nobody's to audit`() {
        var audit = audit
        let own = lot(Energy(joules: 1_000), of: home)
        #expect(audit.objection(to: offer([own]), beside: []) == nil)
        audit.note(offer([own]), at: now)
        #expect(audit.take([own], from: issuer, at: now).isEmpty)
        #expect(audit.count == 0)
    }

    // MARK: Audited lots

    @Test func `lots are taken up to what their page proves`() {
        var audit = audited()
        #expect(audit.objection(to: offer([lot(chargeable)]), beside: []) == nil)
        #expect(
            audit.objection(to: offer([lot(chargeable + one)]), beside: [])
                == .beyondPage(chargeable + one, chargeable: chargeable))
        #expect(
            audit.objection(to: offer([lot(chargeable)]), beside: [offer([lot(one)], from: other)])
                == .beyondPage(chargeable + one, chargeable: chargeable))
        #expect(audit.take([lot(chargeable)], from: issuer, at: now).isEmpty)
        #expect(
            audit.objection(to: offer([lot(one)], from: other), beside: [])
                == .beyondPage(chargeable + one, chargeable: chargeable))
    }

    @Test func `lots that were passed on may come again`() {
        var audit = audited()
        #expect(audit.take([lot(chargeable)], from: issuer, at: now).isEmpty)
        let origin = LotOrigin(issuer: issuer, giver: issuer, proof: page.hash, expires: now + .seconds(3_600))
        audit.passOn([LotSlice(amount: Energy(joules: 5), origin: origin)])
        #expect(audit.objection(to: offer([lot(Energy(joules: 5))], from: other), beside: []) == nil)
        #expect(audit.objection(to: offer([lot(Energy(joules: 5) + one)], from: other), beside: []) != nil)
    }

    @Test func `a page is shown to others only once it was audited`() {
        #expect(audit.page(page.hash) == nil)
        #expect(audited().page(page.hash) == page)
    }

    // MARK: Contradictions

    @Test func `one who brought more than a page proves brings nothing any more`() {
        var audit = audit
        #expect(audit.take([lot(chargeable + one)], from: other, at: now).isEmpty)
        #expect(
            audit.accept(page, of: issuer)
                == LotContradiction(
                    reason: .overdrawn(chargeable + one, chargeable: chargeable), culprit: other))
        #expect(
            audit.objection(to: offer([lot(one, on: LedgerFixture.proof(1))], from: other), beside: []) == .contradicted
        )
        #expect(audit.objection(to: offer([lot(one)]), beside: []) == .contradicted)
        // The issuer itself has done nothing that it could be blamed for.
        #expect(audit.objection(to: offer([lot(one, on: LedgerFixture.proof(1))]), beside: []) == nil)
        audit.forget(other)
        #expect(audit.objection(to: offer([lot(one, on: LedgerFixture.proof(1))], from: other), beside: []) == nil)
    }

    @Test func `of two who together brought too much neither is blamed, and their page is refused`() {
        var audit = audited()
        #expect(audit.take([lot(chargeable)], from: issuer, at: now).isEmpty)
        #expect(
            audit.take([lot(one)], from: other, at: now) == [
                LotContradiction(reason: .overdrawn(chargeable + one, chargeable: chargeable), culprit: nil)
            ])
        for giver in [issuer, other] {
            #expect(audit.objection(to: offer([lot(one)], from: giver), beside: []) == .contradicted)
            let next = lot(one, on: LedgerFixture.proof(1))
            #expect(audit.objection(to: offer([next], from: giver), beside: []) == nil)
        }
    }

    @Test func `an issuer whose page is false is refused whoever brings its lots`() {
        var audit = audit
        audit.note(offer([lot(one)]), at: now)
        #expect(audit.refuse(proof, .inconsistent) == LotContradiction(reason: .inconsistent, culprit: issuer))
        #expect(audit.accept(page, of: issuer) == nil)
        let next = lot(one, on: LedgerFixture.proof(1))
        #expect(audit.objection(to: offer([next], from: other), beside: []) == .contradicted)
    }

    @Test func `a page of a source that is named after another board's key is false`() throws {
        let key = try #require(SigningKey(seed: [UInt8](repeating: 3, count: 32)))
        for (owner, isHonest) in [(issuer, true), (other, false)] {
            var claim = page.proof
            claim.source = try #require(SourceID("compute:orin-nano:" + owner.text.prefix(12)))
            let shown = ProofPage(
                signing: claim, with: key, in: SignatureDomain(federation: .zero, configurationEpoch: 1), by: Ed25519())
            var audit = audit
            audit.note(offer([lot(one, on: shown.hash)]), at: now)
            let found = audit.accept(shown, of: issuer)
            #expect(found == (isHonest ? nil : LotContradiction(reason: .sourceOfAnother, culprit: issuer)))
            let next = offer([lot(one, on: LedgerFixture.proof(1))])
            #expect(audit.objection(to: next, beside: []) == (isHonest ? nil : .contradicted))
        }
    }

    @Test func `what is refused for good takes no room`() {
        var audit = audit
        audit.note(offer([lot(one)]), at: now)
        #expect(audit.refuse(proof, .notSigned).culprit == issuer)
        let count = audit.count
        for number in 0..<500 {
            _ = audit.take([lot(one, on: LedgerFixture.proof(number))], from: issuer, at: now)
        }
        #expect(audit.count == count)
    }

    // MARK: Questions

    @Test func `one page at a time is asked for, and each so often`() {
        var audit = audit
        audit.note(offer([lot(one), lot(one, on: LedgerFixture.proof(1))]), at: now)
        let second = LotProof(issuer: issuer, hash: LedgerFixture.proof(1))
        #expect(audit.wanted.map { $0.proof } == [proof, second])
        var at = BootTime(milliseconds: 0)
        #expect(audit.ask(issuer, for: proof, at: at) == true)
        #expect(audit.wanted.map { $0.proof } == [second, proof])
        #expect(audit.ask(issuer, for: second, at: at) == false)
        audit.answered(by: issuer)
        #expect(audit.ask(issuer, for: second, at: at) == true)
        for _ in 1..<LotAuditLimits.attempts {
            for wanted in audit.wanted {
                at = at + LotAuditLimits.answerTime
                #expect(audit.ask(issuer, for: wanted.proof, at: at) == true)
            }
        }
        #expect(audit.wanted.isEmpty)
        audit.note(offer([lot(one)]), at: now)
        #expect(audit.wanted.map { $0.proof } == [proof])
    }

    // MARK: Bounds

    @Test func `proofs without a page stay within the room of their giver, and what they stand for is owed`() {
        var audit = audit
        for number in 0..<(3 * LotAuditLimits.askedProofsPerGiver) {
            _ = audit.take([lot(one, on: LedgerFixture.proof(number))], from: issuer, at: now)
        }
        _ = audit.take([lot(one)], from: other, at: now)
        #expect(audit.count == LotAuditLimits.askedProofsPerGiver + 1)
        #expect(audit.unaudited(of: issuer) == Energy(millijoules: Int64(3 * LotAuditLimits.askedProofsPerGiver)))
    }

    @Test func `what was taken on a page that never came is owed for a week`() {
        var audit = audit
        _ = audit.take([lot(Energy(joules: 20))], from: issuer, at: now)
        let next = [lot(one, on: LedgerFixture.proof(1))]
        audit.note(offer(next), at: now + LotAuditLimits.unauditedMemory - .milliseconds(1))
        #expect(audit.objection(to: offer(next), beside: []) != nil)
        audit.note(offer([lot(one, on: LedgerFixture.proof(2))]), at: now + LotAuditLimits.unauditedMemory)
        #expect(audit.objection(to: offer(next), beside: []) == nil)
    }
}
