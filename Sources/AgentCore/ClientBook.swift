import Cryptography
import Federation
import Ledger
import Quantities
import Wire

/// A task of a client that waits or runs.
struct OpenClientTask: Sendable {
    /// The work ticket on which it runs.
    let ticket: TaskID
    let terms: ClientTerms
    let inputBytes: Int
    /// The request that waits for the outcome.
    let command: CommandID
    /// When the client waits no longer.
    let deadline: BootTime
    /// How often a worker was started for it.
    var attempts: UInt8 = 0
}

/// The tasks of clients: those under way, and which names were used, so that none is taken twice.
///
/// What is remembered is bounded. Where a task is forgotten its client's floor rises to the time at which that task was
/// made, by the client's own clock, and nothing as old or older is taken from this client any more: so a task that was
/// overheard is never run a second time. A pure value; what changes is returned as what is to be stored.
struct ClientBook: Sendable {
    /// A task of a client, by the hash of the client's identity and the task's name.
    typealias Key = Bytes16

    private struct Remembered: Sendable {
        let number: UInt64
        let client: Bytes16
        let created: WallTime
        var end: ClientEnd?
    }

    /// The tasks under way.
    private(set) var open: [Key: OpenClientTask] = [:]
    private var remembered: [Key: Remembered] = [:]
    /// Those of them that have ended, the first one first, behind some that are forgotten.
    private var ended: [Key] = []
    /// How many of those are forgotten; they are taken out together, since that moves all others.
    private var forgotten = 0
    private var floors: [Bytes16: WallTime] = [:]
    private var identities: [LCT: ClientStanding] = [:]
    private var nextNumber: UInt64 = 0

    /// Nothing yet.
    init() {}

    /// The key of the task of `terms`.
    static func key(_ terms: ClientTerms) -> Key {
        var writer = CBORWriter()
        writer.array(2)
        writer.text(terms.source.text)
        writer.text(terms.task)
        return Hashing.hash(writer.bytes, for: .identifier).prefix16
    }

    private static func client(_ lct: LCT) -> Bytes16 {
        Hashing.hash(Array(lct.text.utf8), for: .identifier).prefix16
    }

    // MARK: Looking

    /// Why a task of `terms` is not taken on because of tasks before it; nil where nothing speaks against it.
    func refusal(of terms: ClientTerms) -> ClientRefusal? {
        if let known = remembered[ClientBook.key(terms)] {
            return known.end.map { .alreadyEnded($0) } ?? .alreadyActive
        }
        let client = ClientBook.client(terms.source)
        guard let floor = floors[client] else { return floors.count < ClientLimits.floors ? nil : .full }
        return terms.created > floor ? nil : .forgotten
    }

    /// Whether a task was made so late by its client's clock that a synchronised one here contradicts.
    static func isAhead(_ terms: ClientTerms, at now: Moment) -> Bool {
        now.status == .synchronized && terms.created > now.wall + ClientLimits.mostAhead
    }

    /// The tasks under way that clients, or `source` alone, call `name`.
    func open(called name: String, of source: LCT?) -> [Key] {
        open.filter { _, task in
            task.terms.task.utf8.elementsEqual(name.utf8) && (source == nil || task.terms.source == source)
        }.keys.sorted()
    }

    /// Whether a further task of `source`, with so much input, may be under way: neither all together nor those of one
    /// client have more than their share.
    func hasRoom(for inputBytes: Int, of source: LCT) -> Bool {
        let own = open.values.filter { $0.terms.source == source }
        func sum(_ tasks: some Sequence<OpenClientTask>) -> Int { tasks.reduce(0) { $0 + $1.inputBytes } }
        return ClientShare.hasRoom(own: own.count, all: open.count, limit: ClientLimits.openTasks)
            && ClientShare.hasRoom(
                for: inputBytes, own: sum(own), all: sum(open.values), limit: ClientLimits.inputBytes)
    }

    /// When the first of the tasks under way is late; nil where there are none.
    var deadline: BootTime? { open.values.map { $0.deadline }.min() }

    /// What `identity` did here; nil where it never did anything.
    func standing(of identity: LCT) -> ClientStanding? { identities[identity] }

    /// How many tasks are remembered, how many floors and identities kept.
    var counts: (tasks: Int, floors: Int, identities: Int) { (remembered.count, floors.count, identities.count) }

    // MARK: Beginning and ending

    /// Takes on a task, and remembers its name: in the store from now on, or from its end on.
    mutating func begin(_ task: OpenClientTask, at now: WallTime, isStored: Bool) -> [StoreWrite] {
        let key = ClientBook.key(task.terms)
        open[key] = task
        let entry = Remembered(
            number: nextNumber, client: ClientBook.client(task.terms.source), created: task.terms.created)
        nextNumber += 1
        remembered[key] = entry
        return (isStored ? [write(entry, key)] : []) + meet(task.terms.target, at: now) + forget()
    }

    /// Counts that a worker was started for a task; how often that was.
    mutating func startAgain(_ key: Key) -> UInt8 {
        open[key]?.attempts += 1
        return open[key]?.attempts ?? 0
    }

    /// Ends a task, which ran for `runtime` where it has a result.
    mutating func end(_ key: Key, _ end: ClientEnd, runtime: TimeSpan = .zero) -> [StoreWrite] {
        guard let task = open.removeValue(forKey: key), var entry = remembered[key] else { return [] }
        entry.end = end
        remembered[key] = entry
        ended.append(key)
        var writes = [write(entry, key)]
        if end == .completed, var standing = identities[task.terms.target] {
            standing.tasks += 1
            standing.runtime = standing.runtime + runtime
            identities[task.terms.target] = standing
            writes.append(write(standing, of: task.terms.target))
        }
        return writes + forget()
    }

    /// Ends what was under way when the agent ended: nobody waits for it any more.
    mutating func interrupt() -> [StoreWrite] {
        var writes: [StoreWrite] = []
        for key in remembered.keys.sorted() where remembered[key]?.end == nil {
            guard var entry = remembered[key] else { continue }
            entry.end = .interrupted
            remembered[key] = entry
            ended.append(key)
            writes.append(write(entry, key))
        }
        return writes + forget()
    }

    private mutating func forget() -> [StoreWrite] {
        var writes: [StoreWrite] = []
        while remembered.count > ClientLimits.rememberedTasks, forgotten < ended.count {
            let key = ended[forgotten]
            forgotten += 1
            if forgotten >= ClientLimits.rememberedTasks / 4 {
                ended.removeFirst(forgotten)
                forgotten = 0
            }
            guard let entry = remembered.removeValue(forKey: key) else { continue }
            writes.append(.remove(.clientTask, key: AgentMachine.numberKey(entry.number)))
            let floor = max(floors[entry.client] ?? entry.created, entry.created)
            guard floors[entry.client] != floor else { continue }
            floors[entry.client] = floor
            var writer = CBORWriter()
            writer.integer(floor.milliseconds)
            writes.append(.put(.client, key: ClientPart.floor.key(entry.client.array), value: writer.bytes))
        }
        return writes
    }

    private mutating func meet(_ identity: LCT, at now: WallTime) -> [StoreWrite] {
        guard identities[identity] == nil else { return [] }
        var writes: [StoreWrite] = []
        if identities.count >= ClientLimits.identities {
            let least = identities.keys.min {
                let (left, right) = (identities[$0]?.tasks ?? 0, identities[$1]?.tasks ?? 0)
                return left != right ? left < right : $0 < $1
            }
            if let least {
                identities[least] = nil
                writes.append(.remove(.client, key: ClientPart.standing.key(ClientBook.client(least).array)))
            }
        }
        let standing = ClientStanding(since: now)
        identities[identity] = standing
        return writes + [write(standing, of: identity)]
    }
}

/// What an identity did here for clients.
struct ClientStanding: Hashable, Sendable {
    /// When the first task was taken on.
    let since: WallTime
    /// Tasks with a result.
    var tasks: UInt64 = 0
    /// How long they ran, together.
    var runtime = TimeSpan.zero

    /// Nothing yet.
    init(since: WallTime) { self.since = since }

    /// Reads `[since, tasks, runtime]`.
    init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 3)
        since = WallTime(milliseconds: try reader.integer())
        tasks = try reader.unsigned(atMost: UInt64(Int64.max))
        runtime = TimeSpan(milliseconds: try reader.nonNegative())
        reader.endArray()
    }

    /// The stored form.
    var encoded: [UInt8] {
        var writer = CBORWriter()
        writer.array(3)
        writer.integer(since.milliseconds)
        writer.unsigned(tasks)
        writer.integer(max(.zero, runtime).milliseconds)
        return writer.bytes
    }
}

/// What a record of the kind `client` is about.
enum ClientPart: UInt8 {
    /// The floor of a client, by the hash of its identity.
    case floor = 1
    /// What an identity did here, by the hash of it.
    case standing = 2

    func key(_ name: [UInt8]) -> [UInt8] { [rawValue] + name }
}

// MARK: Records

extension ClientBook {
    private func write(_ entry: Remembered, _ key: Key) -> StoreWrite {
        var writer = CBORWriter()
        writer.map(entry.end == nil ? 3 : 4)
        writer.unsigned(1)
        writer.byteString(key)
        writer.unsigned(2)
        writer.byteString(entry.client)
        writer.unsigned(3)
        writer.integer(entry.created.milliseconds)
        if let end = entry.end {
            writer.unsigned(4)
            writer.unsigned(UInt64(end.rawValue))
        }
        return .put(.clientTask, key: AgentMachine.numberKey(entry.number), value: writer.bytes)
    }

    private func write(_ standing: ClientStanding, of identity: LCT) -> StoreWrite {
        var writer = CBORWriter()
        writer.array(2)
        writer.text(identity.text)
        writer.encoded(standing.encoded)
        return .put(
            .client, key: ClientPart.standing.key(ClientBook.client(identity).array), value: writer.bytes)
    }

    /// Takes in the record of a task, `{1: key, 2: client, 3: created, 4: how it ended?}`; records come in the order of
    /// their numbers.
    mutating func restoreTask(number: UInt64, from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(1, of: &map)
        let key = try reader.bytes16()
        try reader.field(2, of: &map)
        let client = try reader.bytes16()
        try reader.field(3, of: &map)
        let created = WallTime(milliseconds: try reader.integer())
        var entry = Remembered(number: number, client: client, created: created)
        if try reader.hasField(4, of: &map) {
            let start = reader.offset
            guard let end = ClientEnd(rawValue: UInt8(try reader.unsigned(atMost: 255))) else {
                throw .invalidValue(at: start)
            }
            entry.end = end
            ended.append(key)
        }
        try reader.endMap(&map)
        remembered[key] = entry
        nextNumber = max(nextNumber, number + 1)
    }

    /// Takes in the record of a client or of an identity here; false where its key is neither's.
    mutating func restoreClient(key: [UInt8], from reader: inout CBORReader) throws(CBORError) -> Bool {
        let name = Array(key.dropFirst())
        switch key.first.flatMap({ ClientPart(rawValue: $0) }) {
        case .floor:
            guard let client = Bytes16(name) else { return false }
            floors[client] = WallTime(milliseconds: try reader.integer())
        case .standing:
            try reader.beginArray(of: 2)
            let start = reader.offset
            let text = try reader.text(limit: FederationLimits.maximumLCTLength)
            guard let identity = try? LCT(text) else { throw .invalidValue(at: start) }
            identities[identity] = try ClientStanding(from: &reader)
            reader.endArray()
        case nil: return false
        }
        return true
    }
}
