import Cryptography
import EnergyProofs
import Gateway
import Quantities
import Wire

/// One signed metering record whose signature and content were checked.
struct MeteringLine {
    /// The key that signed it.
    let key: PublicKey
    /// The federation of its pages.
    let federation: Bytes32
    /// The meter.
    let source: String
    /// How its energy is known.
    let evidence: String
    /// Numbers of the pages that it sums up.
    let firstPage: Int64
    let lastPage: Int64
    /// The register, in millijoules, and its epoch.
    let registerBegin: Int64
    let registerEnd: Int64
    private let epoch: Int64
    /// Times of the readings, as they are written.
    let begins: String
    let ends: String
    /// OCMF's letters for what is not usable.
    let errors: String

    /// Why a record is not accepted.
    struct Refusal: Error {
        let reason: String
    }

    /// Checks the record in `line`, a line without its end.
    init(_ line: [UInt8], expectedKey: PublicKey?) throws(Refusal) {
        guard let signed = SignedMeteringText(line) else { throw Refusal(reason: "it is no metering record") }
        let payload = try MeteringLine.json(signed.payload, "the payload")
        guard let own = payload[MeteringRecord.extensionName],
            let bytes = own["public_key"]?.text.flatMap({ Wire.bytes(hexadecimal: $0) }),
            let keyBytes = Bytes32(bytes)
        else { throw Refusal(reason: "it names no public key") }
        let key = PublicKey(bytes: keyBytes)
        if let expectedKey, key != expectedKey {
            throw Refusal(reason: "it is of key \(key.id.fingerprint), not \(expectedKey.id.fingerprint)")
        }
        guard signed.isSigned(try MeteringLine.signature(signed.signature), by: key, using: Ed25519()) else {
            throw Refusal(reason: "the signature is not valid for this content and key")
        }
        self.key = key
        guard payload["GS"]?.text == key.id.text else { throw Refusal(reason: "GS is not the id of its key") }
        let fields = Fields(payload: payload, own: own)
        federation = try fields.federation
        source = try fields.text("MS", of: payload)
        evidence = try fields.text("class", of: own)
        epoch = try fields.number("epoch")
        firstPage = try fields.number("first_page")
        lastPage = try fields.number("last_page")
        registerBegin = try fields.number("register_begin_mj")
        registerEnd = try fields.number("register_end_mj")
        let readings = payload["RD"]?.elements ?? []
        guard readings.count == 2, readings[0]["TX"]?.text == "B", readings[1]["TX"]?.text == "E" else {
            throw Refusal(reason: "it has not the two readings of a begin and an end")
        }
        begins = try fields.text("TM", of: readings[0])
        ends = try fields.text("TM", of: readings[1])
        errors = readings[1]["EF"]?.text ?? ""
        try checkContent(payload, pages: try fields.number("pages"), text: signed.payload)
    }

    private func checkContent(_ payload: JSONValue, pages: Int64, text: [UInt8]) throws(Refusal) {
        guard registerEnd >= registerBegin else { throw Refusal(reason: "the register runs backwards") }
        guard lastPage >= firstPage, pages == lastPage - firstPage + 1 else {
            throw Refusal(reason: "its number of pages is not that of pages \(firstPage) to \(lastPage)")
        }
        guard payload["PG"]?.text == MeteringRecord.pagination(afterPage: UInt64(lastPage)) else {
            throw Refusal(reason: "its pagination is not that of page \(lastPage)")
        }
        // The figures of the readings as they are written: a parser may round them.
        for register in [registerBegin, registerEnd] {
            let reading = "\"RV\":" + MeteringRecord.wattHours(Energy(millijoules: register)) + ","
            guard text.indices.contains(where: { text[$0...].starts(with: reading.utf8) }) else {
                throw Refusal(reason: "no reading is that of its register, \(register) mJ")
            }
        }
    }

    /// Checks that this record continues `before`, the same meter's record in an earlier line.
    func check(after before: MeteringLine) throws(Refusal) {
        guard firstPage > before.lastPage else {
            throw Refusal(reason: "pages \(firstPage) to \(lastPage) of \(source) were there before")
        }
        guard firstPage == before.lastPage + 1 else {
            throw Refusal(
                reason: "a record is missing: that of pages \(before.lastPage + 1) to \(firstPage - 1) of \(source)")
        }
        let begin = epoch == before.epoch ? before.registerEnd : 0
        guard registerBegin == begin else {
            throw Refusal(reason: "the register of \(source) jumps from \(begin) mJ to \(registerBegin) mJ")
        }
    }

    private static func json(_ bytes: [UInt8], _ name: String) throws(Refusal) -> JSONValue {
        do throws(JSONError) { return try JSONValue(parsing: bytes) } catch {
            throw Refusal(reason: "\(name) is not JSON: \(error.message)")
        }
    }

    private static func signature(_ bytes: [UInt8]) throws(Refusal) -> Signature {
        let section = try json(bytes, "the signature's section")
        guard section["SA"]?.text == MeteringRecord.algorithm else {
            throw Refusal(reason: "its signature is of an algorithm that this program does not check")
        }
        guard let data = section["SD"]?.text.flatMap({ Wire.bytes(hexadecimal: $0) }), let signature = Signature(data)
        else { throw Refusal(reason: "SD is no signature of 64 bytes in hexadecimal") }
        // Nothing signs this section, so it has exactly one form.
        guard bytes.elementsEqual(MeteringRecord.section(of: signature).utf8) else {
            throw Refusal(reason: "the signature's section is not as it is written")
        }
        return signature
    }
}

/// Members of a payload by name and type.
private struct Fields {
    let payload: JSONValue
    let own: JSONValue

    var federation: Bytes32 {
        get throws(MeteringLine.Refusal) {
            let text = try text("federation", of: own)
            guard let bytes = Wire.bytes(hexadecimal: text), let federation = Bytes32(bytes) else {
                throw MeteringLine.Refusal(reason: "it names no federation")
            }
            return federation
        }
    }

    func text(_ name: String, of object: JSONValue) throws(MeteringLine.Refusal) -> String {
        guard let text = object[name]?.text else { throw MeteringLine.Refusal(reason: "\(name) is missing") }
        return text
    }

    /// A whole number of the extension, or a text that spells one, within what pages can carry.
    func number(_ name: String) throws(MeteringLine.Refusal) -> Int64 {
        let value = own[name]
        let number = value?.number ?? value?.text.flatMap { Int64($0) }
        guard let number, (0...Int64(EnergyProofLimits.largestCount)).contains(number) else {
            throw MeteringLine.Refusal(reason: "\(name) is no whole number within its range")
        }
        return number
    }
}
