import Cryptography
import Wire

/// Why a text does not hold the one block that is due.
public enum ArmourError: Error, Equatable, Sendable {
    /// Longer than allowed.
    case tooLong(length: Int, limit: Int)
    /// There is no line that begins such a block.
    case noBegin(String)
    /// There is no line that ends it.
    case noEnd(String)
    /// There is more than one.
    case severalBlocks(String)
    /// What stands between the two lines is not base64.
    case notBase64

    /// What is wrong, for a person.
    public var explanation: String {
        switch self {
        case .tooLong(let length, let limit): "\(length) bytes; at most \(limit) are read"
        case .noBegin(let line): "there is no line " + line
        case .noEnd(let line): "there is no line " + line + " after the beginning"
        case .severalBlocks(let line): "there is more than one line " + line + "; give them one at a time"
        case .notBase64: "the lines between BEGIN and END are not base64"
        }
    }
}

/// Bytes as the text that people exchange: base64 between two armour lines.
///
/// Text around the block and any kind of line end are passed over; inside, only what `text(_:)` could have written is
/// accepted.
struct ArmouredText {
    /// What the block holds, in capitals: `NODE`.
    let label: String

    private static let lineLength = 64

    var begin: String { "-----BEGIN SAGE-EDGE " + label + "-----" }
    var end: String { "-----END SAGE-EDGE " + label + "-----" }

    /// The text of `bytes`.
    func text(_ bytes: [UInt8]) -> String {
        let body = Array(Base64.encode(bytes).utf8)
        var text = begin + "\n"
        for start in stride(from: 0, to: body.count, by: ArmouredText.lineLength) {
            let line = body[start..<min(start + ArmouredText.lineLength, body.count)]
            text += String(decoding: line, as: UTF8.self) + "\n"
        }
        return text + end + "\n"
    }

    /// The bytes of the one block in `text`, which has at most `limit` bytes.
    func bytes(_ text: String, limit: Int) throws(ArmourError) -> [UInt8] {
        let bytes = Array(text.utf8)
        guard bytes.count <= limit else { throw .tooLong(length: bytes.count, limit: limit) }
        let lines = ArmouredText.lines(bytes)
        guard let first = lines.firstIndex(where: isBegin) else { throw .noBegin(begin) }
        guard lines.lastIndex(where: isBegin) == first else { throw .severalBlocks(begin) }
        guard let last = lines[first...].firstIndex(where: { $0.elementsEqual(end.utf8) }) else { throw .noEnd(end) }
        guard let content = Base64.decode(Array(lines[(first + 1)..<last].joined())) else { throw .notBase64 }
        return content
    }

    /// Whether `text` has a line that begins such a block.
    func begins(in text: String) -> Bool { ArmouredText.lines(Array(text.utf8)).contains(where: isBegin) }

    private func isBegin(_ line: ArraySlice<UInt8>) -> Bool { line.elementsEqual(begin.utf8) }

    private static func lines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        bytes.split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }.map(trimmed)
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let isSpace = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        let start = line.firstIndex { !isSpace($0) } ?? line.endIndex
        let end = line.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? start
        return line[start..<end]
    }
}
