import AgentCore
import Configuration
import Cryptography
import EnergyProofs
import Federation
import Gateway
import Quantities
import Wire

let proofVerifyCommand = CommandSpecification(
    ["proof", "verify"], "Check a file of energy proofs, or an OCMF report", positionals: ["FILE"],
    options: [
        OptionSpecification("key", value: "PEM", "The file of the public key that must have signed them"),
        OptionSpecification("federation", value: "NAME", "The federation that they must be for"),
    ],
    examples: [
        "proof verify sprout.proofs", "proof verify sprout.proofs --key sprout.pem --federation home",
        "proof verify november.ocmf --key sprout.pem",
    ]
) { invocation throws(Failure) in
    let path = invocation.positionals[0]
    let key = try expectedKey(invocation)
    let expected = try ExpectedFederation(invocation)
    let bytes = try readFile(
        path, limit: EnergyProofLimits.exportBytes, hint: "sage-edge proof export FILE makes such a file")
    if MeteringFile.isOne(bytes) { return try verifyMetering(path, bytes, key, expected, invocation) }
    let export: ProofExport
    let summary: ProofExportSummary
    do throws(ProofExportError) {
        export = try ProofExport(decoding: bytes)
        summary = try export.verify(
            expectedDomain: expected.domain(of: export), expectedKey: key, using: Ed25519())
    } catch {
        if let strange = StrangeFile(bytes, at: path) {
            throw Failure.notVerified(path, strange.explanation).hinting(strange.hint)
        }
        if case .page(let index, _) = error { throw Failure.notVerified(path, error.explanation, position: index) }
        throw Failure.notVerified(path, error.explanation).hinting(expected.hint(for: error))
    }
    let report = VerifiedExport(
        export: export, summary: summary, owner: try owner(of: export.key, isExpected: key != nil, invocation),
        isFederationExpected: expected.isKnown)
    if invocation.wantsJSON {
        try Console.print { json in report.write(to: &json) }
    } else {
        try Console.print(Console.paint("\(path): verified", .green) + "\n" + printable(report.text))
    }
    return .success
}

/// The key that `--key` names, or nil.
private func expectedKey(_ invocation: Invocation) throws(Failure) -> PublicKey? {
    try publicKey(invocation.value("key"))
}

/// The public key in the file `path`; nil for no file.
func publicKey(_ path: String?) throws(Failure) -> PublicKey? {
    guard let path else { return nil }
    let text = String(decoding: try readFile(path, limit: 65_536, hint: keyHint), as: UTF8.self)
    do throws(PEMError) { return try PEM.publicKey(text) } catch {
        throw Failure(
            .badData, "\(path): \(error.explanation)", hint: keyHint)
    }
}

private let keyHint = "sage-edge key export > KEY.pem makes such a file, on the board"

/// The federation that pages must be for: the one that was named, else the one that is configured here, else any.
struct ExpectedFederation {
    /// The federation; nil for any.
    let id: Bytes32?
    private let epoch: UInt64?
    /// What it was called, and by whom.
    let origin: String

    /// Whether the file's word is not simply taken.
    var isKnown: Bool { id != nil }

    init(_ invocation: Invocation) throws(Failure) {
        let given = invocation.value("federation")
        if let given, !FederationSection.isName(given) {
            throw Failure(.usage, "--federation takes the name of a federation, not '\(given)'")
        }
        let configuration: AgentConfiguration?
        if given == nil || invocation.has("config") {
            do throws(Failure) { configuration = try loadConfiguration(invocation).0 } catch {
                guard given == nil, !invocation.has("config") else { throw error }
                throw error.hinting((error.hint.map { $0 + "; " } ?? "") + "--federation NAME needs no configuration")
            }
        } else {
            // What it says of the named federation is known as well; a configuration that is wrong says nothing.
            configuration = try? loadConfiguration(invocation).0
        }
        let section = configuration?.federation
        let configured = configuration?.origin(of: "federation.name") == .builtIn ? nil : section?.domain.federation
        id = given.map { FederationSection.id(of: $0) } ?? configured
        epoch = id == configured ? section?.configurationEpoch : nil
        origin = given.map { "'\($0)', as --federation says" } ?? "the one of federation.name in the configuration"
    }

    /// What to do where the pages are for another federation than this one; nil for every other error.
    func hint(for error: ProofExportError) -> String? {
        guard case .otherFederation(let wanted, let found) = error, wanted.federation != found.federation else {
            return nil
        }
        return
            "wanted was \(origin): ask the maker of the file for the name of theirs, and give it as --federation NAME"
    }

    func domain(of export: ProofExport) -> SignatureDomain? { domain(epoch: export.domain.configurationEpoch) }

    /// The domain of what says of itself that it is of configuration `found`; nil where any federation will do.
    func domain(epoch found: UInt64) -> SignatureDomain? {
        id.map { SignatureDomain(federation: $0, configurationEpoch: epoch ?? found) }
    }
}

/// Whose key it is, as far as that is known here.
func owner(of key: PublicKey, isExpected: Bool, _ invocation: Invocation) throws(Failure) -> String {
    if isExpected { return "the expected key" }
    if let own = try? NodeKeys.load(StatePaths(state: invocation.value("state"))), own.identity.publicKey == key {
        return "this node's own key"
    }
    for peer in knownPeers(invocation) where peer["key_id"]?.text == key.id.text {
        return "the key of peer \(peer.word("peer"))"
    }
    return "a key that is not known here: compare the fingerprint with its owner's"
}
