import Cryptography
import EnergyProofs
import Platform
import Quantities
import Telemetry

/// An energy report: signed pages in, each checked, entries out.
enum ReportBenchmark {
    private static let domain = SignatureDomain(federation: Bytes32(high: 0xfed, low: 2), configurationEpoch: 1)
    private static let scheme = Ed25519()

    /// A report by hour over `count` windows of ten seconds.
    static func run(count: Int) throws(BenchmarkError) {
        let key = try sure(SigningKey(seed: [UInt8](repeating: 1, count: 32)), "key")
        let pages = try pages(count, key)
        let end = WallTime.origin + .seconds(10) * Int64(count)
        let periods = try sure(ReportPeriods(from: .origin, to: end, by: .hour), "periods")
        var report = EnergyReport(periods: periods, domain: domain, key: key.publicKey)
        let begin = Clock.bootNanoseconds
        for bytes in pages {
            let page: ProofPage
            do throws(EnergyProofError) { page = try ProofPage(decoding: bytes) } catch {
                throw .failed(error.explanation)
            }
            do throws(EnergyReportError) { try report.add(page, using: scheme) } catch {
                throw .failed(error.explanation)
            }
        }
        let span = max(1, Clock.bootNanoseconds - begin)
        guard report.totals.first?.pages == count else { throw .failed("the report misses pages") }
        let rate = Int64(count) * 1_000_000_000 / span
        Table.row("report, pages decoded, checked and summed", .rate(rate))
        Table.note(
            "\(count) pages made \(report.entries.count) entries; a month has 262144 pages: about "
                + "\(262_144 / max(1, rate)) s")
    }

    private static func pages(_ count: Int, _ key: SigningKey) throws(BenchmarkError) -> [[UInt8]] {
        let source = try sure(SourceID("compute:bench:1"), "source")
        let method = try sure(ProofText("bench", limit: 16), "method")
        let state = SourceState(evidence: .replayed, rated: Power(milliwatts: 25_000), validationMethod: method)
        var previous: PreviousPage?
        var pages: [[UInt8]] = []
        for index in 0..<count {
            let start = BootTime.origin + .seconds(10) * Int64(index)
            var window = MeterWindow.unmeasured(
                from: start, to: start + .seconds(10), bootID: Bytes16(bits: 1), epoch: 1, epochReason: .firstStart,
                register: EnergyRegister(microjoules: UInt64(index) * 96_000_000))
            window.registerEnd = EnergyRegister(microjoules: UInt64(index + 1) * 96_000_000)
            window.samples = 10
            window.expected = 10
            window.peak = Power(milliwatts: 9_800)
            window.errorBoundPermille = 11
            let proof = EnergyCapacityProof(
                of: window, from: source, in: state,
                wallEnd: WallTime(milliseconds: window.end.milliseconds), timeStatus: .synchronized,
                federation: domain.federation, after: previous)
            let page = ProofPage(signing: proof, with: key, in: domain, by: scheme)
            previous = page.link
            pages.append(page.bytes)
        }
        return pages
    }
}
