import AgentCore
import Cryptography
import Testing

@testable import Gateway

private let key = "0123456789abcdef-0123456789"

/// The answer to a request; nil where the core or the agent's state has to be asked.
private func response(_ request: HTTPRequest, _ access: HTTPAccess) -> HTTPResponse? {
    guard case .response(let response) = HTTPRoutes.answer(request, access: access) else { return nil }
    return response
}

private func get(_ target: String, _ headers: [(String, String)] = []) -> HTTPRequest {
    HTTPRequest("GET", target, headers: headers.map { HTTPField($0.0, $0.1) })
}

private func text(_ response: HTTPResponse?) -> String { String(decoding: response?.body ?? [], as: UTF8.self) }

@Suite struct `who may ask` {
    private let loopback = HTTPAccess(.loopback, key: nil)
    private let network: HTTPAccess

    init() throws { network = HTTPAccess(.network, key: try #require(AccessKey(file: Array((key + "\n").utf8)))) }

    @Test(arguments: [
        "127.0.0.1", "127.0.0.1:8080", "127.8.9.10:1", "localhost", "LOCALHOST:8080", "localhost.:80", "[::1]",
        "[::1]:8080",
    ])
    func `on a loopback address its names are listened to`(host: String) {
        #expect(response(get("/healthz", [("Host", host)]), loopback) == nil)
    }

    @Test(arguments: [
        "attacker.example", "attacker.example:8080", "127.0.0.1.attacker.example", "localhost.attacker.example", "",
        "[::1].attacker.example", "[::1]:x", "[::2]", "127.0.0.1:8080:1", "0.0.0.0", "10.0.0.1", "128.0.0.1",
        "2130706433",
        "127.1", "user@127.0.0.1",
    ])
    func `a page that lets its own name resolve to a loopback address is refused`(host: String) {
        #expect(response(get("/metrics", [("Host", host)]), loopback)?.status == 403)
    }

    @Test func `a request without a host comes from no browser`() {
        #expect(response(get("/healthz"), loopback) == nil)
    }

    @Test(arguments: [
        [("Content-Length", "5"), ("content-length", "5")],
        [("Content-Length", "5"), ("Transfer-Encoding", "chunked")],
        [("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "identity")],
    ])
    func `what says twice how long it is ends its connection`(lengths: [(String, String)]) {
        for access in [loopback, HTTPAccess(.unixSocket, key: nil), network] {
            let refusal = response(get("/healthz", [("Host", "127.0.0.1")] + lengths), access)
            #expect(refusal?.status == 400)
            #expect(refusal?.headers.contains(HTTPField("Connection", "close")) == true)
            #expect(response(get("/healthz", [("Host", "127.0.0.1"), lengths[0]]), access)?.status != 400)
        }
    }

    @Test func `several hosts are none`() {
        let request = get("/healthz", [("Host", "localhost"), ("host", "attacker.example")])
        #expect(response(request, loopback)?.status == 400)
    }

    @Test func `on a Unix socket every host is right`() {
        #expect(response(get("/healthz", [("Host", "anything.example")]), HTTPAccess(.unixSocket, key: nil)) == nil)
    }

    @Test(arguments: [
        [("Authorization", "Bearer " + key)], [("authorization", "bearer  " + key)], [("X-API-Key", key)],
        [("x-api-key", "  " + key + " ")],
    ])
    func `from the network the key lets in`(headers: [(String, String)]) {
        #expect(response(get("/metrics", headers + [("Host", "sprout.example")]), network) == nil)
    }

    @Test(arguments: [
        [], [("Authorization", "Bearer ")], [("Authorization", "Bearer " + key + "x")], [("Authorization", key)],
        [("Authorization", "Basic " + key)], [("X-API-Key", "")], [("X-API-Key", String(key.dropLast()))],
        [("Authorization", "Bearer " + key + " " + key)],
    ])
    func `and nothing else does`(headers: [(String, String)]) {
        let refusal = response(get("/metrics", headers), network)
        #expect(refusal?.status == 401)
        #expect(refusal?.headers.contains(HTTPField("WWW-Authenticate", "Bearer realm=\"sage-edge\"")) == true)
        #expect(!text(refusal).contains(key))
    }

    @Test func `two keys are one too many`() {
        let request = get("/metrics", [("X-API-Key", key), ("Authorization", "Bearer " + key)])
        #expect(response(request, network)?.status == 400)
    }

    @Test func `without a key nobody gets in from the network`() {
        #expect(response(get("/metrics", [("X-API-Key", key)]), HTTPAccess(.network, key: nil))?.status == 401)
    }

    @Test(arguments: [
        "", "short", String(repeating: "k", count: 257), "0123456789abcdef 0123", "0123456789abcdef\u{e4}",
    ])
    func `a file that holds no key is refused`(text: String) { #expect(AccessKey(file: Array(text.utf8)) == nil) }
}

@Suite struct `what is served where` {
    private let access = HTTPAccess(.unixSocket, key: nil)

    @Test func `every path is served, for GET and HEAD`() {
        for path in HTTPRoutes.paths {
            #expect(response(get(path), access) == nil, "\(path)")
            #expect(response(HTTPRequest("HEAD", path), access) == nil, "\(path)")
        }
    }

    @Test func `a whole address is a path too`() {
        #expect(response(get("http://127.0.0.1:8080/metrics?x=1"), access) == nil)
        #expect(response(get("HTTP://127.0.0.1"), access)?.status == 404)
    }

    @Test(arguments: ["POST", "PUT", "DELETE", "get", "BREW", "CONNECT"])
    func `what can only be read says so`(method: String) {
        let refusal = response(HTTPRequest(method, "/metrics"), access)
        #expect(refusal?.status == 405)
        #expect(refusal?.headers.contains(HTTPField("Allow", "GET, HEAD, OPTIONS")) == true)
    }

    @Test(arguments: ["/api/v1/energy", "*"]) func `OPTIONS tells the methods`(target: String) {
        let answer = response(HTTPRequest("OPTIONS", target), access)
        #expect(answer?.status == 204)
        #expect(answer?.headers.contains(HTTPField("Allow", "GET, HEAD, OPTIONS")) == true)
    }

    @Test(arguments: [
        "/", "/metric", "/metrics/", "//metrics", "/api", "/api/v1/energy/", "/metrics%2f", "/..", "/Metrics",
    ])
    func `other paths are not found, and the ones there are are named`(target: String) throws {
        let refusal = response(get(target), access)
        #expect(refusal?.status == 404)
        let error = try JSONValue(parsing: refusal?.body ?? [])["error"]
        #expect(error?["kind"]?.text == "not_found")
        #expect(error?["hint"]?.text?.contains("/api/v1/energy/proofs") == true)
    }

    @Test(arguments: [
        "/%", "/%4", "/%zz", "/%00", "/a%0d%0aSet-Cookie:x", "/%ff%fe", "/metrics?%0a", "/%c0%af", "/metrics?a=%",
        "metrics", "*", "", "ftp://x/metrics", "/metrics%7f",
    ])
    func `a target that is none is refused`(target: String) {
        #expect(response(get(target), access)?.status == 400)
    }

    @Test func `limits answer`() {
        let long = "/" + String(repeating: "a", count: HTTPLimits.targetBytes)
        #expect(response(get(long), access)?.status == 414)
        let deep = String(repeating: "/a", count: HTTPLimits.parts + 1)
        #expect(response(get(deep), access)?.status == 400)
        let many = "/metrics?" + (0...HTTPLimits.parts).map { "a\($0)=1" }.joined(separator: "&")
        #expect(response(get(many), access)?.status == 400)
        let fields = (0...HTTPLimits.headers).map { ("X-\($0)", "1") }
        #expect(response(get("/metrics", fields), access)?.status == 431)
        #expect(response(HTTPRequest("GET", "/metrics", isBodyTooLarge: true), access)?.status == 413)
    }

    @Test(arguments: [
        ("/api/v1/energy/proofs?limit=0", "'limit' takes a whole number from 1 to 4096, not '0'"),
        ("/api/v1/energy/proofs?limit=5000", "'limit' takes a whole number from 1 to 4096, not '5000'"),
        ("/api/v1/energy/proofs?limit=-1", "'limit' takes a whole number from 1 to 4096, not '-1'"),
        ("/api/v1/energy/proofs?limit=99999999999999999999", "'limit' takes"),
        ("/api/v1/energy/proofs?limit=", "'limit' takes"), ("/api/v1/energy/proofs?limit=1&limit=2", "comes twice"),
        ("/api/v1/energy/proofs?lmit=1", "there is no parameter 'lmit' here"),
        ("/api/v1/energy/proofs?source=nothing", "'source' takes the identity of a source"),
        ("/api/v1/energy?x=1", "there is no parameter 'x' here"),
    ])
    func `a parameter that does not fit is refused by name`(target: String, message: String) {
        let refusal = response(get(target), access)
        #expect(refusal?.status == 400)
        #expect(text(refusal).contains(message), "\(text(refusal))")
    }

    @Test func `parameters are decoded`() {
        guard
            case .command(.proofs(let limit, let source)) = HTTPRoutes.answer(
                get("/api/v1/energy/proofs?%6cimit=%31%32&source=battery%3ABAT0"), access: access)
        else {
            Issue.record("no command")
            return
        }
        #expect(limit == 12)
        #expect(source?.text == "battery:BAT0")
    }

    private static let replies: [(CommandReply, UInt32)] = [
        (CommandReply("{}"), 200), (CommandReply(.invalid, "x"), 400), (CommandReply(.notFound, "x"), 404),
        (CommandReply(.unavailable, "x"), 503), (CommandReply(.failed, "x"), 500),
    ]

    @Test(arguments: replies)
    func `a command's reply has the status that fits`(reply: CommandReply, status: UInt32) {
        #expect(HTTPResponse(reply).status == status)
    }
}

@Suite struct `the format of metrics` {
    /// What Prometheus 2.42 and 3.0, curl and browsers send.
    private static let fields: [([String], MetricsFormat)] = [
        ([], MetricsFormat.text), ([""], .text), (["*/*"], .text), (["text/html, */*;q=0.8"], .text),
        (
            [
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                    + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
            ], .openMetrics
        ),
        (
            [
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
                    + "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;q=0.3,"
                    + "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
            ], .openMetrics
        ),
        (["application/openmetrics-text"], .openMetrics), (["application/openmetrics-text; q=0"], .text),
        (["APPLICATION/OpenMetrics-Text ; Version=\"1.0.0\""], .openMetrics),
        (["application/openmetrics-text;version=0.0.1"], .text),
        (["application/openmetrics-text;version=2.0.0, text/plain;q=0.1"], .text),
        (["application/openmetrics-text;q=0.2, text/plain;q=0.9"], .text),
        (["text/plain;q=0.2", "application/openmetrics-text;q=0.9"], .openMetrics), (["application/*"], .text),
        (["application/openmetrics-text;q=1.5"], .text), (["application/openmetrics-text;q=x"], .text),
        ([";;,,/;q=,"], .text), (["image/png"], .text),
    ]

    @Test(arguments: fields)
    func `is what is asked for, else text`(accept: [String], format: MetricsFormat) {
        #expect(MetricsFormat(accept: accept) == format)
    }
}
