/// An IP address and UDP port.
///
/// IPv4 is kept in its IPv6-mapped form, so that one address has one representation.
public struct NetworkAddress: Hashable, Comparable, Sendable {
    /// The IPv6 address, first byte most significant; `::ffff:a.b.c.d` for IPv4.
    public var bits: UInt128
    /// The port in host order.
    public var port: UInt16

    /// The address `bits` and `port`.
    public init(bits: UInt128, port: UInt16) {
        self.bits = bits
        self.port = port
    }

    /// The IPv4 address `a.b.c.d` and `port`.
    public init(ipv4 a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, port: UInt16) {
        let host = UInt128(a) << 24 | UInt128(b) << 16 | UInt128(c) << 8 | UInt128(d)
        self.init(bits: NetworkAddress.mappedPrefix | host, port: port)
    }

    /// Whether this is an IPv4 address.
    public var isIPv4: Bool { bits >> 32 == NetworkAddress.mappedPrefix >> 32 }

    /// Whether this is no particular address: all zeros, of either family.
    public var isUnspecified: Bool { bits == 0 || bits == NetworkAddress.mappedPrefix }

    /// Whether this is an address of the machine itself: 127.0.0.0/8 or ::1.
    public var isLoopback: Bool { isIPv4 ? bits >> 24 & 0xff == 127 : bits == 1 }

    /// Orders by address, then by port.
    public static func < (left: NetworkAddress, right: NetworkAddress) -> Bool {
        left.bits != right.bits ? left.bits < right.bits : left.port < right.port
    }

    private static let mappedPrefix: UInt128 = 0xffff_0000_0000
}

// MARK: Text

extension NetworkAddress {
    /// The address that `text` names: `192.0.2.1:7400` or `[2001:db8::1]:7400`; nil for anything else.
    ///
    /// RFC 4291 §2.2 text forms without zone and without embedded dotted quads; the port is 1 … 65535.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")),
            let port = NetworkAddress.decimal(bytes[(colon + 1)...], limit: 65_535), port > 0
        else { return nil }
        let host = bytes[..<colon]
        if host.first == UInt8(ascii: "["), host.last == UInt8(ascii: "]"), host.count >= 4 {
            guard let bits = NetworkAddress.parseIPv6(host.dropFirst().dropLast()) else { return nil }
            self.init(bits: bits, port: UInt16(port))
        } else {
            let parts = host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            guard parts.count == 4 else { return nil }
            var bits = NetworkAddress.mappedPrefix
            for (index, part) in parts.enumerated() {
                guard let value = NetworkAddress.decimal(part, limit: 255) else { return nil }
                bits |= UInt128(value) << UInt128(8 * (3 - index))
            }
            self.init(bits: bits, port: UInt16(port))
        }
    }

    /// The text that `init(_:)` reads back; IPv6 in the canonical form of RFC 5952.
    public var text: String {
        if isIPv4 {
            let octets = [24, 16, 8, 0].map { shift in "\(UInt8(truncatingIfNeeded: bits >> UInt128(shift)))" }
            return octets.joined(separator: ".") + ":\(port)"
        }
        return "[" + ipv6Text + "]:\(port)"
    }

    private var ipv6Text: String {
        let groups = (0..<8).map { UInt16(truncatingIfNeeded: bits >> UInt128(16 * (7 - $0))) }
        // The longest run of at least two zero groups, the first of equals, is written as "::".
        var best = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > max(best.count, 1) { best = start..<end }
            start = max(end, start + 1)
        }
        func join(_ range: Range<Int>) -> String {
            range.map { String(groups[$0], radix: 16) }.joined(separator: ":")
        }
        return best.isEmpty ? join(0..<8) : join(0..<best.lowerBound) + "::" + join(best.upperBound..<8)
    }

    private static func parseIPv6(_ text: ArraySlice<UInt8>) -> UInt128? {
        let colon = UInt8(ascii: ":")
        var head: [UInt128] = []
        var tail: [UInt128] = []
        var compressed = false
        var position = text.startIndex
        if text.starts(with: [colon, colon]) {
            compressed = true
            position += 2
        }
        while position < text.endIndex {
            let end = text[position...].firstIndex(of: colon) ?? text.endIndex
            guard let group = hexadecimalGroup(text[position..<end]) else { return nil }
            if compressed { tail.append(group) } else { head.append(group) }
            guard end < text.endIndex else { break }
            position = end + 1
            if position < text.endIndex, text[position] == colon {
                guard !compressed else { return nil }
                compressed = true
                position += 1
            } else if position == text.endIndex {
                return nil
            }
        }
        let count = head.count + tail.count
        guard compressed ? count <= 7 : count == 8 else { return nil }
        let groups = head + Array(repeating: 0, count: 8 - count) + tail
        return groups.reduce(0) { $0 << 16 | $1 }
    }

    private static func hexadecimalGroup(_ text: ArraySlice<UInt8>) -> UInt128? {
        guard (1...4).contains(text.count) else { return nil }
        var value: UInt128 = 0
        for character in text {
            guard let digit = hexadecimalValue(character) else { return nil }
            value = value << 4 | UInt128(digit)
        }
        return value
    }

    private static func decimal(_ text: ArraySlice<UInt8>, limit: Int) -> Int? {
        guard (1...5).contains(text.count), text.count == 1 || text.first != UInt8(ascii: "0") else { return nil }
        var value = 0
        for character in text {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character) else { return nil }
            value = value * 10 + Int(character - UInt8(ascii: "0"))
        }
        return value <= limit ? value : nil
    }
}
