import Cryptography
import Federation
import Ledger
import Quantities
import Wire

/// A dispute as a file: what was signed by whom, the results that go with it, and the keys to check all that with.
///
/// Its form is `{1: "sage-edge dispute", 2: federation, 3: configuration epoch, 4: dispute, 5: [public key],
/// 6: statement, 7: [[by the old key, by the new key]]?}`; the dispute is a byte string as it is stored, the statement
/// is `DisputeStatement`, signed by the key that signed the task, or by one that the successions in 7 lead to.
public struct DisputeEvidence: Sendable {
    /// The federation and configuration that everything was signed in.
    public let domain: SignatureDomain
    /// What is disputed.
    let dispute: DisputeRecord
    /// Its stored form.
    let record: [UInt8]
    /// The public keys of those who signed, as far as the maker of the file knew them.
    let keys: [PublicKey]
    /// The maker's word that this is what it found.
    let statement: SignedEnvelope
    /// The envelopes of the successions from the key of the task to that of the statement, oldest first.
    let successions: [(byOld: SignedEnvelope, byNew: SignedEnvelope)]

    /// What every such file begins with.
    static let magic = "sage-edge dispute"
    /// Most keys: those of payer and worker, of those who ran the same, and of the maker of the file.
    static let mostKeys = 3 + DisputeRecord.mostReplicas
    /// Longest stored dispute in bytes: the signed task, four proofs, and what is kept of the results.
    static let recordBytes = 2 * FederationLimits.maximumMessageLength + 2 * DisputeRecord.mostResultBytes
    /// Longest file in bytes.
    public static let fileBytes = recordBytes + 32_768

    private enum Field {
        static let magic: UInt64 = 1
        static let federation: UInt64 = 2
        static let configurationEpoch: UInt64 = 3
        static let dispute: UInt64 = 4
        static let keys: UInt64 = 5
        static let statement: UInt64 = 6
        static let successions: UInt64 = 7
    }

    /// The stored dispute `record` with `keys`, as stated by the holder of `key`, to which `successions` lead.
    ///
    /// - Throws: what is wrong with the record.
    init(
        _ record: [UInt8], keys: [PublicKey], by key: SigningKey, in domain: SignatureDomain,
        after successions: [CountersignedSuccession] = [], using scheme: any SignatureScheme
    ) throws(CBORError) {
        dispute = try DisputeRecord(decoding: record)
        self.record = record
        self.keys = Array(keys.prefix(DisputeEvidence.mostKeys))
        self.domain = domain
        // A file says no more of the payer's keys than it has to.
        let first = dispute.order.flatMap { order in successions.firstIndex { $0.payload.old.id == order.signer } }
        self.successions =
            first.map {
                successions[$0...].map { (byOld: $0.byOld.envelope, byNew: $0.byNew.envelope) }
            } ?? []
        let content = DisputeStatement(
            task: dispute.task, recordHash: Hashing.hash(record, for: .dispute))
        statement = Signed(signing: content, with: key, in: domain, by: scheme).envelope
    }

    /// The evidence in a file; nothing is checked yet.
    ///
    /// - Throws: `malformed` where it is no such file.
    public init(decoding bytes: [UInt8]) throws(DisputeEvidenceError) {
        do throws(CBORError) {
            var reader = try CBORReader(bytes.span, limit: DisputeEvidence.fileBytes)
            var map = try reader.beginMap()
            try reader.field(Field.magic, of: &map)
            let start = reader.offset
            guard try reader.text(limit: DisputeEvidence.magic.utf8.count) == DisputeEvidence.magic else {
                throw .invalidValue(at: start)
            }
            try reader.field(Field.federation, of: &map)
            let federation = try reader.bytes32()
            try reader.field(Field.configurationEpoch, of: &map)
            domain = SignatureDomain(federation: federation, configurationEpoch: try reader.unsigned())
            try reader.field(Field.dispute, of: &map)
            record = try reader.byteString(limit: DisputeEvidence.recordBytes)
            dispute = try DisputeRecord(decoding: record)
            try reader.field(Field.keys, of: &map)
            var keys: [PublicKey] = []
            for _ in 0..<(try reader.beginArray(limit: DisputeEvidence.mostKeys)) {
                keys.append(PublicKey(bytes: try reader.bytes32()))
            }
            reader.endArray()
            self.keys = keys
            try reader.field(Field.statement, of: &map)
            statement = try SignedEnvelope(from: &reader)
            var successions: [(byOld: SignedEnvelope, byNew: SignedEnvelope)] = []
            if try reader.hasField(Field.successions, of: &map) {
                for _ in 0..<(try reader.beginArray(limit: IdentityLimits.successionsInARow)) {
                    try reader.beginArray(of: 2)
                    let byOld = try SignedEnvelope(from: &reader)
                    successions.append((byOld: byOld, byNew: try SignedEnvelope(from: &reader)))
                    reader.endArray()
                }
                reader.endArray()
            }
            self.successions = successions
            try reader.endMap(&map)
            try reader.finish()
        } catch { throw .malformed(error) }
    }

    /// The file's bytes.
    public var encoded: [UInt8] {
        var writer = CBORWriter(capacity: record.count + 1_024)
        writer.map(successions.isEmpty ? 6 : 7)
        writer.unsigned(Field.magic)
        writer.text(DisputeEvidence.magic)
        writer.unsigned(Field.federation)
        writer.byteString(domain.federation)
        writer.unsigned(Field.configurationEpoch)
        writer.unsigned(domain.configurationEpoch)
        writer.unsigned(Field.dispute)
        writer.byteString(record)
        writer.unsigned(Field.keys)
        writer.array(keys.count)
        for key in keys { writer.byteString(key.bytes) }
        writer.unsigned(Field.statement)
        statement.write(to: &writer)
        if !successions.isEmpty {
            writer.unsigned(Field.successions)
            writer.array(successions.count)
            for succession in successions {
                writer.array(2)
                succession.byOld.write(to: &writer)
                succession.byNew.write(to: &writer)
            }
        }
        return writer.bytes
    }

    /// The key with the id `signer`; nil where the file does not hold it.
    func key(_ signer: KeyID) -> PublicKey? { keys.first { $0.id == signer } }
}

/// A payer's word that a dispute is what it found; signed as `witness`.
struct DisputeStatement: Hashable, SignedPayload {
    /// The task.
    let task: TaskID
    /// The hash of the dispute's stored form.
    let recordHash: Bytes32

    static let signatureType = SignatureType.witness
    static let hashPurpose = HashPurpose.dispute

    init(task: TaskID, recordHash: Bytes32) {
        self.task = task
        self.recordHash = recordHash
    }

    /// Reads `{1: task, 2: hash of the dispute}`.
    init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(1, of: &map)
        task = TaskID(bytes: try reader.bytes16())
        try reader.field(2, of: &map)
        recordHash = try reader.bytes32()
        try reader.endMap(&map)
    }

    func write(to writer: inout CBORWriter) {
        writer.map(2)
        writer.unsigned(1)
        writer.byteString(task.bytes)
        writer.unsigned(2)
        writer.byteString(recordHash)
    }
}

extension DisputeRecord {
    /// The dispute that a stored record holds.
    init(decoding bytes: [UInt8]) throws(CBORError) {
        var reader = try CBORReader(bytes.span, limit: bytes.count)
        try self.init(from: &reader)
        try reader.finish()
    }
}
