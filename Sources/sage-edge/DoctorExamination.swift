import AgentCore
import Configuration
import Cryptography
import Federation
import Gateway
import Platform
import Quantities
import Sensors
import Store
import Telemetry
import Wire

/// Gathers what `doctor` judges by; what cannot be found out stays unknown.
struct DoctorExamination {
    let invocation: Invocation
    let paths: StatePaths
    let client: AgentClient

    init(_ invocation: Invocation) {
        self.invocation = invocation
        paths = StatePaths(state: invocation.value("state"))
        client = AgentClient(invocation)
    }

    /// The facts; of a captured tree only what is in it.
    func facts() throws(Failure) -> DoctorFacts {
        var facts = DoctorFacts()
        facts.given = .init(state: invocation.value("state"), configuration: invocation.value("config"))
        // Judged is what the running agent reads, unless another configuration is asked about.
        let isAsked = invocation.has("config") || invocation.has("sysroot")
        let started = isAsked ? nil : StartedAgent(listeningAt: paths.socket)
        let files = ConfigurationFiles(given: invocation.value("config") ?? started?.configuration)
        let configuration = configuration(files, started?.flags ?? [], &facts.configuration)
        facts.configuration.profilesFolder = files.profilesFolder(for: configuration)
        facts.configuration.mayWriteProfiles = isOwn(facts.configuration.profilesFolder)
        if let root = invocation.value("sysroot") {
            guard SysfsTree(root: root).isThere else { throw noTree(root) }
            let reader = reader(of: DoctorFacts.Agent())
            facts.board = board(root, configuration, files, sample: nil)
            if facts.board?.isLive == true {
                facts.reader = reader.facts
                facts.board?.closedFiles = closedPowerFiles(reader, under: root)
            } else {
                // Whose rights a recording shows is not known; an agent's, perhaps, on a machine with the package.
                let ours = DoctorFacts.Reader()
                facts.reader = .init(user: .max, name: "the agent", group: ours.group)
            }
            // What a configuration names is not looked for on a machine that it may not be of.
            facts.configuration.isLookedAt = invocation.has("config")
            if configuration != nil { facts.configuration.problems = [] }
            facts.configuration.warnings = []
            facts.configuration.missingTegrastats = nil
            return facts
        }
        let (agent, status) = agent()
        facts.agent = agent
        facts.configuration.isOfAgent = started != nil
        facts.configuration.ofAgent = started?.configuration
        if !isAsked, agent.presence != .absent {
            facts.configuration.mayDiffer = started.map { $0.configuration == nil && !$0.isOwn } ?? true
        }
        let reader = reader(of: agent)
        facts.reader = reader.facts
        facts.sources.told = status.map { ToldSource.all($0) } ?? []
        if let configuration {
            facts.sources.declared = configuration.energy.sources
            for (index, source) in configuration.energy.sources.enumerated() {
                facts.sources.origins[source.name] =
                    configuration.origin(ofElement: index, of: "energy.sources").text
                if case .file(let path) = source.origin {
                    facts.sources.documentFaults[source.name] = DoctorExamination.fault(ofDocumentAt: path)
                    facts.sources.fileAges[source.name] = (try? FileSystem.status(path)).flatMap { $0 }
                        .map { Clock.wallTime.since($0.modified).milliseconds }
                }
            }
            facts.sources.policy = configuration.energy.charging
        }
        let root = configuration?.telemetry.sysroot ?? "/"
        facts.board = board(root, configuration, files, sample: status == nil ? nil : sampleOfAgent())
        if let status {
            // The agent knows what it rates the board for.
            let guess = status["board"]?["rated_guessed"] == .boolean(true) ? status["board"]?["rated_mw"]?.number : nil
            facts.board?.guessedRating = guess.map { Power(milliwatts: $0) }
        }
        if var board = facts.board, board.isLive {
            board.closedFiles = agent.isClosed ? [] : closedPowerFiles(reader, under: root)
            board.closedDevices = agent.isClosed ? [] : reader.closed(DoctorExamination.devices)
            facts.board = board
        }
        facts.clock = .init(
            isSynchronized: Clock.timeStatus == .synchronized, wallMilliseconds: Clock.wallTime.milliseconds,
            hasBootID: (try? Clock.bootID()) != nil)
        // Of an agent that is not for this user, only what anybody may see is looked at.
        if !agent.isClosed {
            let state = state(status, isOwn: reader.isSelf)
            facts.state = state
            // What the folder of another holds is not judged by what this user may do.
            if state.writeFailure == nil || state.owner == reader.facts.user {
                facts.keys = keys(configuration, isOwn: reader.isSelf)
            }
        }
        if !agent.isClosed || isAsked {
            facts.network = network(configuration, isAgentRunning: agent.presence != .absent)
        }
        facts.peers = agent.presence == .running ? peers() : []
        facts.service = service()
        facts.worker = worker(configuration)
        return facts
    }

    // MARK: Configuration

    /// Whether what is to be made or changed at `path` is in the caller's hand: the nearest that is there is the
    /// caller's own, or the caller is root.
    private func isOwn(_ path: String) -> Bool {
        if Program.effectiveUserID == 0 { return true }
        var path = path
        while true {
            if let status = (try? FileSystem.status(path.isEmpty ? "." : path)).flatMap({ $0 }) {
                return status.owner == Program.effectiveUserID
            }
            guard !path.isEmpty else { return false }
            let bytes = Array(path.utf8)
            let slash = bytes.lastIndex(of: UInt8(ascii: "/")) ?? 0
            path =
                slash == 0 && bytes.first == UInt8(ascii: "/")
                ? "/" : String(decoding: bytes[..<slash], as: UTF8.self)
        }
    }

    private func configuration(
        _ files: ConfigurationFiles, _ flags: [ConfigurationFlag], _ facts: inout DoctorFacts.Configuration
    ) -> AgentConfiguration? {
        do throws(ConfigurationError) {
            let configuration = try files.load(flags: flags)
            facts.files = configuration.files
            let named = NamedThings(configuration, try files.profiles(for: configuration))
            facts.problems = named.missing
            facts.missingTegrastats = named.missingTegrastats
            facts.warnings = named.warnings.filter { $0 != named.missingTegrastats }
            do throws(ConfigurationError) { _ = try configuration.presharedKey() } catch {
                facts.problems.append(error.explanation)
            }
            do throws(ConfigurationError) { _ = try configuration.httpKey() } catch {
                facts.problems.append(error.explanation)
            }
            return configuration
        } catch {
            facts.problems = error.explanation.split(separator: "\n").map { String($0) }
            return nil
        }
    }

    // MARK: The board

    private func board(
        _ root: String, _ configuration: AgentConfiguration?, _ files: ConfigurationFiles, sample: SampleView?
    ) -> DoctorFacts.Board? {
        let profiles: [HardwareProfile]
        if let configuration, let all = try? files.profiles(for: configuration) {
            profiles = all
        } else if let builtIn = try? HardwareProfileFile.builtIn() {
            profiles = builtIn
        } else {
            return nil
        }
        let tree = SysfsTree(root: root)
        let hardware = tree.facts()
        let name = sample?.profile ?? configuration?.telemetry.profile
        guard
            let profile = profiles.first(where: { $0.name == name })
                ?? HardwareProfile.detect(hardware, among: profiles)
        else { return nil }
        let reader = BoardReader(tree: tree, profile: profile, model: hardware.model)
        var board = DoctorFacts.Board()
        board.root = root
        board.isLive = tree.isLive
        board.profile = reader.profile
        board.ratedByOperator = configuration?.energy.rated
        board.hasDeviceTree = !hardware.compatible.isEmpty
        board.memoryReserve = (configuration?.memoryReserve ?? profile.memoryReserve).bytes
        let isAgents = sample != nil
        let declared = invocation.has("sysroot") ? [] : configuration?.energy.sources ?? []
        var limit: Power?
        if let sample {
            board.sample = sample
        } else {
            let own = self.sample(of: reader, with: others(declared, tree))
            limit = own.shownRating
            board.sample = view(of: own)
        }
        if configuration?.energy.rated == nil, limit == nil { board.guessedRating = profile.guessedRating }
        let disabled = board.sample.names(unavailableFor: "disabled")
        board.switches = DoctorExamination.switches(of: disabled, in: tree)
        board.zones = DoctorExamination.zones(in: tree)
        guard isAgents || tree.isLive else { return board }
        let first = board.sample
        let start = Clock.bootTime
        let counters = first.throttle.filter { $0.maximum == nil }
        guard !counters.isEmpty else { return board }
        Console.progress("watching the over-current counters")
        pause(until: start + DoctorExamination.watch)
        Console.progress(nil)
        let second = (isAgents ? sampleOfAgent() : view(of: self.sample(of: reader))) ?? first
        let span = Clock.bootTime.since(start).milliseconds
        board.climbing = counters.compactMap { counter in
            guard let later = second.throttle.first(where: { $0.name == counter.name }), later.state > counter.state
            else { return nil }
            return DoctorFacts.Climb(cause: counter.name, events: later.state - counter.state, milliseconds: span)
        }
        return board
    }

    /// How long counters are watched.
    private static let watch = TimeSpan.seconds(2)

    /// Sources that were declared, as far as they can be read here: commands are for the agent to run.
    private func others(_ declarations: [SourceDeclaration], _ tree: SysfsTree) -> DeclaredSources {
        let readable = declarations.filter { declaration in
            if case .command = declaration.origin { false } else { true }
        }
        return DeclaredSources(readable, tree: tree)
    }

    /// What is wrong with the meter's document at `path`; nil where it can be read, or is not there.
    static func fault(ofDocumentAt path: String) -> String? {
        let limit = TelemetryLimits.meterDocumentBytes
        guard let status = (try? FileSystem.status(path)).flatMap({ $0 }), status.kind == .file else { return nil }
        do throws(MeterDocumentError) {
            guard status.size.bytes <= limit else { throw .tooLong(bytes: Int(clamping: status.size.bytes)) }
            guard let bytes = try? FileSystem.read(path, limit: limit) else { return nil }
            _ = try MeterDocument(bytes)
            return nil
        } catch { return error.explanation }
    }

    /// The types of the thermal zones.
    private static func zones(in tree: SysfsTree) -> [String] {
        tree.names(in: "/sys/class/thermal").filter { $0.hasPrefix("thermal_zone") }.prefix(SensorLimits.devices)
            .compactMap { tree.text(of: "/sys/class/thermal/" + $0 + "/type") }
    }

    /// The files that switch on what `names` are the labels of.
    private static func switches(of names: [String], in tree: SysfsTree) -> [String: String] {
        var switches: [String: String] = [:]
        for chip in tree.names(in: "/sys/class/hwmon").prefix(SensorLimits.devices) where !names.isEmpty {
            let folder = "/sys/class/hwmon/" + chip
            for label in tree.names(in: folder) where label.hasPrefix("in") && label.hasSuffix("_label") {
                guard let name = tree.text(of: folder + "/" + label), names.contains(name) else { continue }
                switches[name] = folder + "/" + label.dropLast("label".utf8.count) + "enable"
            }
        }
        return switches
    }

    private func sample(of reader: BoardReader, with others: DeclaredSources? = nil) -> TelemetrySample {
        // What a driver of graphics boards may take to start is no fault yet.
        var sample = firstSample(of: reader, patience: SensorLimits.graphicsStart)
        others?.board = reader.meters
        others?.add(to: &sample)
        return sample
    }

    private func view(of sample: TelemetrySample) -> SampleView {
        var json = JSONWriter()
        sample.writeJSON(to: &json)
        return (try? JSONValue(parsing: Array(json.text.utf8))).map { SampleView($0) } ?? SampleView()
    }

    private func pause(until deadline: BootTime) {
        guard var loop = try? EventLoop() else { return }
        var events: [ReadyEvent] = []
        try? loop.wait(until: deadline, into: &events)
    }

    // MARK: The agent

    private func agent() -> (DoctorFacts.Agent, JSONValue?) {
        var facts = DoctorFacts.Agent(socket: paths.socket)
        do throws(Failure) {
            guard let answer = try client.askIfRunning(.status, timeout: DoctorExamination.patience) else {
                let system = StatePaths.systemControl
                if system != paths.socket, (try? FileSystem.status(system)).flatMap({ $0 }) != nil {
                    facts.systemSocket = system
                }
                return (facts, nil)
            }
            facts.presence = .running
            facts.platform = answer.value.word("platform")
            facts.state = answer.value.word("state")
            let http = answer.value["http"]
            if let address = http?["address"]?.text {
                if let fault = http?["fault"]?.text {
                    facts.httpRefusal = .init(
                        address: address, port: NetworkAddress(address)?.port ?? 0, failure: fault)
                } else {
                    facts.http = address
                }
            }
            facts.chargeRefusal = answer.value["energy"]?["charge_refused"]?.text
            facts.causes = ToldCause.all(answer.value)
            let configuration = answer.value["configuration"]
            facts.refusedConfiguration = configuration?["refused_because"]?.text
            facts.pendingKeys = (configuration?["restart_needed_for"]?.elements ?? []).compactMap { $0.text }
            return (facts, answer.value)
        } catch {
            if error.code == .permission {
                let status = (try? FileSystem.status(paths.socket)).flatMap { $0 }
                facts.presence = .closed(group: status.flatMap { accounts.joinableGroup($0.group) })
            } else {
                facts.presence = .silent(error.message)
            }
            return (facts, nil)
        }
    }

    private static let patience = TimeSpan.seconds(3)

    private func sampleOfAgent() -> SampleView? {
        (try? client.askIfRunning(.telemetry, timeout: DoctorExamination.patience)).map { SampleView($0.value) }
    }

    /// Most peers that are called.
    private static let calledPeers = 8

    private func peers() -> [DoctorFacts.Peer] {
        let listed = (try? client.askIfRunning(.peers, timeout: DoctorExamination.patience))?.value["peers"]
        var peers: [DoctorFacts.Peer] = []
        for peer in listed?.elements ?? [] {
            let name = peer.word("peer")
            var facts = DoctorFacts.Peer(
                name: name, address: peer["address"]?.text, isUp: peer["up"] == .boolean(true),
                heardMillisecondsAgo: peer["heard_ms_ago"]?.number,
                moneyStoppedBecause: peer["money_stopped_because"]?.text)
            if peers.count < DoctorExamination.calledPeers {
                do throws(Failure) {
                    let answer = try client.askIfRunning(
                        .ping(name: name), timeout: DoctorExamination.patience, progress: "calling \(name)")
                    if let time = answer?.value["round_trip_ms"]?.number { facts.ping = .answered(milliseconds: time) }
                } catch { facts.ping = .failed(error.message) }
            }
            peers.append(facts)
        }
        return peers
    }

    // MARK: State and keys

    private func state(_ status: JSONValue?, isOwn: Bool) -> DoctorFacts.State {
        var facts = DoctorFacts.State(folder: paths.state)
        guard let found = try? FileSystem.status(paths.state), found.kind == .directory else {
            facts.isThere = false
            return facts
        }
        facts.owner = found.owner
        facts.mode = found.mode & 0o777
        facts.availableBytes = (try? FileSystem.space(at: paths.state))?.available.bytes
        do throws(SystemError) { facts.syncMicroseconds = try DiskProbe.syncMicroseconds(in: paths.state) } catch {
            // Who may not write there as somebody else learns nothing of the agent's rights.
            if isOwn { facts.writeFailure = error.errno.text }
        }
        facts.hasLedger = (try? FileSystem.status(paths.ledger)).flatMap { $0 } != nil
        if let status {
            facts.fault = status["store_fault"]?.text
        } else if facts.writeFailure != nil, facts.owner != Program.effectiveUserID {
            // Of another's ledger this user sees nothing.
        } else if (try? FileSystem.status(paths.ledger)) != nil {
            do throws(StoreError) { _ = try AgentStore(path: paths.ledger, for: .inspection) } catch {
                if error.failure != .inUse { facts.fault = error.explanation }
            }
            if (try? FileSystem.status(paths.lock)) != nil, case .held(let holder)? = try? LockFile.acquire(paths.lock)
            {
                facts.holder = holder
            }
        }
        return facts
    }

    private func keys(_ configuration: AgentConfiguration?, isOwn: Bool) -> [DoctorFacts.KeyFile] {
        var files = NodeKeys.fileNames.map { paths.keyFile($0) }
        if let shared = configuration?.presharedKeyFile { files.append(shared) }
        var keys: [DoctorFacts.KeyFile] = []
        for path in files {
            guard let status = (try? FileSystem.status(path)).flatMap({ $0 }) else { continue }
            keys.append(DoctorFacts.KeyFile(path: path, owner: status.owner, mode: status.mode & 0o777))
        }
        guard isOwn, !keys.isEmpty else { return keys }
        do throws(KeyFileError) { _ = try NodeKeys.load(paths) } catch {
            // Its mode is told by itself.
            if case .exposed = error { return keys }
            keys[0].fault = error.explanation
        }
        return keys
    }
}
