import Foundation
import TestKit
import Testing

/// The repository keeps the rules; `RuleTests` show that each rule can be broken.
struct RepositoryTests {
    static func names(in folder: String) throws -> Set<String> {
        let path = Repository.root.appendingPathComponent(folder).path
        return Set(try FileManager.default.contentsOfDirectory(atPath: path))
    }

    func expectNone(_ findings: [Finding], _ location: SourceLocation = #_sourceLocation) {
        let text = findings.map(\.description).joined(separator: "\n")
        #expect(findings.isEmpty, "\(text)", sourceLocation: location)
    }

    @Test func `the walk finds the sources`() {
        #expect(RepositoryFiles.sources.contains { $0.path == "Sources/Wire/CBORReader.swift" })
        #expect(RepositoryFiles.sources.count > 20)
    }

    @Test func `imports go downward only`() {
        expectNone(RepositoryFiles.sources.flatMap(ImportRules.findings))
    }

    @Test func `the manifest's dependencies go downward only, and targets are folders`() throws {
        let manifest = try #require(RepositoryFiles.files { $0 == "Package.swift" }.first)
        #expect(ImportRules.targets(in: manifest).count >= 15)
        expectNone(
            ImportRules.findings(
                inManifest: manifest, sources: try Self.names(in: "Sources"), shims: try Self.names(in: "CShims")))
    }

    @Test func `sources contain none of what they must not`() {
        expectNone(RepositoryFiles.sources.flatMap(CodeRules.findings))
    }

    @Test func `no module shares a name with a type inside it`() {
        expectNone(RepositoryFiles.sources.flatMap(CodeRules.sharedNames))
    }

    @Test func `the top folder holds what it should and nothing else`() throws {
        let passedOver: Set<String> = [".git", ".build", "build", ".swiftpm"]
        expectNone(LayoutRules.findings(atTop: try Self.names(in: ".").subtracting(passedOver)))
    }

    @Test func `there is one folder per target, with tests`() {
        expectNone(LayoutRules.findings(inPaths: RepositoryFiles.paths))
    }

    @Test func `files and lines are not too long`() {
        let code = RepositoryFiles.files { path in
            [".swift", ".c", ".h"].contains { path.hasSuffix($0) }
        }
        expectNone(code.flatMap(LayoutRules.findings(in:)))
    }

    @Test func `shim headers are self-contained and keep to their prefix`() {
        let headers = RepositoryFiles.files { path in
            path.hasPrefix("CShims/") && path.contains("/include/") && path.hasSuffix(".h")
        }
        #expect(!headers.isEmpty)
        expectNone(headers.flatMap(LayoutRules.findings(inHeader:)))
    }

    @Test func `no text is unfinished or names a place on one machine`() {
        expectNone(RepositoryFiles.files { _ in true }.flatMap(TextRules.findings))
    }

    @Test func `links in the documentation lead somewhere`() {
        let texts = RepositoryFiles.files { $0.hasSuffix(".md") }
        func url(_ path: String) -> URL { Repository.root.appendingPathComponent(path) }
        expectNone(
            texts.flatMap { text in
                TextRules.brokenLinks(in: text) {
                    FileManager.default.fileExists(atPath: url($0).path)
                } read: {
                    try? String(contentsOf: url($0), encoding: .utf8)
                }
            })
    }
}
