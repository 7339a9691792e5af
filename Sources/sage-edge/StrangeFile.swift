import EnergyProofs

/// A file that was named where an export of energy proofs belongs, and is none.
struct StrangeFile {
    /// What it is, for a person.
    let what: String
    /// The command that takes such a file, or makes the right one.
    let hint: String

    /// The file at `path`; nil where `bytes` begin as an export does, be it whole or not.
    init?(_ bytes: [UInt8], at path: String) {
        let opening = ProofExport.opening
        guard bytes.isEmpty || !bytes.prefix(opening.count).elementsEqual(opening.prefix(bytes.count)) else {
            return nil
        }
        let word = shellWord(path)
        let making = "sage-edge proof export FILE makes an export"
        func begins(_ text: String) -> Bool { bytes.starts(with: Array(text.utf8)) }
        if bytes.isEmpty {
            (what, hint) = ("an empty file", making)
        } else if MeteringFile.isOne(bytes) {
            (what, hint) = ("a file of metering records (OCMF)", "sage-edge proof verify \(word); " + making)
        } else if begins("-----BEGIN ") {
            (what, hint) = (
                "a key, or a record", "this is a key, or a record: sage-edge proof verify FILE.proofs --key \(word)"
            )
        } else if begins("<") {
            (what, hint) = ("a page of HTML", "what a browser shows is not signed; " + making)
        } else if begins("{") {
            (what, hint) = ("JSON", "what is told in JSON is not signed; " + making)
        } else if bytes.starts(with: Array(ShownReport.firstColumn.utf8)) {
            (what, hint) = ("a report in CSV", "what a spreadsheet shows is not signed; " + making)
        } else if bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || [0x09, 0x0a, 0x0d].contains($0) }) {
            (what, hint) = ("text", making)
        } else {
            (what, hint) = ("something else", making)
        }
    }

    /// That it is no export.
    var explanation: String { "it is no export of energy proofs, but " + what }
}
