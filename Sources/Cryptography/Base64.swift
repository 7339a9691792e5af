import CSodium
import Wire

/// Base64 with padding (RFC 4648 §4).
public enum Base64 {
    /// The text of `bytes`, on one line.
    public static func encode(_ bytes: [UInt8]) -> String {
        let capacity = csodium_base64_length(bytes.count)
        var out = [CChar](repeating: 0, count: capacity)
        unsafe out.withUnsafeMutableBufferPointer { target in
            if let base = target.baseAddress { unsafe csodium_base64_encode(base, capacity, bytes, bytes.count) }
        }
        return String(decoding: out.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The bytes of `text`, in which only line ends are passed over; nil where it is not base64.
    public static func decode(_ text: [UInt8]) -> [UInt8]? {
        guard !text.isEmpty else { return [] }
        var out = [UInt8](repeating: 0, count: text.count / 4 * 3 + 3)
        let capacity = out.count
        let source = text.map { CChar(bitPattern: $0) }
        let count = unsafe out.withUnsafeMutableBufferPointer { target -> Int in
            guard let base = target.baseAddress else { return -1 }
            return unsafe csodium_base64_decode(base, capacity, source, source.count)
        }
        return count < 0 ? nil : Array(out.prefix(count))
    }

    /// The bytes of `text`, in which only line ends are passed over; nil where it is not base64.
    public static func decode(_ text: String) -> [UInt8]? { decode(Array(text.utf8)) }
}
