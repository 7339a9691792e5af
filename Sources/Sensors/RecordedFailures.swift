import Telemetry

/// Reads the table of failing reads that a captured tree may carry: path, tab, name of the error.
enum RecordedFailures {
    /// Paths under the root and reasons, in the table's order; lines that name no error are passed over.
    static func table(_ bytes: [UInt8]) -> [(path: String, reason: UnavailableReason)] {
        var table: [(path: String, reason: UnavailableReason)] = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) where line.first != UInt8(ascii: "#") {
            let columns = line.split(separator: UInt8(ascii: "\t"))
            guard columns.count >= 2, let path = String(validating: columns[0], as: UTF8.self),
                let error = String(validating: DecimalText.trimmed(columns[1]), as: UTF8.self),
                let reason = UnavailableReason(errnoName: error)
            else { continue }
            table.append((path, reason))
        }
        return table
    }
}

/// Orders names so that numbers in them count as numbers: `hwmon2` before `hwmon10`.
enum NaturalOrder {
    static func precedes(_ left: String, _ right: String) -> Bool {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        var (l, r) = (0, 0)
        while l < left.count, r < right.count {
            if isDigit(left[l]), isDigit(right[r]) {
                let (leftEnd, rightEnd) = (endOfNumber(left, l), endOfNumber(right, r))
                let (first, second) = (significant(left[l..<leftEnd]), significant(right[r..<rightEnd]))
                if first.count != second.count { return first.count < second.count }
                if !first.elementsEqual(second) { return first.lexicographicallyPrecedes(second) }
                (l, r) = (leftEnd, rightEnd)
            } else {
                if left[l] != right[r] { return left[l] < right[r] }
                (l, r) = (l + 1, r + 1)
            }
        }
        if left.count - l != right.count - r { return left.count - l < right.count - r }
        return left.lexicographicallyPrecedes(right)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func endOfNumber(_ bytes: [UInt8], _ start: Int) -> Int {
        bytes[start...].firstIndex { !isDigit($0) } ?? bytes.count
    }

    private static func significant(_ digits: ArraySlice<UInt8>) -> ArraySlice<UInt8> { digits.drop { $0 == 0x30 } }
}
