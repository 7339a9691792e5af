import Foundation
import Testing

/// Every rule finds what it is there to find, and passes what is right.
struct RuleTests {
    static func source(_ text: String, in target: String) -> SourceFile {
        SourceFile(path: "Sources/\(target)/Example.swift", text: text)
    }

    // MARK: Imports

    @Test(arguments: [
        ("Ledger", "import Foundation"), ("Ledger", "import Glibc"), ("Wire", "import Musl"),
        ("Daemon", "import Foundation"),
        ("Daemon", "import Dispatch"), ("Platform", "import Glibc"), ("Quantities", "import Wire"),
        ("Ledger", "import Link"), ("Link", "import Ledger"), ("Telemetry", "import EnergyProofs"),
        ("Federation", "import Link"), ("Federation", "import Consensus"), ("AgentCore", "import Platform"),
        ("AgentCore", "import Synchronization"), ("Link", "import CSodium"), ("Cryptography", "import CLinux"),
        ("Store", "import Sensors"), ("Store", "import Daemon"), ("Store", "import CLinux"),
        ("Ledger", "@testable import Link"), ("Ledger", "public import Link"), ("Ledger", "import struct Link.Frame"),
        ("Ledger", "@_implementationOnly import Foundation"), ("Ledger", "import Wire; import Link"),
        ("Ledger", "  import Link"), ("Unheard", "import Wire"),
    ])
    func `an import that goes up, sideways or out is found`(target: String, text: String) {
        #expect(ImportRules.findings(in: Self.source("// A comment.\n" + text + "\n", in: target)).map(\.line) == [2])
    }

    @Test(arguments: [
        ("Wire", "import Quantities"), ("Cryptography", "import CSodium\nimport Wire"),
        ("EnergyProofs", "import Telemetry"),
        ("Federation", "import Ledger\nimport EnergyProofs"), ("AgentCore", "import Link\nimport Federation"),
        ("Platform", "import CLinux\nimport Synchronization"), ("Store", "import CSQLite\nimport Platform"),
        ("sage-edge", "import Daemon"), ("Ledger", "// import Link\n/* import Foundation */\nlet a = \"import Link\""),
    ])
    func `an import that goes down is passed`(target: String, text: String) {
        #expect(ImportRules.findings(in: Self.source(text, in: target)) == [])
    }

    static let manifest = SourceFile(
        path: "Package.swift",
        text: """
            // library("Comment", ["Link"])
            library("Quantities", []),
            library("Wire", ["Quantities"], extra: []),
            library(
                "Ledger",
                ["Quantities", "Wire"]),
            .executableTarget(
                name: "sage-edge",
                dependencies: ["Wire", "Ledger"]),
            shim("CSodium", links: "sodium"),
            """)

    @Test func `the manifest is read as it is written`() {
        #expect(
            ImportRules.targets(in: Self.manifest) == [
                ImportRules.Target(name: "Quantities", dependencies: [], line: 2),
                ImportRules.Target(name: "Wire", dependencies: ["Quantities"], line: 3),
                ImportRules.Target(name: "Ledger", dependencies: ["Quantities", "Wire"], line: 4),
                ImportRules.Target(name: "sage-edge", dependencies: ["Wire", "Ledger"], line: 7),
            ])
        #expect(ImportRules.shims(in: Self.manifest) == ["CSodium"])
        let folders: Set<String> = ["Quantities", "Wire", "Ledger", "sage-edge"]
        #expect(ImportRules.findings(inManifest: Self.manifest, sources: folders, shims: ["CSodium"]) == [])
    }

    @Test func `a dependency that goes up and a folder without target are found`() {
        let text = Self.manifest.text.replacingOccurrences(of: "[\"Quantities\"], extra", with: "[\"Ledger\"], extra")
        let manifest = SourceFile(path: "Package.swift", text: text)
        let findings = ImportRules.findings(
            inManifest: manifest, sources: ["Quantities", "Wire", "sage-edge", "Stray"], shims: [])
        #expect(
            findings.map(\.message) == [
                "Wire (row 0) may not import Ledger (row 1)",
                "Ledger is not both a target and a folder under Sources",
                "Stray is not both a target and a folder under Sources",
                "CSodium is not both a target and a folder under CShims",
            ])
    }

    // MARK: Code

    static let forbidden: [(text: String, message: String)] = [
        ("let a = try! b()", "no forced try"), ("let a = b as! C", "no forced cast"),
        ("a = b!", "no forced unwrapping"),
        ("a = b()!.c", "no forced unwrapping"), ("a = b[0]!", "no forced unwrapping"),
        ("var a: Int!", "no forced unwrapping"),
        ("fatalError()", "no fatalError"), ("struct A: @unchecked Sendable {}", "no @unchecked Sendable"),
        ("let a: Double = 1", "no floating point"), ("let a = Float(1)", "no floating point"),
        ("let a = 1.5", "no floating point"), ("func a() throws {}", "throws names its error type"),
        ("func a() throws -> Int { 1 }", "throws names its error type"),
        ("func a() async {}", "no concurrency outside the loop's threads"),
        ("actor A {}", "no concurrency outside the loop's threads"),
        ("Task { }", "no concurrency outside the loop's threads"),
        ("let a = b as? C", "no dynamic cast"), ("struct LedgerManager {}", "names say what a thing is"),
        ("enum Utils {}", "names say what a thing is"), ("Int.random(in: 0...1)", "randomness comes in as bytes"),
        ("a.shuffle()", "randomness comes in as bytes"), ("ContinuousClock.now", "time comes in as an argument"),
        ("print(1)", "no output in a pure row"), ("a.hashValue", "hash values differ from process to process"),
    ]

    @Test(arguments: forbidden)
    func `what code must not contain is found`(text: String, message: String) {
        let findings = CodeRules.findings(in: Self.source("\n" + text + "\n", in: "Ledger"))
        #expect(findings == [Finding(path: "Sources/Ledger/Example.swift", line: 2, message: message)])
    }

    @Test func `every rule has its example above`() {
        for rule in CodeRules.rules {
            let found = Self.forbidden.contains { example in
                example.message == rule.message && !SourceFile.matches(of: rule.pattern, in: example.text).isEmpty
            }
            #expect(found, "\(rule.pattern)")
        }
    }

    @Test(arguments: [
        "// try! a fatalError 1.5 Double", "/* as! /* nested */ throws */", "let a = \"try! 1.5 \\\" Double\"",
        "let a = #\"as! \" throws\"#", "let a = \"\"\"\n  fatalError \"x\" 1.5\n  \"\"\"", "if a != b, !c {}",
        "func a() throws(B) {}", "let a = b.0.1", "let a = 1...5", "let a = x[1..<3]", "let a = !b", "a.print(1)",
        "let task = Task(id: 1)", "let doubled = 2 * b", "rows.map { $0.0 }", "let a = 0x1f",
    ])
    func `what is right is passed`(text: String) {
        #expect(CodeRules.findings(in: Self.source(text, in: "Ledger")) == [])
    }

    @Test func `only the mailbox is unchecked, and only pure rows are held to purity`() {
        let mailbox = SourceFile(
            path: "Sources/Platform/Mailbox.swift", text: "final class Mailbox: @unchecked Sendable {}")
        #expect(CodeRules.findings(in: mailbox) == [])
        #expect(CodeRules.findings(in: Self.source("print(1)", in: "Daemon")) == [])
    }

    @Test func `code after a string or comment is still looked at`() {
        let text = "let a = \"\\\\\" + b!\n/* x */ let c = try! d()\nlet e = \"\"\"\n x\n \"\"\"; f as! G"
        let findings = CodeRules.findings(in: Self.source(text, in: "Ledger"))
        #expect(Set(findings.map(\.line)) == [1, 2, 5])
    }

    @Test func `a type with its module's name is found`() {
        #expect(CodeRules.sharedNames(in: Self.source("public struct Ledger {}", in: "Ledger")).count == 1)
        #expect(CodeRules.sharedNames(in: Self.source("struct LedgerState {}", in: "Ledger")) == [])
    }

    // MARK: Layout

    @Test func `a missing and a stray entry at the top are found`() {
        #expect(LayoutRules.findings(atTop: LayoutRules.required) == [])
        #expect(LayoutRules.findings(atTop: LayoutRules.required.union(["packaging"])) == [])
        let entries = LayoutRules.required.subtracting(["LICENSE"]).union(["notes.txt"])
        #expect(LayoutRules.findings(atTop: entries).map(\.path) == ["LICENSE", "notes.txt"])
    }

    @Test func `loose files, nested folders and missing tests are found`() {
        let good = ["Sources/Wire/A.swift", "Tests/WireTests/A.swift", "Tests/Support/TestKit/B.swift"]
        #expect(LayoutRules.findings(inPaths: good) == [])
        let bad = [
            "Sources/A.swift", "Sources/Wire/Deep/A.swift", "Sources/Wire/notes.txt", "Tests/StrayTests/A.swift",
        ]
        #expect(
            LayoutRules.findings(inPaths: bad).map(\.path) == [
                "Sources/A.swift", "Sources/Wire/Deep/A.swift", "Sources/Wire/notes.txt", "Sources/Wire",
                "Tests/StrayTests",
            ])
    }

    @Test func `empty files, long files and long lines are found`() {
        func findings(_ text: String) -> [Finding] { LayoutRules.findings(in: Self.source(text, in: "Wire")) }
        #expect(findings(String(repeating: "a\n", count: 500)) == [])
        #expect(findings(String(repeating: "a\n", count: 501)).map(\.line) == [500])
        #expect(findings("a\n" + String(repeating: "é", count: 120)) == [])
        #expect(findings("a\n" + String(repeating: "b", count: 121)).map(\.line) == [2])
        #expect(findings("a // " + String(repeating: "b", count: 120)).map(\.line) == [1])
        #expect(findings("a = \"\"\"\n" + String(repeating: "b", count: 200) + "\n\"\"\"") == [])
        #expect(findings("f(\n \"" + String(repeating: "b", count: 200) + "\",\n 1)") == [])
        #expect(findings("f(\"" + String(repeating: "b", count: 200) + "\")").map(\.line) == [1])
        #expect(findings("// Nothing yet.\n").map(\.message) == ["has no code"])
    }

    @Test func `foreign includes and names in a shim's header are found`() {
        func findings(_ text: String) -> [Finding] {
            LayoutRules.findings(inHeader: SourceFile(path: "CShims/CLinux/include/CLinux.h", text: text))
        }
        let good = """
            #ifndef CLINUX_H
            #define CLINUX_H
            #include <stdint.h>
            #include <stddef.h>
            // poll(2) is explained here.
            struct clinux_event { int32_t descriptor; };
            #define CLINUX_READABLE 1
            int32_t clinux_wait(int32_t epoll, struct clinux_event *_Nonnull events);
            void clinux_handle(void (*_Nonnull handler)(int32_t));
            #endif
            """
        #expect(findings(good).map(\.message) == [])
        #expect(findings("#include <sys/epoll.h>").count == 1)
        #expect(findings("#include \"other.h\"").count == 1)
        #expect(findings("#include \"CLinuxFiles.h\"").isEmpty)
        #expect(findings("int32_t wait_events(int32_t epoll);").count == 1)
        #expect(findings("struct event { int32_t a; };").count == 1)
        #expect(findings("#define READABLE 1").count == 1)
    }

    // MARK: Text

    @Test func `unfinished work and places on one machine are found`() {
        func findings(_ text: String) -> Int {
            TextRules.findings(in: SourceFile(path: "docs/a.md", text: text)).count
        }
        for word in ["TO" + "DO", "FIX" + "ME", "X" + "XX"] { #expect(findings("a \(word): b") == 1) }
        for path in ["/ro" + "ot/a", "/wo" + "rk/b", "'/ho" + "me/x'", "(/Us" + "ers/y)", "/opt/sw" + "ift/bin"] {
            #expect(findings("see " + path) == 1, "\(path)")
        }
        for text in [
            "mktemp XX" + "XXXX", "a/root/b", "/sys/class/hwmon", "/var/lib/sage-edge", "$HOME/work/a", "/rootfs",
        ] {
            #expect(findings(text) == 0, "\(text)")
        }
    }

    @Test func `links that lead nowhere are found`() {
        let files = ["docs/a.md": "# One, two\n", "README.md": "x"]
        func broken(_ link: String) -> Int {
            let file = SourceFile(path: "docs/b.md", text: "# Own part\n[x](\(link))\n")
            return TextRules.brokenLinks(in: file) {
                files[$0] != nil || $0 == file.path
            } read: {
                $0 == file.path ? file.text : files[$0]
            }.count
        }
        let good = ["a.md", "./a.md", "../README.md", "a.md#one-two", "#own-part", "https://example.org/x"]
        for link in good { #expect(broken(link) == 0, "\(link)") }
        let bad = ["c.md", "../docs", "../../README.md", "a.md#three", "#other"]
        for link in bad { #expect(broken(link) == 1, "\(link)") }
    }
}
