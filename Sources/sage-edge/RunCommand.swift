import AgentCore
import Configuration
import Cryptography
import Daemon
import EnergyProofs
import Federation
import Platform
import Quantities
import Sensors
import Telemetry
import Wire

let runCommand = CommandSpecification(
    ["run"], "Run the agent",
    options: [OptionSpecification("sysroot", value: "DIR", "Read the board's files under this folder instead of /")],
    examples: ["run", "run --state ./sprout --sysroot ./captured-board"]
) { invocation throws(Failure) in
    let keys = try nodeKeys(invocation)
    let paths = StatePaths(state: invocation.value("state"))
    let root = invocation.value("sysroot") ?? "/"
    let tree = SysfsTree(root: root)
    let profiles = (try? HardwareProfileFile.builtIn()) ?? []
    guard let profile = HardwareProfile.detect(tree.facts(), among: profiles),
        let delegator = try? LCT(
            "lct:web4:agent:test@" + (invocation.value("config") ?? "Sprout") + "#delegation.federation"),
        let source = SourceID("compute:" + profile.name + ":" + String(keys.identity.publicKey.id.text.prefix(12)))
    else { throw Failure(.configuration, "cannot begin") }
    let identity = AgentIdentity(
        delegator: delegator, signing: keys.identity, agreement: keys.link,
        domain: SignatureDomain(federation: .zero, configurationEpoch: 1))
    var settings = AgentSettings(
        energy: EnergySettings(source: source, rated: profile.moduleRating ?? Power(milliwatts: 15000)),
        profile: profile, supply: Energy(joules: 100_000))
    settings.charging.shares[.replayed] = .one
    if let operation = Operation("perception.features") {
        settings.operations = [
            OperationOffer(
                operation: operation, memory: .mebibytes(64), timeout: .seconds(10), typicalTime: .milliseconds(50))
        ]
    }
    let listen =
        NetworkAddress(Program.environment("LISTEN") ?? "127.0.0.1:7411") ?? NetworkAddress(ipv4: 127, 0, 0, 1, port: 0)
    settings.addresses = [listen]
    let plan = DaemonPlan(
        identity: identity, settings: settings, storePath: paths.ledger, lockPath: paths.lock, socketPath: paths.socket,
        listen: listen, root: root)
    do throws(DaemonError) {
        try Daemon.run(plan) { address in Console.note("listening on \(address.text)") }
    } catch {
        throw Failure(.internal, "it failed")
    }
    return .success
}
