import Cryptography
import EnergyProofs
import Foundation
import Quantities
import TestKit
import Testing

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
        let file = home.appendingPathComponent("checked.proofs")
        try Data(bytes).write(to: file)
        let script = try String(
            contentsOf: Repository.root.appendingPathComponent("examples/verify/verify_proofs.py"), encoding: .utf8)
        do {
            let lines = try PythonTool.lines(
                script, arguments: [file.path, (key ?? pem).path],
                modules: ["cbor2": "python3-cbor2", "cryptography": "python3-cryptography"])
            #expect(lines.last == "verified: \(try ProofExport(decoding: bytes).pages.count) pages")
            return nil
        } catch ToolError.failed(_, _, let errors) { return errors }
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

    @Test func `has thirty lines of code at most`() throws {
        let url = Repository.root.appendingPathComponent("examples/verify/verify_proofs.py")
        let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
            .filter { !$0.hasPrefix("#") && !$0.hasPrefix("\"\"\"") }
        #expect(lines.count <= 30)
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

/// Public keys as files.
private enum PEMText {
    static func write(_ key: PublicKey, to file: URL) throws {
        try PEM.text(key).write(to: file, atomically: true, encoding: .utf8)
    }
}
