import AgentCore
import Cryptography
import EnergyProofs
import Gateway

/// The signed pages of the running agent, asked for in parts.
struct AgentPages {
    /// An export of its first page: key, federation and board.
    let sample: ProofExport
    private let client: AgentClient

    /// The pages of the running agent; nil where none runs.
    ///
    /// - Throws: `noInput` where it has none.
    init?(_ invocation: Invocation) throws(Failure) {
        client = AgentClient(invocation)
        do throws(Failure) {
            guard let answer = try client.askIfRunning(.exportProofs(first: 0, limit: 1)) else { return nil }
            sample = try AgentPages.decode(answer)
        } catch {
            guard error.code == .noInput else { throw error }
            throw noProofs(invocation)
        }
    }

    /// Hands `body` the selected pages in parts of `GatewayLimits.exportedPages`; false ends it.
    ///
    /// A part whose first page and that of the next part end on the same side of the selected time is left out.
    func read(
        _ selection: PageSelection, _ body: (SuppliedPage) throws(Failure) -> Bool
    ) throws(Failure) {
        let length = UInt64(GatewayLimits.exportedPages)
        guard var begin = try pages(from: selection.first, limit: 1).first else { return }
        var isResumed = false
        while true {
            let first = try page(begin)
            let ahead = try pages(from: first.proof.page + length, limit: 1).first
            if let ahead, selection.isBeside(first, try page(ahead)) {
                isResumed = true
            } else {
                for bytes in try pages(from: first.proof.page, limit: GatewayLimits.exportedPages) {
                    let supplied = SuppliedPage(
                        bytes: bytes, page: try? ProofPage(decoding: bytes), isResumed: isResumed)
                    guard try body(supplied) else { return }
                    isResumed = false
                }
            }
            guard let ahead else { return }
            begin = ahead
        }
    }

    private func page(_ bytes: [UInt8]) throws(Failure) -> ProofPage {
        do throws(EnergyProofError) { return try ProofPage(decoding: bytes) } catch {
            throw Failure(.badData, "a page of the agent: \(error.explanation)")
        }
    }

    /// At most `limit` pages from number `first` on; none where there is none from there on.
    private func pages(from first: UInt64, limit: Int) throws(Failure) -> [[UInt8]] {
        do throws(Failure) {
            return try AgentPages.decode(try client.ask(.exportProofs(first: first, limit: limit))).pages
        } catch {
            guard error.code == .noInput else { throw error }
            return []
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
