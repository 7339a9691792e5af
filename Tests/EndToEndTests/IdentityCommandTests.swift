import Configuration
import Cryptography
import Federation
import Foundation
import Platform
import Quantities
import TestKit
import Testing

@testable import sage_edge

/// `identity` and `key rotate` on a folder of their own, without an agent.
@Suite struct `identities on the command line` {
    /// A folder with keys and a configuration, in which commands are called.
    private struct Home {
        let folder: URL

        init(_ folder: URL) throws {
            self.folder = folder
            try "federation: {name: workshop, platform: Thor}\n".write(
                to: folder.appendingPathComponent("c.yaml"), atomically: true, encoding: .utf8)
            _ = try NodeKeys.create(StatePaths(state: folder.path))
        }

        var keys: NodeKeys? { try? NodeKeys.load(StatePaths(state: folder.path)) }
        var domain: SignatureDomain {
            SignatureDomain(federation: FederationSection.id(of: "workshop"), configurationEpoch: 1)
        }

        func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

        func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

        /// The failure of a command line; nil where it succeeds.
        func failure(_ words: [String]) throws -> Failure? {
            let all = words + ["--state", folder.path, "--config", path("c.yaml")]
            do throws(Failure) {
                guard case .run(let invocation) = try CommandParser(commands: allCommands).parse(all) else {
                    return nil
                }
                return try invocation.command.run(invocation) == .success ? nil : Failure(.internal, "no success")
            } catch { return error }
        }

        func chain(_ name: String) throws -> [EndorsedCertificate] {
            guard case .certificates(let chain) = try IdentityText(try text(name), in: domain, using: Ed25519())
            else { return [] }
            return chain
        }
    }

    init() throws { try #require(prepareCryptography()) }

    private func withHome(_ body: (Home) throws -> Void) throws {
        try withTemporaryFolder { folder in try body(try Home(folder)) }
    }

    @Test func `a creator and a child below it are minted, and the files say so`() throws {
        try withHome { home throws in
            let root = "lct:web4:agent:dp@Thor#consciousness"
            #expect(
                try home.failure(
                    ["identity", "mint", root, "--new-key", home.path("dp.pem"), "--out", home.path("dp.cert")]) == nil)
            let mode = try FileManager.default.attributesOfItem(atPath: home.path("dp.pem"))[.posixPermissions]
            #expect(mode as? Int == 0o600)
            let child = "lct:web4:agent:dp.cam@Thor#perception"
            #expect(
                try home.failure(
                    [
                        "identity", "mint", child, "--new-key", home.path("cam.pem"), "--parent",
                        home.path("dp.cert"), "--creator-key", home.path("dp.pem"), "--atp", "20", "--tasks", "1",
                        "--permissions", "atp:read", "--out", home.path("cam.cert"),
                    ]) == nil)
            let chain = try home.chain("cam.cert")
            #expect(chain.map(\.lct.text) == [child, root])
            #expect(chain.first?.payload.permissions == PermissionSet([.atpRead]))
            #expect(chain.first?.payload.allowance.dailyATP == Energy(joules: 20))
            #expect(chain.first?.payload.allowance.memory == .mebibytes(2048))
            #expect(chain.last?.payload.creator == chain.last?.payload.key)
            let own = home.keys?.identity.publicKey
            #expect(chain.map(\.platformKey) == [own, own])
            #expect(try home.failure(["identity", "show", home.path("cam.cert")]) == nil)
            #expect(try home.failure(["identity", "show", home.path("cam.cert"), "--json"]) == nil)
            // Under a clock for which nobody vouches no certificate is called valid.
            let key = try #require(home.keys).identity.publicKey
            try PEM.text(key).write(toFile: home.path("thor.pem"), atomically: true, encoding: .utf8)
            let verdict = try home.failure(
                ["identity", "verify", home.path("cam.cert"), "--key", home.path("thor.pem")])
            if Clock.timeStatus == .synchronized {
                #expect(verdict == nil)
            } else {
                #expect(verdict?.code == .checkFailed)
                #expect(verdict?.message.contains("clock is not set") == true)
            }
            let other = try #require(SigningKey(seed: [UInt8](repeating: 3, count: 32))).publicKey
            try PEM.text(other).write(toFile: home.path("other.pem"), atomically: true, encoding: .utf8)
            let wrong = try home.failure(
                ["identity", "verify", home.path("cam.cert"), "--key", home.path("other.pem")])
            #expect(wrong?.message.contains("which is not Thor's") == true)
        }
    }

    @Test(
        arguments: [
            (
                ["lct:web4:agent:dp@Legion#perception", "--new-key", "k.pem"], ExitCode.usage,
                "vouches for nobody on Legion"
            ),
            (["lct:web4:agent:dp@Thor", "--new-key", "k.pem"], .usage, "has no task"),
            (["lct:web4:agent:dp@Thor#perception"], .usage, "--key FILE"),
            (
                ["lct:web4:agent:dp@Thor#perception", "--new-key", "k.pem", "--permissions", "atp:all"], .badData,
                "atp:write"
            ),
            (["lct:web4:agent:dp@Thor#perception", "--new-key", "k.pem", "--permissions", "fly"], .usage, "'fly'"),
            (["lct:web4:agent:dp@Thor#perception", "--new-key", "k.pem", "--atp", "201"], .badData, "more ATP a day"),
            (["lct:web4:agent:dp@Thor#perception", "--key", "c.yaml"], .badData, "no block"),
            (
                ["lct:web4:agent:dp.a@Thor#perception", "--new-key", "k.pem", "--parent", "c.yaml"], .badData,
                "CERTIFICATE"
            ),
        ] as [([String], ExitCode, String)])
    func `what cannot be certified is refused with its reason, and no key is left behind`(
        words: [String], code: ExitCode, reason: String
    ) throws {
        try withHome { home throws in
            let named = words.map { ["k.pem", "c.yaml"].contains($0) ? home.path($0) : $0 }
            let failure = try home.failure(["identity", "mint"] + named)
            #expect(failure?.code == code)
            #expect(failure?.message.contains(reason) == true, "\(failure?.message ?? "")")
            #expect(!FileManager.default.fileExists(atPath: home.path("k.pem")))
        }
    }

    @Test func `an identity without a platform is read as one of this board`() throws {
        try withHome { home throws in
            #expect(
                try home.failure(
                    [
                        "identity", "mint", "lct:web4:agent:alice#planning", "--new-key", home.path("alice.pem"),
                        "--out", home.path("alice.cert"),
                    ]) == nil)
            #expect(try home.chain("alice.cert").map(\.lct.text) == ["lct:web4:agent:alice@Thor#planning"])
        }
    }

    @Test func `a certificate is revoked by its creator or its platform, and by nobody else`() throws {
        try withHome { home throws in
            #expect(
                try home.failure(
                    [
                        "identity", "mint", "lct:web4:agent:dp@Thor#planning", "--new-key", home.path("dp.pem"),
                        "--out", home.path("dp.cert"),
                    ]) == nil)
            for key in [[], ["--key", home.path("dp.pem")]] {
                #expect(
                    try home.failure(
                        ["identity", "revoke", home.path("dp.cert"), "--out", home.path("dp.revocation")] + key) == nil)
                let text = try home.text("dp.revocation")
                guard case .revocation(let revocation) = try IdentityText(text, in: home.domain, using: Ed25519())
                else {
                    Issue.record("no revocation")
                    continue
                }
                let certificate = try home.chain("dp.cert").first?.payload
                #expect(revocation.payload.key == certificate?.key)
            }
            let other = try #require(SigningKey(seed: [UInt8](repeating: 3, count: 32)))
            try PEM.secretText(other).write(toFile: home.path("other.pem"), atomically: true, encoding: .utf8)
            let refused = try home.failure(
                ["identity", "revoke", home.path("dp.cert"), "--key", home.path("other.pem")])
            #expect(refused?.code == .permission)
            #expect(refused?.message.contains("would count nowhere") == true)
        }
    }

    @Test func `a key is rotated, and its succession is told`() throws {
        try withHome { home throws in
            let before = try #require(home.keys)
            #expect(try home.failure(["key", "export", "--succession"])?.code == .noInput)
            #expect(try home.failure(["key", "rotate", "--overlap-days", "0"]) == nil)
            let after = try #require(home.keys)
            #expect(after.identity.publicKey != before.identity.publicKey)
            #expect(after.nodeID == before.nodeID)
            #expect(try home.failure(["key", "export", "--succession"]) == nil)
            #expect(try home.failure(["key", "show"]) == nil)
            // Nobody rotates the key of a running agent.
            guard case .acquired(let lock) = try LockFile.acquire(StatePaths(state: home.folder.path).lock) else {
                Issue.record("the lock is held")
                return
            }
            let refused = try home.failure(["key", "rotate", "--overlap-days", "0"])
            _ = consume lock
            #expect(refused?.code == .tryAgain)
            #expect(refused?.message.contains("an agent is running") == true)
        }
    }

    @Test func `names that cannot be trusted are refused before anybody is asked`() throws {
        try withHome { home throws in
            for words in [["peers", "add", "a b", "--key", "k.pem"], ["peers", "remove", "a b"]] {
                #expect(try home.failure(words)?.code == .usage)
            }
            #expect(try home.failure(["peers", "add", "Legion", "--key", home.path("none.pem")])?.code == .noInput)
        }
    }
}
