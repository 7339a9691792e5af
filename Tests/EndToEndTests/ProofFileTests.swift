import Cryptography
import EnergyProofs
import Foundation
import TestKit
import Testing
import Wire

@Suite(.timeLimit(.minutes(10)), .enabled(if: BuiltProgram.canStartItself)) struct `a file of energy proofs` {
    private let agent: RunningAgent
    private let file: URL
    private let elsewhere: URL

    init() throws {
        agent = try RunningAgent(tree: "orin-nano")
        file = agent.home.appendingPathComponent("sprout.proofs")
        elsewhere = agent.home.appendingPathComponent("elsewhere")
        try FileManager.default.createDirectory(at: elsewhere, withIntermediateDirectories: true)
        #expect(try agent.run(["proof", "export", file.path]).status == 0)
    }

    private func verify(_ options: [String] = [], _ bytes: [UInt8]? = nil, status: Int32 = 65) throws -> String {
        var path = file
        if let bytes {
            path = elsewhere.appendingPathComponent("changed.proofs")
            try Data(bytes).write(to: path)
        }
        let outcome = try BuiltProgram.run(["proof", "verify", path.path] + options, home: elsewhere)
        #expect(outcome.status == status)
        return status == 0 ? outcome.output : outcome.errors
    }

    private var bytes: [UInt8] { get throws { [UInt8](try Data(contentsOf: file)) } }

    @Test func `is verified by a stranger, who is told whose key to compare`() throws {
        let report = try BuiltProgram.json(["proof", "verify", file.path], home: elsewhere)
        let own = try agent.json(["key", "show"])
        #expect(report["verified"] as? Bool == true)
        #expect(report["fingerprint"] as? String == own["fingerprint"] as? String)
        #expect(report["owner"] as? String == "a key that is not known here: compare the fingerprint with its owner's")
        #expect(report["pages"] as? Int ?? 0 >= 3)
        let sources = try #require(report["sources"] as? [[String: Any]])
        #expect(sources.count == 1)
        #expect(sources[0]["class"] as? String == "replayed")
        #expect(sources[0]["coverage_bp"] as? Int == 10_000)
        let text = try verify(status: 0)
        let tooLong = text.split(separator: "\n").filter { $0.count > 80 && !$0.hasSuffix(": verified") }
        #expect(tooLong == [])
        #expect(text.contains(own["fingerprint"] as? String ?? "?"))
    }

    @Test func `is known as its own where it was made`() throws {
        #expect(try agent.json(["proof", "verify", file.path])["owner"] as? String == "this node's own key")
    }

    @Test func `is held to the key and the federation that are expected`() throws {
        let pem = elsewhere.appendingPathComponent("sprout.pem")
        try agent.run(["key", "export"]).output.write(to: pem, atomically: true, encoding: .utf8)
        #expect(try verify(["--key", pem.path, "--federation", "end-to-end"], status: 0).contains("the expected key"))
        #expect(try verify(["--federation", "another"]).contains("not verified: the pages are for federation "))
        #expect(try BuiltProgram.run(["key", "generate"], home: elsewhere).status == 0)
        let stranger = elsewhere.appendingPathComponent("other.pem")
        try BuiltProgram.run(["key", "export"], home: elsewhere).output
            .write(to: stranger, atomically: true, encoding: .utf8)
        #expect(try verify(["--key", stranger.path]).contains("not verified: the pages are of key "))
        // Without a word on the command line, what is configured there counts.
        let config = elsewhere.appendingPathComponent("config")
        try FileManager.default.createDirectory(at: config, withIntermediateDirectories: true)
        try "federation:\n  name: another\n"
            .write(to: config.appendingPathComponent("config.yaml"), atomically: true, encoding: .utf8)
        let other = try verify()
        #expect(other.contains("not verified: the pages are for federation "))
        #expect(other.contains("hint: wanted was the one of federation.name in the configuration: ask "))
        #expect(
            try verify(["--federation", "another"]).contains("hint: wanted was 'another', as --federation says: ask "))
        // A configuration that is wrong matters where it would say the federation, and nowhere else.
        try "federation:\n  nam: another\n"
            .write(to: config.appendingPathComponent("config.yaml"), atomically: true, encoding: .utf8)
        let expected = ["--key", pem.path, "--federation", "end-to-end"]
        #expect(try verify(expected, status: 0).contains("the expected one"))
        #expect(try verify(status: 78).contains("--federation NAME needs no configuration"))
    }

    @Test func `is refused with any byte flipped`() throws {
        let good = try bytes
        for position in stride(from: 0, to: good.count, by: max(1, good.count / 60)) {
            var bad = good
            bad[position] ^= 0x10
            #expect(try verify([], bad).contains("not verified: "), "byte \(position)")
        }
    }

    @Test func `is refused when it is cut, and says where`() throws {
        let good = try bytes
        #expect(try verify([], Array(good.dropLast())).contains("the file is truncated: it ends at byte"))
        #expect(try verify([], []).contains("not verified: it is no export of energy proofs, but an empty file"))
        #expect(try verify([], Array("hello".utf8)).contains("not verified: "))
    }

    @Test func `is refused with a page missing, doubled, or out of order, and says which`() throws {
        let export = try ProofExport(decoding: try bytes)
        let pages = Array(export.pages.prefix(3))
        func changed(_ pages: [[UInt8]]) throws -> [UInt8] {
            try #require(ProofExport(domain: export.domain, key: export.key, board: export.board, pages: pages)).encoded
        }
        #expect(try verify([], changed(pages), status: 0).contains("pages       3"))
        #expect(try verify([], changed([pages[0], pages[2]])).contains("page at position 1: "))
        #expect(try verify([], changed([pages[0], pages[0], pages[1]])).contains("page at position 1: "))
        #expect(try verify([], changed([pages[1], pages[0]])).contains("page at position 1: "))
    }
}
