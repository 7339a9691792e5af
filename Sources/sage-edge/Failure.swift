import Gateway
import Wire

/// Why a command ends without success: what failed, why, and what to try next.
struct Failure: Error {
    /// The exit status.
    let code: ExitCode
    /// What failed and why, in one line without a final full stop; empty where nobody is left to read it.
    let message: String
    /// The next thing to try, or nil.
    let hint: String?
    private let answer: String?

    /// A failure; `answer` is the object that says so in JSON, where there is a fuller one.
    init(_ code: ExitCode, _ message: String, hint: String? = nil, answer: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.answer = answer
    }

    /// What a file that was found wrong is answered with: why, and at which of its parts.
    static func notVerified(_ path: String, _ explanation: String, position: Int? = nil) -> Failure {
        var json = JSONWriter()
        json.beginObject()
        json.member("verified", false)
        json.key("error")
        json.beginObject()
        json.member("kind", ExitCode.badData.kind)
        json.member("message", explanation)
        if let position { json.member("position", position) }
        json.endObject()
        json.endObject()
        return Failure(.badData, "\(path): not verified: \(explanation)", answer: json.text)
    }

    /// The same failure with another hint.
    func hinting(_ hint: String?) -> Failure {
        Failure(code, message, hint: hint, answer: answer.flatMap { Failure.replacingHint(in: $0, by: hint) })
    }

    /// The answer `json` with `hint` as the hint of its error; nil where it is none.
    private static func replacingHint(in json: String, by hint: String?) -> String? {
        guard let answer = try? JSONValue(parsing: Array(json.utf8)) else { return nil }
        var json = JSONWriter()
        json.beginObject()
        for member in answer.members where member.key != "error" {
            json.key(member.key)
            member.value.write(to: &json)
        }
        json.key("error")
        json.beginObject()
        for member in answer["error"]?.members ?? [] where member.key != "hint" {
            json.key(member.key)
            member.value.write(to: &json)
        }
        json.member("hint", hint)
        json.endObject()
        json.endObject()
        return json.text
    }

    /// What somebody who asked for JSON gets: an object with the member `error`.
    var json: String {
        if let answer { return answer }
        var json = JSONWriter()
        json.beginObject()
        json.key("error")
        json.beginObject()
        json.member("kind", code.kind)
        json.member("message", message)
        json.member("hint", hint)
        json.endObject()
        json.endObject()
        return json.text
    }
}
