import Cryptography
import Quantities
import Wire

/// Why an exported file of pages is not accepted.
public enum ProofExportError: Error, Equatable, Sendable {
    /// The file ends early, at this byte.
    case truncated(at: Int)
    /// The file is not an export; the offset is where that shows.
    case malformed(CBORError)
    /// The file begins with other words than an export does.
    case notAnExport
    /// The file's format is of a version that this program does not read.
    case unknownFormat(UInt64)
    /// The file names another federation, or another configuration of it, than the one expected.
    case otherFederation(expected: SignatureDomain, found: SignatureDomain)
    /// The file names another key than the one expected.
    case wrongKey(expected: KeyID, found: KeyID)
    /// The file holds no page, and so shows nothing.
    case noPages
    /// The page at `index`, counted from 0, is not accepted.
    case page(index: Int, EnergyProofError)
    /// The pages are of more sources than an export may have.
    case tooManySources(limit: Int)
    /// Every page is right, but the file around them was changed.
    case wrongChecksum

    /// What is wrong, for a person.
    public var explanation: String {
        switch self {
        case .truncated(let at): "the file is truncated: it ends at byte \(at)"
        case .malformed(let error): "the file is malformed: " + error.explanation
        case .notAnExport: "the file is not an export of energy proofs"
        case .unknownFormat(let version): "the file's format \(version) is not known"
        case .otherFederation(let expected, let found) where expected.federation == found.federation:
            "the pages are for configuration epoch \(found.configurationEpoch), not \(expected.configurationEpoch)"
        case .otherFederation(let expected, let found):
            "the pages are for federation \(hexadecimal(found.federation.array)), not "
                + hexadecimal(expected.federation.array)
        case .wrongKey(let expected, let found):
            "the pages are of key \(found.fingerprint), not \(expected.fingerprint)"
        case .noPages: "the file holds no page"
        case .page(let index, let error): "page at position \(index): " + error.explanation
        case .tooManySources(let limit): "the pages are of more than \(limit) sources"
        case .wrongChecksum: "the file was changed outside its pages: the checksum does not fit"
        }
    }
}
