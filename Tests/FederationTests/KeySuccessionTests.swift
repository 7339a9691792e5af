import Cryptography
import Federation
import Quantities
import Testing

@Suite struct KeySuccessionTests {
    static let keys = (30..<60).map { Fixture.key($0) }

    static func error(_ successions: inout KeySuccessions, _ one: CountersignedSuccession) -> SuccessionError? {
        do throws(SuccessionError) {
            _ = try successions.add(one)
            return nil
        } catch { return error }
    }

    @Test(
        arguments: [
            (0, TimeStatus.synchronized, true), (7, .synchronized, true), (8, .synchronized, false),
            (300, .synchronized, false), (2, .unsynchronized, false),
        ] as [(Int64, TimeStatus, Bool)])
    func `both keys count during the overlap, and afterwards only the new one`(
        days: Int64, status: TimeStatus, oldCounts: Bool
    ) throws {
        let (old, new) = (Self.keys[0].publicKey, Self.keys[1].publicKey)
        var successions = KeySuccessions()
        #expect(try successions.add(Minted.succession(Self.keys[0], Self.keys[1])))
        let time = Minted.time(days, status)
        for known in [old, new] {
            #expect(successions.accepts(new, for: known, at: time))
            #expect(successions.accepts(old, for: known, at: time) == oldCounts)
            #expect(successions.keys(for: known, at: time) == (oldCounts ? [new, old] : [new]))
            #expect(!successions.accepts(Self.keys[2].publicKey, for: known, at: time))
        }
    }

    @Test func `a key that has gone cannot hand its place on again`() throws {
        var successions = KeySuccessions()
        #expect(try successions.add(Minted.succession(Self.keys[0], Self.keys[1])))
        #expect(try !successions.add(Minted.succession(Self.keys[0], Self.keys[1])))
        #expect(
            Self.error(&successions, Minted.succession(Self.keys[0], Self.keys[2], 9, 20))
                == .alreadySucceeded(by: Self.keys[1].publicKey.id))
        #expect(
            Self.error(&successions, Minted.succession(Self.keys[3], Self.keys[1]))
                == .keyUsedBefore(Self.keys[1].publicKey.id))
        #expect(
            Self.error(&successions, Minted.succession(Self.keys[1], Self.keys[0]))
                == .keyUsedBefore(Self.keys[0].publicKey.id))
    }

    @Test func `a row of keys is bounded, in whatever order it is learned`() throws {
        let limit = IdentityLimits.successionsInARow
        let pairs = (0..<limit).map { Minted.succession(Self.keys[$0], Self.keys[$0 + 1]) }
        var (forwards, backwards) = (KeySuccessions(), KeySuccessions())
        for one in pairs { #expect(Self.error(&forwards, one) == nil) }
        for one in pairs.reversed() { #expect(Self.error(&backwards, one) == nil) }
        for successions in [forwards, backwards] {
            #expect(successions.newest(Self.keys[0].publicKey) == Self.keys[limit].publicKey)
            #expect(successions.first(Self.keys[limit].publicKey) == Self.keys[0].publicKey)
            var copy = successions
            #expect(
                Self.error(&copy, Minted.succession(Self.keys[limit], Self.keys[limit + 1]))
                    == .tooManyInARow(limit: limit))
            #expect(
                Self.error(&copy, Minted.succession(Self.keys[limit + 1], Self.keys[0]))
                    == .tooManyInARow(limit: limit))
        }
    }

    @Test func `a succession needs both signatures over the same words`() throws {
        let good = Minted.succession(Self.keys[0], Self.keys[1])
        let text = IdentityText.succession(good).text
        #expect(CertificateTests.refusal(text) == nil)
        #expect(IdentityText.isSuccession(text))
        func refusal(_ old: SignedEnvelope, _ new: SignedEnvelope) -> SuccessionError? {
            do throws(SuccessionError) {
                _ = try CountersignedSuccession(old, new, in: Fixture.domain, using: Fixture.scheme)
                return nil
            } catch { return error }
        }
        let (old, new) = (good.byOld.envelope, good.byNew.envelope)
        #expect(refusal(old, new) == nil)
        let ids = (Self.keys[0].publicKey.id, Self.keys[1].publicKey.id)
        #expect(refusal(new, new) == .oldSignature(.wrongKey(expected: ids.0, found: ids.1)))
        #expect(refusal(old, old) == .newSignature(.wrongKey(expected: ids.1, found: ids.0)))
        let longer = Minted.succession(Self.keys[0], Self.keys[1], 1, 9)
        #expect(refusal(old, longer.byNew.envelope) == .statementsDiffer)
        #expect(
            refusal(Minted.revocation(of: Self.keys[0], for: "dp", by: Self.keys[0]).envelope, new)
                == .malformed(.wrongType(expected: .keySuccession, found: .revocation)))
    }

    @Test(arguments: [(0, 91, 1), (5, 4, 1), (0, 1, 0)] as [(Int64, Int64, Int)])
    func `an overlap that is too long or ends before it begins, and the same key, are no succession`(
        from: Int64, until: Int64, other: Int
    ) {
        #expect(
            KeySuccession(
                from: Self.keys[0].publicKey, to: Self.keys[other].publicKey, at: Minted.start + Minted.day * from,
                overlapEnd: Minted.start + Minted.day * until) == nil)
    }

    // MARK: In a registry

    @Test func `certificates outlive the succession of their platform's and their creator's keys`() throws {
        var registry = try IdentityRegistryTests.filled()
        _ = try registry.add(Minted.succession(Fixture.thor, Self.keys[0]))
        _ = try registry.add(Minted.succession(Minted.creator, Self.keys[1]))
        let lct = IdentityRegistryTests.planner
        #expect(registry.refusal(of: lct, Minted.judge(2)) == nil)
        // The overlap is the time in which they are issued anew.
        #expect(registry.refusal(of: lct, Minted.judge(9))?.fault.kind == .notTrusted)
        let root = Minted.certificate("dp", key: Self.keys[1], by: Self.keys[1], validity: Minted.validity(1, 100))
        let middle = Minted.certificate("dp.a", key: Minted.child, by: Self.keys[1], validity: Minted.validity(1, 100))
        let last = Minted.certificate(
            "dp.a.b", key: Minted.grandchild, by: Minted.child, validity: Minted.validity(1, 100))
        _ = try registry.add(
            [
                try Minted.issue(last, by: Minted.child, endorsedBy: Self.keys[0]),
                try Minted.issue(middle, by: Self.keys[1], endorsedBy: Self.keys[0]),
                try Minted.issue(root, by: Self.keys[1], endorsedBy: Self.keys[0]),
            ], Minted.judge(2))
        #expect(registry.refusal(of: lct, Minted.judge(50)) == nil)
        #expect(registry.refusal(of: lct, Minted.judge(3)) == nil)
    }

    @Test func `a revocation by a key that has gone does not come in after its overlap, and ends its successors`()
        throws
    {
        var registry = try IdentityRegistryTests.filled()
        _ = try registry.add(Minted.succession(Minted.creator, Self.keys[1]))
        let revocation = Minted.revocation(of: Minted.creator, for: "dp", by: Minted.creator)
        #expect(throws: IdentityRegistryError.revokerSucceeded(Minted.creator.publicKey.id)) {
            try registry.add(revocation, Minted.judge(9))
        }
        _ = try registry.add(revocation, Minted.judge(3))
        let root = Minted.certificate("dp", key: Self.keys[1], by: Self.keys[1], validity: Minted.validity(1, 100))
        _ = try registry.add([try Minted.issue(root, by: Self.keys[1])], Minted.judge(3))
        #expect(registry.refusal(of: IdentityRegistryTests.root, Minted.judge(20))?.fault.kind == .revoked)
    }
}
