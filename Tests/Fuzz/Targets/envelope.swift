// Signed envelopes as a peer sends them: an accepted one has one encoding; a forged one is not verified.

import Cryptography
import Quantities

private let isReady = prepareCryptography()
private let scheme = Ed25519()
private let domain = SignatureDomain(federation: .zero, configurationEpoch: 1)

func fuzz(_ input: [UInt8]) {
    precondition(isReady, "libsodium starts")
    guard let envelope = try? SignedEnvelope(decoding: input.span) else { return }
    precondition(envelope.encoded == input, "an accepted envelope has another encoding")
    guard let key = SigningKey(seed: [UInt8](repeating: 1, count: 32)) else { return }
    let isVerified: Void? = try? envelope.verify(as: envelope.type, by: key.publicKey, in: domain, using: scheme)
    precondition(isVerified == nil, "nobody signed this")
}
