import Cryptography
import Federation

/// Verifies who has signed a client's task, for whoever does so before the core is asked.
///
/// The core follows it as far as the keys still count then.
public struct ClientVerifier: Sendable {
    private let identities: IdentityRegistry
    private let judge: IdentityJudge
    private let scheme: any SignatureScheme

    init(_ identities: IdentityRegistry, _ judge: IdentityJudge, _ scheme: any SignatureScheme) {
        self.identities = identities
        self.judge = judge
        self.scheme = scheme
    }

    /// Notes in `request` the key that has signed it, or those that have not.
    public func verify(_ request: inout ClientRequest) {
        guard request.signature != nil else { return }
        let keys = identities.signers(of: request.terms.source, judge)
        request.signer = keys.first { request.isSigned(by: $0, scheme) }
        if request.signer == nil { request.strangers = keys }
    }
}
