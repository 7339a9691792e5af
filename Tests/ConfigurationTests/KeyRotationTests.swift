import Configuration
import Cryptography
import Federation
import Foundation
import Quantities
import TestKit
import Testing

@Suite struct KeyRotationTests {
    private static let domain = SignatureDomain(federation: FederationSection.id(of: "workshop"), configurationEpoch: 1)
    private static let now = WallTime(milliseconds: 1_800_000_000_000)

    init() throws { try #require(prepareCryptography()) }

    private func withKeys(_ body: (StatePaths, NodeKeys) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let paths = StatePaths(state: folder.appendingPathComponent("state").path)
            try body(paths, try NodeKeys.create(paths))
        }
    }

    private func rotate(_ paths: StatePaths) throws -> CountersignedSuccession {
        try #require(
            try NodeKeys.rotate(paths, overlap: .seconds(86_400), at: Self.now, in: Self.domain))
    }

    @Test func `a new key takes the place of the old one, which stays, and the node keeps its id`() throws {
        try withKeys { paths, first in
            let succession = try rotate(paths)
            let keys = try #require(try NodeKeys.load(paths))
            #expect(succession.payload.old == first.identity.publicKey)
            #expect(succession.payload.new == keys.identity.publicKey)
            #expect(succession.payload.overlapEnd == Self.now + .seconds(86_400))
            #expect(keys.link.publicKey == first.link.publicKey)
            #expect(keys.nodeID == first.identity.publicKey.id)
            let old = try String(contentsOfFile: paths.keys + "/identity.old.pem", encoding: .utf8)
            #expect(try PEM.signingKey(old).publicKey == first.identity.publicKey)
            for name in try FileManager.default.contentsOfDirectory(atPath: paths.keys) {
                let attributes = try FileManager.default.attributesOfItem(atPath: paths.keys + "/" + name)
                #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
            }
            // Its text is accepted where both signatures are checked.
            _ = try IdentityText(IdentityText.succession(succession).text, in: Self.domain, using: Ed25519())
        }
    }

    @Test func `keys follow one another up to the limit`() throws {
        try withKeys { paths, first in
            for _ in 0..<IdentityLimits.successionsInARow { _ = try rotate(paths) }
            let keys = try #require(try NodeKeys.load(paths))
            #expect(keys.successions.count == IdentityLimits.successionsInARow)
            #expect(keys.nodeID == first.identity.publicKey.id)
            #expect(throws: KeyFileError.self) { try rotate(paths) }
            #expect(try #require(try NodeKeys.load(paths)).identity.publicKey == keys.identity.publicKey)
        }
    }

    @Test func `a rotation that was cut short goes on where it stopped`() throws {
        try withKeys { paths, first in
            let (identity, next) = (paths.keys + "/identity.pem", paths.keys + "/identity.next.pem")
            let before = try String(contentsOfFile: identity, encoding: .utf8)
            _ = try rotate(paths)
            let after = try String(contentsOfFile: identity, encoding: .utf8)
            // Cut short after the succession was written, before the key was replaced.
            for (path, text) in [(identity, before), (next, after)] {
                try text.write(toFile: path, atomically: true, encoding: .utf8)
                try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            }
            do throws(KeyFileError) {
                _ = try NodeKeys.load(paths)
                Issue.record("an unfinished rotation is not seen")
            } catch {
                guard case .unfinishedRotation = error else {
                    Issue.record("\(error.explanation)")
                    return
                }
            }
            let succession = try rotate(paths)
            let keys = try #require(try NodeKeys.load(paths))
            #expect(keys.successions.count == 1)
            #expect(keys.identity.publicKey == succession.payload.new)
            #expect(keys.nodeID == first.identity.publicKey.id)
            #expect(!FileManager.default.fileExists(atPath: next))
        }
    }

    @Test func `a succession that leads to another key is refused`() throws {
        try withKeys { paths, _ in
            _ = try rotate(paths)
            let path = paths.keys + "/identity.pem"
            let other = try #require(SigningKey(seed: [UInt8](repeating: 4, count: 32)))
            try PEM.secretText(other).write(toFile: path, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            do throws(KeyFileError) {
                _ = try NodeKeys.load(paths)
                Issue.record("another key is accepted")
            } catch {
                guard case .notASuccession = error else {
                    Issue.record("\(error.explanation)")
                    return
                }
            }
        }
    }
}
