import Cryptography
import Quantities
import Wire

/// A file of pages that anybody can check: what `proof export` writes and `proof verify` reads.
///
/// Encoding: the array `[magic, header, pages, checksum]`. The header is a map of 1 format version,
/// 2 federation, 3 configuration epoch, 4 the node's public key, 5 a description of the board; pages
/// are byte strings as they were made, those of one source in their order, sources as they come; the
/// checksum is BLAKE2b-256 of all bytes before it and only finds accidents: trust comes from the
/// signatures of the pages.
public struct ProofExport: Hashable, Sendable {
    /// The federation and configuration that the pages were signed in.
    public let domain: SignatureDomain
    /// The key that signed them.
    public let key: PublicKey
    /// A description of the board, for people.
    public let board: ProofText
    /// The pages, each as it was made.
    public let pages: [[UInt8]]
    /// Whether the checksum that came with the pages was right.
    private let hasRightChecksum: Bool

    /// What every export begins with.
    static let magic = "sage-edge energy proofs"
    /// The bytes that every export begins with: an array of four, and the text `magic`.
    public static let opening: [UInt8] = [0x84, 0x60 | UInt8(magic.utf8.count)] + Array(magic.utf8)
    /// The format that this program writes and reads.
    static let format: UInt64 = 1

    private enum Field {
        static let format: UInt64 = 1
        static let federation: UInt64 = 2
        static let configurationEpoch: UInt64 = 3
        static let key: UInt64 = 4
        static let board: UInt64 = 5
    }

    /// An export of `pages`, or nil where there are more or longer ones than an export holds.
    public init?(domain: SignatureDomain, key: PublicKey, board: ProofText, pages: [[UInt8]]) {
        guard pages.count <= EnergyProofLimits.exportPages,
            pages.allSatisfy({ $0.count <= EnergyProofLimits.pageBytes }),
            pages.reduce(1024, { $0 + $1.count + 3 }) <= EnergyProofLimits.exportBytes,
            board.text.utf8.count <= EnergyProofLimits.boardDescriptionBytes
        else { return nil }
        self.domain = domain
        self.key = key
        self.board = board
        self.pages = pages
        self.hasRightChecksum = true
    }

    /// The export that `bytes` encode; its pages are not checked yet.
    ///
    /// - Throws: `truncated`, `notAnExport`, `unknownFormat` or `malformed`.
    public init(decoding bytes: [UInt8]) throws(ProofExportError) {
        var unreadable: ProofExportError?
        do throws(CBORError) {
            var reader = try CBORReader(bytes.span, limit: EnergyProofLimits.exportBytes)
            try reader.beginArray(of: 4)
            guard try reader.text(limit: 64) == ProofExport.magic else {
                unreadable = .notAnExport
                throw .invalidValue(at: reader.offset)
            }
            var header = try reader.beginMap()
            try reader.field(Field.format, of: &header)
            let format = try reader.unsigned()
            guard format == ProofExport.format else {
                unreadable = .unknownFormat(format)
                throw .invalidValue(at: reader.offset)
            }
            try reader.field(Field.federation, of: &header)
            let federation = try reader.bytes32()
            try reader.field(Field.configurationEpoch, of: &header)
            domain = SignatureDomain(federation: federation, configurationEpoch: try reader.unsigned())
            try reader.field(Field.key, of: &header)
            key = PublicKey(bytes: try reader.bytes32())
            try reader.field(Field.board, of: &header)
            board = try reader.proofText(limit: EnergyProofLimits.boardDescriptionBytes)
            try reader.endMap(&header)
            var pages: [[UInt8]] = []
            for _ in 0..<(try reader.beginArray(limit: EnergyProofLimits.exportPages)) {
                pages.append(try reader.byteString(limit: EnergyProofLimits.pageBytes))
            }
            reader.endArray()
            self.pages = pages
            let content = reader.offset
            let checksum = try reader.bytes32()
            reader.endArray()
            try reader.finish()
            hasRightChecksum = Hashing.blake2b256(bytes.span.extracting(0..<content)) == checksum
        } catch {
            if let unreadable { throw unreadable }
            if case .truncated(let at) = error { throw .truncated(at: at) }
            throw .malformed(error)
        }
    }

    /// The export's encoding.
    public var encoded: [UInt8] {
        var writer = CBORWriter(capacity: pages.reduce(1024) { $0 + $1.count + 3 })
        writer.array(4)
        writer.text(ProofExport.magic)
        writer.map(5)
        writer.entry(Field.format, ProofExport.format)
        writer.unsigned(Field.federation)
        writer.byteString(domain.federation)
        writer.entry(Field.configurationEpoch, domain.configurationEpoch)
        writer.unsigned(Field.key)
        writer.byteString(key.bytes)
        writer.unsigned(Field.board)
        writer.text(board.text)
        writer.array(pages.count)
        for page in pages { writer.byteString(page) }
        let content = writer.bytes
        writer.byteString(Hashing.blake2b256(content.span))
        return writer.bytes
    }

    /// Checks every page, in the order of the file, and the file around them.
    ///
    /// Pages of one source must follow one another without a hole in number, register or time; the
    /// first one of each source may be any page.
    ///
    /// - Parameters:
    ///   - expectedDomain: the federation that the pages must be for; nil takes the file's word.
    ///   - expectedKey: the key that must have signed them; nil takes the file's word, and what is
    ///     shown then is only that the holder of that key, whoever it is, signed them.
    /// - Throws: the first thing that is wrong.
    /// - Complexity: linear in the size of the file; one signature check a page.
    public func verify(
        expectedDomain: SignatureDomain?, expectedKey: PublicKey?, using scheme: any SignatureScheme
    ) throws(ProofExportError) -> ProofExportSummary {
        if let expectedDomain, domain != expectedDomain {
            throw .otherFederation(expected: expectedDomain, found: domain)
        }
        if let expectedKey, key != expectedKey { throw .wrongKey(expected: expectedKey.id, found: key.id) }
        guard !pages.isEmpty else { throw .noPages }
        var summary = ProofExportSummary(pages: pages.count)
        for (index, bytes) in pages.enumerated() {
            do throws(EnergyProofError) {
                let page = try ProofPage(decoding: bytes)
                try EnergyProofVerifier.verify(
                    page, after: summary.lastPage(of: page.proof.source), key: key, in: domain, using: scheme)
                summary.add(page)
            } catch { throw .page(index: index, error) }
            guard summary.sources.count <= EnergyProofLimits.exportSources else {
                throw .tooManySources(limit: EnergyProofLimits.exportSources)
            }
        }
        guard hasRightChecksum else { throw .wrongChecksum }
        return summary
    }
}
