import Cryptography
import Testing
import Quantities
@Test func smoke() throws {
  #expect(prepareCryptography())
  let k = try #require(SigningKey(seed: [UInt8](repeating: 1, count: 32)))
  print(PEM.text(k.publicKey)); print(PEM.secretText(k)); print(k.publicKey.id.fingerprint)
  let d = SignatureDomain(federation: .zero, configurationEpoch: 1)
  let e = SignedEnvelope(signing: [1,2], as: .task, with: k, in: d, by: Ed25519())
  let bytes = e.encoded
  let f = try SignedEnvelope(decoding: bytes.span)
  try f.verify(as: .task, by: k.publicKey, in: d, using: Ed25519())
  #expect(try PEM.signingKey(PEM.secretText(k)).publicKey == k.publicKey)
  #expect(try PEM.publicKey(PEM.text(k.publicKey)) == k.publicKey)
}
