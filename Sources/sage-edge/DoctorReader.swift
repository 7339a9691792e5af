import Configuration
import Platform
import Quantities
import Sensors
import Telemetry

/// Names of users and groups, from the machine's own files.
struct AccountFiles {
    private let users: [UInt8]
    private let groups: [UInt8]

    private static let fileBytes = 1 << 20

    init() {
        users = (try? FileSystem.read("/etc/passwd", limit: AccountFiles.fileBytes)) ?? []
        groups = (try? FileSystem.read("/etc/group", limit: AccountFiles.fileBytes)) ?? []
    }

    func user(_ id: UInt32) -> String { accountName(id, in: users) ?? "user \(id)" }
    func hasName(_ id: UInt32) -> Bool { accountName(id, in: users) != nil }
    func group(_ id: UInt32) -> String { accountName(id, in: groups) ?? "\(id)" }
    func groups(ofUser id: UInt32) -> [UInt32] {
        accountName(id, in: users).map { groupNumbers(ofUser: $0, users: users, groups: groups) } ?? []
    }
    /// The group `id` where others than root can join it: it has a name and is not root's.
    func joinableGroup(_ id: UInt32) -> String? { id == 0 ? nil : accountName(id, in: groups) }
    func hasGroup(_ name: String) -> Bool { isAccount(name, in: groups) }
}

/// Whose rights count, and what they are.
struct DoctorReader {
    let facts: DoctorFacts.Reader
    /// Whether it is this process.
    let isSelf: Bool
    let groups: [UInt32]

    /// Whether it may read or open what `status` describes.
    func mayRead(_ status: FileStatus) -> Bool {
        if facts.user == 0 { return true }
        if status.owner == facts.user { return status.mode & 0o400 != 0 }
        return status.mode & (groups.contains(status.group) ? 0o040 : 0o004) != 0
    }

    /// Those of the files at `paths` that are there and may not be read.
    func closed(_ paths: [String]) -> [DoctorFacts.ClosedFile] {
        paths.compactMap { path in
            guard let status = (try? FileSystem.status(path)).flatMap({ $0 }), !mayRead(status) else { return nil }
            return DoctorFacts.ClosedFile(path: path, owner: status.owner, mode: status.mode & 0o777)
        }
    }
}

extension DoctorExamination {
    var accounts: AccountFiles { AccountFiles() }

    /// Devices that the graphics driver and its libraries open.
    static let devices = ["/dev/nvmap", "/dev/nvhost-gpu", "/dev/nvidiactl", "/dev/nvidia0"]

    /// The running agent as the kernel vouches for it; where none runs, this process, or as root whoever owns the
    /// state folder, since that is who the agent would run as.
    func reader(of agent: DoctorFacts.Agent) -> DoctorReader {
        let accounts = accounts
        var user = Program.effectiveUserID
        var process = Program.processID
        var isAgent = false
        if agent.presence != .absent,
            let peer = try? StreamConnection(connectingTo: paths.socket, timeout: .seconds(1)).peer()
        {
            user = peer.user
            process = peer.process
            isAgent = true
        }
        let status = (try? FileSystem.read("/proc/\(process)/status", limit: 65_536)) ?? []
        var groups = groups(inStatus: status)
        if agent.presence == .absent, user == 0,
            let owner = (try? FileSystem.status(paths.state)).flatMap({ $0 })?.owner, owner != 0
        {
            user = owner
            groups = accounts.groups(ofUser: owner)
        }
        var facts = DoctorFacts.Reader(user: user, name: accounts.user(user))
        facts.isAgent = isAgent
        facts.hasName = accounts.hasName(user)
        facts.isCaller = user == Program.effectiveUserID
        if !accounts.hasGroup(facts.group) {
            facts.group = groups.first.map { accounts.group($0) } ?? facts.group
        }
        return DoctorReader(facts: facts, isSelf: facts.isCaller, groups: groups)
    }

    /// The files of power monitors and energy counters of the machine under `root` that `reader` may not read.
    func closedPowerFiles(_ reader: DoctorReader, under root: String) -> [DoctorFacts.ClosedFile] {
        let tree = SysfsTree(root: root)
        var paths: [String] = []
        let zones = tree.names(in: "/sys/class/powercap").filter { $0.hasPrefix("intel-rapl") }
        paths += zones.prefix(SensorLimits.devices).map { "/sys/class/powercap/\($0)/energy_uj" }
        for chip in tree.names(in: "/sys/class/hwmon").prefix(SensorLimits.devices) {
            let folder = "/sys/class/hwmon/" + chip
            for name in tree.names(in: folder) where name.hasSuffix("_input") {
                if ["in", "curr", "power", "energy"].contains(where: { name.hasPrefix($0) }) {
                    paths.append(folder + "/" + name)
                }
            }
        }
        return reader.closed(root == "/" ? paths : paths.map { root + $0 })
    }
}
