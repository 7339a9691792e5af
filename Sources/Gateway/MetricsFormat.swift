import Wire

/// The two forms in which metrics are told.
public enum MetricsFormat: Sendable, CaseIterable {
    /// Prometheus' text format, version 0.0.4.
    case text
    /// OpenMetrics 1.0.
    case openMetrics

    /// The media type of an answer.
    public var mediaType: String {
        switch self {
        case .text: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// The form that the fields `Accept` of a request ask for (RFC 9110 §12.5.1); text where they ask for neither.
    ///
    /// OpenMetrics is given to those alone who name it.
    public init(accept fields: [String]) {
        var best: [MetricsFormat: (specificity: Int, quality: Int)] = [:]
        for range in fields.flatMap({ $0.split(separator: ",") }) {
            let range = MediaRange(range)
            for format in MetricsFormat.allCases {
                guard let specificity = range.specificity(for: format) else { continue }
                if specificity >= best[format]?.specificity ?? 0 { best[format] = (specificity, range.quality) }
            }
        }
        let open = best[.openMetrics] ?? (0, 0)
        let text = best[.text] ?? (0, 0)
        self =
            open.specificity >= MediaRange.named && open.quality > 0 && open.quality >= text.quality
            ? .openMetrics : .text
    }

    fileprivate var type: String { self == .text ? "text" : "application" }
    fileprivate var subtype: String { self == .text ? "plain" : "openmetrics-text" }
    fileprivate var version: String { self == .text ? "0.0.4" : "1.0.0" }
}

/// One range of an `Accept` field.
private struct MediaRange {
    private let type: String
    private let subtype: String
    private let version: String?
    /// Its weight in thousandths.
    let quality: Int

    init(_ text: Substring) {
        let parts = text.split(separator: ";").map { MediaRange.trimmed($0).lowercased() }
        let names = (parts.first ?? "").split(separator: "/", maxSplits: 1).map { MediaRange.trimmed($0) }
        type = names.first ?? ""
        subtype = names.count == 2 ? names[1] : ""
        var version: String?
        var quality = 1000
        for part in parts.dropFirst() {
            if part.hasPrefix("version=") { version = String(part.dropFirst(8).filter { $0 != "\"" }) }
            if part.hasPrefix("q=") { quality = MediaRange.thousandths(String(part.dropFirst(2))) }
        }
        self.version = version
        self.quality = quality
    }

    /// What a range has at least that names a type, and not all of them.
    static let named = 3

    /// How exactly it means `format`; nil where it does not.
    func specificity(for format: MetricsFormat) -> Int? {
        if type == "*", subtype == "*" { return 1 }
        guard type == format.type else { return nil }
        if subtype == "*" { return 2 }
        guard subtype == format.subtype else { return nil }
        guard let version else { return MediaRange.named }
        return version == format.version ? MediaRange.named + 1 : nil
    }

    /// A weight of 0 to 1 with at most three digits; what is none weighs nothing.
    private static func thousandths(_ text: String) -> Int {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, first == UInt8(ascii: "0") || first == UInt8(ascii: "1"), bytes.count <= 5,
            bytes.count == 1 || bytes[1] == UInt8(ascii: ".")
        else { return 0 }
        var value = Int(first - UInt8(ascii: "0")) * 1000
        var weight = 100
        for digit in bytes.dropFirst(2) {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return 0 }
            value += Int(digit - UInt8(ascii: "0")) * weight
            weight /= 10
        }
        return value <= 1000 ? value : 0
    }

    private static func trimmed(_ text: Substring) -> String {
        let bytes = Array(text.utf8)
        guard let first = bytes.firstIndex(where: { !isBlank($0) }), let last = bytes.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return String(decoding: bytes[first...last], as: UTF8.self)
    }
}
