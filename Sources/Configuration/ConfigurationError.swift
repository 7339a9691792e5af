import Platform

/// Everything that is wrong with a configuration; nothing of it was used.
public struct ConfigurationRefusal: Error, Equatable, Sendable {
    /// What is wrong, in the order it was found; at least one, at most `ConfigurationLimits.problems`.
    public let problems: [YAMLError]

    /// One line for each problem: `file:line: key: what is wrong`.
    public var explanation: String { problems.map { $0.explanation }.joined(separator: "\n") }
}

/// Why there is no configuration to work with.
public enum ConfigurationError: Error, Equatable, Sendable {
    /// Something in it is wrong.
    case refused(ConfigurationRefusal)
    /// A file or folder cannot be read.
    case system(SystemError)
    /// There are more drop-in files than `ConfigurationLimits.dropIns`.
    case tooManyDropIns(folder: String, count: Int)
    /// Others than the owner may read the pre-shared key.
    case exposed(path: String, mode: UInt32)
    /// The file of the pre-shared key does not hold one.
    case notAPresharedKey(path: String)
    /// The file of the API key does not hold one.
    case notAnAccessKey(path: String)

    /// What is wrong and what to do, for a person.
    public var explanation: String {
        switch self {
        case .refused(let refusal): refusal.explanation
        case .system(let error): error.description
        case .tooManyDropIns(let folder, let count):
            "\(folder) holds \(count) configuration files; at most \(ConfigurationLimits.dropIns) are read"
        case .exposed(let path, let mode):
            "\(path) has mode \(String(mode, radix: 8)), which lets others read it; run: chmod 600 \(path)"
        case .notAPresharedKey(let path): "\(path) does not hold a key: 32 bytes in base64 or hexadecimal, nothing else"
        case .notAnAccessKey(let path):
            "\(path) does not hold an API key: 16 to 256 printable characters without blanks, nothing else"
        }
    }
}
