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
    /// The file of a key cannot be used that `key` names; `place` is where that stands.
    case secret(SecretFileProblem, path: String, key: String, place: ConfigurationOrigin)
    /// A file is to be read that can be read only once.
    case standardInput

    /// What is wrong and what to do, for a person.
    public var explanation: String {
        switch self {
        case .refused(let refusal): refusal.explanation
        case .system(let error): error.description
        case .tooManyDropIns(let folder, let count):
            "\(folder) holds \(count) configuration files; at most \(ConfigurationLimits.dropIns) are read"
        case .secret(let problem, let path, let key, let place):
            place.text + ": " + key + ": " + path + " " + problem.explanation
        case .standardInput:
            "the configuration is not read from standard input: an agent reads it again; name a file"
        }
    }
}

/// What is wrong with the file of a key.
public enum SecretFileProblem: Error, Hashable, Sendable {
    /// It cannot be read.
    case unreadable(Errno)
    /// Others than its owner may read it.
    case exposed(mode: UInt32)
    /// It does not hold a pre-shared key.
    case notAPresharedKey
    /// It does not hold an API key.
    case notAnAccessKey

    /// What is wrong, for a person, after the file's name.
    public var explanation: String {
        switch self {
        case .unreadable(let reason): "cannot be read: " + reason.text
        case .exposed(let mode): "has mode \(String(mode, radix: 8)), which lets others read it"
        case .notAPresharedKey: "does not hold a key: 32 bytes in base64 or hexadecimal, nothing else"
        case .notAnAccessKey:
            "does not hold an API key: 16 to 256 printable characters without blanks, nothing else"
        }
    }
}
