import Cryptography
import Platform
import Quantities
import Wire

/// Where HTTP is served.
public enum HTTPAddress: Hashable, Sendable {
    /// Nowhere.
    case off
    /// At an address and port.
    case address(NetworkAddress)
    /// At a Unix socket of this path.
    case unixSocket(String)

    /// The form in which it is configured.
    public var text: String {
        switch self {
        case .off: "off"
        case .address(let address): address.text
        case .unixSocket(let path): HTTPAddress.unixPrefix + path
        }
    }

    /// Whether others than programs on this machine reach it.
    public var isOpenToTheNetwork: Bool {
        guard case .address(let address) = self else { return false }
        return !address.isLoopback
    }

    static let unixPrefix = "unix:"
}

/// Section `http`: how the gateway is reached.
public struct HTTPSection: Equatable, Sendable {
    /// Where requests are taken.
    public var listen = HTTPAddress.address(NetworkAddress(ipv4: 127, 0, 0, 1, port: 8080))
    /// The file of the key that requests from the network have to show; nil where there is none.
    public var keyFile: String?
    /// Connections at once.
    public var connections: Int64 = 32
    /// Time for sending a request, and for reading its answer.
    public var timeout = TimeSpan.seconds(10)
    /// Whether clients have to sign their tasks.
    public var verifiesSignatures = true
    /// Whether the federation's calls are taken without the API key where they are not signed.
    public var opensDelegation = false
}

extension ConfigurationKey {
    static let http: [ConfigurationKey] = [
        ConfigurationKey(
            path: "http.listen", allowed: HTTPSection.form, read: { .text($0.http.listen.text) },
            write: { entry, configuration throws(Refusal) in
                configuration.http.listen = try entry.httpAddress()
            }),
        .path("http.api_key_file") {
            $0.http.keyFile
        } set: {
            $0.http.keyFile = $1
        },
        .number("http.connections", in: 1...ConfigurationLimits.httpConnections) {
            $0.http.connections
        } set: {
            $0.http.connections = $1
        },
        .number("http.timeout_seconds", in: 1...300) {
            $0.http.timeout.milliseconds / 1000
        } set: {
            $0.http.timeout = .seconds($1)
        },
        .boolean("http.verify_signatures") {
            $0.http.verifiesSignatures
        } set: {
            $0.http.verifiesSignatures = $1
        },
        .boolean("http.open_delegation") {
            $0.http.opensDelegation
        } set: {
            $0.http.opensDelegation = $1
        },
    ]
}

extension HTTPSection {
    fileprivate static let form = "ADDRESS:PORT, unix:PATH, or off"
}

extension ConfigurationKey.Entry {
    /// The place that stands here; a relative path starts where those of files do.
    fileprivate func httpAddress() throws(ConfigurationKey.Refusal) -> HTTPAddress {
        let text = try node.words()
        if text == "off" { return .off }
        if text.hasPrefix(HTTPAddress.unixPrefix) {
            let path = String(text.dropFirst(HTTPAddress.unixPrefix.utf8.count))
            let file = YAMLNode(line: node.line, content: .text(path, isPlain: true))
            let whole = try file.path(from: folder)
            guard whole.utf8.count <= PlatformLimits.socketPathBytes else {
                throw .notAllowed(node.kind, "a path of at most \(PlatformLimits.socketPathBytes) bytes for a socket")
            }
            return .unixSocket(whole)
        }
        guard let address = NetworkAddress(text) else { throw .notAllowed(node.kind, HTTPSection.form) }
        return .address(address)
    }
}

extension AgentConfiguration {
    /// The key that requests from the network have to show; nil where no file is configured.
    ///
    /// - Throws: `secret` where the file cannot be read, where others than its owner may read it, and where it holds
    ///   something else.
    public func httpKey() throws(ConfigurationError) -> AccessKey? {
        guard let path = http.keyFile else { return nil }
        do throws(SecretFileProblem) {
            let bytes = try AgentConfiguration.secret(path, limit: ConfigurationLimits.accessKeyFileBytes)
            guard let key = AccessKey(file: bytes) else { throw .notAnAccessKey }
            return key
        } catch { throw refusal(of: path, "http.api_key_file", error) }
    }
}
