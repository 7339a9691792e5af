import Foundation
import Wire

/// Published test vectors under `Tests/Fixtures/vectors`.
public enum Vectors {
    /// The parsed JSON file `name`.
    public static func load<File: Decodable>(_ name: String, as type: File.Type = File.self) throws -> File {
        try JSONDecoder().decode(File.self, from: Data(contentsOf: Fixtures.url("vectors/" + name)))
    }
}

/// A file of project Wycheproof: groups of tests with a common `Group` header.
public struct WycheproofFile<Group: Decodable & Sendable>: Decodable, Sendable {
    /// Number of tests that the file says it holds.
    public let numberOfTests: Int
    /// The groups.
    public let testGroups: [Group]
}

/// How project Wycheproof judges a test.
public enum WycheproofResult: String, Decodable, Sendable {
    /// Every implementation must accept it.
    case valid
    /// No implementation may accept it.
    case invalid
    /// Implementations may differ.
    case acceptable
}

/// The bytes of hexadecimal `text`; throws `NotHexadecimal` where it is something else.
public func octets(_ text: String) throws -> [UInt8] {
    guard let bytes = bytes(hexadecimal: text) else { throw NotHexadecimal(text: text) }
    return bytes
}

/// A text in a test or fixture that should have been hexadecimal.
public struct NotHexadecimal: Error {
    /// The text.
    public let text: String
}
