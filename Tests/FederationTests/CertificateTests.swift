import Cryptography
import Federation
import Quantities
import TestKit
import Testing
import Wire

@Suite struct CertificateTests {
    static func text() throws -> String { IdentityText.certificates(try Minted.chain()).text }

    static func read(_ text: String, domain: SignatureDomain = Fixture.domain) throws(IdentityTextError)
        -> [EndorsedCertificate]
    {
        guard case .certificates(let chain) = try IdentityText(text, in: domain, using: Fixture.scheme) else {
            return []
        }
        return chain
    }

    /// The error with which `text` is refused; nil where it is accepted.
    static func refusal(_ text: String, domain: SignatureDomain = Fixture.domain) -> IdentityTextError? {
        do throws(IdentityTextError) {
            _ = try IdentityText(text, in: domain, using: Fixture.scheme)
            return nil
        } catch { return error }
    }

    @Test func `a certificate with those above it is written and read back`() throws {
        let text = try Self.text()
        #expect(text.hasPrefix("-----BEGIN SAGE-EDGE CERTIFICATE-----\n"))
        let chain = try Self.read(text)
        #expect(chain.map(\.lct.text) == ["dp.a.b", "dp.a", "dp"].map { "lct:web4:agent:\($0)@Thor#consciousness" })
        let minted = try Minted.chain()
        #expect(chain.map(\.payload) == minted.map(\.payload))
        #expect(IdentityText.certificates(chain).text == text)
    }

    @Test func `no flipped bit of a certificate is accepted, and each is refused by name`() throws {
        let lines = try Self.text().split(separator: "\n").dropFirst().dropLast().joined()
        let bytes = try #require(Base64.decode(lines))
        for index in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[index] ^= 1 << UInt8(bit)
                let text =
                    "-----BEGIN SAGE-EDGE CERTIFICATE-----\n" + Base64.encode(changed)
                    + "\n-----END SAGE-EDGE CERTIFICATE-----\n"
                let refusal = Self.refusal(text)
                #expect(refusal?.explanation.isEmpty == false, "byte \(index), bit \(bit)")
            }
        }
    }

    @Test func `a text without one whole block is refused by name`() throws {
        let text = try Self.text()
        let lines = text.split(separator: "\n").map(String.init)
        #expect(Self.refusal("") == .nothingKnown)
        #expect(
            Self.refusal(lines.dropLast().joined(separator: "\n"))
                == .armour(.noEnd("-----END SAGE-EDGE CERTIFICATE-----")))
        #expect(Self.refusal(text + text) == .armour(.severalBlocks("-----BEGIN SAGE-EDGE CERTIFICATE-----")))
        #expect(
            Self.refusal(text + String(repeating: " ", count: 17_000))
                == .armour(.tooLong(length: text.utf8.count + 17_000, limit: 16_384)))
        #expect(Self.refusal(lines[0] + "\n!\n" + (lines.last ?? "")) == .armour(.notBase64))
    }

    @Test func `a certificate of another federation is refused`() throws {
        let other = SignatureDomain(federation: Fixture.hash(9), configurationEpoch: 1)
        #expect(
            Self.refusal(try Self.text(), domain: other) == .certificate(0, .creatorSignature(.badSignature)))
    }

    @Test func `certificates that do not follow one another are refused`() throws {
        let chain = try Minted.chain()
        let text = IdentityText.certificates([chain[0], chain[2]]).text
        #expect(Self.refusal(text) == .outOfOrder(Minted.lineage("dp.a.b")))
    }

    // MARK: What it may say

    @Test func `the platform's part must be about the creator's part`() throws {
        let one = try Minted.chain()[2]
        func fault(_ change: (inout Certificate) -> Void) throws -> CertificateFault? {
            var other = one.payload
            change(&other)
            let signed = Fixture.sign(other, by: Minted.creator)
            do throws(CertificateFault) {
                _ = try EndorsedCertificate(
                    signed.envelope, one.endorsement.envelope, in: Fixture.domain, using: Fixture.scheme)
                return nil
            } catch { return error }
        }
        #expect(try fault { $0.lineage = Minted.lineage("other") } == .endorsementDiffers(.lineage))
        #expect(try fault { $0.task = .perception } == .endorsementDiffers(.task))
        #expect(try fault { $0.key = Minted.child.publicKey } == .endorsementDiffers(.key))
        #expect(try fault { $0.validity = Minted.validity(0, 1) } == .endorsementDiffers(.signature))
    }

    @Test func `a signature by another key than the one that is named is refused`() throws {
        let certificate = Minted.certificate("dp", key: Minted.creator, by: Minted.creator)
        #expect(
            throws: CertificateFault.creatorSignature(
                .wrongKey(expected: Minted.creator.publicKey.id, found: Minted.child.publicKey.id))
        ) { try Minted.issue(certificate, by: Minted.child) }
    }

    @Test(
        arguments: [
            ("more permissions than its type has", .permissionsBeyondRole(PermissionSet([.adminFull]))),
            ("more ATP than its type has", .allowanceBeyondRole(.dailyATP)),
            ("no ceiling where its type has one", .allowanceBeyondRole(.dailyATP)),
            ("more memory", .allowanceBeyondRole(.memory)), ("more cores", .allowanceBeyondRole(.cores)),
            ("more tasks", .allowanceBeyondRole(.concurrentTasks)), ("nine segments", .tooDeep(9)),
        ] as [(String, CertificateFault)])
    func `no certificate grants more than its role has`(name: String, fault: CertificateFault) {
        let row = TaskType.perception.budget
        let certificate = Minted.certificate("dp", .perception, key: Minted.creator, by: Minted.creator) {
            switch name {
            case "more permissions than its type has":
                $0.permissions = row.permissions.union(PermissionSet([.adminFull]))
            case "more ATP than its type has": $0.allowance.dailyATP = Energy(millijoules: 200_001)
            case "no ceiling where its type has one": $0.allowance.dailyATP = nil
            case "more memory": $0.allowance.memory = .mebibytes(2_049)
            case "more cores": $0.allowance.cores = 3
            case "more tasks": $0.allowance.concurrentTasks = 6
            default: $0.lineage = Minted.lineage("a.b.c.d.e.f.g.h.i")
            }
        }
        #expect(throws: fault) { try Minted.issue(certificate, by: Minted.creator) }
    }

    /// Whatever a child asks for, it stands below its parent exactly where no part of it is more than the parent's.
    @Test func `a child never exceeds its parent`() {
        var random = SeededRandom(seed: 2026)
        var accepted = 0
        for _ in 0..<4_000 {
            func draw(_ base: Certificate, _ random: inout SeededRandom) -> Certificate {
                var drawn = base
                let keep = { (random: inout SeededRandom) in UInt64.random(in: 0..<8, using: &random) > 0 }
                drawn.permissions = PermissionSet(
                    Permission.allCases.filter { base.permissions.contains($0) && keep(&random) })
                drawn.allowance.dailyATP = Energy(joules: Int64.random(in: 900...1_000, using: &random))
                drawn.allowance.memory = .mebibytes(Int64.random(in: 16_000...16_384, using: &random))
                drawn.allowance.cores = Int.random(in: 7...8, using: &random)
                drawn.allowance.concurrentTasks = Int.random(in: 99...100, using: &random)
                drawn.validity = Minted.validity(
                    Int64.random(in: 0...2, using: &random), Int64.random(in: 90...93, using: &random))
                return drawn
            }
            let base = Minted.certificate("dp", key: Minted.creator, by: Minted.creator)
            let (parent, child) = (draw(base, &random), draw(base, &random))
            let exceeds =
                !child.permissions.isSubset(of: parent.permissions)
                || child.allowance.excess(over: parent.allowance) != nil
                || child.validity.from < parent.validity.from || child.validity.until > parent.validity.until
            #expect((child.fault(below: parent) != nil) == exceeds)
            if !exceeds {
                accepted += 1
                let below = child.task.budget.narrowed(to: child.permissions, child.allowance)
                let above = parent.task.budget.narrowed(to: parent.permissions, parent.allowance)
                #expect(below.permissions.isSubset(of: above.permissions))
                #expect(Allowance(below).excess(over: Allowance(above)) == nil)
            }
        }
        #expect(accepted > 10)
    }

    @Test(
        arguments: [
            (-1, TimeStatus.synchronized, .notYetValid(from: Minted.start)), (0, .synchronized, nil),
            (99, .synchronized, nil),
            (100, .synchronized, .expired(until: Minted.start + Minted.day * 100)),
            (1, .unsynchronized, .clockNotSet), (200, .unsynchronized, .clockNotSet),
        ] as [(Int64, TimeStatus, CertificateFault?)])
    func `it holds in its time, and never by a clock for which nobody vouches`(
        days: Int64, status: TimeStatus, fault: CertificateFault?
    ) {
        let certificate = Minted.certificate("dp", key: Minted.creator, by: Minted.creator)
        #expect(certificate.fault(at: Minted.time(days, status)) == fault)
    }

    @Test(arguments: [(0, 0), (5, 1), (-1, 1)] as [(Int64, Int64)])
    func `a validity that is empty or before 1970 is none`(from: Int64, until: Int64) {
        #expect(
            Validity(from: WallTime(milliseconds: from), until: WallTime(milliseconds: until)) == nil)
    }

    @Test func `damaged payloads are refused and never trap`() throws {
        let one = try Minted.chain()[0]
        #expect(
            Fixture.survivesDamage(one.payload.encoded, seed: 71) { bytes in
                guard var reader = try? CBORReader(bytes.span, limit: 4_096),
                    let read = try? Certificate(from: &reader), (try? reader.finish()) != nil
                else { return nil }
                return read.encoded
            })
        #expect(
            Fixture.survivesDamage(one.endorsement.payload.encoded, seed: 72) { bytes in
                guard var reader = try? CBORReader(bytes.span, limit: 4_096),
                    let read = try? PlatformEndorsement(from: &reader), (try? reader.finish()) != nil
                else { return nil }
                return read.encoded
            })
    }
}
