import Configuration
import EnergyProofs
import Quantities
import Telemetry

/// Everything that `doctor` judges by, as the shell gathered it.
///
/// What was not looked at is nil or empty, and nothing is said about it.
struct DoctorFacts: Equatable {
    /// The user whose rights count: the running agent's, or else whoever runs the program.
    var reader = Reader()
    var given = Given()
    var board: Board?
    var sources = Sources()
    var clock: Clock?
    var state: State?
    var keys: [KeyFile] = []
    var configuration = Configuration()
    var network: Network?
    var peers: [Peer] = []
    var agent: Agent?
    var service: Service?
    var worker: Worker?

    /// What the caller named, which commands that are proposed have to name again.
    struct Given: Equatable {
        var state: String?
        var configuration: String?
    }

    struct Reader: Equatable {
        var user: UInt32 = 0
        var name = "root"
        /// The group that is given what root keeps for itself.
        var group = Reader.ownGroup
        /// Whether it is the running agent's, and not the caller's.
        var isAgent = false
        /// Whether the machine lists the user by a name.
        var hasName = true
        /// Whether it is the user who runs this program.
        var isCaller = false

        /// The group that the package makes.
        static let ownGroup = "sage-edge"

        /// The user as `sudo -u` takes it.
        var sudoWord: String { hasName ? shellWord(name) : "'#\(user)'" }
        /// The user as `chown` takes it.
        var ownerWord: String { hasName ? shellWord(name) : "\(user)" }
    }

    /// A file that the reader may not read.
    struct ClosedFile: Equatable {
        var path: String
        var owner: UInt32
        var mode: UInt32
    }

    struct Board: Equatable {
        /// Where the board's files are; `/` on the machine itself.
        var root = "/"
        /// Whether they are a running kernel's.
        var isLive = true
        var sample = SampleView()
        /// The profile in use, its throttle limit lowered to the board's own where that is lower.
        var profile = HardwareProfile(name: "", title: "")
        /// What the operator rates the board for where its power mode does not say it.
        var ratedByOperator: Power?
        /// What it is rated for where that is the profile's guess; nil where somebody says it.
        var guessedRating: Power?
        /// Whether there is a device tree, as on every board that is no PC.
        var hasDeviceTree = false
        /// Counters of over-current events that rose while they were looked at, and by how much.
        var climbing: [Climb] = []
        /// Power files that the reader may not read.
        var closedFiles: [ClosedFile] = []
        /// Devices of the graphics driver that the reader may not open.
        var closedDevices: [ClosedFile] = []
        /// The files that switch channels on which are off, by the name of the rail.
        var switches: [String: String] = [:]
        /// The types of the thermal zones, read or not.
        var zones: [String] = []
        /// Memory that tasks leave free, in bytes.
        var memoryReserve: Int64 = 0

        /// Whether they are another machine's, which commands here do not reach.
        var isElsewhere: Bool { root != "/" && !isLive }
        /// The path, as a word of a command, of the file that the board has at `path`.
        func path(_ path: String) -> String { (root == "/" ? "" : shellWord(root)) + path }
        /// Whether a command names a file of these.
        func isNamed(in line: String) -> Bool {
            let bytes = Array(line.utf8)
            let root = Array(shellWord(root).utf8)
            return bytes.indices.contains { bytes[$0...].starts(with: root) }
        }
        /// What has to be added to a command so that it looks at these files.
        var option: String { root == "/" ? "" : " --sysroot " + shellWord(root) }
        /// Whether it has power modes that nvpmodel sets.
        var hasPowerModes: Bool { !profile.powerModes.isEmpty || sample.release != nil }
    }

    /// The sources of energy, and what the configuration says of them.
    struct Sources: Equatable {
        /// What the running agent tells of them, the board first.
        var told: [ToldSource] = []
        /// What the operator declared.
        var declared: [SourceDeclaration] = []
        /// Where each of them stands, by its name.
        var origins: [String: String] = [:]
        /// What is wrong with the documents in their files, by the name of the source.
        var documentFaults: [String: String] = [:]
        /// How long ago, in milliseconds, their files were written by this machine's clock, by the name of the source;
        /// below zero where a file's time lies ahead.
        var fileAges: [String: Int64] = [:]
        /// What may be charged from.
        var policy = ChargingPolicy()
    }

    struct Climb: Equatable {
        var cause: String
        var events: Int64
        var milliseconds: Int64
    }

    struct Clock: Equatable {
        var isSynchronized = true
        /// The time of day, in milliseconds since 1970.
        var wallMilliseconds: Int64 = 0
        /// Whether the kernel tells this boot from others.
        var hasBootID = true
    }

    struct State: Equatable {
        var folder = ""
        var isThere = true
        var owner: UInt32 = 0
        var mode: UInt32 = 0o750
        var availableBytes: Int64?
        /// The median of a few waits for the disk; nil where nothing could be written.
        var syncMicroseconds: Int64?
        /// Why a file could not be written there.
        var writeFailure: String?
        /// Whether there is a ledger.
        var hasLedger = true
        /// What is wrong with the ledger.
        var fault: String?
        /// The process that holds the folder's lock.
        var holder: Int32?
    }

    struct KeyFile: Equatable {
        var path: String
        var owner: UInt32
        var mode: UInt32
        /// Why it cannot be used, where it is not its mode.
        var fault: String?
    }

    struct Configuration: Equatable {
        /// Whether it was looked at for faults of its own.
        var isLookedAt = true
        var files: [String] = []
        /// Where own profiles are looked for.
        var profilesFolder = ConfigurationFiles.systemFolder + "/profiles"
        /// Whether the caller may write there, or make it.
        var mayWriteProfiles = false
        /// The file that the running agent was given; nil where it reads the default ones.
        var ofAgent: String?
        /// What keeps the agent from starting.
        var problems: [String] = []
        /// What it would start without.
        var warnings: [String] = []
        /// The tegrastats program that is configured and not there.
        var missingTegrastats: String?
        /// Whether these are the files that the running agent was started with.
        var isOfAgent = false
        /// Whether the running agent may have read others, which cannot be told.
        var mayDiffer = false
    }

    /// Where HTTP is to be served and cannot be.
    struct HTTPRefusal: Equatable {
        var address: String
        var port: UInt16
        var failure: String
    }

    struct Network: Equatable {
        /// Why HTTP could not be served; nil where it could, or where the agent does, or was not tried.
        var http: HTTPRefusal?
        /// The address that is listened at.
        var listen = ""
        var port: UInt16 = 0
        /// Why it cannot be listened there; nil where it can, or where the agent does.
        var failure: String?
        /// Whether that is because another has the port.
        var isInUse = false
        /// Who has it, as far as the kernel tells.
        var holder: String?
        /// Firewalls that are set up, by name.
        var firewalls: [String] = []
        /// Whether the node's record names an address.
        var isAdvertised = true
    }

    struct Peer: Equatable {
        var name: String
        var address: String?
        var isUp: Bool
        var heardMillisecondsAgo: Int64?
        /// What a ping came to; nil where none was sent.
        var ping: Ping?
        var moneyStoppedBecause: String?
    }

    enum Ping: Equatable {
        case answered(milliseconds: Int64)
        case failed(String)
    }

    struct Agent: Equatable {
        enum Presence: Equatable {
            /// It answers.
            case running
            /// Nobody listens.
            case absent
            /// Its socket is not for this user; the group for which it is, where there is one that can be joined.
            case closed(group: String?)
            /// It listens, and does not answer as it should.
            case silent(String)
        }

        var presence = Presence.absent
        var socket = ""
        /// The socket of the system's agent, where that is there and another one was asked for.
        var systemSocket: String?
        var platform = ""
        var state = ""
        /// Where it serves HTTP.
        var http: String?
        /// Why it does not serve HTTP.
        var httpRefusal: HTTPRefusal?
        /// Why its last page allowed no charge.
        var chargeRefusal: String?
        /// Why the configuration that it read last does not count; nil where it does.
        var refusedConfiguration: String?
        /// Keys whose new values count only after it has been started again.
        var pendingKeys: [String] = []
        /// What slows, or slowed, the board down since its start.
        var causes: [ToldCause] = []

        /// Whether it is not for this user, who then learns nothing of its rights and its files.
        var isClosed: Bool { if case .closed = presence { true } else { false } }
    }

    struct Service: Equatable {
        /// What systemd calls its state, such as `active` or `failed`.
        var activity = ""
        /// How it ended the last time, such as `success` or `watchdog`.
        var result = ""
        /// Whether it starts with the board, such as `enabled`.
        var enablement = ""
    }

    enum Worker: Equatable {
        case works(milliseconds: Int64)
        case fails(String)
    }

    // MARK: Command lines

    /// The command line of this program for `words`, with the folder and the configuration that were named.
    func program(_ words: String) -> String {
        "sage-edge" + (given.state.map { " --state " + shellWord($0) } ?? "")
            + (given.configuration.map { " --config " + shellWord($0) } ?? "") + " " + words
    }

    /// The command line that shows what can be read of the board that was looked at.
    var telemetryCommand: String { program("telemetry" + (board?.option ?? "")) }

    /// The command line that checks the configuration that was judged.
    var checkCommand: String {
        let file = given.configuration ?? configuration.ofAgent
        return "sage-edge" + (file.map { " --config " + shellWord($0) } ?? "") + " config check"
    }
}
