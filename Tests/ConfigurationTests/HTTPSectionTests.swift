import Cryptography
import Foundation
import Testing
import Wire

@testable import Configuration

@Suite struct `where HTTP is to be served` {
    @Test(arguments: [
        ("127.0.0.1:9000", HTTPAddress.address(NetworkAddress(ipv4: 127, 0, 0, 1, port: 9000))), ("off", .off),
        ("\"off\"", .off), ("\"[::1]:80\"", .address(NetworkAddress(bits: 1, port: 80))),
        ("unix:/run/sage-edge/http.sock", .unixSocket("/run/sage-edge/http.sock")),
        ("unix:http.sock", .unixSocket("/etc/sage-edge/http.sock")),
    ])
    func `is a loopback address, a socket, or nowhere`(text: String, address: HTTPAddress) throws {
        let read = try AgentConfiguration(
            ConfigurationSources(
                files: [file("http:\n  listen: \(text)\n", "/etc/sage-edge/config.yaml")], hostName: "sprout"))
        #expect(read.http.listen == address)
        #expect(!read.http.listen.isOpenToTheNetwork)
    }

    @Test(arguments: ["0.0.0.0:8080", "\"[::]:8080\"", "192.0.2.1:80", "128.0.0.1:80", "\"[::2]:80\""])
    func `and any other address only with a key`(text: String) throws {
        let found = refusals("http:\n  listen: \(text)\n")
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("c.yaml:2: http.listen: ") == true, "\(found)")
        #expect(found.first?.hasSuffix("any other address with a file of an API key") == true, "\(found)")
        let read = try configuration("http:\n  listen: \(text)\n  api_key_file: /etc/sage-edge/api.key\n")
        #expect(read.http.listen.isOpenToTheNetwork)
        #expect(read.http.keyFile == "/etc/sage-edge/api.key")
    }

    @Test(arguments: [
        "8080", "localhost:8080", "'unix:'", "unix:" + String(repeating: "a", count: 200), "\"\"", "127.0.0.1:0", "Off",
        "[127.0.0.1:80]", "http://127.0.0.1:80",
    ])
    func `and nothing else`(text: String) {
        #expect(refusals("http:\n  listen: \(text)\n").first?.hasPrefix("c.yaml:2: http.listen: ") == true)
    }

    @Test func `a key file must be its owner's alone, and hold a key`() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "key-" + UUID().uuidString).path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let read = try configuration("http:\n  api_key_file: \(path)\n")
        func write(_ text: String, _ mode: Int) {
            FileManager.default.createFile(
                atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: mode])
        }
        #expect(throws: ConfigurationError.self) { try read.httpKey() }
        write("0123456789abcdef\n", 0o600)
        #expect(try read.httpKey() == AccessKey(file: Array("0123456789abcdef".utf8)))
        write("0123456789abcdef\n", 0o640)
        let place = ConfigurationOrigin.file("c.yaml", line: 2)
        func refused(_ problem: SecretFileProblem) -> ConfigurationError {
            .secret(problem, path: path, key: "http.api_key_file", place: place)
        }
        #expect(throws: refused(.exposed(mode: 0o640))) { try read.httpKey() }
        write("short\n", 0o600)
        #expect(throws: refused(.notAnAccessKey)) { try read.httpKey() }
        #expect(try configuration("").httpKey() == nil)
    }
}
