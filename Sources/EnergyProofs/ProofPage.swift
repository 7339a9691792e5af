import Cryptography
import Quantities
import Wire

/// One signed page as it was received, and what it says; the signature is `EnergyProofVerifier`'s to check.
public struct ProofPage: Hashable, Sendable {
    /// The page's bytes, as made or received; they are stored and forwarded unchanged.
    public let bytes: [UInt8]
    /// The signed envelope.
    public let envelope: SignedEnvelope
    /// The decoded payload.
    public let proof: EnergyCapacityProof
    /// The page's hash, over the payload; it names the page wherever something is charged from it.
    public let hash: Bytes32

    /// The page that the holder of `key` signs for `proof`.
    public init(
        signing proof: EnergyCapacityProof, with key: SigningKey, in domain: SignatureDomain,
        by scheme: any SignatureScheme
    ) {
        self.proof = proof
        envelope = SignedEnvelope(signing: proof.encoded, as: .energyProof, with: key, in: domain, by: scheme)
        bytes = envelope.encoded
        hash = Hashing.hash(envelope.payload, for: .energyProof)
    }

    /// The page that `bytes` encode.
    ///
    /// - Throws: `malformed` or `envelope` where they encode none.
    public init(decoding bytes: [UInt8]) throws(EnergyProofError) {
        guard bytes.count <= EnergyProofLimits.pageBytes else {
            throw .malformed(.tooLong(at: 0, limit: EnergyProofLimits.pageBytes))
        }
        self.bytes = bytes
        do throws(EnvelopeError) { envelope = try SignedEnvelope(decoding: bytes.span) } catch {
            throw .envelope(error)
        }
        guard envelope.type == .energyProof else {
            throw .envelope(.wrongType(expected: .energyProof, found: envelope.type))
        }
        do throws(CBORError) { proof = try EnergyCapacityProof(decoding: envelope.payload) } catch {
            throw .malformed(error)
        }
        hash = Hashing.hash(envelope.payload, for: .energyProof)
    }

    /// What has to be known of this page to check the next one.
    public var link: PreviousPage { PreviousPage(proof, hash: hash) }
}

/// All that has to be known of a page to check the one that follows it.
///
/// Encoding: a map of 1 hash, 2 epoch, 3 page, 4 register end (mJ), 5 boot id, 6 window end (boot ms).
public struct PreviousPage: Hashable, Sendable {
    /// The page's hash.
    public let hash: Bytes32
    /// Its register's epoch.
    public let epoch: UInt64
    /// Its number.
    public let page: UInt64
    /// Its register at the window's end.
    public let registerEnd: Energy
    /// The boot its window is in.
    public let bootID: Bytes16
    /// Where its window ended in that boot.
    public let windowEnd: BootTime

    private enum Field {
        static let hash: UInt64 = 1
        static let epoch: UInt64 = 2
        static let page: UInt64 = 3
        static let registerEnd: UInt64 = 4
        static let bootID: UInt64 = 5
        static let windowEnd: UInt64 = 6
    }

    init(_ proof: EnergyCapacityProof, hash: Bytes32) {
        self.hash = hash
        epoch = proof.epoch
        page = proof.page
        registerEnd = proof.registerEnd
        bootID = proof.bootID
        windowEnd = proof.windowEnd
    }

    /// Reads the link that comes next.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(Field.hash, of: &map)
        hash = try reader.bytes32()
        epoch = try reader.count(Field.epoch, of: &map)
        page = try reader.count(Field.page, of: &map)
        registerEnd = try reader.energy(Field.registerEnd, of: &map)
        try reader.field(Field.bootID, of: &map)
        bootID = try reader.bytes16()
        windowEnd = BootTime(milliseconds: Int64(try reader.count(Field.windowEnd, of: &map)))
        try reader.endMap(&map)
    }

    /// Appends the link's encoding.
    public func write(to writer: inout CBORWriter) {
        writer.map(6)
        writer.unsigned(Field.hash)
        writer.byteString(hash)
        writer.entry(Field.epoch, epoch)
        writer.entry(Field.page, page)
        writer.entry(Field.registerEnd, registerEnd.millijoules)
        writer.unsigned(Field.bootID)
        writer.byteString(bootID)
        writer.entry(Field.windowEnd, windowEnd.milliseconds)
    }
}
