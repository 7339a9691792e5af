import Cryptography
import EnergyProofs
import Federation
import Ledger
import Quantities
import Telemetry
import Wire

// Identities: who is in good standing here, what they may still use, and by which keys platforms sign.
extension AgentMachine {
    // MARK: Keys

    /// What identities are judged by at present.
    var identityJudge: IdentityJudge {
        let own = (name: identity.platform, key: identity.signing.publicKey)
        let others = peers.keys.sorted().compactMap { peers[$0]?.record.payload }.map {
            (name: $0.platform, key: $0.signingKey)
        }
        return IdentityJudge(at: IdentityTime(now.wall, now.status), platforms: PlatformKeys([own] + others))
    }

    /// Goes on under the key that followed an earlier one of this node.
    mutating func follow(_ succession: CountersignedSuccession) {
        // What is known from before is no news.
        _ = try? identities.add(succession)
        gate.handOver(from: succession.payload.old, to: succession.payload.new)
    }

    /// The id of the node that signs with `key`: that of the first key in its row of successions.
    func node(of key: PublicKey) -> PlatformID { identities.successions.first(key).id }

    /// The key with the id `signer` by which `peer` signs at present, or its newest one.
    func signingKey(of peer: PlatformID, for signer: KeyID) -> PublicKey? {
        guard let known = peers[peer]?.record.payload.signingKey else { return nil }
        let keys = identities.successions.keys(for: known, at: IdentityTime(now.wall, now.status))
        return keys.first { $0.id == signer } ?? keys.first
    }

    /// The peer that signs with the key `signer` at present; nil where none does.
    func peer(signingAs signer: KeyID) -> PlatformID? {
        if peers[signer] != nil { return signer }
        return peers.keys.sorted().first { signingKey(of: $0, for: signer)?.id == signer }
    }

    // MARK: Use

    /// What `lct` may do and use on this board, and what it uses already as the one that hands tasks out.
    func useByDelegator(_ lct: LCT) -> IdentityUse {
        let isOwn = lct == identity.delegator
        let handed = working.open.filter { $0.task?.payload.source == lct }
        let asked = clients.open.values.filter { $0.terms.source == lct }
        var running = Int64(handed.count + asked.count)
        var spent = uses.amount(of: lct, at: ledgerNow) + handed.reduce(Energy.zero) { $0 + $1.budget }
        spent = asked.reduce(spent) { $0 + $1.terms.budget.energy }
        if isOwn {
            let away = paying.open
            let here = local.values.filter { $0.client == nil }
            running += Int64(away.count + here.count)
            spent = away.reduce(spent) { $0 + $1.life.budget }
            spent = here.reduce(spent) { $0 + $1.reserved }
        }
        return use(of: lct, spent: spent, running: running)
    }

    /// What `lct` may do and use on this board, and what it uses already as the one that runs tasks.
    func useByTarget(_ lct: LCT) -> IdentityUse {
        let taken = working.open.filter { $0.task?.payload.target == lct }
        let own = local.values.filter { task in
            let target = task.client.map { clients.open[$0]?.terms.target } ?? ownTarget(of: task.operation)
            return target == lct
        }
        let spent = own.reduce(
            taken.reduce(uses.amount(of: lct, at: ledgerNow)) { $0 + $1.budget }
        ) { $0 + $1.reserved }
        return use(of: lct, spent: spent, running: Int64(taken.count { $0.isAtWork } + own.count))
    }

    private func use(of lct: LCT, spent: Energy, running: Int64) -> IdentityUse {
        var use = IdentityUse(lct, spentToday: min(spent, .largest), running: running)
        do throws(CertificateRefusal) {
            use.budget = try identities.budget(of: lct, identityJudge)
        } catch { use.refusal = error }
        if let memory = energy.sample?.memory.total { use.budget = use.budget.limited(toMemory: memory) }
        return use
    }

    /// The identity in which this board runs `operation` for its own operator.
    func ownTarget(of operation: Operation) -> LCT? {
        LCT(lineageOf: identity.delegator, context: identity.platform, task: AgentMachine.taskType(for: operation))
    }

    /// What the rules of identities say against running an own request at `place`; nil where nothing.
    func identityRefusal(of operation: Operation, memory: ByteCount, at place: Candidate) -> TaskRefusal? {
        let source = useByDelegator(identity.delegator)
        guard
            let target = LCT(
                lineageOf: identity.delegator, context: place.platform, task: AgentMachine.taskType(for: operation))
        else { return .wrongPlatform }
        if place.isHere {
            return PermissionRules.refusal(
                of: operation, budget: place.lock, memory: memory, from: source, to: useByTarget(target))
        }
        // How much the target has left on its own platform only that one knows, and says in its refusal.
        return PermissionRules.refusal(of: operation, from: source, to: use(of: target, spent: .zero, running: 0))
            ?? PermissionRules.shortage(ofDelegator: source, budget: place.lock)
    }

    /// Counts `amount` against the daily ceilings of `identities`, each once.
    mutating func countUse(_ amount: Energy, by identities: [LCT?]) {
        let distinct = Set(identities.compactMap { $0 }).sorted()
        guard amount > .zero, !distinct.isEmpty else { return }
        for lct in distinct { stage(uses.add(amount, for: lct, at: ledgerNow)) }
    }

    // MARK: Commands

    /// Takes in a certificate, a revocation or a succession of keys.
    mutating func addIdentity(_ text: String, for command: CommandID) {
        let content: IdentityText
        do throws(IdentityTextError) {
            content = try IdentityText(text, in: identity.domain, using: scheme)
        } catch {
            return reply(command, CommandReply(.invalid, "not accepted: " + error.explanation))
        }
        if case .succession(let succession) = content, let reason = refusal(of: succession) {
            return reply(command, reason)
        }
        do throws(IdentityRegistryError) {
            let records: [IdentityRecord] =
                switch content {
                case .certificates(let chain): try identities.add(chain, identityJudge)
                case .revocation(let revocation): try identities.add(revocation, identityJudge)
                case .succession(let succession): try identities.add(succession)
                }
            store(records)
        } catch {
            return reply(command, CommandReply(.invalid, "not accepted: " + error.explanation, hint: error.hint))
        }
        reply(command, IdentityViews.added(content, identities, identityJudge))
    }

    /// A succession is taken from whoever is known: a peer, a platform or creator that is trusted by name, or the key
    /// of a certificate.
    private func refusal(of succession: CountersignedSuccession) -> CommandReply? {
        let old = succession.payload.old
        let isKnown =
            peers[node(of: old)] != nil
            || identities.trusted.values.contains { identities.successions.isSameHolder($0, old) }
            || identities.certificates.values.contains { identities.successions.isSameHolder($0.payload.key, old) }
        if isKnown { return nil }
        return CommandReply(
            .notFound, "nobody with the key \(old.id.fingerprint) is known here",
            hint: "add the peer first: sage-edge peers add FILE")
    }

    /// Says how a certificate would stand here, without taking it in.
    func checkIdentity(_ text: String) -> CommandReply {
        do throws(IdentityTextError) {
            let content = try IdentityText(text, in: identity.domain, using: scheme)
            return IdentityViews.checked(content, identities, identityJudge)
        } catch { return CommandReply(.invalid, "not accepted: " + error.explanation) }
    }

    /// Trusts a bare public key as that of a platform or a creator.
    mutating func trustKey(_ text: String, as pem: String, for command: CommandID) {
        guard let name = TrustedName(text) else {
            return reply(
                command, CommandReply(.invalid, "'\(text)' is neither a platform's name nor lct:web4:agent:CREATOR"))
        }
        let key: PublicKey
        do throws(PEMError) { key = try PEM.publicKey(pem) } catch {
            return reply(command, CommandReply(.invalid, "not a public key: " + error.explanation))
        }
        if case .platform(let platform) = name, platform == identity.platform || peer(named: platform.text) != nil {
            let whose = platform == identity.platform ? "this node" : "a peer"
            return reply(
                command, CommandReply(.invalid, "\(platform.text) is the name of \(whose), whose key is known already"))
        }
        do throws(IdentityRegistryError) { store(try identities.trust(key, as: name)) } catch {
            return reply(command, CommandReply(.invalid, error.explanation, hint: error.hint))
        }
        reply(command, IdentityViews.trusted(name, key))
    }

    /// Trusts no key under `name` any more; false where none was trusted.
    mutating func distrust(_ name: String) -> Bool {
        guard let name = TrustedName(name) else { return false }
        let records = identities.distrust(name)
        store(records)
        return !records.isEmpty
    }

    private mutating func store(_ records: [IdentityRecord]) {
        for record in records {
            if let value = record.value {
                staging.write(.put(.certificate, key: record.key, value: value))
            } else {
                staging.write(.remove(.certificate, key: record.key))
            }
        }
    }
}

extension IdentityRegistryError {
    /// What to try next, where there is something.
    fileprivate var hint: String? {
        switch self {
        case .refused(let refusal):
            switch refusal.fault {
            case .platformUnknown(let name): "sage-edge peers add \(name.text) --key FILE, or its node record"
            case .rootNotTrusted: "sage-edge peers add \(LCT.rootText(refusal.lineage)) --key FILE"
            case .parentUnknown(let lineage):
                "add the certificate of \(lineage.text) first: sage-edge identity add FILE"
            default: nil
            }
        case .otherKey(let name, _): "sage-edge peers remove \(name.text), then add it again"
        case .full, .notNewer, .revokerSucceeded, .succession: nil
        }
    }
}
