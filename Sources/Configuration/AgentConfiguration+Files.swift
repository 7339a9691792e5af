import Cryptography
import Federation
import Platform
import Quantities
import Telemetry
import Wire

// Reads the files that a configuration names.
extension AgentConfiguration {
    /// The fleet's shared secret; nil where no file is configured.
    ///
    /// - Throws: `secret` where the file cannot be read, where others than its owner may read it, and where it holds
    ///   something else.
    public func presharedKey() throws(ConfigurationError) -> SymmetricKey? {
        guard let path = presharedKeyFile else { return nil }
        do throws(SecretFileProblem) {
            let bytes = try AgentConfiguration.secret(path, limit: ConfigurationLimits.presharedKeyFileBytes)
            guard let key = PresharedKeyText.bytes(bytes).flatMap({ SymmetricKey($0) }) else {
                throw .notAPresharedKey
            }
            return key
        } catch { throw refusal(of: path, "keys.psk_file", error) }
    }

    /// The bytes of a file that only its owner may read; none where there are more than `limit`.
    static func secret(_ path: String, limit: Int) throws(SecretFileProblem) -> [UInt8] {
        let bytes: [UInt8]
        let status: FileStatus
        do throws(SystemError) {
            // The mode is that of the file that is read, whatever the path leads to a moment later.
            let file = try FileDescriptor(opening: path, .read, .nonBlocking)
            status = try file.status()
            if status.kind == .pipe { throw SystemError("read", .isPipe) }
            bytes = status.size.bytes <= limit ? try file.readAll(limit: limit) : []
        } catch { throw .unreadable(error.errno) }
        guard status.mode & 0o077 == 0 else { throw .exposed(mode: status.mode & 0o777) }
        return bytes
    }

    /// That `problem` keeps the file at `path` from being used, which `key` names.
    func refusal(of path: String, _ key: String, _ problem: SecretFileProblem) -> ConfigurationError {
        .secret(problem, path: path, key: key, place: origin(of: key))
    }

    /// The node records of `link.peers` as the texts that they are, in their order.
    ///
    /// - Throws: `system` where a file cannot be read or is longer than a record can be.
    public func peerRecords() throws(ConfigurationError) -> [String] {
        var records: [String] = []
        for path in link.peerFiles {
            do throws(SystemError) {
                let bytes = try FileSystem.read(path, limit: FederationLimits.maximumNodeTextLength)
                records.append(String(decoding: bytes, as: UTF8.self))
            } catch { throw .system(error) }
        }
        return records
    }
}

/// A pre-shared key as text: 64 hexadecimal digits or 44 characters of base64, blanks and line ends around them.
enum PresharedKeyText {
    /// The 32 bytes that `text` spells; nil where it is something else.
    static func bytes(_ text: [UInt8]) -> [UInt8]? {
        let trimmed = Array(DecimalText.trimmed(text[...]))
        let bytes =
            switch trimmed.count {
            case 64: Wire.bytes(hexadecimal: String(decoding: trimmed, as: UTF8.self))
            case 44: Base64.decode(trimmed)
            default: nil as [UInt8]?
            }
        return bytes?.count == 32 ? bytes : nil
    }
}
