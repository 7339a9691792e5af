import Cryptography
import Federation
import Quantities
import Wire

/// Identities as their JSON objects.
public enum IdentityViews {
    /// Everything that `registry` holds.
    public static func list(_ registry: IdentityRegistry, _ judge: IdentityJudge) -> CommandReply {
        CommandReply(
            AgentViews.object { json in
                json.key("identities")
                json.beginArray()
                for lct in registry.identities {
                    guard let certificate = registry.certificates[lct] else { continue }
                    json.beginObject()
                    write(certificate, to: &json)
                    write(registry.refusal(of: lct, judge), to: &json)
                    json.member("certificate", IdentityText.certificates(registry.chain(of: lct, judge)).text)
                    json.endObject()
                }
                json.endArray()
                json.key("trusted_keys")
                json.beginArray()
                for name in registry.trusted.keys.sorted() {
                    guard let key = registry.trusted[name] else { continue }
                    json.beginObject()
                    json.member("name", name.text)
                    json.member("fingerprint", registry.successions.newest(key).id.fingerprint)
                    json.member("key_id", registry.successions.newest(key).id.text)
                    json.endObject()
                }
                json.endArray()
                json.key("successions")
                json.beginArray()
                for succession in registry.successions.all {
                    json.beginObject()
                    write(succession.payload, to: &json)
                    json.endObject()
                }
                json.endArray()
            })
    }

    /// That something was taken in, and how it stands.
    static func added(
        _ content: IdentityText, _ registry: IdentityRegistry, _ judge: IdentityJudge
    ) -> CommandReply {
        CommandReply(
            AgentViews.object { json in
                switch content {
                case .certificates(let chain):
                    guard let first = chain.first else { return }
                    json.member("added", first.lct.text)
                    json.member("fingerprint", first.payload.key.id.fingerprint)
                    write(registry.refusal(of: first.lct, judge), to: &json)
                case .revocation(let revocation):
                    json.member("revoked", revocation.payload.lineage.text)
                    json.member("fingerprint", revocation.payload.key.id.fingerprint)
                    json.member("revoked_by", revocation.payload.revoker.id.fingerprint)
                    json.key("ended")
                    json.beginArray()
                    for lct in registry.identities where isRevoked(lct, registry, judge) { json.string(lct.text) }
                    json.endArray()
                case .succession(let succession): write(succession.payload, to: &json)
                }
            })
    }

    /// What a text says, and how its certificate would stand if it were taken in.
    public static func checked(
        _ content: IdentityText, _ registry: IdentityRegistry, _ judge: IdentityJudge
    ) -> CommandReply {
        var trial = registry
        var refusal: CertificateRefusal?
        var reason: String?
        if case .certificates(let chain) = content, let first = chain.first {
            do throws(IdentityRegistryError) {
                _ = try trial.add(chain, judge)
                refusal = trial.refusal(of: first.lct, judge)
            } catch { reason = error.explanation }
        }
        let text = AgentViews.object { json in
            describe(content, to: &json)
            json.member("standing", refusal?.fault.kind.name ?? (reason == nil ? "good" : "not accepted"))
            json.member("reason", refusal?.explanation ?? reason)
            json.member("valid", refusal == nil && reason == nil)
        }
        return CommandReply(text)
    }

    /// That a key is trusted.
    static func trusted(_ name: TrustedName, _ key: PublicKey) -> CommandReply {
        CommandReply(
            AgentViews.object { json in
                json.member("added", name.text)
                json.member("fingerprint", key.id.fingerprint)
                json.member("key_id", key.id.text)
            })
    }

    /// Writes what `content` says as members.
    public static func describe(_ content: IdentityText, to json: inout JSONWriter) {
        switch content {
        case .certificates(let chain):
            if let first = chain.first { write(first, to: &json) }
            json.key("creators")
            json.beginArray()
            for creator in chain.dropFirst() {
                json.beginObject()
                write(creator, to: &json)
                json.endObject()
            }
            json.endArray()
        case .revocation(let revocation):
            json.member("revoked", revocation.payload.lineage.text)
            json.member("fingerprint", revocation.payload.key.id.fingerprint)
            json.member("revoked_by", revocation.payload.revoker.id.fingerprint)
            json.member("signed_at_ms", revocation.payload.signedAt.milliseconds)
        case .succession(let succession): write(succession.payload, to: &json)
        }
    }

    private static func isRevoked(_ lct: LCT, _ registry: IdentityRegistry, _ judge: IdentityJudge) -> Bool {
        if case .revoked = registry.refusal(of: lct, judge)?.fault { true } else { false }
    }

    private static func write(_ certificate: EndorsedCertificate, to json: inout JSONWriter) {
        let payload = certificate.payload
        json.member("lct", certificate.lct.text)
        json.member("fingerprint", payload.key.id.fingerprint)
        json.member("key_id", payload.key.id.text)
        json.member("creator_fingerprint", payload.creator.id.fingerprint)
        json.member("platform_fingerprint", certificate.platformKey.id.fingerprint)
        json.member("permissions", payload.permissions.text)
        json.member("daily_atp_mj", payload.allowance.dailyATP.map { "\($0.millijoules)" })
        json.member("memory_bytes", payload.allowance.memory.bytes)
        json.member("cores", payload.allowance.cores)
        json.member("concurrent_tasks", payload.allowance.concurrentTasks)
        json.member("valid_from_ms", payload.validity.from.milliseconds)
        json.member("valid_until_ms", payload.validity.until.milliseconds)
    }

    private static func write(_ refusal: CertificateRefusal?, to json: inout JSONWriter) {
        json.member("standing", refusal?.fault.kind.name ?? "good")
        json.member("reason", refusal?.explanation)
    }

    private static func write(_ succession: KeySuccession, to json: inout JSONWriter) {
        json.member("old_fingerprint", succession.old.id.fingerprint)
        json.member("new_fingerprint", succession.new.id.fingerprint)
        json.member("overlap_until_ms", succession.overlapEnd.milliseconds)
    }
}
