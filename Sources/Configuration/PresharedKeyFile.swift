import Cryptography
import Platform
import Quantities
import Telemetry
import Wire

extension AgentConfiguration {
    /// The fleet's shared secret; nil where no file is configured.
    ///
    /// - Throws: `system` where the file cannot be read, `exposed` where others than its owner may read it,
    ///   `notAPresharedKey` where it holds something else.
    public func presharedKey() throws(ConfigurationError) -> SymmetricKey? {
        guard let path = presharedKeyFile else { return nil }
        let limit = ConfigurationLimits.presharedKeyFileBytes
        let bytes: [UInt8]
        let status: FileStatus
        do throws(SystemError) {
            // The mode is that of the file that is read, whatever the path leads to a moment later.
            let file = try FileDescriptor(opening: path)
            status = try file.status()
            bytes = status.size.bytes <= limit ? try file.readAll(limit: limit) : []
        } catch {
            throw .system(SystemError(error.call, error.errno, subject: path))
        }
        guard status.mode & 0o077 == 0 else { throw .exposed(path: path, mode: status.mode & 0o777) }
        guard let key = PresharedKeyText.key(bytes) else { throw .notAPresharedKey(path: path) }
        return key
    }
}

/// A pre-shared key as text: 64 hexadecimal digits or 44 characters of base64, blanks and line ends around them.
enum PresharedKeyText {
    /// The key that `text` is; nil where it is something else.
    static func key(_ text: [UInt8]) -> SymmetricKey? {
        let trimmed = Array(DecimalText.trimmed(text[...]))
        switch trimmed.count {
        case 64: return bytes(hexadecimal: String(decoding: trimmed, as: UTF8.self)).flatMap { SymmetricKey($0) }
        case 44: return Base64.decode(trimmed).flatMap { SymmetricKey($0) }
        default: return nil
        }
    }
}
