import AgentCore
import Cryptography
import EnergyProofs
import Gateway

/// The signed pages of the running agent, asked for in parts.
struct AgentPages {
    /// An export of one of its pages: key, federation and board.
    let sample: ProofExport
    private let client: AgentClient
    /// The sources that it meters, the board first.
    private let sources: [SourceID]
    /// Those of them that it has pages of.
    let provenSources: [SourceID]
    /// What samples call each of these.
    let provenNames: [String]

    /// The pages of the running agent; nil where none runs.
    ///
    /// - Throws: `noInput` where it has none.
    init?(_ invocation: Invocation) throws(Failure) {
        client = AgentClient(invocation)
        guard let status = try client.askIfRunning(.status) else { return nil }
        let told = status.value["sources"]?.elements ?? []
        sources = told.compactMap { $0["source"]?.text.flatMap { SourceID($0) } }
        let proven = told.filter { $0["pages"]?.number ?? 0 > 0 }.compactMap { told in
            told["source"]?.text.flatMap { SourceID($0) }.map { (source: $0, name: told.word("name")) }
        }
        provenSources = proven.map { $0.source }
        provenNames = proven.map { $0.name }
        var sample: ProofExport?
        for source in sources where sample == nil { sample = try AgentPages.part(of: source, 0, limit: 1, client) }
        guard let sample else { throw noProofs(invocation) }
        self.sample = sample
    }

    /// Hands `body` the selected pages, source after source; false ends it.
    func read(
        _ selection: PageSelection, _ body: (SuppliedPage) throws(Failure) -> Bool
    ) throws(Failure) {
        for source in selection.source.map({ [$0] }) ?? sources {
            guard try read(source, selection, body) else { return }
        }
    }

    /// Hands over the pages of one source in parts of `GatewayLimits.exportedPages`; returns whether to go on.
    ///
    /// A part whose first page and that of the next part end on the same side of the selected time is left out.
    private func read(
        _ source: SourceID, _ selection: PageSelection, _ body: (SuppliedPage) throws(Failure) -> Bool
    ) throws(Failure) -> Bool {
        let length = UInt64(GatewayLimits.exportedPages)
        guard var begin = try pages(of: source, from: selection.first, limit: 1).first else { return true }
        var isResumed = false
        while true {
            let first = try page(begin)
            let ahead = try pages(of: source, from: first.proof.page + length, limit: 1).first
            if let ahead, selection.isBeside(first, try page(ahead)) {
                isResumed = true
            } else {
                let part = try pages(of: source, from: first.proof.page, limit: GatewayLimits.exportedPages)
                for bytes in part {
                    let supplied = SuppliedPage(
                        bytes: bytes, page: try? ProofPage(decoding: bytes), isResumed: isResumed)
                    guard try body(supplied) else { return false }
                    isResumed = false
                }
            }
            guard let ahead else { return true }
            begin = ahead
        }
    }

    private func page(_ bytes: [UInt8]) throws(Failure) -> ProofPage {
        do throws(EnergyProofError) { return try ProofPage(decoding: bytes) } catch {
            throw Failure(.badData, "a page of the agent: \(error.explanation)")
        }
    }

    /// At most `limit` pages of `source` from number `first` on; none where there is none from there on.
    private func pages(of source: SourceID, from first: UInt64, limit: Int) throws(Failure) -> [[UInt8]] {
        try AgentPages.part(of: source, first, limit: limit, client)?.pages ?? []
    }

    private static func part(
        of source: SourceID, _ first: UInt64, limit: Int, _ client: AgentClient
    ) throws(Failure) -> ProofExport? {
        do throws(Failure) {
            return try decode(try client.ask(.exportProofs(first: first, limit: limit, source: source)))
        } catch {
            guard error.code == .noInput else { throw error }
            return nil
        }
    }

    private static func decode(_ answer: AgentClient.Answer) throws(Failure) -> ProofExport {
        guard let bytes = answer.value["export"]?.text.flatMap({ Base64.decode($0) }) else {
            throw Failure(.internal, "the agent's answer holds no export")
        }
        do throws(ProofExportError) { return try ProofExport(decoding: bytes) } catch {
            throw Failure(.badData, "the agent's export: \(error.explanation)")
        }
    }
}
