import Cryptography
import Federation
import Quantities
import TestKit
import Testing

@Suite struct IdentityRegistryTests {
    static let planner = Fixture.lct("lct:web4:agent:dp.a.b@Thor#consciousness")
    static let middle = Fixture.lct("lct:web4:agent:dp.a@Thor#consciousness")
    static let root = Fixture.lct("lct:web4:agent:dp@Thor#consciousness")

    static func filled() throws -> IdentityRegistry {
        var registry = IdentityRegistry()
        #expect(try registry.add(try Minted.chain(), Minted.judge()).count == 3)
        return registry
    }

    static func refusal(
        _ chain: [EndorsedCertificate], in registry: IdentityRegistry = IdentityRegistry(),
        _ judge: IdentityJudge = Minted.judge()
    ) -> IdentityRegistryError? {
        var registry = registry
        do throws(IdentityRegistryError) {
            _ = try registry.add(chain, judge)
            return nil
        } catch { return error }
    }

    @Test func `a chain that was taken in is in good standing and grants what it says`() throws {
        var registry = try Self.filled()
        for lct in [Self.planner, Self.middle, Self.root] { #expect(registry.refusal(of: lct, Minted.judge()) == nil) }
        let narrow = Minted.certificate("dp.c", .perception, key: Minted.grandchild, by: Minted.creator) {
            $0.permissions = PermissionSet([.atpRead])
            $0.allowance.dailyATP = Energy(joules: 20)
            $0.allowance.concurrentTasks = 1
        }
        _ = try registry.add([try Minted.issue(narrow, by: Minted.creator)], Minted.judge())
        let budget = try registry.budget(of: Fixture.lct("lct:web4:agent:dp.c@Thor#perception"), Minted.judge())
        #expect(budget.permissions == PermissionSet([.atpRead]))
        #expect(budget.dailyATP == Energy(joules: 20))
        #expect(budget.concurrentTasks == 1)
        let unknown = Fixture.lct("lct:web4:agent:nobody@Thor#planning")
        #expect(try registry.budget(of: unknown, Minted.judge()) == TaskType.planning.budget)
    }

    @Test func `an expired certificate is known as that, whatever the clock says`() throws {
        let registry = try Self.filled()
        let judge = Minted.judge(100)
        #expect(
            registry.refusal(of: Self.root, judge)?.fault == .expired(until: Minted.start + Minted.day * 100))
        #expect(registry.refusal(of: Self.root, Minted.judge(1, .unsynchronized))?.fault == .clockNotSet)
        #expect(throws: CertificateRefusal.self) { try registry.budget(of: Self.root, judge) }
        // Nor does it come in by a clock that is not set and then count.
        var late = IdentityRegistry()
        _ = try late.add(try Minted.chain(), Minted.judge(100))
        #expect(late.refusal(of: Self.root, judge)?.fault.kind == .expired)
    }

    @Test func `who is not trusted is refused by name`() throws {
        let chain = try Minted.chain()
        let lineage = Minted.lineage
        #expect(
            Self.refusal([chain[0]])
                == .refused(CertificateRefusal(lineage("dp.a.b"), .parentUnknown(lineage("dp.a")))))
        let nobody = IdentityJudge(at: Minted.time(1), platforms: PlatformKeys([]))
        #expect(
            Self.refusal([chain[2]], in: IdentityRegistry(), nobody)
                == .refused(CertificateRefusal(lineage("dp"), .platformUnknown(Fixture.platform("Thor")))))
        let forged = try Minted.issue(chain[2].payload, by: Minted.creator, endorsedBy: Fixture.sprout)
        #expect(
            Self.refusal([forged])
                == .refused(
                    CertificateRefusal(
                        lineage("dp"),
                        .platformKeyDiffers(Fixture.platform("Thor"), found: Fixture.sprout.publicKey.id))))
        let anchored = try Minted.issue(
            Minted.certificate("dp", key: Minted.creator, by: Minted.child), by: Minted.child)
        let notTrusted = CertificateFault.rootNotTrusted(creator: Minted.child.publicKey.id)
        #expect(Self.refusal([anchored]) == .refused(CertificateRefusal(lineage("dp"), notTrusted)))
        var registry = IdentityRegistry()
        _ = try registry.trust(Minted.child.publicKey, as: .root(lineage("dp")))
        #expect(Self.refusal([anchored], in: registry) == nil)
        #expect(
            Self.refusal([chain[2]], in: registry)
                == .refused(CertificateRefusal(lineage("dp"), .rootKeyDiffers(known: Minted.child.publicKey.id))))
    }

    @Test func `the first key of a creator is the creator's`() throws {
        let registry = try Self.filled()
        let other = try Minted.issue(
            Minted.certificate("dp", .planning, key: Minted.grandchild, by: Minted.grandchild), by: Minted.grandchild)
        #expect(
            Self.refusal([other], in: registry)
                == .refused(
                    CertificateRefusal(
                        Minted.lineage("dp"), .rootKeyDiffers(known: Minted.creator.publicKey.id))))
    }

    @Test func `a child that exceeds its parent is refused by name`() throws {
        let parent = Minted.certificate("dp", .perception, key: Minted.creator, by: Minted.creator)
        let chain = [
            try Minted.issue(
                Minted.certificate("dp.a", .planningStrategic, key: Minted.child, by: Minted.creator),
                by: Minted.creator), try Minted.issue(parent, by: Minted.creator),
        ]
        #expect(
            Self.refusal(chain)
                == .refused(CertificateRefusal(Minted.lineage("dp.a"), .allowanceBeyondParent(.dailyATP))))
    }

    @Test func `of two certificates of an identity the one that begins later holds`() throws {
        var registry = try Self.filled()
        let renewed = try Minted.issue(
            Minted.certificate("dp", key: Minted.creator, by: Minted.creator, validity: Minted.validity(1, 300)),
            by: Minted.creator)
        #expect(try registry.add([renewed], Minted.judge()).count == 1)
        #expect(registry.refusal(of: Self.root, Minted.judge(200)) == nil)
        #expect(try registry.add([renewed], Minted.judge()).isEmpty)
        #expect(Self.refusal([try Minted.chain()[2]], in: registry) == .notNewer(Self.root))
    }

    // MARK: Revocation

    static let revocations: [(String, Signed<Revocation>, [LCT])] = [
        (
            "the root, by itself", Minted.revocation(of: Minted.creator, for: "dp", by: Minted.creator),
            [planner, middle, root]
        ),
        (
            "the middle, by its creator", Minted.revocation(of: Minted.child, for: "dp.a", by: Minted.creator),
            [planner, middle]
        ),
        (
            "the last, by the root", Minted.revocation(of: Minted.grandchild, for: "dp.a.b", by: Minted.creator),
            [planner]
        ),
        (
            "the last, by itself", Minted.revocation(of: Minted.grandchild, for: "dp.a.b", by: Minted.grandchild),
            [planner]
        ),
        (
            "the middle, by the platform", Minted.revocation(of: Minted.child, for: "dp.a", by: Fixture.thor),
            [planner, middle]
        ),
        ("the root, by its child", Minted.revocation(of: Minted.creator, for: "dp", by: Minted.child), []),
        (
            "the last, by another platform",
            Minted.revocation(of: Minted.grandchild, for: "dp.a.b", by: Fixture.sprout), []
        ),
        ("another key", Minted.revocation(of: Minted.child, for: "dp", by: Minted.creator), []),
    ]

    @Test(arguments: revocations.indices) func `a revocation counts where its signer may revoke, and cascades`(
        index: Int
    )
        throws
    {
        let (name, revocation, ended) = Self.revocations[index]
        var registry = try Self.filled()
        _ = try registry.add(revocation, Minted.judge())
        for lct in [Self.planner, Self.middle, Self.root] {
            let refusal = registry.refusal(of: lct, Minted.judge())
            #expect((refusal?.fault.kind == .revoked) == ended.contains(lct), "\(name): \(lct.text)")
        }
    }

    /// All certificates and revocations in any order give the same standing, and nothing takes a revocation back.
    @Test func `the order of revocations does not matter, and none is undone`() throws {
        var random = SeededRandom(seed: 7)
        let chain = try Minted.chain()
        let all: [LCT] = [Self.planner, Self.middle, Self.root]
        for chosen in 0..<(1 << Self.revocations.count) {
            let picked = Self.revocations.indices.filter { chosen & 1 << $0 != 0 }.map { Self.revocations[$0].1 }
            var expected: [CertificateFaultKind?]?
            for _ in 0..<2 {
                var registry = IdentityRegistry()
                // A certificate comes after those above it; revocations come whenever they come.
                var steps: [Int?] = picked.indices.shuffled(using: &random).map { $0 }
                for _ in chain { steps.insert(nil, at: Int.random(in: 0...steps.count, using: &random)) }
                var next = chain.count - 1
                for step in steps {
                    if let step {
                        _ = try registry.add(picked[step], Minted.judge())
                    } else {
                        _ = try registry.add([chain[next]], Minted.judge())
                        next -= 1
                    }
                }
                let standing = all.map { registry.refusal(of: $0, Minted.judge())?.fault.kind }
                #expect(expected == nil || expected == standing)
                expected = standing
                // A new certificate of the same key does not bring it back.
                let again = try Minted.issue(
                    Minted.certificate("dp", key: Minted.creator, by: Minted.creator, validity: Minted.validity(1, 99)),
                    by: Minted.creator)
                _ = try registry.add([again], Minted.judge())
                #expect(
                    (registry.refusal(of: Self.root, Minted.judge())?.fault.kind == .revoked)
                        == (standing[2] == .revoked))
            }
        }
    }

    @Test func `what has no certificate does not live on below a revoked key`() throws {
        var registry = try Self.filled()
        let child = Fixture.lct("lct:web4:agent:dp.a.other@Thor#planning")
        #expect(registry.refusal(of: child, Minted.judge()) == nil)
        _ = try registry.add(Self.revocations[1].1, Minted.judge())
        #expect(registry.refusal(of: child, Minted.judge())?.lineage == Minted.lineage("dp.a"))
        #expect(registry.refusal(of: Fixture.lct("lct:web4:agent:dp.a.other@Sprout#planning"), Minted.judge()) == nil)
    }

    @Test func `a revocation that was not signed by the key it names is refused`() {
        let forged = Fixture.sign(Self.revocations[0].1.payload, by: Minted.child)
        let text = IdentityText.revocation(forged).text
        #expect(
            CertificateTests.refusal(text)
                == .revocation(.wrongKey(expected: Minted.creator.publicKey.id, found: Minted.child.publicKey.id)))
    }

    // MARK: Trusted keys and storage

    @Test(
        arguments: [
            ("Legion", "Legion"), ("lct:web4:agent:dp", "lct:web4:agent:dp"), ("lct:web4:agent:dp.a", nil),
            ("lct:web4:agent:", nil), ("a b", nil), ("", nil), ("lct:web4:agent:dp@Thor#planning", nil),
        ] as [(String, String?)])
    func `a key is trusted for a platform or a creator`(text: String, name: String?) {
        #expect(TrustedName(text)?.text == name)
    }

    @Test func `a trusted name keeps its key until it is taken back`() throws {
        var registry = IdentityRegistry()
        let name = try #require(TrustedName("Legion"))
        #expect(try registry.trust(Minted.child.publicKey, as: name).count == 1)
        #expect(try registry.trust(Minted.child.publicKey, as: name).isEmpty)
        #expect(throws: IdentityRegistryError.otherKey(name, known: Minted.child.publicKey.id)) {
            try registry.trust(Minted.creator.publicKey, as: name)
        }
        #expect(registry.key(of: Fixture.platform("Legion"), PlatformKeys([])) == Minted.child.publicKey)
        #expect(registry.distrust(name).map(\.value) == [nil])
        #expect(registry.distrust(name).isEmpty)
        #expect(try registry.trust(Minted.creator.publicKey, as: name).count == 1)
    }

    @Test func `every table has a limit, and says so`() throws {
        var registry = IdentityRegistry()
        for number in 0..<IdentityLimits.trustedKeys {
            _ = try registry.trust(Minted.child.publicKey, as: try #require(TrustedName("P\(number)")))
        }
        let one = try #require(TrustedName("more"))
        #expect(throws: IdentityRegistryError.full("trusted keys", limit: 128)) {
            try registry.trust(Minted.child.publicKey, as: one)
        }
    }

    @Test func `what is stored is what is read back`() throws {
        var registry = IdentityRegistry()
        var records: [IdentityRecord] = []
        records += try registry.add(try Minted.chain(), Minted.judge())
        for (_, revocation, _) in Self.revocations { records += try registry.add(revocation, Minted.judge()) }
        records += try registry.trust(Minted.child.publicKey, as: .platform(Fixture.platform("Legion")))
        // Keys in a row whose records come in another order than they followed one another.
        let keys = (21...25).map { Fixture.key($0) }
        for (old, new) in zip(keys, keys.dropFirst()) {
            records += try registry.add(Minted.succession(old, new))
        }
        #expect(Set(records.map(\.key)).count == records.count)
        #expect(records.allSatisfy { $0.key.count <= 256 })
        var restored = IdentityRegistry()
        for record in records.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            try restored.restore(key: record.key, value: try #require(record.value))
        }
        #expect(restored.identities == registry.identities)
        #expect(restored.trusted == registry.trusted)
        for lct in registry.identities {
            #expect(restored.refusal(of: lct, Minted.judge()) == registry.refusal(of: lct, Minted.judge()))
        }
        #expect(restored.successions.newest(keys[0].publicKey) == keys[4].publicKey)
        let wrong = try #require(records.first?.value).dropLast()
        #expect(throws: (any Error).self) { try restored.restore(key: [1], value: Array(wrong)) }
        #expect(throws: (any Error).self) { try restored.restore(key: [9], value: [0]) }
    }
}
