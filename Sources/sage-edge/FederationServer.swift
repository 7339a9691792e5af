import Cryptography
import Gateway
import Platform
import Quantities
import Wire

/// A federation server that is called over HTTP, as the options of a command name it.
struct FederationServer {
    /// Where it is.
    let address: ServerAddress
    /// A key that it wants to be shown, of those who sign nothing.
    private let accessKey: String?
    /// The file of those who vouch for its certificate.
    private let authorities: String?

    /// The options of commands that call one.
    static let options = [
        OptionSpecification("api-key-file", value: "FILE", "Show the HTTP server the key in this file"),
        OptionSpecification("ca", value: "PEM", "Trust this authority for HTTPS, not the system's"),
    ]

    /// The server at `url`.
    init(_ url: String, _ invocation: Invocation) throws(Failure) {
        do throws(ServerAddressError) { address = try ServerAddress(url) } catch {
            throw Failure(
                .usage, "'\(printable(url))' is no server's address: \(error.explanation)",
                hint: "http://192.0.2.12:8080, for example")
        }
        authorities = invocation.value("ca")
        accessKey = try invocation.value("api-key-file").map { path throws(Failure) -> String in
            try FederationServer.accessKey(path)
        }
    }

    private static func accessKey(_ path: String) throws(Failure) -> String {
        var bytes = try readFile(path, limit: 1024)[...]
        while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
        guard !bytes.isEmpty, bytes.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw Failure(.badData, "\(path) holds no key: one word of printable characters is meant")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What it answers to `question`, an object.
    func ask(_ question: ServerQuestion) throws(Failure) -> JSONValue {
        let reply = try call(question.request(to: address), progress: "waiting for \(address.text)", interruption: nil)
        do throws(ServerRefusal) { return try ServerAnswer.object(reply) } catch { throw failure(error) }
    }

    /// What it answers to `request`, whatever that is.
    ///
    /// - Throws: `interruption` at Ctrl-C, which without it ends the program.
    func call(_ request: HTTPCallRequest, progress: String, interruption: Failure?) throws(Failure) -> HTTPCallReply {
        var request = request
        request.authorities = authorities
        if let accessKey { request.headers.append(HTTPField("X-API-Key", accessKey)) }
        let start = Clock.bootTime
        defer { Console.progress(nil) }
        let signals: SignalSource
        do throws(SystemError) {
            signals = try SignalSource(interruption == nil ? [] : [.interrupt])
        } catch { throw sage_edge.failure(error) }
        do throws(HTTPCallError) {
            var call = try HTTPCall(request)
            while true {
                let state = call.step(watching: interruption == nil ? nil : signals.descriptor, atMost: .seconds(1))
                if state == .ended { return try call.reply() }
                if state == .otherReadable { break }
                Console.progress(progress + ", " + duration(milliseconds: Clock.bootTime.since(start).milliseconds))
            }
        } catch { throw failure(error) }
        throw interruption ?? Failure(.interrupted, "ended")
    }

    // MARK: Failures

    private func failure(_ error: HTTPCallError) -> Failure {
        let message = "\(address.text): \(error.explanation)"
        return switch error {
        case .noLibrary:
            Failure(.unavailable, error.explanation, hint: "sudo apt install libcurl4, on Ubuntu 24.04 libcurl4t64")
        case .otherLibrary: Failure(.unavailable, error.explanation)
        case .badAddress: Failure(.usage, message)
        case .noSuchHost: Failure(.unavailable, message, hint: "name it by its address, such as http://192.0.2.12:8080")
        case .noConnection:
            Failure(.unavailable, message, hint: "is the server running there, and is this its port?")
        case .tooLate: Failure(.tryAgain, message)
        case .notSecure:
            Failure(.checkFailed, message, hint: "--ca PEM names the authority of a certificate of your own")
        case .badAuthorities: Failure(.noInput, message, hint: "--ca takes a file of certificates in PEM")
        case .tooLong, .broken: Failure(.badData, message)
        }
    }

    /// The address of the server that has a call at `address`.
    private func base(of address: String) -> String {
        let (bytes, mark) = (Array(address.utf8), Array("/api/v1/".utf8))
        let place = bytes.indices.first { bytes[$0...].starts(with: mark) }
        return String(decoding: bytes[..<(place ?? bytes.endIndex)], as: UTF8.self)
    }

    /// `refusal` as a failure with the exit status that fits.
    func failure(_ refusal: ServerRefusal) -> Failure {
        let message = "\(address.text): \(refusal.explanation)"
        switch refusal {
        case .elsewhere(let other):
            return Failure(.unavailable, message, hint: "if that is the server, name it: \(base(of: other))")
        case .notAServer:
            return Failure(
                .unavailable, message, hint: "name the address before /api/v1, with the port that the server has")
        case .untrue, .badSignature: return Failure(.checkFailed, message, hint: "pay nothing for it")
        case .unsigned:
            return Failure(
                .checkFailed, message, hint: "a server of before signs nothing; it is believed without --server-key")
        case .refused(let status, _, let seconds):
            switch status {
            case 401, 403:
                return Failure(
                    .permission, message,
                    hint: "the server has to trust this node's key (sage-edge key export), or --api-key-file FILE")
            case 404: return Failure(.noInput, message)
            case 413: return Failure(.badData, message)
            case 429, 503:
                return Failure(
                    .tryAgain, message, hint: seconds.map { "in " + duration(milliseconds: min($0, 86_400) * 1000) })
            case 500...: return Failure(.unavailable, message)
            default: return Failure(.checkFailed, message, hint: "sage-edge peers http \(shellWord(address.text))")
            }
        }
    }
}
