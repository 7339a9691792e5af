import AgentCore
import Configuration
import Cryptography
import EnergyProofs
import Gateway
import Quantities
import Store
import Telemetry

/// Which pages a command wants.
struct PageSelection {
    /// Those of this source; nil for every source.
    var source: SourceID?
    /// From this number on.
    var first: UInt64 = 0
    /// With windows that end after this.
    var from: WallTime?
    /// With windows that end at this or before.
    var to: WallTime?

    /// Whether the window of `page` ends within the time.
    func containsTime(of page: ProofPage) -> Bool {
        let end = page.proof.wallEnd
        if let from, end <= from { return false }
        if let to, end > to { return false }
        return true
    }

    /// Whether both windows end on the same side of the time, so that what was signed between them does, too.
    ///
    /// A clock that jumped into the time and back again between the two is not noticed.
    func isBeside(_ one: ProofPage, _ other: ProofPage) -> Bool {
        if let from, one.proof.wallEnd <= from, other.proof.wallEnd <= from { return true }
        if let to, one.proof.wallEnd > to, other.proof.wallEnd > to { return true }
        return false
    }
}

/// A page as it comes out of a supply.
struct SuppliedPage {
    /// The page as it was made.
    let bytes: [UInt8]
    /// What it says; nil where it cannot be read.
    let page: ProofPage?
    /// Whether pages of its source before it were left out.
    let isResumed: Bool
}

/// What the board is called of whose pages `bytes` is one: the title of the profile that its source is named by, or
/// that name where it is not among `profiles`.
///
/// Pages may be looked at on another machine, so nothing is asked of this one.
func boardDescription(ofPage bytes: [UInt8]?, among profiles: [HardwareProfile]) -> ProofText {
    func text(_ words: String) -> ProofText {
        ProofText(replacing: words, limit: EnergyProofLimits.boardDescriptionBytes)
    }
    guard let bytes, let source = (try? ProofPage(decoding: bytes))?.proof.source, source.kind == .compute else {
        return text("not known")
    }
    let parts = source.text.utf8.split(separator: UInt8(ascii: ":"))
    let name = String(decoding: parts[1], as: UTF8.self)
    return text(profiles.first { $0.name == name }?.title ?? name)
}

/// The signed pages of one key, wherever they lie: with the running agent, in its files, or in an export.
struct PageSupply {
    /// The federation and configuration in which they were signed.
    let domain: SignatureDomain
    /// The key that signed them.
    let key: PublicKey
    /// The board.
    let board: ProofText
    private let origin: Origin

    private enum Origin {
        case agent(AgentPages)
        case store(AgentStore, path: String)
        case export([[UInt8]])
    }

    /// The pages of an export.
    init(_ export: ProofExport) {
        domain = export.domain
        key = export.key
        board = export.board
        origin = .export(export.pages)
    }

    /// The pages of the running agent, or of its files where none runs.
    ///
    /// - Throws: `noInput` where there are none.
    init(_ invocation: Invocation) throws(Failure) {
        if let agent = try AgentPages(invocation) {
            domain = agent.sample.domain
            key = agent.sample.key
            board = agent.sample.board
            origin = .agent(agent)
            return
        }
        let keys = try nodeKeys(invocation)
        let (configuration, files) = try loadConfiguration(invocation)
        let profiles = try hardwareProfiles(configuration, files)
        key = keys.identity.publicKey
        let path = StatePaths(state: invocation.value("state")).ledger
        let store = try openStore(invocation)
        // What the agent signed for is what its ledger was begun in, whatever is configured for whoever looks.
        do throws(StoreError) {
            domain =
                try store.value(.setting, key: StoreOwnerRecord.key).flatMap { StoreOwnerRecord.domain($0) }
                ?? configuration.federation.domain
            let first = try store.records(.proof, from: PageKeys.board.start, limit: 1).first
            let page = first.flatMap { $0.key.lexicographicallyPrecedes(PageKeys.board.end) ? $0.value : nil }
            board = boardDescription(ofPage: page, among: profiles)
        } catch { throw failure(error, path) }
        Console.note("sage-edge: no agent is running; this is from \(path)")
        origin = .store(store, path: path)
    }

    /// The ledger's file and its path, where no agent runs; it can be opened once at a time.
    var files: (store: AgentStore, path: String)? {
        guard case .store(let store, let path) = origin else { return nil }
        return (store, path)
    }

    /// Hands `body` the selected pages, source after source, those of each in their order; false ends it.
    ///
    /// Pages beside the selected time come along where they lie among the others. At most some thousands of pages
    /// are in memory at once.
    func read(
        _ selection: PageSelection, _ body: (SuppliedPage) throws(Failure) -> Bool
    ) throws(Failure) {
        switch origin {
        case .agent(let agent): try agent.read(selection, body)
        case .store(let store, let path): try read(store, path, selection, body)
        case .export(let pages): for bytes in pages { guard try hand(bytes, selection, body) else { return } }
        }
    }

    /// The sources that there are pages of, in the order in which they are read.
    func sources() throws(Failure) -> [SourceID] {
        switch origin {
        case .agent(let agent): return agent.provenSources
        case .store(let store, let path): return try sources(store, path)
        case .export(let pages):
            var sources: [SourceID] = []
            for bytes in pages {
                guard let source = (try? ProofPage(decoding: bytes))?.proof.source, !sources.contains(source)
                else { continue }
                sources.append(source)
            }
            return sources
        }
    }

    /// The sources of which there are pages that `source` names: by its identity or the beginning of it, or as samples
    /// of the running agent call it.
    func sources(named source: SourceID) throws(Failure) -> [SourceID] {
        let known = try sources()
        let named = source.named(among: known)
        guard named.isEmpty, case .agent(let agent) = origin else { return named }
        return known.indices.filter { agent.provenNames[$0] == source.text }.map { known[$0] }
    }

    /// The sources of the store at `path`: of each the first page is looked at alone.
    private func sources(_ store: AgentStore, _ path: String) throws(Failure) -> [SourceID] {
        var sources: [SourceID] = []
        var next: [UInt8] = []
        while true {
            let found: [StoredRecord]
            do throws(StoreError) { found = try store.records(.proof, from: next, limit: 1) } catch {
                throw failure(error, path)
            }
            guard let record = found.first else { return sources }
            let isBoard =
                !record.key.lexicographicallyPrecedes(PageKeys.board.start)
                && record.key.lexicographicallyPrecedes(PageKeys.board.end)
            guard let source = (try? ProofPage(decoding: record.value))?.proof.source else {
                next = record.key + [0]
                continue
            }
            sources.append(source)
            next = isBoard ? PageKeys.board.end : PageKeys(of: source).end
        }
    }

    /// The time that the pages of `source`, or of every source, are about, where they are those of an export.
    func exportedExtent(of source: SourceID?) throws(Failure) -> (from: WallTime, to: WallTime)? {
        guard case .export = origin else { return nil }
        var extent: (from: WallTime, to: WallTime)?
        try read(PageSelection(source: source)) { supplied throws(Failure) in
            guard let proof = supplied.page?.proof else { return true }
            let known = extent ?? (proof.wallStart, proof.wallEnd)
            extent = (min(known.from, proof.wallStart), max(known.to, proof.wallEnd))
            return true
        }
        return extent
    }

    private func read(
        _ store: AgentStore, _ path: String, _ selection: PageSelection,
        _ body: (SuppliedPage) throws(Failure) -> Bool
    ) throws(Failure) {
        var next: [UInt8] = []
        while true {
            let records: [StoredRecord]
            do throws(StoreError) {
                records = try store.records(.proof, from: next, limit: StoreLimits.queryRows)
            } catch { throw failure(error, path) }
            for record in records { guard try hand(record.value, selection, body) else { return } }
            guard records.count == StoreLimits.queryRows, let last = records.last else { return }
            next = last.key + [0]
        }
    }

    private func hand(
        _ bytes: [UInt8], _ selection: PageSelection, _ body: (SuppliedPage) throws(Failure) -> Bool
    ) throws(Failure) -> Bool {
        let page = try? ProofPage(decoding: bytes)
        if let page {
            if let source = selection.source, page.proof.source != source { return true }
            if page.proof.page < selection.first { return true }
        }
        return try body(SuppliedPage(bytes: bytes, page: page, isResumed: false))
    }
}
