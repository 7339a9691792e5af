import Cryptography
import EnergyProofs
import Gateway
import Quantities
import Wire

/// A file of signed metering records, as `report energy --format ocmf` writes it: one a line.
struct MeteringFile {
    /// The key that signed every record.
    let key: PublicKey
    /// The federation of the pages that they sum up.
    let federation: Bytes32
    /// What each meter's records come to, in each class.
    private(set) var meters: [Meter] = []

    /// The records of one meter in one class.
    struct Meter {
        let source: String
        let evidence: String
        var records = 0
        let firstPage: Int64
        var lastPage: Int64
        let begins: String
        var ends: String
        /// Millijoules.
        var energy: Int64 = 0
        var errors = ""
    }

    /// Why a file of records is not accepted: the first thing that is wrong, and in which line, from 1.
    struct Refusal: Error {
        let line: Int
        let reason: String
    }

    /// Whether a file of `bytes` is meant to be one.
    static func isOne(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: Array(MeteringRecord.header.utf8) + [MeteringRecord.separator])
    }

    /// Checks every record: its signature, that its readings are those of its registers, and that those of one meter
    /// follow one another without a hole.
    init(
        _ bytes: [UInt8], expectedKey: PublicKey?, expectedFederation: Bytes32?
    ) throws(Refusal) {
        var rows = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if rows.last?.isEmpty == true { rows.removeLast() }
        guard rows.count <= EnergyProofLimits.meteringRecords else {
            throw Refusal(line: EnergyProofLimits.meteringRecords + 1, reason: "the file has more lines than are read")
        }
        var known: (key: PublicKey, federation: Bytes32)?
        var meters: [Meter] = []
        var last: [String: MeteringLine] = [:]
        for (index, row) in rows.enumerated() {
            do throws(MeteringLine.Refusal) {
                let line = try MeteringLine(Array(row), expectedKey: expectedKey ?? known?.key)
                if let federation = expectedFederation ?? known?.federation, federation != line.federation {
                    throw .init(reason: "it is for federation \(hexadecimal(line.federation.array))")
                }
                known = (line.key, line.federation)
                if let before = last[line.source] { try line.check(after: before) }
                last[line.source] = line
                MeteringFile.add(line, to: &meters)
            } catch { throw Refusal(line: index + 1, reason: error.reason) }
        }
        guard let known else { throw Refusal(line: 1, reason: "the file holds no record") }
        (key, federation) = known
        self.meters = meters
    }

    private static func add(_ line: MeteringLine, to meters: inout [Meter]) {
        var index = meters.firstIndex { $0.source == line.source && $0.evidence == line.evidence }
        if index == nil {
            index = meters.count
            meters.append(
                Meter(
                    source: line.source, evidence: line.evidence, firstPage: line.firstPage, lastPage: line.lastPage,
                    begins: line.begins, ends: line.ends))
        }
        guard let index else { return }
        meters[index].records += 1
        meters[index].lastPage = line.lastPage
        meters[index].ends = line.ends
        meters[index].energy += line.registerEnd - line.registerBegin
        for flag in line.errors where !meters[index].errors.contains(flag) { meters[index].errors.append(flag) }
    }
}

/// What is shown of a file of metering records that was verified.
func verifyMetering(
    _ path: String, _ bytes: [UInt8], _ expectedKey: PublicKey?, _ expected: ExpectedFederation,
    _ invocation: Invocation
) throws(Failure) -> ExitCode {
    let file: MeteringFile
    do throws(MeteringFile.Refusal) {
        file = try MeteringFile(bytes, expectedKey: expectedKey, expectedFederation: expected.id)
    } catch {
        var json = JSONWriter()
        json.beginObject()
        json.member("verified", false)
        json.key("error")
        json.beginObject()
        json.member("kind", ExitCode.badData.kind)
        json.member("message", error.reason)
        json.member("line", error.line)
        json.endObject()
        json.endObject()
        throw Failure(.badData, "\(path): not verified: line \(error.line): \(error.reason)", answer: json.text)
    }
    let owner = try owner(of: file.key, isExpected: expectedKey != nil, invocation)
    if invocation.wantsJSON {
        try Console.print { json in file.write(owner: owner, isFederationExpected: expected.isKnown, to: &json) }
    } else {
        let text = file.text(owner: owner, isFederationExpected: expected.isKnown)
        try Console.print(Console.paint("\(path): verified", .green) + "\n" + printable(text))
    }
    return .success
}

extension MeteringFile {
    /// Writes the members of one JSON object.
    func write(owner: String, isFederationExpected: Bool, to json: inout JSONWriter) {
        json.member("verified", true)
        json.member("key_id", key.id.text)
        json.member("fingerprint", key.id.fingerprint)
        json.member("owner", owner)
        json.member("federation", hexadecimal(federation.array))
        json.member("federation_expected", isFederationExpected)
        json.member("records", meters.reduce(0) { $0 + $1.records })
        json.key("sources")
        json.beginArray()
        for meter in meters {
            json.beginObject()
            json.member("source", meter.source)
            json.member("class", meter.evidence)
            json.member("records", meter.records)
            json.member("first_page", meter.firstPage)
            json.member("last_page", meter.lastPage)
            json.member("begin", meter.begins)
            json.member("end", meter.ends)
            json.member("energy_mj", "\(meter.energy)")
            json.member("error_flags", meter.errors)
            json.endObject()
        }
        json.endArray()
    }

    /// The text: the file as a whole, then each meter.
    func text(owner: String, isFederationExpected: Bool) -> String {
        var table = TextTable()
        table.row("key", key.id.fingerprint)
        table.row("", owner)
        table.row("federation", hexadecimal(federation.array))
        table.row("", isFederationExpected ? "the expected one" : "as the file says; --federation NAME checks it")
        return table.text() + meters.map { "\n" + MeteringFile.text(of: $0) }.joined()
    }

    private static func text(of meter: Meter) -> String {
        var table = TextTable()
        table.row("source", meter.source)
        table.row("class", meter.evidence)
        table.row("records", "\(meter.records), of pages \(meter.firstPage) to \(meter.lastPage)")
        table.row("from", meter.begins)
        table.row("to", meter.ends)
        let unit = EnergyUnit(fitting: Energy(millijoules: meter.energy))
        table.row(
            "energy",
            unit.text(Energy(millijoules: meter.energy))
                + (unit.name == "J" ? "" : ", " + joules(millijoules: meter.energy)))
        let flags = meter.errors.map { $0 == "E" ? "energy" : "time" }
        if !flags.isEmpty {
            table.row("flagged", "not usable for billing in some periods: " + flags.joined(separator: ", "))
        }
        return table.text()
    }
}
