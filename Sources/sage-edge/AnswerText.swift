import Gateway
import Wire

// How members of the agent's answers read in text; what is not there reads as a question mark.
extension JSONValue {
    /// The value as JSON on one line.
    var line: String {
        var json = JSONWriter()
        write(to: &json)
        return json.text
    }

    /// A text or whole number as it stands.
    func word(_ key: String) -> String {
        switch self[key] {
        case .string(let text): text
        case .integer(let number): "\(number)"
        case .real(let token): token
        case .boolean(let flag): flag ? "yes" : "no"
        case .null, .array, .object, .none: "?"
        }
    }

    /// A text or whole number, or a dash where there is none.
    func wordOrDash(_ key: String) -> String {
        let text = word(key)
        return text == "?" ? "-" : text
    }

    /// A whole number, or a text that spells one, as amounts do.
    func amount(_ key: String) -> Int64? { self[key].flatMap { $0.number ?? $0.text.flatMap { Int64($0) } } }

    /// An amount in whole millijoules, in joules.
    func energy(_ key: String) -> String { amount(key).map { joules(millijoules: $0) } ?? "?" }

    /// A power in whole milliwatts, in watts.
    func power(_ key: String) -> String { amount(key).map { watts(milliwatts: $0) } ?? "?" }

    /// A number of bytes in the unit that fits.
    func memory(_ key: String) -> String { self[key]?.number.map { memorySize(bytes: $0) } ?? "?" }

    /// A number of milliseconds as a length of time.
    func time(_ key: String) -> String { self[key]?.number.map { duration(milliseconds: $0) } ?? "?" }

    /// Ten-thousandths as percent.
    func share(_ key: String) -> String { self[key]?.number.map { percent(basisPoints: $0) } ?? "?" }

    /// The texts of an array, joined by commas; nil where there are none.
    func list(_ key: String) -> String? {
        let words = (self[key]?.elements ?? []).compactMap { $0.text }
        return words.isEmpty ? nil : words.joined(separator: ", ")
    }
}
