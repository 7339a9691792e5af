import AgentCore
import Configuration
import Cryptography
import EnergyProofs
import Federation
import Foundation
import Ledger
import Quantities
import Simulation
import Store
import Telemetry
import TestKit
import Testing

/// A state folder that version 0.1.0 left behind (`Tests/Fixtures/state/0.1.0`).
@Suite struct StoredStateTests {
    private static let board = SourceID("compute:orin-nano-8gb:646b894d75a2")
    /// What the program loads when it starts: pages stay on the disk.
    private static let kinds: [StoreRecordKind] = [.task, .outbox, .meter, .peer, .setting, .gate]

    init() throws { try #require(prepareCryptography()) }

    /// An agent on a copy of the stored state, its store, and the key that signed in it.
    private func agent(in folder: URL, at now: Moment, boot: Bytes16) throws -> (
        AgentMachine, AgentStore, AgentIdentity
    ) {
        let state = folder.appendingPathComponent("state")
        try FileManager.default.copyItem(at: Fixtures.url("state/0.1.0"), to: state)
        for path in ["keys/identity.pem", "keys/link.pem", "ledger.db"] {
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o600], ofItemAtPath: state.appendingPathComponent(path).path)
        }
        let paths = StatePaths(state: state.path)
        let keys = try #require(try NodeKeys.load(paths))
        let text =
            "federation: {name: end-to-end, platform: Sprout}\ntelemetry: {period_milliseconds: 250}\nenergy: {window_milliseconds: 1000, policy: {replayed: 100}}\n"
        let sources = ConfigurationSources(files: [.init(name: "c.yaml", bytes: Array(text.utf8))], hostName: "sprout")
        let configuration = try AgentConfiguration(sources)
        let profile = try #require(try HardwareProfileFile.builtIn().first { $0.name == "orin-nano-8gb" })
        let identity = configuration.identity(keys: keys, presharedKey: .zero)
        let store = try AgentStore(path: paths.ledger, for: .agent(newEpoch: nil))
        let machine = try AgentMachine(
            identity: identity, settings: configuration.settings(profile: profile, node: identity.id),
            scheme: Ed25519(), verifier: SimulatedOperation(), store: try store.load(Self.kinds), bootID: boot,
            seed: Bytes32(high: 1, low: 2), now: now)
        return (machine, store, identity)
    }

    /// Carries out what an event came to, as the program does it.
    private func carryOut(_ effects: [AgentEffect], _ machine: inout AgentMachine, _ store: AgentStore, _ now: Moment)
        throws
    {
        for effect in effects {
            guard case .persist(let token, let writes) = effect else { continue }
            try store.commit(writes)
            try carryOut(machine.handle(.persisted(token), at: now), &machine, store, now)
        }
    }

    private func sample(at now: BootTime) -> TelemetrySample {
        var sample = TelemetrySample(taken: now, board: BoardIdentity(profile: "orin-nano-8gb"))
        sample.rails = [
            RailReading(name: "VDD_IN", role: .total, power: Power(milliwatts: 4_784), source: .ina3221)
        ]
        sample.total = TotalPower(power: Power(milliwatts: 4_784), isComplete: true, rails: ["VDD_IN"], scope: .module)
        sample.powerMode = PowerMode(identifier: 1, name: "25W", rated: Power(milliwatts: 25_000))
        sample.sources = [
            EnergySource(name: "compute:orin-nano-8gb", kind: .compute, evidence: .replayed),
            EnergySource(
                name: "battery:BAT0", kind: .battery, evidence: .replayed, power: Power(milliwatts: 3_000),
                traits: SourceTraits(rated: Power(milliwatts: 60_000), direction: .netOutput)),
        ]
        return sample
    }

    @Test func `what version 0.1.0 stored goes on without a loss, and other sources beside it`() throws {
        try withTemporaryFolder { folder in
            let start: Int64 = 1_000_000
            func moment(_ milliseconds: Int64) -> Moment {
                Moment(
                    boot: BootTime(milliseconds: start + milliseconds),
                    wall: WallTime(milliseconds: 1_800_000_000_000 + milliseconds), status: .synchronized)
            }
            var (machine, store, identity) = try agent(in: folder, at: moment(0), boot: Bytes16(bits: 9))
            let before = try store.lastRecords(.proof, from: PageKeys.board.start, below: PageKeys.board.end, limit: 1)
            let last = try ProofPage(decoding: try #require(before.first).value)
            #expect(last.proof.page == 20 && last.proof.source == Self.board)
            let credits = machine.ledgerImage.accounts.values.reduce(Energy.zero) { $0 + $1.available }
            #expect(credits > Energy(joules: 300))
            try carryOut(machine.start(at: moment(0)), &machine, store, moment(0))
            for tick in 0...80 {
                let now = moment(Int64(tick) * 250)
                try carryOut(machine.handle(.sample(sample(at: now.boot)), at: now), &machine, store, now)
            }
            let end = moment(20_500)
            try carryOut(machine.handle(.stopping, at: end), &machine, store, end)

            // The board's pages go on where they ended, in number, hash, register and epoch.
            var previous: PreviousPage? = last.link
            let pages = try store.records(.proof, from: PageKeys.board.key(21), below: PageKeys.board.end, limit: 100)
            #expect(pages.count >= 19)
            for record in pages {
                let page = try ProofPage(decoding: record.value)
                try EnergyProofVerifier.verify(
                    page, after: previous, key: identity.signing.publicKey, in: identity.domain, using: Ed25519())
                #expect(page.proof.epoch == last.proof.epoch)
                previous = page.link
            }
            // What was charged is still there, and more.
            let now = machine.ledgerImage.accounts.values.reduce(Energy.zero) { $0 + $1.available }
            #expect(now > credits)
            // The battery has pages of its own, which the same key has signed.
            let battery = try #require(SourceID("battery:BAT0"))
            let keys = PageKeys(of: battery)
            let others = try store.records(.proof, from: keys.start, below: keys.end, limit: 100)
            #expect(others.count >= 19)
            previous = nil
            for record in others {
                let page = try ProofPage(decoding: record.value)
                try EnergyProofVerifier.verify(
                    page, after: previous, key: identity.signing.publicKey, in: identity.domain, using: Ed25519())
                #expect(page.proof.source == battery)
                previous = page.link
            }
            // And the ledger is what its journal makes of it.
            _ = try store.verify()
        }
    }
}
