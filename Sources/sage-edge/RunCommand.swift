import AgentCore
import Configuration
import Cryptography
import Daemon
import Platform
import Sensors
import Store
import Telemetry
import Wire
import Workers

let runCommand = CommandSpecification(
    ["run"], "Run the agent",
    options: [
        OptionSpecification("sysroot", value: "DIR", "Read the board's files under this folder instead of /"),
        OptionSpecification("listen", value: "ADDRESS", "Take datagrams at this address and port"),
    ],
    examples: ["run", "run --config ./config.yaml --state ./sprout", "run --sysroot ./captured-board --state ./demo"]
) { invocation throws(Failure) in
    let paths = StatePaths(state: invocation.value("state"))
    let plan = try daemonPlan(invocation, paths, runFlags(invocation))
    do throws(DaemonError) {
        try AgentDaemon.run(plan)
    } catch { throw failure(error, paths, plan) }
    return .success
}

/// What the options of `run` say about single keys of the configuration.
func runFlags(_ invocation: Invocation) -> [ConfigurationFlag] {
    var flags: [ConfigurationFlag] = []
    if let root = invocation.value("sysroot") {
        flags.append(ConfigurationFlag("--sysroot", key: "telemetry.sysroot", value: root))
    }
    if let address = invocation.value("listen") {
        flags.append(ConfigurationFlag("--listen", key: "link.listen", value: address))
    }
    return flags
}

private func daemonPlan(_ invocation: Invocation, _ paths: StatePaths, _ flags: [ConfigurationFlag])
    throws(Failure) -> DaemonPlan
{
    let files = ConfigurationFiles(given: invocation.value("config"))
    let configuration: AgentConfiguration
    let peerRecords: [String]
    do throws(ConfigurationError) {
        configuration = try files.load(flags: flags)
        peerRecords = try configuration.peerRecords()
    } catch { throw failure(error) }
    Console.note(
        configuration.files.isEmpty
            ? "no configuration file: \(files.main) would be read"
            : "configuration: " + configuration.files.joined(separator: ", "))
    guard paths.socket.utf8.count <= PlatformLimits.socketPathBytes else {
        throw Failure(
            .cannotCreate,
            "the path of the socket for commands has \(paths.socket.utf8.count) bytes, "
                + "\(PlatformLimits.socketPathBytes) are the most: \(paths.socket)",
            hint: "give a shorter folder, with --state for example")
    }
    let profile = try hardwareProfile(configuration, files)
    let keys = try keysForRunning(paths, listening: configuration.link.listen)
    var settings = configuration.settings(profile: profile, node: keys.nodeID)
    settings.addresses = configuration.link.namedAddresses
    do throws(SystemError) { try FileSystem.makeDirectories(paths.socketFolder, mode: 0o755) } catch {
        throw failure(error)
    }
    let identity: AgentIdentity
    let httpKey: AccessKey?
    do throws(ConfigurationError) {
        identity = try configuration.identity(keys: keys)
        httpKey = try configuration.httpKey()
    } catch { throw failure(error) }
    return DaemonPlan(
        identity: identity, settings: settings, storePath: paths.ledger, lockPath: paths.lock,
        socketPath: paths.socket, listen: configuration.link.listen, source: source(configuration),
        http: HTTPPlan(configuration.http, key: httpKey), version: Version.text,
        workers: configuration.executors.service.map { .service(path: $0) } ?? .children(.thisProgram),
        peerRecords: peerRecords, configuration: configuration
    ) { [identity, profile, flags] running in
        reread(files, flags, profile: profile, node: identity.id, running)
    }
}

/// Reads the configuration again, and checks it as at the start, for an agent that runs by `running`.
private func reread(
    _ files: ConfigurationFiles, _ flags: [ConfigurationFlag], profile: HardwareProfile, node: KeyID,
    _ running: AgentConfiguration
) -> PlanReading {
    do throws(ConfigurationError) {
        let read = try files.load(flags: flags)
        _ = try files.profiles(for: read)
        _ = try read.presharedKey()
        _ = try read.httpKey()
        let change = ConfigurationChange(from: running, to: read)
        let records = try change.configuration.peerRecords()
        return .accepted(change, change.configuration.settings(profile: profile, node: node), peerRecords: records)
    } catch { return .refused(error.explanation) }
}

/// The node's keys; made, and said so, where an agent starts for the first time and can take datagrams at `address`.
private func keysForRunning(_ paths: StatePaths, listening address: NetworkAddress) throws(Failure) -> NodeKeys {
    if let keys = try keyFiles({ () throws(KeyFileError) in try NodeKeys.load(paths) }) { return keys }
    // Where another has the address, this node does not begin.
    do throws(SystemError) {
        _ = try DatagramSocket(boundTo: address, batch: DatagramBatch(datagrams: 1, datagramBytes: 64))
    } catch { throw bindFailure(error) }
    let keys = try keyFiles { () throws(KeyFileError) in try NodeKeys.create(paths) }
    Console.note("made this node's keys in \(paths.keys): \(keys.identity.publicKey.id.fingerprint)")
    return keys
}

private func bindFailure(_ error: SystemError) -> Failure {
    failure(error).hinting("listen elsewhere, with --listen ADDRESS:PORT or link.listen")
}

extension LinkSection {
    /// The addresses that the node's record names: those that are advertised, or else the one that is listened at.
    var namedAddresses: [NetworkAddress] { advertised.isEmpty && !listen.isUnspecified ? [listen] : advertised }
}

private func hardwareProfile(_ configuration: AgentConfiguration, _ files: ConfigurationFiles) throws(Failure)
    -> HardwareProfile
{
    let profiles = try hardwareProfiles(configuration, files)
    if let name = configuration.telemetry.profile {
        if let profile = profiles.first(where: { $0.name == name }) { return profile }
        let known = profiles.map { $0.name }.joined(separator: ", ")
        throw Failure(.configuration, "there is no hardware profile '\(name)'; there are: \(known)")
    }
    let tree = SysfsTree(root: configuration.telemetry.sysroot)
    guard tree.isThere else {
        throw Failure(.noInput, "there is nothing under \(configuration.telemetry.sysroot)", hint: "check --sysroot")
    }
    guard let profile = HardwareProfile.detect(tree.facts(), among: profiles) else {
        throw Failure(.configuration, "no hardware profile fits, not even a generic one")
    }
    return profile
}

private func source(_ configuration: AgentConfiguration) -> SampleSource {
    switch configuration.telemetry.tegrastats {
    case nil: .tree(root: configuration.telemetry.sysroot)
    case .command(let words): .tegrastats(command: words, root: configuration.telemetry.sysroot)
    case .file(let path): .tegrastatsFile(path: path)
    }
}

private func failure(_ error: DaemonError, _ paths: StatePaths, _ plan: DaemonPlan) -> Failure {
    switch error {
    case .system(let error):
        guard error.call == "bind", error.subject == plan.listen.text else { return failure(error) }
        return bindFailure(error)
    case .alreadyRunning(let process):
        let holder = process.map { " (process \($0))" } ?? ""
        return Failure(
            .tryAgain, "an agent\(holder) works in \(paths.state) already", hint: "sage-edge status, or another --state"
        )
    case .foreignStore(let difference):
        return Failure(
            .configuration, "the ledger \(paths.ledger) is another's: \(difference)",
            hint: "put the key or the configuration back, or begin anew with another --state")
    }
}
