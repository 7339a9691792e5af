import Cryptography
import EnergyProofs
import Quantities
import Telemetry
import Testing
import Wire

@Suite struct ProofExportTests {
    private static func export(_ pages: [ProofPage], key: PublicKey) throws -> ProofExport {
        let description = try #require(ProofText("Jetson Orin Nano 8GB, R36.4.3", limit: 256))
        let export = ProofExport(
            domain: ProvingBoard.domain, key: key, board: description, pages: pages.map(\.bytes))
        return try #require(export)
    }

    /// Three pages of a board and two of its panel, in the order in which they were made.
    private func pages() throws -> (key: PublicKey, pages: [ProofPage]) {
        var board = try ProvingBoard()
        var panel = try ProvingBoard("solar:roof", watts: 300)
        let pages = [
            try board.page(), try panel.page(milliwatts: 100_000) { $0.errorBoundPermille = 1 },
            try board.page(milliwatts: 10_000, lost: 3..<7),
            try panel.page(milliwatts: 50_000) { $0.errorBoundPermille = 48 }, try board.page(),
        ]
        return (board.key.publicKey, pages)
    }

    /// Why `export` is not accepted, once it is written and read back; nil where it is.
    private func refusal(
        _ export: ProofExport, domain: SignatureDomain? = ProvingBoard.domain, key: PublicKey? = nil
    ) -> ProofExportError? {
        do throws(ProofExportError) {
            _ = try ProofExport(decoding: export.encoded)
                .verify(expectedDomain: domain, expectedKey: key, using: ProvingBoard.scheme)
            return nil
        } catch {
            #expect(!error.explanation.isEmpty)
            return error
        }
    }

    @Test func `an honest export verifies, and its summary keeps sources apart`() throws {
        let (key, pages) = try pages()
        let export = try ProofExport(decoding: try ProofExportTests.export(pages, key: key).encoded)
        let summary = try export.verify(
            expectedDomain: ProvingBoard.domain, expectedKey: key, using: ProvingBoard.scheme)
        #expect(summary.pages == 5)
        #expect(summary.sources.map(\.source.text) == ["compute:orin-nano:1423219087325", "solar:roof"])
        let board = summary.sources[0]
        #expect(board.pages == 3)
        #expect(board.firstPage == 0)
        #expect(board.lastPage == 2)
        #expect(board.energy == mJ(96_000 + 50_000 + 96_000))
        #expect(board.gap == .seconds(5))
        #expect(board.coverage == BasisPoints(clamping: 8333))
        #expect(board.reboots == 0)
        #expect(board.lastWindow.since(board.firstWindow) == .seconds(30))
        // Between the windows the panel falls from 100 W to 50 W: a second at 75 W. One window is known to a
        // thousandth, the other to 48; each weighs as much as its energy.
        #expect(summary.sources[1].chargeable == mJ(1_000_000 + 525_000))
        #expect(summary.sources[1].errorBoundPermille == 18)
    }

    @Test func `what is wrong with an export is named`() throws {
        let (key, pages) = try pages()
        func export(_ pages: [ProofPage]) throws -> ProofExport { try ProofExportTests.export(pages, key: key) }
        #expect(refusal(try export([])) == .noPages)
        var missing = pages
        missing.remove(at: 2)
        #expect(refusal(try export(missing)) == .page(index: 3, .missingPages(expected: 1, found: 2)))
        #expect(refusal(try export(pages + [pages[1]])) == .page(index: 5, .replay(page: 0, last: 1)))
        let other = SignatureDomain(federation: .zero, configurationEpoch: 1)
        #expect(
            refusal(try export(pages), domain: other)
                == .otherFederation(expected: other, found: ProvingBoard.domain))
        let stranger = try ProvingBoard(seed: 2).key.publicKey
        #expect(refusal(try export(pages), key: stranger) == .wrongKey(expected: stranger.id, found: key.id))
        let claimed = try ProofExportTests.export(pages, key: stranger)
        #expect(
            refusal(claimed) == .page(index: 0, .envelope(.wrongKey(expected: stranger.id, found: key.id))))
    }

    @Test func `an overlap is named`() throws {
        var board = try ProvingBoard()
        let first = try board.page()
        let second = try board.page {
            $0.windowStart = $0.windowStart - .milliseconds(500)
            $0.windowEnd = $0.windowEnd - .milliseconds(500)
        }
        let export = try ProofExportTests.export([first, second], key: board.key.publicKey)
        #expect(refusal(export) == .page(index: 1, .overlap(.milliseconds(500))))
    }

    @Test func `an export cut anywhere is refused as truncated`() throws {
        let (key, pages) = try pages()
        let bytes = try ProofExportTests.export(pages, key: key).encoded
        for end in stride(from: 0, to: bytes.count, by: 13) {
            #expect(throws: ProofExportError.truncated(at: end)) { try ProofExport(decoding: Array(bytes[..<end])) }
        }
        #expect(throws: ProofExportError.malformed(.trailingBytes(at: bytes.count))) {
            try ProofExport(decoding: bytes + [0])
        }
    }

    @Test func `other files and other formats are named`() throws {
        let (key, pages) = try pages()
        let bytes = try ProofExportTests.export(pages, key: key).encoded
        var magic = bytes
        magic[3] ^= 1
        #expect(throws: ProofExportError.notAnExport) { try ProofExport(decoding: magic) }
        guard case .array(var parts) = try CBORValue(decoding: bytes.span), case .map(var header) = parts[1] else {
            Issue.record("an array with a map")
            return
        }
        header[0].value = .unsigned(2)
        parts[1] = .map(header)
        #expect(throws: ProofExportError.unknownFormat(2)) {
            try ProofExport(decoding: CBORValue.array(parts).encoded)
        }
    }

    @Test func `a change outside the pages is found by the checksum`() throws {
        let (key, pages) = try pages()
        var bytes = try ProofExportTests.export(pages, key: key).encoded
        let description = try #require(bytes.firstRange(of: Array("Orin Nano".utf8)))
        bytes[description.lowerBound] = UInt8(ascii: "U")
        let export = try ProofExport(decoding: bytes)
        #expect(throws: ProofExportError.wrongChecksum) {
            try export.verify(expectedDomain: nil, expectedKey: nil, using: ProvingBoard.scheme)
        }
    }

    @Test(arguments: [0x01, 0x80, 0xff] as [UInt8])
    func `any flipped byte is refused, whether or not the key is known`(mask: UInt8) throws {
        let (key, pages) = try pages()
        let bytes = try ProofExportTests.export([pages[0], pages[2]], key: key).encoded
        for index in bytes.indices {
            var flipped = bytes
            flipped[index] ^= mask
            for expectedKey in [key, nil] {
                #expect(throws: ProofExportError.self, "byte \(index)") {
                    try ProofExport(decoding: flipped).verify(
                        expectedDomain: expectedKey == nil ? nil : ProvingBoard.domain, expectedKey: expectedKey,
                        using: ProvingBoard.scheme)
                }
            }
        }
    }

    @Test func `more than an export holds is not exported`() throws {
        let (key, pages) = try pages()
        let description = try #require(ProofText("board", limit: 256))
        func export(_ pages: [[UInt8]]) -> ProofExport? {
            ProofExport(domain: ProvingBoard.domain, key: key, board: description, pages: pages)
        }
        #expect(export(Array(repeating: [], count: EnergyProofLimits.exportPages + 1)) == nil)
        #expect(export([[UInt8](repeating: 0, count: EnergyProofLimits.pageBytes + 1)]) == nil)
        #expect(export(pages.map(\.bytes)) != nil)
    }
}
