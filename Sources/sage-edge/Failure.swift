import Wire

/// Why a command ends without success: what failed, why, and what to try next.
struct Failure: Error {
    /// The exit status.
    let code: ExitCode
    /// What failed and why, in one line without a final full stop.
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
