import Cryptography
import Federation
import Ledger
import Link
import Quantities
import Wire

/// What is known of a peer: its signed record, where its handshakes stand, and how it does.
struct PeerState {
    /// The peer's id: that of the first key it was known by.
    let id: PlatformID
    /// The node record, signed by its owner.
    var record: Signed<NodeRecord>
    /// Where the peer's handshakes stand.
    var position: HandshakePosition?
    /// How far it is trusted.
    var trust = TrustRecord()
    /// How accurate a witness it is.
    var witness = WitnessRecord()

    /// The last heartbeat.
    var heartbeat: Heartbeat?
    /// When that came.
    var heardAt: BootTime?
    /// Whether it has refused a task since then because of how it stood.
    var hasRefused = false
    /// What it was given and has not done, in this process.
    var undone: [Operation: UndoneWork] = [:]
    /// When work that it had not done was last held against it, in this process.
    var blamedAt: LedgerTime?
    /// What waits there that others sent.
    var queue = PeerQueue()
    /// How fast input gets there.
    var way = PeerWay()
    /// What the peer said of itself at the last handshake.
    var session: PeerSession?
    /// This side's question about the lanes, new with every session; its echo proves an answer fresh.
    var laneQuestion = Bytes16.zero
    /// The peer's question, echoed in every statement about the lanes.
    var laneEcho = Bytes16.zero
    /// The number of the last statement taken from the peer in this session.
    var laneStamp: UInt64 = 0
    /// Whether the peer has answered about the lanes in this session: only then money moves.
    var isLaneKnown = false
    /// What the peer said last of its ledger.
    var observation: PeerObservation?
    /// When the outbox is sent again; nil while it is empty.
    var outboxDue: BootTime?
    /// How often it was, without an answer.
    var outboxAttempts = 0

    /// The peer of a checked record.
    init(record: Signed<NodeRecord>, id: PlatformID) {
        self.record = record
        self.id = id
    }

    /// The peer's name on the link.
    var linkID: LinkPeerID { LinkPeerID(staticKey: record.payload.agreementKey) }
    /// The platform's name.
    var name: PlatformName { record.payload.platform }

    /// The peer as the link wants it.
    var linkPeer: LinkPeer {
        LinkPeer(id: linkID, node: id, durablePosition: position, address: record.payload.addresses.first)
    }

    /// Reads `{1: record, 2: [boot epoch, sequence]?, 3: trust, 4: id?, 5: witness?}`; without an id it is that of the
    /// record's key.
    init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(1, of: &map)
        let start = reader.offset
        let envelope = try SignedEnvelope(from: &reader)
        do throws(EnvelopeError) { record = try Signed(stored: envelope) } catch { throw .invalidValue(at: start) }
        if try reader.hasField(2, of: &map) {
            try reader.beginArray(of: 2)
            position = HandshakePosition(bootEpoch: try reader.unsigned(), sequence: try reader.unsigned())
            reader.endArray()
        }
        try reader.field(3, of: &map)
        trust = try TrustRecord(from: &reader)
        id = try reader.hasField(4, of: &map) ? KeyID(bytes: try reader.bytes32()) : record.payload.signingKey.id
        if try reader.hasField(5, of: &map) { witness = try WitnessRecord(from: &reader) }
        try reader.endMap(&map)
    }

    /// The stored form.
    var encoded: [UInt8] {
        var writer = CBORWriter()
        let hasOwnKey = id == record.payload.signingKey.id
        let isWitness = witness != WitnessRecord()
        writer.map((position == nil ? 2 : 3) + (hasOwnKey ? 0 : 1) + (isWitness ? 1 : 0))
        writer.unsigned(1)
        record.envelope.write(to: &writer)
        if let position {
            writer.unsigned(2)
            writer.array(2)
            writer.unsigned(position.bootEpoch)
            writer.unsigned(position.sequence)
        }
        writer.unsigned(3)
        trust.write(to: &writer)
        if !hasOwnKey {
            writer.unsigned(4)
            writer.byteString(id.bytes)
        }
        if isWitness {
            writer.unsigned(5)
            witness.write(to: &writer)
        }
        return writer.bytes
    }
}

/// A ping under way.
struct Ping {
    let peer: PlatformID
    let sentAt: BootTime
    let deadline: BootTime
    /// The link's number for the message whose delivery is awaited.
    let message: MessageNumber
}

/// A stored peer, for whoever only looks at the store.
public enum StoredPeer {
    /// The name and the key of the peer in `record`; nil where it cannot be read.
    public static func platform(_ record: [UInt8]) -> (name: PlatformName, key: PublicKey)? {
        do throws(CBORError) {
            var reader = try CBORReader(record.span, limit: record.count)
            let peer = try PeerState(from: &reader)
            try reader.finish()
            return (peer.name, peer.record.payload.signingKey)
        } catch { return nil }
    }
}
