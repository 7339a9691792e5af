import Configuration
import EnergyProofs
import Foundation
import Gateway
import Platform
import Quantities
import Store
import TestKit
import Testing

@testable import sage_edge

private func invocation(_ words: [String]) throws -> Invocation {
    guard case .run(let invocation) = try CommandParser(commands: allCommands).parse(words) else {
        throw Failure(.usage, "that is help")
    }
    return invocation
}

private func failed(_ body: () throws -> Void) throws -> Failure {
    do { try body() } catch let failure as Failure { return failure }
    Issue.record("nothing failed")
    return Failure(.success, "")
}

@Suite struct `a file that is no export` {
    @Test(arguments: [
        ("", "an empty file", "sage-edge proof export FILE makes an export"),
        ("OCMF|{\"FV\":\"1.3\"}", "a file of metering records (OCMF)", "sage-edge proof verify 'a file'; "),
        ("-----BEGIN PUBLIC KEY-----\n", "a key, or a record", "this is a key, or a record: "),
        ("<!DOCTYPE html>", "a page of HTML", "what a browser shows is not signed; "),
        ("{\"report\":\"energy\"}", "JSON", "what is told in JSON is not signed; "),
        ("period_start,period_end,", "a report in CSV", "what a spreadsheet shows is not signed; "),
        ("hello\n", "text", "sage-edge proof export FILE makes an export"),
        ("\u{1}\u{2}", "something else", "sage-edge proof export FILE makes an export"),
    ]) func `is called what it is, with the command that takes it`(content: String, what: String, hint: String) throws {
        try withTemporaryFolder { folder in
            let strange = try #require(StrangeFile(Array(content.utf8), at: "a file"))
            #expect(strange.what == what)
            #expect(strange.hint.hasPrefix(hint))
            let file = folder.appendingPathComponent("file")
            try Data(content.utf8).write(to: file)
            let failure = try failed { _ = try readExport(file.path) }
            #expect(failure.code == .badData)
            #expect(failure.message == "\(file.path): it is no export of energy proofs, but \(what)")
            #expect(failure.hint != nil)
        }
    }

    @Test func `is none that begins as an export does, whole or not`() throws {
        var board = try #require(SignedBoard(wall: WallTime(milliseconds: 1_795_737_600_000)))
        let bytes = try #require(board.export([board.page()])).encoded
        for count in [1, 2, 25, bytes.count] { #expect(StrangeFile(Array(bytes.prefix(count)), at: "f") == nil) }
        #expect(StrangeFile([0x84] + Array("sage".utf8), at: "f") != nil)
    }
}

@Suite struct `what fails says what to do next` {
    @Test func `where a folder is named to be written to`() throws {
        try withTemporaryFolder { folder in
            let failure = try failed { try writeFile(folder.path, [1]) }
            #expect(failure.code == .cannotCreate)
            #expect(failure.hint == "name a file; \(folder.path) is a folder")
            #expect(try failed { _ = try readFile(folder.path, limit: 10) }.hint == failure.hint)
        }
    }

    @Test func `where a configuration is named that is not there`() throws {
        let failure = try failed {
            _ = try loadConfiguration(try invocation(["config", "show", "--config", "/no/file"]))
        }
        #expect(failure.code == .noInput)
        #expect(failure.hint?.hasPrefix("name a file that is there; ") == true)
    }

    @Test func `where a board is named that is not there`() throws {
        let words = ["profile", "detect", "--sysroot", "/no/folder"]
        let failure = try failed { _ = try ProfileDetection(try invocation(words)) }
        #expect(failure.hint == noTree("/no/folder").hint)
    }

    @Test func `where files are another user's`() {
        let refused = failure(SystemError("stat", .accessDenied, subject: "/srv/state/keys/identity.pem"))
        #expect(refused.code == .permission)
        #expect(refused.hint == "run it as the user to whom that belongs, such as with sudo")
    }

    @Test func `where a ledger is damaged, in one line`() throws {
        try withTemporaryFolder { folder in
            let path = folder.path + "/ledger.db"
            _ = try AgentStore(path: path, for: .agent(newEpoch: .init(7)))
            let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
            try file.write(contentsOf: Data(repeating: 0x78, count: 15))
            try file.close()
            let failure = try failed {
                _ = try openStore(try invocation(["ledger", "verify", "--state", folder.path]))
            }
            #expect(failure.code == .badData)
            #expect(failure.message == path + ": the ledger's file is no database (file is not a database)")
            let hint = try #require(failure.hint)
            #expect(hint.hasSuffix("(cd \(folder.path) && mkdir -m 700 old && mv ledger.db* old/)"))
        }
    }

    @Test func `where keys are there already, in a way that makes room for new ones`() throws {
        try withTemporaryFolder { folder in
            let paths = StatePaths(state: folder.path)
            let first = try NodeKeys.create(paths)
            _ = try AgentStore(path: paths.ledger, for: .agent(newEpoch: .init(7)))
            let failure = try failed {
                _ = try keyFiles { () throws(KeyFileError) in try NodeKeys.create(paths) }
            }
            #expect(failure.code == .cannotCreate)
            let command = try #require(failure.hint?.split(separator: ": ", maxSplits: 1).last)
            _ = try ExternalTool(program: "/bin/sh", package: "dash").run(["-c", String(command)])
            #expect(!FileManager.default.fileExists(atPath: paths.ledger))
            #expect(try NodeKeys.create(paths).identity.publicKey != first.identity.publicKey)
        }
    }

    @Test(arguments: [["report", "energy"], ["energy", "history"]])
    func `where a time lies ahead, by one rule`(command: [String]) throws {
        let ahead = try TimeChoice(try invocation(command + ["--from", "2999-01-01"])).ahead(hint: "h")
        #expect(ahead?.code == .usage)
        #expect(ahead?.message.hasPrefix("--from lies ahead: 2999-01-01T00:00:00Z, and now it is ") == true)
        #expect(try TimeChoice(try invocation(command + ["--from", "1h"])).ahead(hint: "h") == nil)
        #expect(try TimeChoice(try invocation(command)).ahead(hint: "h") == nil)
    }
}

@Suite(.timeLimit(.minutes(5))) struct `the built program says what to do next` {
    @Test(arguments: [
        (["report", "energy", "--format", "pdf"], "sage-edge report energy --help"),
        (["report", "energy", "--from", "now", "--to", "yesterday"], "sage-edge report energy --help"),
        (["report", "energy", "--utc-offset", "+25:00"], "sage-edge report energy --help"),
        (["proof", "list", "--limit", "0"], "sage-edge proof list --help"),
        (["manual", "nope"], "sage-edge manual --help"),
        (["energy", "history", "--from", "2999-01-01"], "sage-edge energy history --from today"),
    ]) func `where a value is wrong`(words: [String], hint: String) throws {
        let outcome = try BuiltProgram.run(words)
        #expect(outcome.status == 64)
        #expect(outcome.errors.hasSuffix("\n  hint: \(hint)\n"), "\(outcome.errors)")
    }

    @Test func `and answers in JSON wherever that is asked for`() throws {
        #expect((try BuiltProgram.json(["manual"])["page"] as? String)?.contains("SYNOPSIS") == true)
        let help = try BuiltProgram.json(["help", "status"])["help"] as? String
        #expect(help?.contains("Usage: sage-edge status [options]") == true)
    }

    @Test func `where a public key is imported`() throws {
        try withTemporaryFolder { home in
            #expect(try BuiltProgram.run(["key", "generate"], home: home).status == 0)
            let file = home.path + "/own.pem"
            try BuiltProgram.run(["key", "export"], home: home).output
                .write(toFile: file, atomically: true, encoding: .utf8)
            let outcome = try BuiltProgram.run(["key", "import", file, "--state", home.path + "/new"], home: home)
            #expect(outcome.status == 65)
            #expect(outcome.errors.contains("hint: the secret key is meant, which begins with "), "\(outcome.errors)")
        }
    }

    @Test func `and shows a long value below the others, whole`() throws {
        try withTemporaryFolder { home in
            let file = home.path + "/c.yaml"
            let sources = (0..<4).map { "{name: 'grid:meter-\($0)', file: /run/a-meter-of-the-house/\($0).json}" }
            try "energy:\n  sources: [\(sources.joined(separator: ", "))]\n"
                .write(toFile: file, atomically: true, encoding: .utf8)
            let outcome = try BuiltProgram.run(["config", "show", "--origin", "--config", file], home: home)
            #expect(outcome.status == 0, "\(outcome.errors)")
            let line = try #require(outcome.lines.first { $0.hasPrefix("energy.sources") })
            #expect(line.hasSuffix("(see below)   \(file):2") || line.hasSuffix(" \(file):2"))
            // No other line is as long because of that one.
            #expect(outcome.lines.filter { $0.count > 80 && !$0.contains(file) && !$0.contains("}") } == [])
            #expect(outcome.output.contains("/run/a-meter-of-the-house/3.json"))
        }
    }
}

@Suite struct `what is shown of few things, and of strangers` {
    @Test func `one is not told as several`() throws {
        let one = #"{"energy":{"pages":1},"sources":[{"source":"a:b"},{"source":"grid:c","pages":1}]}"#
        let status = statusText(try JSONValue(parsing: Array(one.utf8)))
        #expect(status.contains(", 1 proof, "))
        #expect(!status.contains("1 proofs"))
    }

    @Test func `a platform that is no peer any more is shown by the beginning of its id`() throws {
        let id = String(repeating: "0123456789abcdef", count: 4)
        let tasks = #"{"tasks":[{"task":"3f9a27c04be1d2a55c1e90b7d6f48a02","role":"payer","platform":"\#(id)"}]}"#
        let text = tasksText(try JSONValue(parsing: Array(tasks.utf8)), [])
        #expect(text.contains(" 0123456789ab "))
        #expect(!text.contains("0123456789abc"))
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }
}
