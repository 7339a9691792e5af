import Quantities

/// What `/var/lib/nvpmodel/status` says: `pmode:0002`, on some boards followed by ` fmode:...`.
public struct PowerModeStatus: Hashable, Sendable {
    /// The number of the mode that is set.
    public let identifier: Int64

    /// Reads the status; nil where no `pmode:` with a number stands in it.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count <= TelemetryLimits.fileBytes else { return nil }
        let key = "pmode:".utf8
        for line in TextScanner(bytes[...]).lines() {
            for word in TextScanner(line).words() where word.starts(with: key) {
                guard let number = DecimalText.signed(DecimalText.trimmed(word.dropFirst(key.count))), number >= 0
                else {
                    return nil
                }
                identifier = number
                return
            }
        }
        return nil
    }
}

/// What `/etc/nvpmodel.conf` says about modes: their numbers and names, and which one is the default.
///
/// Numbers differ between boards and releases; only this file gives them a meaning.
public struct PowerModeTable: Equatable, Sendable {
    /// One mode of the file.
    public struct Entry: Hashable, Sendable {
        /// The mode's number.
        public var identifier: Int64
        /// The mode's name.
        public var name: String
    }

    /// The modes in the order of the file.
    public private(set) var entries: [Entry] = []
    /// The number of the mode that is set where nobody chose another.
    public private(set) var defaultIdentifier: Int64?

    /// Reads the mode lines and passes over everything else; a mode whose line is not well formed is left out.
    ///
    /// Complexity: O(bytes).
    public init(_ bytes: [UInt8]) {
        for line in TextScanner(bytes.prefix(TelemetryLimits.fileBytes)).lines() {
            let words = TextScanner(line).words()
            guard words.first?.elementsEqual("<".utf8) == true, words.count >= 3 else { continue }
            if words[1].elementsEqual("POWER_MODEL".utf8) {
                guard entries.count < TelemetryLimits.powerModes,
                    let number = words.attribute("ID").flatMap(DecimalText.signed),
                    let name = words.attribute("NAME").flatMap(nameText)
                else { continue }
                entries.append(Entry(identifier: number, name: name))
            } else if words[1].elementsEqual("PM_CONFIG".utf8) {
                defaultIdentifier = words.attribute("DEFAULT").flatMap(DecimalText.signed)
            }
        }
    }

    /// The name of mode `identifier`.
    public func name(of identifier: Int64) -> String? { entries.first { $0.identifier == identifier }?.name }
}

extension [ArraySlice<UInt8>] {
    /// What follows `name=` in the first word that begins so; a trailing `>` is not part of it.
    fileprivate func attribute(_ name: String) -> ArraySlice<UInt8>? {
        let key = Array<UInt8>(name.utf8) + [UInt8(ascii: "=")]
        for word in self where word.starts(with: key) {
            let value = word.dropFirst(key.count)
            return value.last == UInt8(ascii: ">") ? value.dropLast() : value
        }
        return nil
    }
}

/// What `nvpmodel -q` prints: the mode's name after `NV Power Mode:`, its number on a line of its own.
///
/// `--verbose` puts words before the name, and lines beginning with `NVPM` may stand anywhere.
public struct PowerModeQuery: Hashable, Sendable {
    /// The mode's name.
    public let name: String
    /// The mode's number; nil where it was not printed.
    public let identifier: Int64?

    /// Reads the output; nil where no mode is named.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count <= TelemetryLimits.fileBytes else { return nil }
        let key = Array("NV Power Mode:".utf8)
        var name: String?
        for line in TextScanner(bytes[...]).lines() {
            if let found = name {
                guard let number = DecimalText.signed(DecimalText.trimmed(line)) else { continue }
                self.name = found
                identifier = number
                return
            }
            if let end = line.firstRange(of: key)?.upperBound { name = nameText(line[end...]) }
        }
        guard let name else { return nil }
        self.name = name
        identifier = nil
    }
}

extension ArraySlice<UInt8> {
    /// Where `pattern` first stands in these bytes.
    ///
    /// Complexity: O(bytes × pattern).
    fileprivate func firstRange(of pattern: [UInt8]) -> Range<Int>? {
        var start = startIndex
        while endIndex - start >= pattern.count {
            if self[start...].starts(with: pattern) { return start..<(start + pattern.count) }
            start += 1
        }
        return nil
    }
}
