import Cryptography
import Quantities
import Wire

/// A peer's name on the link: its X25519 static public key.
public struct LinkPeerID: Hashable, Comparable, Sendable {
    /// The public key.
    public let staticKey: Bytes32

    /// The peer that holds `staticKey`.
    public init(staticKey: Bytes32) { self.staticKey = staticKey }

    /// Orders by byte.
    public static func < (left: LinkPeerID, right: LinkPeerID) -> Bool { left.staticKey < right.staticKey }
}

/// Where a peer's handshakes stand: its boot epoch, and the number of its Init within that epoch.
public struct HandshakePosition: Hashable, Comparable, Sendable {
    /// The counter that the peer saves, one higher, before it first uses it after each start.
    public let bootEpoch: UInt64
    /// The number of the Init since that start.
    public let sequence: UInt64

    /// The position of Init number `sequence` in `bootEpoch`.
    public init(bootEpoch: UInt64, sequence: UInt64) {
        self.bootEpoch = bootEpoch
        self.sequence = sequence
    }

    /// Orders by boot epoch, then by sequence.
    public static func < (left: HandshakePosition, right: HandshakePosition) -> Bool {
        left.bootEpoch != right.bootEpoch ? left.bootEpoch < right.bootEpoch : left.sequence < right.sequence
    }
}

/// A peer that may talk to this endpoint.
public struct LinkPeer: Hashable, Sendable {
    /// The peer's static public key.
    public let id: LinkPeerID
    /// The node that the key belongs to, by its signed node record.
    public let node: KeyID
    /// The highest position that `LinkEvent.durablePosition` ever told for this peer; nil when
    /// nothing is stored, and the peer is challenged before its first session.
    public let durablePosition: HandshakePosition?
    /// Where to reach the peer; nil when it has to speak first.
    public let address: NetworkAddress?

    /// The peer `id` of `node`.
    public init(id: LinkPeerID, node: KeyID, durablePosition: HandshakePosition?, address: NetworkAddress?) {
        self.id = id
        self.node = node
        self.durablePosition = durablePosition
        self.address = address
    }
}

/// What the peer said of itself in the handshake of a session.
public struct PeerSession: Hashable, Sendable {
    /// The peer's boot epoch; another one than before means that its process started anew.
    public let bootEpoch: UInt64
    /// The peer's store epoch; another one than before means that its store was restored or replaced.
    public let storeEpoch: UInt64
    /// What the peer can do, one bit each.
    public let capabilities: UInt32
    /// Where the peer was reached.
    public let address: NetworkAddress
}

/// Who this endpoint is.
public struct LinkConfiguration: Sendable {
    /// This node's id.
    public let localNode: KeyID
    /// Bytes that both sides must agree on: the federation and whatever else sets it apart.
    public let prologue: [UInt8]
    /// This node's static key.
    public let staticKey: KeyAgreementKey
    /// The fleet's secret, `SymmetricKey.zero` where there is none.
    public let presharedKey: SymmetricKey
    /// This start's boot epoch; must be saved before it is used, and be higher than at every earlier start.
    public let bootEpoch: UInt64
    /// The epoch of this node's store.
    public let storeEpoch: UInt64
    /// What this node can do, one bit each.
    public let capabilities: UInt32
    /// How much the endpoint may hold.
    public let limits: LinkLimits

    /// The configuration of one endpoint; `prologue` has at most 255 bytes.
    public init(
        localNode: KeyID, prologue: [UInt8], staticKey: KeyAgreementKey, presharedKey: SymmetricKey = .zero,
        bootEpoch: UInt64, storeEpoch: UInt64, capabilities: UInt32 = 0, limits: LinkLimits = LinkLimits()
    ) {
        precondition(prologue.count <= 255, "a prologue of at most 255 bytes")
        self.localNode = localNode
        self.prologue = prologue
        self.staticKey = staticKey
        self.presharedKey = presharedKey
        self.bootEpoch = bootEpoch
        self.storeEpoch = storeEpoch
        self.capabilities = capabilities
        self.limits = limits
    }
}
