import Cryptography
import Federation
import Quantities
import Testing
import Wire

@Suite struct NodeRecordTests {
    static var record: NodeRecord {
        guard
            let record = NodeRecord(
                signingKey: Fixture.thor.publicKey, agreementKey: Fixture.hash(77), platform: Fixture.platform("Thor"),
                addresses: [
                    NetworkAddress(ipv4: 192, 0, 2, 7, port: 7_400), NetworkAddress("[2001:db8::7]:7400"),
                ].compactMap { $0 }, sequence: 3)
        else { fatalError("two addresses") }
        return record
    }

    static var text: String { NodeRecordText.text(Fixture.sign(record, by: Fixture.thor)) }

    static func read(_ text: String, domain: SignatureDomain = Fixture.domain) -> NodeRecordTextError? {
        do throws(NodeRecordTextError) {
            _ = try NodeRecordText.record(text, in: domain, using: Fixture.scheme)
            return nil
        } catch { return error }
    }

    @Test func `what is exported is read back`() throws {
        let record = try NodeRecordText.record(Self.text, in: Fixture.domain, using: Fixture.scheme)
        #expect(record.payload == Self.record)
        #expect(record.signer == Fixture.thor.publicKey.id)
        #expect(Self.text.hasPrefix("-----BEGIN SAGE-EDGE NODE-----\n"))
        #expect(Self.text.split(separator: "\n").allSatisfy { $0.utf8.count <= 64 })
    }

    @Test func `line ends, indentation and text around the block do not matter`() {
        #expect(Self.read(Self.text.replacing("\n", with: "\r\n")) == nil)
        #expect(Self.read(Self.text.replacing("\n", with: "\r")) == nil)
        #expect(
            Self.read("Hello, here is my node:\n\n  " + Self.text.replacing("\n", with: " \n\t") + "\nBye\n") == nil)
    }

    @Test func `a text without one whole block is refused by name`() {
        let lines = Self.text.split(separator: "\n").map(String.init)
        #expect(Self.read("") == .noBegin)
        #expect(Self.read(lines.dropFirst().joined(separator: "\n")) == .noBegin)
        #expect(Self.read(lines.dropLast().joined(separator: "\n")) == .noEnd)
        #expect(Self.read(Self.text + Self.text) == .severalBlocks)
        #expect(
            Self.read([lines[0], "!" + lines[1].dropFirst()].joined(separator: "\n") + "\n" + (lines.last ?? ""))
                == .notBase64)
        #expect(Self.read(String(repeating: "x", count: 16_385)) == .tooLong(length: 16_385))
    }

    @Test func `a record of another federation is refused`() {
        let other = SignatureDomain(federation: Fixture.hash(9), configurationEpoch: 1)
        #expect(Self.read(Self.text, domain: other) == .refused(.badSignature))
    }

    @Test func `a record that names another key than its signer's is refused`() {
        let forged = NodeRecordText.text(Fixture.sign(Self.record, by: Fixture.sprout))
        #expect(
            Self.read(forged)
                == .refused(.wrongKey(expected: Fixture.thor.publicKey.id, found: Fixture.sprout.publicKey.id)))
    }

    @Test func `no changed byte of a record is accepted`() throws {
        let bytes = Fixture.sign(Self.record, by: Fixture.thor).envelope.encoded
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            #expect(throws: EnvelopeError.self, "byte \(index)") {
                let envelope = try SignedEnvelope(decoding: changed.span)
                _ = try Signed(selfSigned: envelope, in: Fixture.domain, using: Fixture.scheme) as Signed<NodeRecord>
            }
        }
    }

    @Test func `more than eight addresses and port zero are refused`() throws {
        let address = NetworkAddress(ipv4: 192, 0, 2, 7, port: 7_400)
        #expect(
            NodeRecord(
                signingKey: Fixture.thor.publicKey, agreementKey: .zero, platform: Fixture.platform("Thor"),
                addresses: Array(repeating: address, count: 9), sequence: 1) == nil)
        let bytes = Self.record.encoded
        let entry = CBORValue.array([.bytes([UInt8](repeating: 0, count: 16)), .unsigned(0)])
        let noPort = try Fixture.editing(bytes, 4) { _ in .array([entry]) }
        if case .invalidValue = Fixture.refusal(NodeRecord.self, noPort) {} else { Issue.record("port 0 accepted") }
        let valid = CBORValue.array([.bytes([UInt8](repeating: 0, count: 16)), .unsigned(1)])
        let nine = try Fixture.editing(bytes, 4) { _ in .array(Array(repeating: valid, count: 9)) }
        if case .tooLong(_, limit: 8) = Fixture.refusal(NodeRecord.self, nine) {} else { Issue.record("nine accepted") }
    }
}
