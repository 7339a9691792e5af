import Wire

/// One thing that `doctor` has to say: what it found, what follows from it, and what mends it.
struct Finding: Equatable {
    /// How bad it is.
    enum Severity: String, CaseIterable {
        /// As it should be.
        case ok
        /// Worth knowing, and normal.
        case note
        /// It works, and something should be mended.
        case warning
        /// Something does not work.
        case problem
    }

    /// What it is about; also the order in which findings are shown.
    enum Area: String, CaseIterable {
        case board
        case power
        case sources
        case heat
        case memory
        case clock
        case state
        case keys
        case configuration
        case network
        case peers
        case agent
        case service
    }

    /// What mends it.
    enum Remedy: Equatable {
        /// A command line.
        case run(String)
        /// What cannot be said as a command line.
        case advice(String)

        var text: String {
            switch self {
            case .run(let line): line
            case .advice(let words): words
            }
        }
    }

    let area: Area
    let severity: Severity
    /// Its name for programs, unique among all kinds of findings.
    let name: String
    let what: String
    let why: String?
    let remedies: [Remedy]

    init(
        _ area: Area, _ severity: Severity, _ name: String, _ what: String, why: String? = nil,
        _ remedies: Remedy...
    ) {
        self.area = area
        self.severity = severity
        self.name = name
        self.what = what
        self.why = why
        self.remedies = remedies
    }

    init(
        _ area: Area, _ severity: Severity, _ name: String, _ what: String, why: String? = nil, remedies: [Remedy]
    ) {
        self.area = area
        self.severity = severity
        self.name = name
        self.what = what
        self.why = why
        self.remedies = remedies
    }

    /// Whether something is wrong.
    var isWrong: Bool { severity == .warning || severity == .problem }
}

/// The outcome of an examination.
struct Diagnosis: Equatable {
    /// What was found, area by area, and within one the worst first.
    let findings: [Finding]

    init(_ findings: [Finding]) {
        self.findings = Finding.Area.allCases.flatMap { area in
            Finding.Severity.allCases.reversed().flatMap { severity in
                findings.filter { $0.area == area && $0.severity == severity }
            }
        }
    }

    /// Whether nothing is wrong.
    var isHealthy: Bool { !findings.contains { $0.isWrong } }

    /// How many findings there are of `severity`.
    func count(_ severity: Finding.Severity) -> Int { findings.count { $0.severity == severity } }

    func write(to json: inout JSONWriter) {
        json.member("healthy", isHealthy)
        json.member("problems", count(.problem))
        json.member("warnings", count(.warning))
        json.member("notes", count(.note))
        json.key("findings")
        json.beginArray()
        for finding in findings {
            json.beginObject()
            json.member("area", finding.area.rawValue)
            json.member("severity", finding.severity.rawValue)
            json.member("name", finding.name)
            json.member("what", finding.what)
            json.member("why", finding.why)
            json.key("remedies")
            json.beginArray()
            for remedy in finding.remedies { json.string(remedy.text) }
            json.endArray()
            json.endObject()
        }
        json.endArray()
    }

    /// The findings for people, in lines of at most `width` columns; command lines are never broken.
    func text(width: Int, paint: (String, Console.Colour) -> String) -> String {
        var lines: [String] = []
        var area: Finding.Area?
        let indent = String(repeating: " ", count: Diagnosis.indent)
        for finding in findings {
            if finding.area != area {
                if area != nil { lines.append("") }
                lines.append(finding.area.rawValue)
                area = finding.area
            }
            let word = finding.severity.rawValue
            let padding = String(repeating: " ", count: Diagnosis.indent - 2 - word.utf8.count)
            let colour: Console.Colour =
                switch finding.severity {
                case .ok: .green
                case .note: .dim
                case .warning: .yellow
                case .problem: .red
                }
            for (index, part) in wrapped(printable(finding.what), to: width - Diagnosis.indent).enumerated() {
                lines.append(index == 0 ? "  " + paint(word, colour) + padding + part : indent + part)
            }
            if let why = finding.why {
                for part in wrapped(printable(why), to: width - Diagnosis.indent) { lines.append(indent + part) }
            }
            for remedy in finding.remedies {
                switch remedy {
                case .run(let line): lines.append(indent + "$ " + printable(line))
                case .advice(let words):
                    for (index, part) in wrapped(printable(words), to: width - Diagnosis.indent - 2).enumerated() {
                        lines.append(indent + (index == 0 ? "- " : "  ") + part)
                    }
                }
            }
        }
        return (lines + ["", summary]).joined(separator: "\n") + "\n"
    }

    private static let indent = 11

    private var summary: String {
        let wrong = [(count(.problem), "problem"), (count(.warning), "warning")].filter { $0.0 > 0 }
        if wrong.isEmpty { return "nothing is wrong, " + counted(Int64(count(.note)), "note") }
        return (wrong + [(count(.note), "note")]).map { counted(Int64($0.0), $0.1) }.joined(separator: ", ")
    }
}
