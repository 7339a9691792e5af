import AgentCore
import Configuration
import Cryptography
import EnergyProofs
import Gateway
import Sensors
import Store
import Telemetry

let proofExportCommand = CommandSpecification(
    ["proof", "export"], "Write energy proofs to a file that anybody can verify", positionals: ["[FILE]"],
    options: [
        OptionSpecification("first", value: "PAGE", "Number of the first page (default 0)"),
        OptionSpecification("limit", value: "N", "How many pages at most (default all)"),
    ],
    examples: ["proof export sprout.proofs", "proof export --first 1000 > later.proofs"]
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
    let most = Int64(EnergyProofLimits.exportPages)
    let limit = Int(try invocation.number("limit", in: 1...most) ?? most)
    var asked = try pagesOfAgent(invocation, first: first, limit: limit)
    if asked == nil { asked = try pagesOfFiles(invocation, first: first, limit: limit) }
    guard let export = asked else { throw noPages(invocation, first: first) }
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
            "\(export.pages.count) pages of key \(export.key.id.fingerprint)" + (path == "-" ? "" : " in \(path)"))
    }
    return .success
}

private func noPages(_ invocation: Invocation, first: UInt64) -> Failure {
    if first == 0 { return noProofs(invocation) }
    return Failure(.noInput, "there is no energy proof from page \(first) on", hint: "sage-edge proof list")
}

/// The export of the running agent, put together from as many answers as it takes; nil where none runs.
private func pagesOfAgent(_ invocation: Invocation, first: UInt64, limit: Int) throws(Failure) -> ProofExport? {
    let client = AgentClient(invocation)
    var whole: ProofExport?
    var pages: [[UInt8]] = []
    var next = first
    while pages.count < limit {
        let count = min(limit - pages.count, GatewayLimits.exportedPages)
        let answer: AgentClient.Answer
        do throws(Failure) {
            guard let part = try client.askIfRunning(.exportProofs(first: next, limit: count)) else { return nil }
            answer = part
        } catch {
            // The agent has no page from there on.
            guard error.code == .noInput else { throw error }
            guard whole == nil else { break }
            throw noPages(invocation, first: first)
        }
        let part = try decode(answer)
        whole = whole ?? part
        pages += part.pages
        guard part.pages.count == count, let last = part.pages.last else { break }
        do throws(EnergyProofError) { next = try ProofPage(decoding: last).proof.page + 1 } catch {
            throw Failure(.badData, "the agent's page \(next + UInt64(count) - 1): \(error.explanation)")
        }
    }
    guard let whole else { throw noPages(invocation, first: first) }
    return try export(pages, whole.domain, whole.key, whole.board)
}

private func decode(_ answer: AgentClient.Answer) throws(Failure) -> ProofExport {
    guard let bytes = answer.value["export"]?.text.flatMap({ Base64.decode($0) }) else {
        throw Failure(.internal, "the agent's answer holds no export")
    }
    do throws(ProofExportError) { return try ProofExport(decoding: bytes) } catch {
        throw Failure(.badData, "the agent's export: \(error.explanation)")
    }
}

/// The export made of what is stored, with the key and the configuration that are there.
private func pagesOfFiles(_ invocation: Invocation, first: UInt64, limit: Int) throws(Failure) -> ProofExport {
    let keys = try nodeKeys(invocation)
    let (configuration, files) = try loadConfiguration(invocation)
    let tree = SysfsTree(root: configuration.telemetry.sysroot)
    let profile = HardwareProfile.detect(tree.facts(), among: try hardwareProfiles(configuration, files))
    let pages = try fromFiles(invocation) { store throws(StoreError) in
        var pages: [[UInt8]] = []
        var next: [UInt8] = []
        reading: while pages.count < limit {
            let records = try store.records(.proof, from: next, limit: StoreLimits.queryRows)
            for record in records {
                // A page that cannot be read is exported, for verification to name it.
                if let page = try? ProofPage(decoding: record.value), page.proof.page < first { continue }
                pages.append(record.value)
                if pages.count == limit { break reading }
            }
            guard records.count == StoreLimits.queryRows, let last = records.last else { break }
            next = last.key + [0]
        }
        return pages
    }
    guard !pages.isEmpty else { throw noPages(invocation, first: first) }
    let board = ProofText(replacing: profile?.title ?? "", limit: EnergyProofLimits.boardDescriptionBytes)
    return try export(pages, configuration.federation.domain, keys.identity.publicKey, board)
}

private func export(
    _ pages: [[UInt8]], _ domain: SignatureDomain, _ key: PublicKey, _ board: ProofText
) throws(Failure) -> ProofExport {
    guard let export = ProofExport(domain: domain, key: key, board: board, pages: pages) else {
        throw Failure(
            .badData, "\(pages.count) pages are more than one export holds",
            hint: "sage-edge proof export FILE --first PAGE --limit N")
    }
    return export
}
