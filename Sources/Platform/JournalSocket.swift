/// The system's journal, where standard error goes there: entries with fields of their own.
///
/// The native protocol of systemd-journald: one datagram of fields, `NAME=value` or, where the value has several
/// lines, `NAME`, its length in eight bytes and the value. Entries here are far below the size from which on a
/// sealed file would have to carry them.
public struct JournalSocket: ~Copyable {
    private static let address = "/run/systemd/journal/socket"
    private let sender: LocalSender

    /// One field of an entry: its name, of capital letters, digits and `_`, and its value.
    public struct Field: Hashable, Sendable {
        let name: String
        let value: String

        /// The field `name`.
        public init(_ name: StaticString, _ value: String) {
            self.name = name.description
            self.value = value
        }
    }

    /// The journal; nil where standard error is not what `$JOURNAL_STREAM` names (systemd.exec(5)).
    public init?() {
        guard let stream = Program.environment("JOURNAL_STREAM"),
            let status = try? FileDescriptor(duplicating: 2).status(),
            stream == "\(status.device):\(status.inode)", let sender = try? LocalSender(to: JournalSocket.address)
        else { return nil }
        self.sender = consume sender
    }

    /// Writes one entry; false where the journal has no room for it now.
    ///
    /// - Throws: what `LocalSender.send` throws, where no journal listens.
    public func write(_ fields: [Field]) throws(SystemError) -> Bool {
        try sender.send(JournalSocket.datagram(fields))
    }

    static func datagram(_ fields: [Field]) -> [UInt8] {
        var bytes: [UInt8] = []
        for field in fields {
            bytes += Array(field.name.utf8)
            let value = Array(field.value.utf8)
            if value.contains(UInt8(ascii: "\n")) {
                bytes.append(UInt8(ascii: "\n"))
                for shift in stride(from: 0, to: 64, by: 8) {
                    bytes.append(UInt8(truncatingIfNeeded: UInt64(value.count) >> UInt64(shift)))
                }
            } else {
                bytes.append(UInt8(ascii: "="))
            }
            bytes += value
            bytes.append(UInt8(ascii: "\n"))
        }
        return bytes
    }
}
