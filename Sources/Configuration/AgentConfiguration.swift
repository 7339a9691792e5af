import EnergyProofs
import Federation
import Quantities
import Telemetry
import Wire

/// What an operator has set, in types: read from files, environment and command line, checked as a whole.
///
/// Every value is there; what nobody set has its default. Values that the board's profile gives
/// are nil until `settings(profile:node:)` knows the board.
public struct AgentConfiguration: Equatable, Sendable {
    /// Who the agent is.
    public var federation: FederationSection
    /// The file of the fleet's shared secret; nil where it has none.
    public var presharedKeyFile: String?
    /// What is metered and charged.
    public var energy = EnergySection()
    /// Where readings come from.
    public var telemetry = TelemetrySection()
    /// Memory that tasks leave free; nil for what the board's profile says.
    public var memoryReserve: ByteCount?
    /// How tasks are placed and settled.
    public var policy = PolicySection()
    /// How peers are reached.
    public var link = LinkSection()
    /// How the HTTP gateway is reached.
    public var http = HTTPSection()
    /// What is run here.
    public var executors = ExecutorSection()
    /// The files that were read, in the order of reading.
    public internal(set) var files: [String] = []
    /// Where the values of keys come from that somebody set.
    var origins: [String: ConfigurationOrigin] = [:]
    /// Where the elements of lists stand that files set, by key.
    var elementOrigins: [String: [ConfigurationOrigin]] = [:]
    /// Where the platform's name comes from where nobody set it.
    var platformOrigin = ConfigurationOrigin.builtIn

    /// Where the value of `key` comes from, profiles left aside.
    public func origin(of key: String) -> ConfigurationOrigin {
        origins[key] ?? (key == "federation.platform" ? platformOrigin : .builtIn)
    }

    /// Where element `index` of the list `key` comes from.
    public func origin(ofElement index: Int, of key: String) -> ConfigurationOrigin {
        guard let elements = elementOrigins[key], elements.indices.contains(index) else { return origin(of: key) }
        return elements[index]
    }
}

/// Section `energy`: what is metered and charged.
public struct EnergySection: Equatable, Sendable {
    /// Pool and credits together; it counts when the ledger begins.
    public var supply = Energy(joules: 1_000_000)
    /// Credits are charged until so many are available.
    public var chargeTarget = Energy(joules: 1000)
    /// Length of an energy page's window.
    public var window = TimeSpan.seconds(10)
    /// What the board is rated for where its power mode does not say it; nil for what the profile says.
    public var rated: Power?
    /// What may be charged from a page.
    public var charging = ChargingPolicy()
    /// The sources beside the board.
    public var sources: [SourceDeclaration] = []
}

/// Where lines of tegrastats come from.
public enum TegrastatsInput: Hashable, Sendable {
    /// A command with its arguments, run as a child.
    case command([String])
    /// A file; `-` is standard input.
    case file(String)
}

/// Section `telemetry`: where readings come from.
public struct TelemetrySection: Equatable, Sendable {
    /// Time between two samples.
    public var period = TimeSpan.seconds(1)
    /// The folder under which `sys`, `proc` and `etc` are looked for.
    public var sysroot = "/"
    /// Where lines of tegrastats come from; nil for reading the board itself.
    public var tegrastats: TegrastatsInput?
    /// The name of the hardware profile; nil for the one that is recognised.
    public var profile: String?
    /// The folder of the operator's own profiles; nil for `profiles` beside the configuration.
    public var profilesFolder: String?
}

/// Section `policy`: how tasks are placed and settled.
public struct PolicySection: Equatable, Sendable {
    /// How places are compared.
    public var decision = DecisionPolicy()
    /// Whether a task may go to a peer without being told so.
    public var delegatesByItself = true
    /// The quality below which a delegated result is not paid.
    public var minimumQuality = FederationTask.defaultMinimumQuality
    /// How the quality of a delegated result must be known.
    public var acceptance = QualityBasis.checked
    /// The share of what is locked for a task that its witnesses get together, beside it.
    public var witnessShare = BasisPoints(clamping: 3_000)
    /// What a delegated task costs.
    public var pricing = Pricing.metered
    /// What holds when this side never decides on a proof.
    public var silence = SilenceRule.void
    /// Time for settling after a task's deadline.
    public var grace = TimeSpan.seconds(60)
    /// By how much lots must outlive a delegated task's deadline.
    public var lotMargin = TimeSpan.seconds(3600)
    /// How much is taken from one peer on energy pages that it has not shown.
    public var unauditedLimit = Energy(joules: 20)
    /// Whether peers' tasks are handed on where they allow it.
    public var handsOn = false
    /// The share of a task's budget that is kept back where it is handed on.
    public var handOnShare = BasisPoints(clamping: 1_000)

    /// Where a task may run that says nothing about it.
    public var defaultPlacement: Placement { delegatesByItself ? .any : .local }
}

/// Section `link`: how peers are reached.
public struct LinkSection: Equatable, Sendable {
    /// The UDP port that agents use unless told otherwise.
    public static let defaultPort: UInt16 = 7411
    /// Where to listen; all zeros for every address of the board, IPv4 and IPv6.
    public var listen = NetworkAddress(bits: 0, port: LinkSection.defaultPort)
    /// Addresses that this node's record names.
    public var advertised: [NetworkAddress] = []
    /// Files of node records that become peers.
    public var peerFiles: [String] = []
}

/// Section `executors`: what is run here.
public struct ExecutorSection: Equatable, Sendable {
    /// Workers at once.
    public var concurrent: Int64 = 2
    /// Tasks that each peer may send in a minute.
    public var tasksPerMinute: Int64 = 60
    /// Memory that a run of `perception.features` may use.
    public var featuresMemory = ByteCount.mebibytes(256)
    /// Longest run of `perception.features`.
    public var featuresTimeout = TimeSpan.seconds(30)
    /// How long a run of `perception.features` takes until it has been measured.
    public var featuresTypicalTime = TimeSpan(milliseconds: 200)
    /// The horizons that this platform serves, as it tells its peers.
    public var horizons: [Horizon] = []
    /// The convergence that it tells them; nil where it tells none.
    public var convergence: BasisPoints?
    /// The Unix socket of the service that starts workers; nil where the agent starts them itself.
    public var service: String?
    /// Programs that stay and serve an operation each.
    public var external: [ExecutorCommand] = []
    /// Programs that run once for each task of the operation `execution.` and their name.
    public var commands: [ExecutorCommand] = []
}
