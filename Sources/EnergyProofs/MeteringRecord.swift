import Cryptography
import Quantities
import Telemetry
import Wire

/// One line of the metering export: what a register showed at the begin and at the end of a period, in the Open
/// Charge Metering Format of SAFE eV (OCMF 1.3), `OCMF|{payload}|{signature}`.
///
/// Where it departs from OCMF: the signature is Ed25519 over the payload's bytes as they stand, 64 bytes without
/// DER (`SA` `Ed25519`, `SM` `application/octet-stream`), where OCMF names ECDSA curves; the pagination counts the
/// meter's pages and so steps by more than one; no user is assigned (`IS` false). What OCMF has no word for stands
/// under `X_sage_edge`, in the space that OCMF leaves to vendors: above all the exact registers, since a
/// millijoule is no round number of watt-hours.
///
/// OCMF signs the text itself. Everything else that a node's key signs is the CBOR array of a `SignedEnvelope`,
/// whose first byte is 0x84; a payload begins with `{`. So neither can ever pass for the other.
public struct MeteringRecord: Hashable, Sendable {
    /// The signed text.
    public let payload: String

    /// What every line begins with.
    public static let header = "OCMF"
    /// Between the parts of a line; within them it does not occur.
    public static let separator: UInt8 = UInt8(ascii: "|")
    /// The name of the signature's algorithm.
    public static let algorithm = "Ed25519"
    /// The member of the payload with what OCMF has no word for.
    public static let extensionName = "X_sage_edge"
    /// Below this share of measured time the energy is flagged as not usable for billing (`EF` `E`).
    public static let leastCoverage = BasisPoints(clamping: 9000)

    /// The record of `entry` of `report`, by a board described as `board` that runs `version` of this program.
    public init(of entry: ReportEntry, in report: EnergyReport, board: ProofText, version: String) {
        var json = JSONWriter()
        let pages = entry.pages
        json.beginObject()
        json.member("FV", "1.3")
        json.member("GI", "sage-edge, " + MeteringRecord.plain(board.text))
        json.member("GS", report.key.id.text)
        json.member("GV", version)
        json.member("PG", MeteringRecord.pagination(afterPage: pages.lastPage))
        json.member("MV", "sage-edge")
        json.member("MM", MeteringRecord.plain(pages.validationMethod.text))
        json.member("MS", pages.source.text)
        json.member("MF", version)
        json.member("IS", false)
        json.member("IT", "NONE")
        json.key("RD")
        json.beginArray()
        MeteringRecord.write(
            Reading(
                at: pages.firstWindow, pages.firstTimeStatus, transaction: "B", register: pages.registerStart,
                errors: ""),
            of: pages, offset: report.periods.offset, to: &json)
        MeteringRecord.write(
            Reading(
                at: pages.lastWindow, pages.lastTimeStatus, transaction: "E", register: pages.registerEnd,
                errors: MeteringRecord.errors(of: pages)),
            of: pages, offset: report.periods.offset, to: &json)
        json.endArray()
        json.key(MeteringRecord.extensionName)
        json.beginObject()
        MeteringRecord.writeExtension(entry, report, to: &json)
        json.endObject()
        json.endObject()
        payload = json.text
    }

    /// The line, signed by the holder of `key`, without a line end.
    public func line(signedWith key: SigningKey, by scheme: any SignatureScheme) -> String {
        let signature = scheme.sign(Array(payload.utf8).span, with: key)
        return MeteringRecord.header + "|" + payload + "|" + MeteringRecord.section(of: signature)
    }

    /// The section that carries `signature`.
    public static func section(of signature: Signature) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.member("SA", algorithm)
        json.member("SE", "hex")
        json.member("SM", "application/octet-stream")
        json.member("SD", hexadecimal(signature.array))
        json.endObject()
        return json.text
    }

    /// The pagination of a record that ends with `page`: how many pages the meter had signed by then.
    public static func pagination(afterPage page: UInt64) -> String { "T\(page + 1)" }

    /// A register in watt-hours with six digits, rounded down.
    public static func wattHours(_ register: Energy) -> String {
        let millionths = Int128(register.clampedToZero.millijoules) * 1000 / 3600
        let rest = "\(millionths % 1_000_000)"
        return "\(millionths / 1_000_000)." + String(repeating: "0", count: 6 - rest.utf8.count) + rest
    }

    /// A time with its quality: `S` synchronised, `U` nobody vouches for it.
    public static func time(_ time: WallTime, _ status: TimeStatus, offset: TimeSpan) -> String {
        let civil = CivilTime(time, offset: offset)
        return civil.date + "T" + civil.timeOfDay + "," + civil.milliseconds + civil.offsetText(separator: "")
            + (status == .synchronized ? " S" : " U")
    }

    // MARK: Parts

    private struct Reading {
        let time: WallTime
        let status: TimeStatus
        let transaction: String
        let register: Energy
        let errors: String

        init(at time: WallTime, _ status: TimeStatus, transaction: String, register: Energy, errors: String) {
            self.time = time
            self.status = status
            self.transaction = transaction
            self.register = register
            self.errors = errors
        }
    }

    private static func write(_ reading: Reading, of pages: SourceSummary, offset: TimeSpan, to json: inout JSONWriter)
    {
        json.beginObject()
        json.member("TM", time(reading.time, reading.status, offset: offset))
        json.member("TX", reading.transaction)
        json.key("RV")
        json.decimal(wattHours(reading.register))
        json.member("RI", identification(of: pages.source.kind))
        json.member("RU", "Wh")
        json.member("EF", reading.errors)
        // A register that no sensor moves is a substitute.
        json.member("ST", pages.evidence == .metered ? "G" : "S")
        json.endObject()
    }

    /// OBIS (IEC 62056-6-1): the cumulative register of active energy taken in, or for what produces, given out.
    private static func identification(of kind: SourceKind) -> String {
        switch kind {
        case .compute, .grid, .human: "1-0:1.8.0"
        case .battery, .solar, .wind, .nuclear: "1-0:2.8.0"
        }
    }

    private static func errors(of pages: SourceSummary) -> String {
        (pages.coverage < leastCoverage || pages.unboundedPages > 0 ? "E" : "")
            + (pages.timeStatus == .synchronized ? "" : "t")
    }

    private static func writeExtension(_ entry: ReportEntry, _ report: EnergyReport, to json: inout JSONWriter) {
        let pages = entry.pages
        json.member("class", pages.evidence.name)
        json.member("epoch", entry.epoch)
        json.member("register_begin_mj", "\(pages.registerStart.millijoules)")
        json.member("register_end_mj", "\(pages.registerEnd.millijoules)")
        json.member("error_mj", pages.errorBound.map { "\($0.millijoules)" })
        json.member("work_mj", "\(pages.work.millijoules)")
        json.member("chargeable_mj", "\(pages.chargeable.millijoules)")
        json.member("covered_ms", pages.covered.milliseconds)
        json.member("gap_ms", pages.gap.milliseconds)
        json.member("pages", pages.pages)
        json.member("first_page", pages.firstPage)
        json.member("last_page", pages.lastPage)
        json.member("last_page_hash", hexadecimal(pages.lastHash.array))
        json.member("unsynchronized_pages", pages.unsynchronizedPages)
        json.member("unbounded_error_pages", pages.unboundedPages)
        json.member("federation", hexadecimal(report.domain.federation.array))
        json.member("configuration_epoch", report.domain.configurationEpoch)
        json.member("public_key", hexadecimal(report.key.bytes.array))
    }

    /// `text` without the character that separates the parts of a line.
    private static func plain(_ text: String) -> String {
        String(decoding: text.utf8.map { $0 == separator ? UInt8(ascii: "/") : $0 }, as: UTF8.self)
    }
}

/// A line of the metering export in its parts; the signature is not checked yet.
public struct SignedMeteringText: Hashable, Sendable {
    /// The signed bytes.
    public let payload: [UInt8]
    /// The signature's section, JSON.
    public let signature: [UInt8]

    /// The parts of `line`, or nil where it is no such line or too long.
    public init?(_ line: [UInt8]) {
        guard line.count <= EnergyProofLimits.meteringRecordBytes else { return nil }
        let parts = line.split(separator: MeteringRecord.separator, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].elementsEqual(MeteringRecord.header.utf8) else { return nil }
        payload = Array(parts[1])
        signature = Array(parts[2])
    }

    /// Whether `signature` is that of the payload by the holder of `key`; only of what looks like a payload.
    public func isSigned(_ signature: Signature, by key: PublicKey, using scheme: any SignatureScheme) -> Bool {
        payload.first == UInt8(ascii: "{") && scheme.isValid(signature, of: payload.span, by: key)
    }
}
