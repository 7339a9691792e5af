import Cryptography
import Quantities
import Wire

/// The encoding of events: `[kind, payload]`, or `[kind]` where there is none.
///
/// Amounts are read as any integer: whether an amount may take effect is for the machine to say.
extension LedgerEvent: LedgerCodable {
    private enum Kind: UInt8 {
        case genesis = 1
        case configure = 2
        case charge = 3
        case lock = 4
        case post = 5
        case void = 6
        case expire = 7
        case reserve = 8
        case completeWork = 9
        case failWork = 10
        case receive = 11
        case issueReturn = 12
        case acceptReturn = 13
        case expireLots = 14
        case advanceLane = 15
        case observePeer = 16
        case reconcile = 17
        case grant = 18
        case raiseFloor = 19
    }

    private var kind: Kind {
        switch self {
        case .genesis: .genesis
        case .configure: .configure
        case .charge: .charge
        case .lock: .lock
        case .post: .post
        case .void: .void
        case .expire: .expire
        case .reserve: .reserve
        case .completeWork: .completeWork
        case .failWork: .failWork
        case .receive: .receive
        case .issueReturn: .issueReturn
        case .acceptReturn: .acceptReturn
        case .expireLots: .expireLots
        case .advanceLane: .advanceLane
        case .observePeer: .observePeer
        case .reconcile: .reconcile
        case .grant: .grant
        case .raiseFloor: .raiseFloor
        }
    }

    /// A word for the event, as history shows it.
    public var name: String {
        switch self {
        case .genesis: "genesis"
        case .configure: "configure"
        case .charge: "charge"
        case .lock: "lock"
        case .post: "post"
        case .void: "void"
        case .expire: "expire"
        case .reserve: "reserve"
        case .completeWork: "complete-work"
        case .failWork: "fail-work"
        case .receive: "receive"
        case .issueReturn: "issue-return"
        case .acceptReturn: "accept-return"
        case .expireLots: "expire-lots"
        case .advanceLane: "advance-lane"
        case .observePeer: "observe-peer"
        case .reconcile: "reconcile"
        case .grant: "grant"
        case .raiseFloor: "raise-floor"
        }
    }

    /// Reads `[kind, payload]` or `[kind]`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        let count = try reader.beginArray(limit: 2)
        guard count > 0 else { throw .wrongCount(at: start, expected: 2, found: count) }
        let kindOffset = reader.offset
        guard let kind = Kind(rawValue: UInt8(try reader.unsigned(atMost: 255))) else {
            throw .invalidValue(at: kindOffset)
        }
        let expected = kind == .expireLots ? 1 : 2
        guard count == expected else { throw .wrongCount(at: start, expected: expected, found: count) }
        switch kind {
        case .genesis: self = .genesis(try Genesis(from: &reader))
        case .configure: self = .configure(supply: Energy(millijoules: try reader.integer()))
        case .charge: self = .charge(try ChargeAuthorisation(from: &reader))
        case .lock: self = .lock(try LockRequest(from: &reader))
        case .post: self = .post(try PostRequest(from: &reader))
        case .void: self = .void(try VoidRequest(from: &reader))
        case .expire: self = .expire(TaskID(bytes: try reader.bytes16()))
        case .reserve: self = .reserve(try ReserveRequest(from: &reader))
        case .completeWork: self = .completeWork(try WorkCompletion(from: &reader))
        case .failWork:
            var map = try reader.beginMap()
            let task = try reader.task(1, of: &map)
            self = .failWork(task, try reader.code(2, of: &map))
            try reader.endMap(&map)
        case .receive: self = .receive(try ReceiptCredit(from: &reader))
        case .issueReturn: self = .issueReturn(to: KeyID(bytes: try reader.bytes32()))
        case .acceptReturn: self = .acceptReturn(try ReturnNotice(from: &reader))
        case .expireLots: self = .expireLots
        case .advanceLane: self = .advanceLane(try LaneAdvance(from: &reader))
        case .observePeer: self = .observePeer(try PeerObservation(from: &reader))
        case .reconcile: self = .reconcile(try PeerObservation(from: &reader))
        case .grant: self = .grant(try GrantRequest(from: &reader))
        case .raiseFloor:
            var map = try reader.beginMap()
            let platform = try reader.platform(1, of: &map)
            let epoch = try reader.storeEpoch(2, of: &map)
            self = .raiseFloor(of: platform, storeEpoch: epoch, to: try reader.number(3, of: &map))
            try reader.endMap(&map)
        }
        reader.endArray()
    }

    /// Writes `[kind, payload]` or `[kind]`.
    public func write(to writer: inout CBORWriter) {
        writer.array(self == .expireLots ? 1 : 2)
        writer.unsigned(UInt64(kind.rawValue))
        switch self {
        case .genesis(let payload): payload.write(to: &writer)
        case .configure(let supply): writer.integer(supply.millijoules)
        case .charge(let payload): payload.write(to: &writer)
        case .lock(let payload): payload.write(to: &writer)
        case .post(let payload): payload.write(to: &writer)
        case .void(let payload): payload.write(to: &writer)
        case .expire(let task): writer.byteString(task.bytes)
        case .reserve(let payload): payload.write(to: &writer)
        case .completeWork(let payload): payload.write(to: &writer)
        case .failWork(let task, let reason):
            writer.map(2)
            writer.field(1, task)
            writer.field(2, UInt64(reason.rawValue))
        case .receive(let payload): payload.write(to: &writer)
        case .issueReturn(let peer): writer.byteString(peer.bytes)
        case .acceptReturn(let payload): payload.write(to: &writer)
        case .expireLots: break
        case .advanceLane(let payload): payload.write(to: &writer)
        case .observePeer(let payload), .reconcile(let payload): payload.write(to: &writer)
        case .grant(let payload): payload.write(to: &writer)
        case .raiseFloor(let platform, let epoch, let floor):
            writer.map(3)
            writer.field(1, platform)
            writer.field(2, epoch)
            writer.field(3, floor)
        }
    }

    /// Digest of what makes two events the same one, their encoding.
    static func digest(of encoded: [UInt8]) -> Bytes16 { Hashing.hash(encoded, for: .identifier).prefix16 }
}
