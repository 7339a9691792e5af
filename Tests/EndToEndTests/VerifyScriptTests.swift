import Cryptography
import EnergyProofs
import Foundation
import Quantities
import TestKit
import Testing
import Wire

/// `examples/verify/verify_proofs.py`: others check an export with nothing but public libraries and the public key.
@Suite(.timeLimit(.minutes(10)), .enabled(if: BuiltProgram.canStartItself)) struct `the script for others` {
    private let home: URL
    private let agent: RunningAgent
    private let export: ProofExport
    private let pem: URL

    init() throws {
        agent = try RunningAgent(tree: "orin-nano")
        home = agent.home
        let file = home.appendingPathComponent("sprout.proofs")
        #expect(try agent.run(["proof", "export", file.path]).status == 0)
        pem = home.appendingPathComponent("sprout.pem")
        try agent.run(["key", "export"]).output.write(to: pem, atomically: true, encoding: .utf8)
        export = try ProofExport(decoding: [UInt8](try Data(contentsOf: file)))
    }

    /// What it says about a file of `bytes`; nil where it is content.
    private func refusal(_ bytes: [UInt8], key: URL? = nil) throws -> String? {
        try VerifyScript.refusal(bytes, key: key ?? pem, in: home)
    }

    private func changed(_ pages: [[UInt8]]) throws -> [UInt8] {
        try #require(ProofExport(domain: export.domain, key: export.key, board: export.board, pages: pages)).encoded
    }

    @Test func `accepts what the program exports`() throws {
        #expect(try refusal(export.encoded) == nil)
        // From any page on, and of several sources.
        #expect(try refusal(changed(Array(export.pages.dropFirst()))) == nil)
        var panel = try #require(SignedBoard("solar:roof", wall: .origin))
        var board = try #require(SignedBoard(wall: .origin))
        var pages = (0..<3).flatMap { _ in [board.page(), panel.page()] }
        board.restart()
        panel.beginEpoch()
        pages += [board.page(), panel.page()]
        let key = home.appendingPathComponent("board.pem")
        try PEMText.write(board.key.publicKey, to: key)
        #expect(try refusal(try #require(board.export(pages)).encoded, key: key) == nil)
    }

    @Test func `names a page that is missing, doubled or out of order`() throws {
        let pages = Array(export.pages.prefix(3))
        #expect(
            try refusal(changed([pages[0], pages[2]]))?.contains("page at position 1: page 1 was due, not page 2")
                == true)
        #expect(try refusal(changed([pages[0], pages[0]]))?.contains("page at position 1: ") == true)
        #expect(try refusal(changed([pages[1], pages[0]]))?.contains("page at position 1: ") == true)
        #expect(try refusal(changed([]))?.contains("the file holds no page") == true)
    }

    @Test func `names another key`() throws {
        let other = home.appendingPathComponent("other.pem")
        try PEMText.write(try #require(SignedBoard(seed: 3, wall: .origin)).key.publicKey, to: other)
        #expect(try refusal(export.encoded, key: other)?.contains("page at position 0: InvalidSignature") == true)
    }

    @Test func `has thirty lines at most`() throws {
        let url = Repository.root.appendingPathComponent("examples/verify/verify_proofs.py")
        #expect(try String(contentsOf: url, encoding: .utf8).split(separator: "\n").count <= 30)
    }

    @Test func `refuses every flipped byte that the program refuses`() throws {
        let good = try changed(Array(export.pages.prefix(2)))
        for position in stride(from: 0, to: good.count, by: max(1, good.count / 30)) {
            for mask in [position % 2 == 0 ? 0x01 : 0x80] as [UInt8] {
                var bad = good
                bad[position] ^= mask
                #expect(try refusal(bad) != nil, "byte \(position), mask \(mask)")
            }
        }
        #expect(try refusal(Array(good.dropLast())) != nil)
        #expect(try refusal(good + [0]) != nil)
    }
}

/// Pages that a board signed and that say what cannot be: the script refuses what the program does, and nothing else.
@Suite(.timeLimit(.minutes(10))) struct `the script for others, and pages that contradict themselves` {
    typealias Change = @Sendable (inout EnergyCapacityProof) -> Void
    private static let scheme = Ed25519()

    static let lies: [(String, String, Change)] = [
        ("compute", "contradicts itself", { $0.kind = .solar }),
        ("compute", "contradicts itself", { $0.windowEnd = $0.windowStart }),
        ("compute", "contradicts itself", { $0.gap = $0.window + .milliseconds(1) }),
        ("compute", "contradicts itself", { $0.registerEnd = Energy(millijoules: $0.registerStart.millijoules - 1) }),
        ("compute", "contradicts itself", { $0.samples = $0.expected + 1 }),
        ("compute", "contradicts itself", { $0.federation = Bytes32(high: 1, low: 1) }),
        ("human", "contradicts itself", { $0.rated = Power(milliwatts: 200_001) }),
        ("human", "contradicts itself", { $0.evidence = .metered }),
        ("human", "contradicts itself", { $0.expected = 9 }),
        ("human", "contradicts itself", { $0.registerEnd = Energy(millijoules: $0.registerStart.millijoules + 1) }),
        ("compute", "more is drawn", { $0.peak = Power(milliwatts: 9_599) }),
        ("compute", "more is drawn", { $0.work = Energy(millijoules: $0.drawn.millijoules + 1) }),
        ("solar", "more is drawn", { $0.work = Energy(millijoules: 1) }),
        ("compute", "its capacity", { $0.capacity = Power(milliwatts: $0.rated.milliwatts + 1) }),
        ("compute", "its capacity", { $0.throttle = ThrottleReasons([.clockCap]) }),
        ("compute", "mJ are chargeable", { $0.chargeable = Energy(millijoules: $0.chargeable.millijoules + 1) }),
        ("compute", "mJ are chargeable", { $0.chargeable = Energy(millijoules: $0.chargeable.millijoules - 1) }),
        ("solar", "mJ are chargeable", { $0.chargeable = $0.rated.held(for: $0.window) }),
        ("human", "mJ are chargeable", { $0.chargeable = .zero }),
        ("compute", "does not go on", { $0.epoch += 2 }),
        ("compute", "does not go on", { $0.previousHash = Bytes32(high: 1, low: 1) }),
        ("compute", "does not go on", { $0.previousHash = nil }),
    ]

    /// Two pages of a board, the second one changed and signed again; its key; whether the program accepts them.
    private func pages(_ kind: String, _ change: Change) throws -> (ProofExport, PublicKey, Bool) {
        let isHuman = kind == "human"
        var board = try #require(
            SignedBoard(kind + ":a", evidence: isHuman ? .declared : .metered, wall: WallTime(milliseconds: 1)))
        if isHuman { board.state.rated = Power(milliwatts: 100_000) }
        let pages = (0..<2).map { _ in isHuman ? board.wordPage() : board.page() }
        var proof = pages[1].proof
        change(&proof)
        let page = ProofPage(signing: proof, with: board.key, in: SignedBoard.domain, by: Self.scheme)
        let isAccepted: Bool
        do throws(EnergyProofError) {
            try EnergyProofVerifier.verify(
                try ProofPage(decoding: page.bytes), after: pages[0].link, key: board.key.publicKey,
                in: SignedBoard.domain, using: Self.scheme)
            isAccepted = true
        } catch { isAccepted = false }
        return (try #require(board.export([pages[0], page])), board.key.publicKey, isAccepted)
    }

    private func refusal(_ export: ProofExport, _ key: PublicKey) throws -> String? {
        let home = FileManager.default.temporaryDirectory.appendingPathComponent("script-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: home) }
        let pem = home.appendingPathComponent("board.pem")
        try PEMText.write(key, to: pem)
        return try VerifyScript.refusal(export.encoded, key: pem, in: home)
    }

    @Test(arguments: lies.indices) func `are refused by both, the script naming what is wrong`(index: Int) throws {
        let (kind, text, change) = Self.lies[index]
        let (export, key, isAccepted) = try pages(kind, change)
        #expect(!isAccepted)
        let refusal = try refusal(export, key)
        #expect(
            refusal?.contains("page at position 1: ") == true && refusal?.contains(text) == true, "\(refusal ?? "-")")
    }

    @Test(arguments: ["compute", "solar", "human"]) func `are accepted by both while nothing is changed`(
        kind: String
    ) throws {
        let (export, key, isAccepted) = try pages(kind) { _ in }
        #expect(isAccepted)
        #expect(try refusal(export, key) == nil)
    }

    @Test(arguments: [(31, false), (63, false), (64, true), (99, true)] as [(UInt64, Bool)])
    func `carry fields of the future, which both pass over, and no others`(field: UInt64, isAllowed: Bool) throws {
        var board = try #require(SignedBoard("compute:a", wall: WallTime(milliseconds: 1)))
        let page = board.page()
        guard case .map(var entries) = try CBORValue(decoding: page.envelope.payload.span) else {
            Issue.record("no map")
            return
        }
        entries.append(.init(key: field, value: .text("later")))
        let envelope = SignedEnvelope(
            signing: CBORValue.map(entries).encoded, as: .energyProof, with: board.key, in: SignedBoard.domain,
            by: Self.scheme)
        #expect(((try? ProofPage(decoding: envelope.encoded)) != nil) == isAllowed)
        let whole = try #require(board.export([page]))
        let later = try #require(
            ProofExport(domain: whole.domain, key: whole.key, board: whole.board, pages: [envelope.encoded]))
        #expect((try refusal(later, board.key.publicKey) == nil) == isAllowed)
    }

    @Test(arguments: UInt64(0)..<40) func `are judged alike, whatever is changed in them`(seed: UInt64) throws {
        let (export, key, isAccepted) = try pages(["compute", "solar", "human"][Int(seed % 3)]) { proof in
            var random = SeededRandom(seed: seed)
            for _ in 0...Int.random(in: 0...1, using: &random) {
                let step = [-1, 1, 0, 1000, -1000, 96_000].randomElement(using: &random) ?? 0
                func moved(_ value: Int64) -> Int64 { max(0, value + Int64(step)) }
                switch Int.random(in: 0...9, using: &random) {
                case 0: proof.rated = Power(milliwatts: moved(proof.rated.milliwatts))
                case 1: proof.capacity = Power(milliwatts: moved(proof.capacity.milliwatts))
                case 2: proof.peak = Power(milliwatts: moved(proof.peak.milliwatts))
                case 3: proof.work = Energy(millijoules: moved(proof.work.millijoules))
                case 4: proof.registerEnd = Energy(millijoules: moved(proof.registerEnd.millijoules))
                case 5: proof.gap = TimeSpan(milliseconds: moved(proof.gap.milliseconds))
                case 6: proof.samples = UInt64(moved(Int64(proof.samples)))
                case 7: proof.expected = UInt64(moved(Int64(proof.expected)))
                case 8: proof.throttle = ThrottleReasons(bits: UInt64.random(in: 0...255, using: &random)) ?? .none
                default: proof.windowEnd = BootTime(milliseconds: moved(proof.windowEnd.milliseconds))
                }
            }
            // A page that follows the rule all the same is as good as any.
            if Bool.random(using: &random) { proof.chargeable = ChargeableRule.chargeable(of: proof) }
        }
        #expect((try refusal(export, key) == nil) == isAccepted)
    }
}

/// The script, run on a file.
private enum VerifyScript {
    /// What it says about a file of `bytes`; nil where it is content.
    static func refusal(_ bytes: [UInt8], key: URL, in home: URL) throws -> String? {
        let file = home.appendingPathComponent("checked.proofs")
        try Data(bytes).write(to: file)
        let script = try String(
            contentsOf: Repository.root.appendingPathComponent("examples/verify/verify_proofs.py"), encoding: .utf8)
        do {
            let lines = try PythonTool.lines(
                script, arguments: [file.path, key.path],
                modules: ["cbor2": "python3-cbor2", "cryptography": "python3-cryptography"])
            #expect(lines.last == "verified: \(try ProofExport(decoding: bytes).pages.count) pages")
            return nil
        } catch ToolError.failed(_, _, let errors) { return errors }
    }
}

/// Public keys as files.
private enum PEMText {
    static func write(_ key: PublicKey, to file: URL) throws {
        try PEM.text(key).write(to: file, atomically: true, encoding: .utf8)
    }
}
