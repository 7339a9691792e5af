import TestKit
import Testing
import Foundation

@testable import Gateway

@Suite struct `the documents of the HTTP interface` {
    private func text(_ path: String) throws -> String {
        try String(contentsOf: Repository.root.appendingPathComponent(path), encoding: .utf8)
    }

    @Test func `the OpenAPI document has every path that is served, and no other`() throws {
        let lines = try text("docs/openapi.yaml").split(separator: "\n").map(String.init)
        let documented = lines.filter { $0.hasPrefix("  /") }.map { line in
            String(line.dropFirst(2).prefix { $0 != ":" })
        }
        let calls = ["consciousness", "cognition"].flatMap { mind in
            ["delegate", "status/{lct}", "cancel/{task}"].map { "/api/v1/\(mind)/" + $0 }
        }
        #expect(documented.count == Set(documented).count)
        #expect(Set(documented) == Set(HTTPRoutes.paths + calls + ["/api/v1/health"]))
    }

    @Test func `the page for users shows the example that is signed in the tests`() throws {
        let page = try text("docs/http-api.md")
        for signature in [
            "o9CJ5YE3YzprR7t96RVPH1l58GdJ+UVKY67Rqk6csHtn/i9EWktn0JV6QFUPr7byeIScBqyVySum8pVGhUFwDA==",
            "dk2mEvBib4iWZiAQI7a0jtcvXpxAigo3rbYlG0kzpUT7IaAzf+1NJwki0xpio5xrWJRByd0ykRY3kv4E6PyaBw==",
        ] {
            #expect(page.contains(signature))
        }
        let line = try #require(page.split(separator: "\n").first { $0.hasPrefix(#"    {"atp_budget": 50.0"#) })
        let script = """
            import base64, json, sys
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
            key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
            for line in sys.stdin.read().split("\\n"):
                print(base64.b64encode(key.sign(line.encode())).decode())
            """
        let message = String(line.dropFirst(4))
        let signed = try PythonTool.run(
            script, input: Array(message.utf8), modules: ["cryptography": "python3-cryptography"])
        #expect(page.contains(String(decoding: signed.dropLast(), as: UTF8.self)))
    }
}
