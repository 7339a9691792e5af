import Foundation
import TestKit
import Testing

/// Clients that speak HTTP as the federation's programs do, with Python's `requests` and `cryptography`.
@Suite(.timeLimit(.minutes(10)), .enabled(if: BuiltProgram.canStartItself)) struct `a client over HTTP` {
    private let modules = ["requests": "python3-requests", "cryptography": "python3-cryptography"]
    private let client = "lct:web4:agent:dp@Thor#consciousness"
    private let agent: RunningAgent
    private let url: String

    init() throws {
        let port = try RunningAgent.freePort()
        url = "http://127.0.0.1:\(port)"
        agent = try RunningAgent(
            tree: "orin-nano", http: ["listen: 127.0.0.1:\(port)"],
            settings: """
                executors:
                  concurrent: 4
                  tasks_per_minute: 600
                  execution:
                    commands:
                      - {name: wait, command: [/usr/bin/sleep, "30"], memory_mib: 64, typical_milliseconds: 10}
                      - {name: nap, command: [/usr/bin/sleep, "1"], memory_mib: 64, typical_milliseconds: 10}
                """, platform: "Legion")
    }

    /// What the client's account holds, in millijoules.
    private func credits() throws -> (available: Int, reserved: Int) {
        let accounts = try #require(agent.json(["ledger", "balance"])["accounts"] as? [[String: Any]])
        let own = try #require(accounts.first { $0["account"] as? String == client })
        return (
            Int(own["available_mj"] as? String ?? "") ?? -1, Int(own["reserved_mj"] as? String ?? "") ?? -1
        )
    }

    @Test func `delegates, cancels, reads status and health, and is refused in known words`() throws {
        let key = try agent.addClient(client, of: "Thor", granting: 20)
        let session = try Fixtures.text("federation/session.py")
        let output = try PythonTool.run(
            session,
            arguments: [
                url, key.path, agent.state.appendingPathComponent("keys/identity.pem").path,
                Fixtures.url("frames/shapes.pgm").path,
            ], modules: modules)
        let charged = try #require(Int(String(decoding: output, as: UTF8.self).dropLast()))
        let left = try credits()
        #expect(left.available == 20_000 - charged)
        #expect(left.reserved == 0)
        #expect(try agent.run(["ledger", "verify"]).status == 0)
        let log = try String(contentsOf: agent.log, encoding: .utf8)
        #expect(log.contains("is refused: it is not signed by it"))
    }

    @Test func `is told by curl's own words too`() throws {
        let curl = ExternalTool(program: "/usr/bin/curl", package: "curl")
        let path = "/api/v1/consciousness/"
        func answer(_ arguments: [String]) throws -> String {
            String(
                decoding: try curl.run(["-sS", "--max-time", "20", "-w", "%{http_code}"] + arguments), as: UTF8.self)
        }
        let malformed = try answer([
            "-H", "Content-Type: application/json", "-d", "{", url + path + "delegate",
        ])
        #expect(malformed.hasPrefix(#"{"error":"Malformed JSON: "#))
        #expect(malformed.hasSuffix("400"))
        #expect(
            try answer(["-X", "POST", url + "/" + path + "cancel/x%2Fy"])
                == #"{"atp_refunded":0.0,"cancelled":false,"error":"Task x/y not active","success":false}"# + "\n400")
        #expect(
            try answer([url + path + "status/lct:web4:agent:dp@Legion%2523consciousness"])
                == #"{"error":"No consciousness found for lct:web4:agent:dp@Legion#consciousness","status":null,"#
                + #""success":false}"# + "\n404")
        #expect(try answer(["-I", url + "/api/v1/health"]).hasSuffix("200"))
        // A page from elsewhere in a browser on this machine.
        #expect(
            try answer(["-X", "POST", "-H", "Origin: http://attacker.example", url + path + "cancel/x"])
                .hasSuffix("403"))
    }
}
