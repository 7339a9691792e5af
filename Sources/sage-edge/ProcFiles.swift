// What files under /proc and /etc say, as far as `doctor` asks.

/// One socket of `/proc/net/udp` or `/proc/net/udp6`.
struct UDPSocketEntry: Equatable {
    let port: UInt16
    let user: UInt32
    let inode: UInt64

    /// The sockets in the file's bytes; lines that are none are passed over.
    static func all(_ bytes: [UInt8]) -> [UDPSocketEntry] {
        bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let words = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
            guard words.count >= 10, let colon = words[1].lastIndex(of: ":"),
                let port = UInt16(words[1][words[1].index(after: colon)...], radix: 16),
                let user = UInt32(words[7]), let inode = UInt64(words[9])
            else { return nil }
            return UDPSocketEntry(port: port, user: user, inode: inode)
        }
    }
}

/// The groups that `/proc/<pid>/status` lists: the effective one, then the others.
func groups(inStatus bytes: [UInt8]) -> [UInt32] {
    var groups: [UInt32] = []
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
        let words = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            .map { String(decoding: $0, as: UTF8.self) }
        switch words.first {
        case "Gid:": if words.count > 2, let group = UInt32(words[2]) { groups.insert(group, at: 0) }
        case "Groups:": groups += words.dropFirst().compactMap { UInt32($0) }
        default: continue
        }
    }
    return groups
}

/// The groups of the user called `name`, by the bytes of `/etc/passwd` and `/etc/group`.
func groupNumbers(ofUser name: String, users: [UInt8], groups: [UInt8]) -> [UInt32] {
    func lines(_ bytes: [UInt8]) -> [[String]] {
        bytes.split(separator: UInt8(ascii: "\n")).map { line in
            line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }
        }
    }
    let own = lines(users).filter { $0.count > 3 && $0[0] == name }.compactMap { UInt32($0[3]) }
    let others = lines(groups).filter { fields in
        fields.count > 3 && fields[3].split(separator: ",").contains { $0 == name }
    }
    return own + others.compactMap { UInt32($0[2]) }
}

/// The name of number `id` in the bytes of `/etc/passwd` or `/etc/group`; nil where it is not listed.
func accountName(_ id: UInt32, in bytes: [UInt8]) -> String? {
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
        let fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        if fields.count > 2, !fields[0].isEmpty, UInt32(fields[2]) == id { return fields[0] }
    }
    return nil
}

/// Whether a group or user called `name` is listed in those bytes.
func isAccount(_ name: String, in bytes: [UInt8]) -> Bool {
    bytes.split(separator: UInt8(ascii: "\n")).contains { $0.starts(with: Array((name + ":").utf8)) }
}

/// The properties that `systemctl show` prints, `Name=value` a line.
func properties(_ bytes: [UInt8]) -> [String: String] {
    var properties: [String: String] = [:]
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
        guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { continue }
        let name = String(decoding: line[..<equals], as: UTF8.self)
        properties[name] = String(decoding: line[(equals + 1)...], as: UTF8.self)
    }
    return properties
}
