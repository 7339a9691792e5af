/// Writes HTML or SVG: elements that are closed in their order, and text that is escaped.
///
/// Every value goes through `escaped`, so nothing that a page, a board or a file says becomes markup.
struct MarkupWriter {
    /// The text so far.
    private(set) var text = ""
    private var open: [String] = []

    /// Begins an element; its attributes are pairs of name and value.
    mutating func begin(_ name: String, _ attributes: [(String, String)] = []) {
        text += tag(name, attributes) + ">"
        open.append(name)
    }

    /// Ends the element that was begun last.
    mutating func end() {
        guard let name = open.popLast() else { return }
        text += "</" + name + ">"
    }

    /// An element with `content` as its text.
    mutating func element(_ name: String, _ content: String, _ attributes: [(String, String)] = []) {
        begin(name, attributes)
        self.content(content)
        end()
    }

    /// An element of SVG without content.
    mutating func shape(_ name: String, _ attributes: [(String, String)]) { text += tag(name, attributes) + "/>" }

    /// An element of HTML that has no end.
    mutating func void(_ name: String, _ attributes: [(String, String)]) { text += tag(name, attributes) + ">" }

    /// Text between tags.
    mutating func content(_ content: String) { text += MarkupWriter.escaped(content) }

    /// A line end, for those who read the source.
    mutating func line() { text += "\n" }

    /// What this program itself wrote as markup.
    mutating func markup(_ markup: StaticString) { text += "\(markup)" }

    /// What another writer of this program wrote.
    mutating func append(_ other: MarkupWriter) { text += other.text }

    private func tag(_ name: String, _ attributes: [(String, String)]) -> String {
        attributes.reduce("<" + name) { text, attribute in
            text + " " + attribute.0 + "=\"" + MarkupWriter.escaped(attribute.1) + "\""
        }
    }

    /// `text` with the five characters of markup as references, and a question mark for control characters.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\u{0}"..."\u{8}", "\u{b}"..."\u{1f}", "\u{7f}"..."\u{9f}": result += "?"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
