import Cryptography
import EnergyProofs
import Quantities
import Telemetry
import TestKit
import Testing

@Suite struct MeteringRecordTests {
    private let scheme = Ed25519()

    private func record(
        _ pages: [ProofPage], of board: SignedBoard, title: String = "NVIDIA Jetson Orin Nano 8GB"
    ) throws -> MeteringRecord {
        let periods = try #require(ReportPeriods(from: at(0), to: at(1), by: .hour, offset: .seconds(3600)))
        var report = EnergyReport(periods: periods, domain: SignedBoard.domain, key: board.key.publicKey)
        for page in pages { try report.add(page, using: scheme) }
        let text = try #require(ProofText(title, limit: 256))
        return MeteringRecord(of: try #require(report.entries.first), in: report, board: text, version: "9.8.7")
    }

    @Test func `a record is an OCMF text with begin and end of the register`() throws {
        var board = try #require(SignedBoard(wall: at(0)))
        board.register = 1_234_567_890_123
        let record = try record((0..<360).map { _ in board.page() }, of: board)
        let line = record.line(signedWith: board.key, by: scheme)
        #expect(line.hasPrefix("OCMF|{\"FV\":\"1.3\",\"GI\":\"sage-edge, NVIDIA Jetson Orin Nano 8GB\",\"GS\":\""))
        #expect(
            line.contains(
                "\"PG\":\"T360\",\"MV\":\"sage-edge\",\"MM\":\"ina3221:VDD_IN, nvpmodel 25W\",\"MS\":\"\(board.source.text)\""
            ))
        // 1234567890 mJ are 342.935525 Wh, and 9600 W s a second for an hour are 9.6 Wh.
        #expect(
            line.contains(
                "\"RD\":[{\"TM\":\"2026-11-27T01:00:00,000+0100 S\",\"TX\":\"B\",\"RV\":342.935525,\"RI\":\"1-0:1.8.0\","
                    + "\"RU\":\"Wh\",\"EF\":\"\",\"ST\":\"G\"},{\"TM\":\"2026-11-27T02:00:00,000+0100 S\",\"TX\":\"E\","
                    + "\"RV\":352.535525,\"RI\":\"1-0:1.8.0\",\"RU\":\"Wh\",\"EF\":\"\",\"ST\":\"G\"}]"))
        #expect(line.contains("\"register_begin_mj\":\"1234567890\",\"register_end_mj\":\"1269127890\""))
    }

    @Test func `what is not usable is flagged, and what is no measurement is a substitute`() throws {
        var board = try #require(SignedBoard("solar:roof", evidence: .replayed, wall: at(0)))
        board.status = .unsynchronized
        let record = try record([board.page(.seconds(60), gap: .seconds(7))], of: board)
        #expect(record.payload.contains("U\",\"TX\":\"E\""))
        #expect(record.payload.contains("\"RI\":\"1-0:2.8.0\",\"RU\":\"Wh\",\"EF\":\"Et\",\"ST\":\"S\""))
    }

    @Test func `no energy whose error is not bounded is flagged`() throws {
        var board = try #require(SignedBoard(wall: at(0)))
        let record = try record([board.page(milliwatts: 0, errorBoundPermille: 10_000)], of: board)
        #expect(record.payload.contains("\"EF\":\"E\""))
        #expect(record.payload.contains("\"unbounded_error_pages\":1"))
        #expect(record.payload.contains("\"error_mj\":null"))
    }

    @Test func `a line comes apart again, and any flipped byte is noticed`() throws {
        var board = try #require(SignedBoard(wall: at(0)))
        let record = try record([board.page()], of: board, title: "a|b \"c\" <d>")
        let line = Array(record.line(signedWith: board.key, by: scheme).utf8)
        let signed = try #require(SignedMeteringText(line))
        #expect(signed.payload == Array(record.payload.utf8))
        let signature = scheme.sign(signed.payload.span, with: board.key)
        #expect(signed.isSigned(signature, by: board.key.publicKey, using: scheme))
        let stranger = try #require(SignedBoard(seed: 2, wall: at(0))).key.publicKey
        #expect(!signed.isSigned(signature, by: stranger, using: scheme))
        let start = 5
        for index in start..<(start + signed.payload.count) {
            var flipped = line
            flipped[index] ^= 1
            let other = SignedMeteringText(flipped)
            #expect(other?.isSigned(signature, by: board.key.publicKey, using: scheme) != true, "byte \(index)")
        }
        #expect(SignedMeteringText(Array("OCMF|{}".utf8)) == nil)
        #expect(SignedMeteringText(Array("XCMF|{}|{}".utf8)) == nil)
        #expect(SignedMeteringText([UInt8](repeating: 0x7c, count: EnergyProofLimits.meteringRecordBytes + 1)) == nil)
    }

    @Test func `what an envelope signs is never a metering record`() throws {
        // The signature of an envelope is over a CBOR array, whose first byte no payload has.
        var board = try #require(SignedBoard(wall: at(0)))
        let page = board.page()
        let record = try record([page], of: board)
        #expect(record.payload.utf8.first == UInt8(ascii: "{"))
        let signed = try #require(SignedMeteringText(Array(record.line(signedWith: board.key, by: scheme).utf8)))
        #expect(!signed.isSigned(page.envelope.signature, by: board.key.publicKey, using: scheme))
        // And an envelope with the record as its payload is signed otherwise than the record.
        let envelope = SignedEnvelope(
            signing: signed.payload, as: .energyProof, with: board.key, in: SignedBoard.domain, by: scheme)
        #expect(!signed.isSigned(envelope.signature, by: board.key.publicKey, using: scheme))
    }

    @Test(arguments: [
        (Int64(0), "0.000000"), (3, "0.000000"), (4, "0.000001"), (3_600_000, "1.000000"), (3_599_999, "0.999999"),
        (9_007_199_254_740_991, "2501999792.983608"),
    ])
    func `registers in watt-hours are rounded down`(millijoules: Int64, text: String) {
        #expect(MeteringRecord.wattHours(Energy(millijoules: millijoules)) == text)
    }
}
