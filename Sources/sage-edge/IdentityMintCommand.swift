import AgentCore
import Configuration
import Cryptography
import Federation
import Platform
import Quantities
import Wire

let identityMintCommand = CommandSpecification(
    ["identity", "mint"], "Certify an identity that lives on this board", positionals: ["LCT"],
    options: [
        OptionSpecification("key", value: "PEM", "The identity's key, public or private"),
        OptionSpecification("new-key", value: "PATH", "Make a key for it, and write the private one here"),
        OptionSpecification("creator-key", value: "PEM", "Sign with this creator's private key"),
        OptionSpecification("parent", value: "FILE", "The certificate of the creator, for a child"),
        OptionSpecification("permissions", value: "LIST", "What it may do, such as 'atp:read network:all'"),
        OptionSpecification("atp", value: "N", "ATP a day at most"),
        OptionSpecification("memory", value: "MIB", "Memory at most, in MiB"),
        OptionSpecification("cores", value: "N", "Cores at most"),
        OptionSpecification("tasks", value: "N", "Tasks at a time at most"),
        OptionSpecification("days", value: "N", "How long it holds from now on (default 365)"),
        OptionSpecification("out", value: "PATH", "Write the certificate here (default: standard output)"),
    ],
    examples: [
        "identity mint lct:web4:agent:dp@Thor#consciousness --new-key dp.pem",
        "identity mint lct:web4:agent:dp.a@Thor#planning --key a.pem --atp 20",
    ]
) { invocation throws(Failure) in
    let configuration = try loadConfiguration(invocation).0
    let lct = try mintedIdentity(invocation, on: configuration.federation.delegator.context)
    let platform = try nodeKeys(invocation).identity
    let parents = try parents(of: Lineage(of: lct), invocation)
    let identityKey = try identityKey(invocation)
    let creator = try creatorKey(of: lct, identityKey, platform, invocation)
    let certificate = try certificate(for: lct, identityKey.publicKey, creator.publicKey, parents.first, invocation)
    let minted: EndorsedCertificate
    do throws(CertificateFault) {
        if let parent = parents.first {
            guard parent.payload.key == creator.publicKey else { throw .parentUnknown(parent.payload.lineage) }
            if let fault = certificate.fault(below: parent.payload) { throw fault }
        }
        minted = try EndorsedCertificate(
            issuing: certificate, signedBy: creator, in: lct.context, endorsedBy: platform,
            domain: configuration.federation.domain, by: Ed25519())
    } catch { throw Failure(.badData, "no such certificate can be issued: " + error.explanation) }
    // The key is written first: a certificate for a key that nobody has would be worth nothing.
    if let path = invocation.value("new-key"), let secret = identityKey.secret {
        try writeFile(path, Array(PEM.secretText(secret).utf8), mode: 0o600)
    }
    try show(minted, IdentityText.certificates([minted] + parents).text, invocation)
    return .success
}

/// A key of which the private half may be at hand.
private struct IdentityKey {
    let publicKey: PublicKey
    let secret: SigningKey?
}

/// The identity that is to be certified; one without a platform is read as one of this board, with a warning.
private func mintedIdentity(_ invocation: Invocation, on platform: PlatformName) throws(Failure) -> LCT {
    let word = invocation.positionals[0]
    let read: LCT.OldRecord
    do throws(LCTError) {
        read = try LCT.oldRecord(word, platform: platform, task: .perception)
        if read.filledIn.contains(.task) { throw LCTError.missing(.task) }
    } catch {
        throw Failure(
            .usage, "'\(printable(word))' is no LCT: \(error.explanation)",
            hint: "lct:web4:agent:CREATOR@\(platform.text)#perception")
    }
    if read.filledIn.contains(.context) {
        Console.note("sage-edge: \(printable(word)) names no platform, and is read as \(read.lct.text)")
    }
    guard read.lct.context == platform else {
        throw Failure(
            .usage, "this board is \(platform.text), and vouches for nobody on \(read.lct.context.text)",
            hint: "run this on \(read.lct.context.text)")
    }
    return read.lct
}

private func identityKey(_ invocation: Invocation) throws(Failure) -> IdentityKey {
    switch (invocation.value("key"), invocation.value("new-key")) {
    case (let path?, nil):
        let text = try readIdentity(path)
        if let secret = try? PEM.signingKey(text) { return IdentityKey(publicKey: secret.publicKey, secret: secret) }
        do throws(PEMError) { return IdentityKey(publicKey: try PEM.publicKey(text), secret: nil) } catch {
            throw Failure(.badData, "\(path): \(error.explanation)")
        }
    case (nil, let path?):
        if let status = try? FileSystem.status(path), status.kind == .file {
            throw Failure(.cannotCreate, "\(path) exists already", hint: "--key \(path), or another name")
        }
        do throws(SystemError) {
            guard let secret = SigningKey(seed: try Entropy.bytes(32)) else {
                preconditionFailure("thirty-two bytes are a key")
            }
            return IdentityKey(publicKey: secret.publicKey, secret: secret)
        } catch { throw failure(error) }
    default:
        throw Failure(.usage, "name the identity's key with --key FILE, or have one made with --new-key FILE")
    }
}

/// The key that signs: the one that was named; for a creator its own, where it is at hand; else this node's.
private func creatorKey(
    of lct: LCT, _ own: IdentityKey, _ platform: SigningKey, _ invocation: Invocation
) throws(Failure) -> SigningKey {
    if let path = invocation.value("creator-key") { return try privateKey(path) }
    if Lineage(of: lct).isRoot, let secret = own.secret { return secret }
    return platform
}

/// The certificates above the one that is minted, nearest first.
private func parents(of lineage: Lineage, _ invocation: Invocation) throws(Failure) -> [EndorsedCertificate] {
    guard let path = invocation.value("parent") else { return [] }
    guard case .certificates(let chain) = try identityText(try readIdentity(path), invocation),
        let parent = chain.first, parent.payload.lineage == lineage.parent
    else {
        throw Failure(
            .badData, "\(path) is no certificate of \(lineage.parent?.text ?? "a creator") above this identity")
    }
    return chain
}

private func certificate(
    for lct: LCT, _ key: PublicKey, _ creator: PublicKey, _ parent: EndorsedCertificate?, _ invocation: Invocation
) throws(Failure) -> Certificate {
    let row = lct.task.budget
    var permissions = parent.map { row.permissions.intersection($0.payload.permissions) } ?? row.permissions
    if let words = invocation.value("permissions") {
        guard let chosen = PermissionSet(words) else {
            throw Failure(.usage, "--permissions takes names such as 'atp:read network:all', not '\(printable(words))'")
        }
        permissions = chosen
    }
    var allowance = Allowance(row)
    if let parent { allowance = allowance.limited(to: parent.payload.allowance) }
    if let atp = try invocation.number("atp", in: 0...1_000_000_000) { allowance.dailyATP = Energy(joules: atp) }
    if let memory = try invocation.number("memory", in: 1...1_048_576) { allowance.memory = .mebibytes(memory) }
    if let cores = try invocation.number("cores", in: 1...Int64(IdentityLimits.cores)) { allowance.cores = Int(cores) }
    if let tasks = try invocation.number("tasks", in: 1...Int64(IdentityLimits.concurrentTasks)) {
        allowance.concurrentTasks = Int(tasks)
    }
    if Clock.timeStatus != .synchronized {
        Console.note(
            "sage-edge: this board's clock is not synchronised; the certificate holds from what it shows now on")
    }
    // Whole seconds, as they are shown.
    let now = WallTime(milliseconds: Clock.wallTime.milliseconds / 1000 * 1000)
    let days = try invocation.number("days", in: 1...36_500)
    var until = now + .seconds((days ?? 365) * 86_400)
    if days == nil, let parent { until = min(until, parent.payload.validity.until) }
    guard let lineage = Lineage(lct.lineage), let validity = Validity(from: now, until: until) else {
        throw Failure(.tryAgain, "this board's clock names no time that can be certified", hint: "set the clock")
    }
    return Certificate(
        lineage: lineage, task: lct.task, key: key, permissions: permissions, allowance: allowance,
        validity: validity, creator: creator)
}

private func show(_ minted: EndorsedCertificate, _ text: String, _ invocation: Invocation) throws(Failure) {
    let path = invocation.value("out")
    if let path { try writeFile(path, Array(text.utf8)) }
    if invocation.wantsJSON {
        return try Console.print { json in
            json.member("minted", minted.lct.text)
            json.member("fingerprint", minted.payload.key.id.fingerprint)
            json.member("valid_until_ms", minted.payload.validity.until.milliseconds)
            json.member("certificate", text)
        }
    }
    guard let path else { return try Console.print(text) }
    try Console.print(
        "certified \(minted.lct.text)\n  key          \(minted.payload.key.id.fingerprint)\n"
            + "  valid until  \(CivilTime(minted.payload.validity.until).text)\n"
            + "Take it in here and on other boards: sage-edge identity add \(path)")
}
