import Telemetry

// What the pages of reports are put together from.
extension MarkupWriter {
    /// A page with its style, up to where its content begins.
    init(page title: String) {
        self.init()
        markup("<!DOCTYPE html>\n")
        begin("html", [("lang", "en")])
        begin("head")
        void("meta", [("charset", "utf-8")])
        void("meta", [("name", "viewport"), ("content", "width=device-width, initial-scale=1")])
        void("meta", [("name", "color-scheme"), ("content", "light dark")])
        void("meta", [("name", "generator"), ("content", "sage-edge " + Version.text)])
        element("title", title)
        begin("style")
        markup(reportStyle)
        end()
        end()
        line()
        begin("body")
        begin("main")
    }

    /// Ends a page that began with its title.
    mutating func endPage() {
        for _ in 0..<3 { end() }
        line()
    }

    /// A name with its value.
    mutating func definition(_ name: String, _ value: String, isCode: Bool = false) {
        begin("div")
        element("dt", name)
        begin("dd")
        if isCode { element("code", value) } else { content(value) }
        end()
        end()
    }

    /// The names of a table's columns.
    mutating func tableHead(_ columns: [(name: String, isFigure: Bool)]) {
        begin("thead")
        begin("tr")
        for column in columns {
            element("th", column.name, [("scope", "col")] + (column.isFigure ? [("class", "figure")] : []))
        }
        end()
        end()
    }

    /// Cells of figures.
    mutating func figures(_ figures: [String]) {
        for figure in figures { element("td", figure, [("class", "figure")]) }
    }

    /// How energy is known, in a word.
    mutating func evidence(_ evidence: EvidenceClass) {
        element("span", evidence.name, [("class", "class " + evidence.name)])
    }
}
