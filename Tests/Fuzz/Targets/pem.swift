// PEM import: an accepted key is written and read back as the same key.

import Cryptography

private let isReady = prepareCryptography()

func fuzz(_ input: [UInt8]) {
    precondition(isReady, "libsodium starts")
    let text = String(decoding: input, as: UTF8.self)
    if let key = try? PEM.publicKey(text) {
        precondition((try? PEM.publicKey(PEM.text(key))) == key, "a public key changed")
    }
    if let key = try? PEM.signingKey(text) {
        let again = try? PEM.signingKey(PEM.secretText(key))
        precondition(again?.publicKey == key.publicKey, "a signing key changed")
    }
    if let key = try? PEM.keyAgreementKey(text) {
        let again = try? PEM.keyAgreementKey(PEM.secretText(key))
        precondition(again?.publicKey == key.publicKey, "an agreement key changed")
    }
    if let bytes = Base64.decode(input) {
        precondition(Base64.decode(Base64.encode(bytes)) == bytes, "base64 changed")
    }
}
