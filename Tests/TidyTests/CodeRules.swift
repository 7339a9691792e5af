/// What the code of `Sources/` does not contain.
enum CodeRules {
    /// A pattern that code must not match.
    struct Rule: Sendable {
        var message: String
        var pattern: String
        /// Only in the pure rows.
        var pureOnly = false
        /// The one file where it is allowed.
        var exception: String?
    }

    static let rules: [Rule] = [
        Rule(message: "no forced try", pattern: #"\btry!"#),
        Rule(message: "no forced cast", pattern: #"\bas!"#),
        Rule(message: "no forced unwrapping", pattern: #"(?<!\btry)(?<!\bas)(?<=[\w)\]}>?`])!(?!=)"#),
        Rule(message: "no fatalError", pattern: #"\bfatalError\b"#),
        Rule(
            message: "no @unchecked Sendable", pattern: #"@unchecked\s+Sendable"#,
            exception: "Sources/Platform/Mailbox.swift"),
        Rule(message: "no floating point", pattern: #"\b(?:Double|Float(?:16|32|64|80)?|CGFloat|Decimal)\b"#),
        Rule(message: "no floating point", pattern: #"(?<![\w.$])\d[\d_]*\.\d"#),
        Rule(message: "throws names its error type", pattern: #"\bthrows\b(?!\s*\()"#),
        Rule(message: "no concurrency outside the loop's threads", pattern: #"\b(?:async|await|actor\s+\w+)\b"#),
        Rule(message: "no concurrency outside the loop's threads", pattern: #"\bTask\s*(?:\{|\.detached\b)"#),
        Rule(message: "no dynamic cast", pattern: #"\bas\?"#),
        Rule(
            message: "names say what a thing is",
            pattern: #"\b(?:struct|class|enum|protocol|typealias)\s+\w*(?:Manager|Helper|Utility|Utils?|Data)\b"#),
        Rule(
            message: "randomness comes in as bytes",
            pattern: #"\.random(?:Element)?\(|\.shuffled?\(\)|\bSystemRandomNumberGenerator\b|\barc4random"#,
            pureOnly: true),
        Rule(
            message: "time comes in as an argument",
            pattern: #"\b(?:ContinuousClock|SuspendingClock|clock_gettime|gettimeofday)\b"#, pureOnly: true),
        Rule(
            message: "no output in a pure row", pattern: #"(?<![.\w])(?:debugPrint|print|readLine|dump)\("#,
            pureOnly: true),
        Rule(
            message: "hash values differ from process to process", pattern: #"\.hashValue\b|\bHasher\(\)"#,
            pureOnly: true),
    ]

    /// Matches of all rules in `file`.
    static func findings(in file: SourceFile) -> [Finding] {
        guard let target = file.target else { return [] }
        let code = file.code
        return rules.filter { (!$0.pureOnly || Architecture.isPure(target)) && $0.exception != file.path }
            .flatMap { rule in
                SourceFile.matches(of: rule.pattern, in: code).map {
                    Finding(path: file.path, line: $0.line, message: rule.message)
                }
            }
    }

    /// Types that have the name of the module they are in: `Module.Type` could then not be written.
    static func sharedNames(in file: SourceFile) -> [Finding] {
        guard let target = file.target else { return [] }
        let pattern = #"\b(?:struct|class|enum|protocol|typealias)\s+\#(target)\b"#
        return SourceFile.matches(of: pattern, in: file.code).map {
            Finding(path: file.path, line: $0.line, message: "a type has the name of its module, \(target)")
        }
    }
}
