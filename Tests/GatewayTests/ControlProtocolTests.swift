import AgentCore
import Cryptography
import EnergyProofs
import Federation
import Gateway
import Ledger
import Quantities
import Testing
import Wire

private func command(_ line: String) throws -> AgentCommand {
    switch ControlProtocol.command(Array(line.utf8)) {
    case .success(let command): return command
    case .failure(let reply): throw reply
    }
}

/// The message of the refusal of a line, with its hint.
private func refusal(_ line: [UInt8]) throws -> String {
    guard case .failure(let reply) = ControlProtocol.command(line) else { return "accepted" }
    #expect(reply.refusal == .invalid)
    let error = try JSONValue(parsing: Array(reply.json.utf8))["error"]
    #expect(error?["kind"]?.text == "invalid")
    return (error?["message"]?.text ?? "") + (error?["hint"]?.text.map { " | " + $0 } ?? "")
}

@Suite struct `the control protocol` {
    private static let everything: [AgentCommand] = {
        guard let operation = Operation("perception.features"), let thor = PlatformName("Thor"),
            let battery = SourceID("battery:BAT0"), let task = TaskID(text: "00112233445566778899aabbccddeeff"),
            let client = try? LCT("lct:web4:agent:dp@Legion#perception")
        else { return [] }
        var handable = DelegationRequest(operation: operation, input: [7])
        handable.hops = FederationLimits.maximumHops
        return [
            .status, .telemetry, .delegate(DelegationRequest(operation: operation, input: [])),
            .delegate(
                DelegationRequest(
                    operation: operation, input: Array(0...255), parameters: [1, 2, 3], placement: .platform(thor),
                    budget: Energy(millijoules: 123), timeout: .milliseconds(1), isTrial: true)),
            .delegate(DelegationRequest(operation: operation, input: [7], placement: .local, budget: .largest)),
            .delegate(
                DelegationRequest(
                    operation: operation, input: [7],
                    requirement: Requirement(
                        horizon: Horizon("regional"), minimumConvergence: BasisPoints(clamping: 7_500)))),
            .delegate(handable), .tasks, .cancel(task: task), .disputes, .dispute(task: task), .peer(name: "Thor"),
            .balance,
            .history(limit: 1), .history(limit: 4096), .verify,
            .proofs(limit: 20), .exportProofs(first: 0, limit: 2048), .exportProofs(first: 1 << 53, limit: 1), .peers,
            .proofs(limit: 1, source: battery), .exportProofs(first: 7, limit: 1, source: battery),
            .addPeer(record: "-----BEGIN…\n\"\\\u{1}\u{10ffff}"), .removePeer(name: "Thor"), .ping(name: "Thor"),
            .trustKey(name: "lct:web4:agent:dp", pem: "-----BEGIN…\n"), .identities, .addIdentity(text: "a\nb"),
            .checkIdentity(text: ""), .removePeer(name: "lct:web4:agent:dp"), .nodeRecord,
            .grant(account: client, amount: Energy(millijoules: 1), takesBack: true),
            .reconcile(name: "Thor", accepts: false), .reconcile(name: "Thor", accepts: true),
            .energyHistory(HistoryQuery(.sample, limit: 1)),
            .energyHistory(
                HistoryQuery(
                    .hour, from: WallTime(milliseconds: 1), to: WallTime(milliseconds: 1 << 53), before: 77,
                    limit: 2048)),
            .runs(RunQuery(limit: 1)),
            .runs(
                RunQuery(
                    from: WallTime(milliseconds: 1), to: WallTime(milliseconds: 1 << 53), before: 77, limit: 2048)),
            .decisions(DecisionQuery(limit: 256)),
            .decisions(DecisionQuery(before: 77, limit: 32, tellsRecords: true)),
        ]
    }()

    @Test func `reads back every command that it writes`() throws {
        #expect(Self.everything.count == 40)
        for asked in Self.everything {
            let line = ControlProtocol.request(asked)
            #expect(!line.utf8.contains(UInt8(ascii: "\n")))
            // What is read is written again the same: nothing was lost on the way.
            #expect(ControlProtocol.request(try command(line)) == line)
        }
    }

    @Test func `fills in what a request leaves out`() throws {
        guard case .delegate(let request) = try command(#"{"command":"delegate","operation":"planning","input":""}"#)
        else { Issue.record("a delegation"); return }
        #expect(request.operation.name == "planning")
        #expect(request.input == [])
        #expect(request.parameters == [])
        #expect(request.placement == nil)
        #expect(request.budget == nil)
        #expect(request.timeout == .seconds(60))
        #expect(!request.isTrial)
        guard case .history(let limit) = try command(#"{"command":"history"}"#) else { Issue.record("history"); return }
        #expect(limit == 20)
        guard case .exportProofs(let first, let pages, nil) = try command(#"{"command":"export_proofs"}"#) else {
            Issue.record("an export")
            return
        }
        #expect(first == 0)
        #expect(pages == 2048)
    }

    @Test(arguments: [
        ("", "the request is not JSON: "), ("nonsense", "the request is not JSON: "),
        ("{}{}", "the request is not JSON: "),
        (#"{"command":"status","command":"status"}"#, "the request is not JSON: duplicate object key"),
        ("[]", "the request is not a JSON object"), ("null", "the request is not a JSON object"),
        ("{}", "the request has no member 'command'"),
        (#"{"command":7}"#, "there is no command 7 | the commands are: status,"),
        (#"{"command":"stats"}"#, "there is no command 'stats' | the commands are: status, telemetry, delegate,"),
        (#"{"command":"status","more":1}"#, "'status' has no member 'more' | its members besides 'command' are: none"),
        (
            #"{"command":"history","limt":1}"#,
            "'history' has no member 'limt' | its members besides 'command' are: limit"
        ),
        (#"{"command":"history","limit":0}"#, "'limit' takes a whole number from 1 to 4096, not 0"),
        (#"{"command":"history","limit":4097}"#, "'limit' takes a whole number from 1 to 4096, not 4097"),
        (#"{"command":"history","limit":1.0}"#, "'limit' takes a whole number from 1 to 4096, not 1"),
        (#"{"command":"history","limit":"1"}"#, "'limit' takes a whole number from 1 to 4096, not '1'"),
        (#"{"command":"export_proofs","limit":2049}"#, "'limit' takes a whole number from 1 to 2048, not 2049"),
        (#"{"command":"export_proofs","first":-1}"#, "'first' takes a whole number from 0 to 9007199254740992, not -1"),
        (
            #"{"command":"proofs","source":"BAT0"}"#,
            "'source' takes the identity of a source, such as battery:BAT0, not 'BAT0'"
        ),
        (#"{"command":"history","source":"battery:BAT0"}"#, "'history' has no member 'source'"),
        (#"{"command":"decisions","limit":257}"#, "'limit' takes a whole number from 1 to 256, not 257"),
        (
            #"{"command":"decisions","limit":33,"records":true}"#, "'limit' takes a whole number from 1 to 32, not 33"
        ),
        (#"{"command":"runs","limit":2049}"#, "'limit' takes a whole number from 1 to 2048, not 2049"),
        (#"{"command":"runs","resolution":"hour"}"#, "'runs' has no member 'resolution'"),
        (#"{"command":"cancel"}"#, "'cancel' needs the member 'task'"),
        (#"{"command":"cancel","task":"12"}"#, "'task' takes a task's id, 32 hexadecimal digits, not '12'"),
        (#"{"command":"ping","name":"a b"}"#, "'name' takes a platform's name, not 'a b'"),
        (#"{"command":"ping","name":[]}"#, "'name' takes a text of at most 64 bytes, not an array"),
        (#"{"command":"add_peer"}"#, "'add_peer' needs the member 'record'"),
        (#"{"command":"delegate","input":""}"#, "'delegate' needs the member 'operation'"),
        (#"{"command":"delegate","operation":"planning"}"#, "'delegate' needs the member 'input'"),
        (#"{"command":"delegate","operation":"x","input":""}"#, "'operation' takes the name of an operation, such as"),
        (#"{"command":"delegate","operation":"planning","input":"%"}"#, "'input' takes base64, not '%'"),
        (#"{"command":"delegate","operation":"planning","input":null}"#, "'input' takes base64, not null"),
        (
            #"{"command":"delegate","operation":"planning","input":"","placement":"a/b"}"#,
            "'placement' takes any, local, or a platform's name, not 'a/b'"
        ),
        (
            #"{"command":"delegate","operation":"planning","input":"","placement":true}"#,
            "'placement' takes any, local, or a platform's name, not true"
        ),
        (#"{"command":"delegate","operation":"planning","input":"","trial":1}"#, "'trial' takes true or false, not 1"),
        (
            #"{"command":"delegate","operation":"planning","input":"","hops":11}"#,
            "'hops' takes a whole number from 0 to 10, not 11"
        ),
        (
            #"{"command":"delegate","operation":"planning","input":"","timeout_ms":0}"#,
            "'timeout_ms' takes a whole number from 1 to 2592000000, not 0"
        ),
    ]) func `refuses what it does not know, and names it`(line: String, expected: String) throws {
        #expect(try refusal(Array(line.utf8)).hasPrefix(expected))
    }

    @Test(arguments: ["0", "-1", "+1", "01", "1.5", "9007199254740992", "99999999999999999999", "", " 1", "1e3"])
    func `takes amounts in plain digits only`(amount: String) throws {
        let line = #"{"command":"delegate","operation":"planning","input":"","budget_mj":"\#(amount)"}"#
        #expect(
            try refusal(Array(line.utf8))
                == "'budget_mj' takes a text of digits from 1 to 9007199254740991, not '\(amount)'")
    }

    @Test func `takes no more bytes than it says`() throws {
        func delegation(_ count: Int) -> [UInt8] {
            let input = Base64.encode([UInt8](repeating: 7, count: count))
            return Array(#"{"command":"delegate","operation":"planning","input":"\#(input)"}"#.utf8)
        }
        #expect(try refusal(delegation(61_440)) == "accepted")
        #expect(try refusal(delegation(61_441)) == "'input' has 61441 bytes; 61440 are the most")
        let long = [UInt8](repeating: UInt8(ascii: " "), count: GatewayLimits.requestBytes + 1)
        #expect(try refusal(long) == "the request has 1048577 bytes; 1048576 are the most")
        #expect(delegation(FederationLimits.maximumInlineLength).count < GatewayLimits.requestBytes)
    }

    @Test func `repeats of foreign text what is short and harmless`() throws {
        let name = String(repeating: "é", count: 1000)
        #expect(
            try refusal(Array(#"{"command":"\#(name)"}"#.utf8)).hasPrefix("there is no command '\(name.prefix(32))…'"))
        #expect(try refusal(Array(#"{"command":"\u001b[2J\u009b"}"#.utf8)).hasPrefix("there is no command '?[2J?' "))
    }

    @Test func `survives text that is no UTF-8 and nesting without end`() throws {
        #expect(try refusal([0xff, 0xfe]).hasPrefix("the request is not JSON: "))
        #expect(
            try refusal(Array(repeating: UInt8(ascii: "["), count: 1_000_000)).hasPrefix("the request is not JSON: "))
        let deep = Array((String(repeating: "[", count: 2047) + String(repeating: "]", count: 2047)).utf8)
        #expect(try refusal(deep) == "the request is not a JSON object")
    }

    @Test func `exports no more than one reply holds`() {
        // 2304 bytes are the longest page; base64 makes four of three.
        #expect(GatewayLimits.exportedPages * 2307 * 4 / 3 < GatewayLimits.replyBytes)
    }
}
