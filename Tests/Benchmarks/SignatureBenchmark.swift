import CBenchmarkPeers
import Cryptography
import Quantities

/// Signing and verifying envelopes, beside libsodium on the same payload.
enum SignatureBenchmark {
    private static let payloadBytes = 300

    static func run(rounds: Int, count: Int) throws(BenchmarkError) {
        let key = try sure(SigningKey(seed: [UInt8](repeating: 7, count: 32)), "key of 32 bytes")
        let scheme = Ed25519()
        let domain = SignatureDomain(federation: .zero, configurationEpoch: 1)
        let payload = [UInt8](repeating: 3, count: payloadBytes)
        let envelope = SignedEnvelope(signing: payload, as: .task, with: key, in: domain, by: scheme).encoded
        var (signed, verified, rawSigned, rawVerified) = (Durations(), Durations(), Durations(), Durations())
        var valid = 0
        for _ in 0..<rounds {
            signed.add(
                Durations.measuring(count) {
                    let made = SignedEnvelope(signing: payload, as: .task, with: key, in: domain, by: scheme)
                    valid += made.encoded.count == envelope.count ? 1 : 0
                })
            rawSigned.add(try Durations.ofPeer("libsodium", count) { peers_sign(payloadBytes, count, $0) })
            verified.add(
                Durations.measuring(count) {
                    do throws(EnvelopeError) {
                        let read = try SignedEnvelope(decoding: envelope.span)
                        try read.verify(as: .task, by: key.publicKey, in: domain, using: scheme)
                        valid += 1
                    } catch {}
                })
            rawVerified.add(try Durations.ofPeer("libsodium", count) { peers_verify(payloadBytes, count, $0) })
        }
        guard valid == 2 * rounds * count else { throw .failed("a good signature was refused") }
        Table.row(
            "sign an envelope of \(payloadBytes) B", Figure(signed), beside: "libsodium, bare payload",
            Figure(rawSigned))
        Table.row(
            "  rate", .rate(signed.rate()), beside: "libsodium, bare payload", .rate(rawSigned.rate()))
        Table.row(
            "decode and verify it", Figure(verified), beside: "libsodium, bare payload", Figure(rawVerified))
        Table.row(
            "  rate", .rate(verified.rate()), beside: "libsodium, bare payload", .rate(rawVerified.rate()))
    }
}
