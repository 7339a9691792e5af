import Cryptography
import EnergyProofs
import Quantities
import Wire

let proofExportCommand = CommandSpecification(
    ["proof", "export"], "Write energy proofs to a file that anybody can verify", positionals: ["[FILE]"],
    options: [
        OptionSpecification("first", value: "PAGE", "Number of the first page (default 0)"),
        OptionSpecification("limit", value: "N", "How many pages at most (default all)"),
    ] + timeOptions,
    examples: [
        "proof export sprout.proofs", "proof export --first 1000 > later.proofs",
        "proof export november.proofs --from 2026-11-01 --to 2026-12-01",
    ]
) { invocation throws(Failure) in
    let path = invocation.positionals.first ?? "-"
    if path == "-" {
        guard !Console.isTerminal else {
            throw Failure(.usage, "an export is no text for a terminal", hint: "sage-edge proof export FILE")
        }
        guard !invocation.wantsJSON else {
            throw Failure(.usage, "--json needs the name of a file", hint: "sage-edge proof export FILE --json")
        }
    }
    let first = UInt64(try invocation.number("first", in: 0...(1 << 53)) ?? 0)
    let limit = try invocation.number("limit", in: 1...Int64(EnergyProofLimits.exportPages))
    let choice = try TimeChoice(invocation)
    let export = try export(choice, first: first, limit: limit.map { Int($0) }, invocation)
    try writeFile(path, export.encoded)
    if invocation.wantsJSON {
        try Console.print { json in
            json.member("file", path)
            json.member("pages", export.pages.count)
            json.member("key_id", export.key.id.text)
            json.member("fingerprint", export.key.id.fingerprint)
        }
    } else {
        Console.note(
            counted(Int64(export.pages.count), "page") + " of key \(export.key.id.fingerprint)"
                + (path == "-" ? "" : " in \(path)"))
    }
    return .success
}

/// The export of the chosen pages from number `first` on; with a `limit` of the first so many of them.
private func export(
    _ given: TimeChoice, first: UInt64, limit: Int?, _ invocation: Invocation
) throws(Failure) -> ProofExport {
    let supply = try PageSupply(invocation)
    var choice = given
    try choice.complete(by: supply)
    let selection = choice.selection(first: first)
    // One more than an export holds tells that there are too many.
    var collector = PageCollector(selection: selection, limit: limit ?? EnergyProofLimits.exportPages + 1)
    try supply.read(selection) { supplied throws(Failure) in collector.add(supplied) }
    guard !collector.pages.isEmpty else { throw try noPages(selection, supply, invocation) }
    let export = ProofExport(domain: supply.domain, key: supply.key, board: supply.board, pages: collector.pages)
    guard let export else {
        throw Failure(
            .badData, "there are more pages than one export holds, which is \(EnergyProofLimits.exportPages)",
            hint: "sage-edge proof export FILE --from TIME --to TIME")
    }
    return export
}

/// Collects the bytes of selected pages so that those of one source follow one another without a hole.
///
/// Where a clock went back and forth, a page beside the time lies between two of it; it is taken along, for the chain.
struct PageCollector {
    /// The pages.
    private(set) var pages: [[UInt8]] = []
    private let selection: PageSelection
    private let limit: Int
    private var waiting: [[UInt8]] = []
    private var source: SourceID?
    private var hasBegun = false

    init(selection: PageSelection, limit: Int) {
        self.selection = selection
        self.limit = limit
    }

    /// Takes the next page; returns whether there is room for another.
    mutating func add(_ supplied: SuppliedPage) -> Bool {
        if let page = supplied.page, page.proof.source != source {
            (source, hasBegun, waiting) = (page.proof.source, false, [])
        }
        // After pages that were left out nothing continues what was waiting.
        if supplied.isResumed { (hasBegun, waiting) = (false, []) }
        // A page that cannot be read is exported where all are, for verification to name it.
        let isAll = selection.from == nil && selection.to == nil
        guard supplied.page.map({ selection.containsTime(of: $0) }) ?? isAll else {
            if hasBegun, pages.count + waiting.count < limit { waiting.append(supplied.bytes) }
            return true
        }
        pages += waiting
        waiting = []
        pages.append(supplied.bytes)
        hasBegun = true
        return pages.count < limit
    }
}
