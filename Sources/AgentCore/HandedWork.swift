import Cryptography
import Federation
import Ledger
import Quantities
import Wire

/// A platform above a task that was handed on.
struct ChainLink: Hashable {
    /// Its name.
    let platform: PlatformName
    /// Whether this board knows its key itself, beside what those below vouch for.
    let isKnown: Bool

    /// A platform of a checked chain.
    init(platform: PlatformName, isKnown: Bool) {
        self.platform = platform
        self.isKnown = isKnown
    }

    /// Reads `[platform, known]`.
    init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 2)
        platform = try PlatformName(from: &reader)
        isKnown = try reader.boolean()
        reader.endArray()
    }

    func write(to writer: inout CBORWriter) {
        writer.array(2)
        writer.text(platform.text)
        writer.boolean(isKnown)
    }
}

/// A task below one that was handed on, as its proof tells.
struct BelowLink: Hashable {
    /// The task.
    let task: TaskID
    /// Where it was done.
    let platform: PlatformName
    /// The energy that it took, and those below it.
    let energy: Energy
    /// What was paid for it.
    let paid: Energy
    /// What the platform's key says of the proof.
    let standing: Standing

    /// Whether a signature could be checked.
    enum Standing: UInt8 {
        /// No key of the platform is known here.
        case unknown = 0
        /// The platform has signed it.
        case signed = 1
        /// The platform is known and has not signed it.
        case notSigned = 2

        /// The standing in a word, for programs.
        var name: String {
            switch self {
            case .unknown: "unknown_key"
            case .signed: "signed"
            case .notSigned: "not_signed"
            }
        }
    }

    /// A task below.
    init(task: TaskID, platform: PlatformName, energy: Energy, paid: Energy, standing: Standing) {
        self.task = task
        self.platform = platform
        self.energy = energy
        self.paid = paid
        self.standing = standing
    }

    /// Reads `[task, platform, energy, paid, standing]`.
    init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 5)
        task = TaskID(bytes: try reader.bytes16())
        platform = try PlatformName(from: &reader)
        energy = try reader.amount()
        paid = try reader.amount()
        let start = reader.offset
        guard let standing = Standing(rawValue: UInt8(try reader.unsigned(atMost: 2))) else {
            throw .invalidValue(at: start)
        }
        self.standing = standing
        reader.endArray()
    }

    func write(to writer: inout CBORWriter) {
        writer.array(5)
        writer.byteString(task.bytes)
        writer.text(platform.text)
        writer.integer(energy.millijoules)
        writer.integer(paid.millijoules)
        writer.unsigned(UInt64(standing.rawValue))
    }

    /// Writes the links in `below` as a member of a view.
    static func write(_ below: [BelowLink], to json: inout JSONWriter) {
        guard !below.isEmpty else { return }
        json.key("below")
        json.beginArray()
        for link in below {
            json.beginObject()
            json.member("task", link.task.text)
            json.member("platform", link.platform.text)
            AgentViews.amount("energy_mj", link.energy, &json)
            AgentViews.amount("paid_mj", link.paid, &json)
            json.member("proof", link.standing.name)
            json.endObject()
        }
        json.endArray()
    }
}

/// A decision where a peer's task is done, until it is known what came of it.
struct OpenDecision {
    /// The decision as it is kept.
    let kept: NumberedDecision
    /// When it was made.
    let madeAt: BootTime
}

/// How the time that is left for a task is divided where it is handed on.
struct HandingTime {
    /// Until the proof from below must be there.
    let working: TimeSpan
    /// After that, until it is decided on: still before the proof of the task above is due.
    let grace: TimeSpan

    /// The division of `left`: the last tenth of it, a second at most, is for the way back; before that a quarter, and
    /// no more than `grace`, for deciding.
    init(left: TimeSpan, grace: TimeSpan) {
        let left = max(.zero, left).milliseconds
        let way = min(1_000, left / 10)
        let deciding = min(grace.milliseconds, left / 4)
        working = TimeSpan(milliseconds: left - way - deciding)
        self.grace = TimeSpan(milliseconds: deciding)
    }
}
