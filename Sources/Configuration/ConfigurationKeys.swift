import AgentCore
import EnergyProofs
import Federation
import Quantities
import Telemetry
import Wire

extension ConfigurationKey {
    /// Every key, in the order in which they are shown.
    static let all = federation + keys + energy + telemetry + memory + policy + link + http + executors

    /// Sections, and the groups within them.
    static let groups = [
        "federation", "keys", "energy", "energy.policy", "telemetry", "memory", "policy", "link", "http", "executors",
        "executors.perception.features", "executors.execution",
    ]

    /// Sections that a later version reads.
    static let laterSections = ["consensus", "limits"]

    /// The key at `path`.
    static func key(_ path: String) -> ConfigurationKey? { all.first { $0.path == path } }

    /// The group that `path` stands directly in, `energy.policy` of `energy.policy.metered`; empty for a section.
    static func group(of path: String) -> String {
        var innermost = ""
        for group in groups where path.hasPrefix(group + ".") && group.utf8.count > innermost.utf8.count {
            innermost = group
        }
        return innermost
    }

    // MARK: federation, keys

    private static let federation: [ConfigurationKey] = [
        .text(
            "federation.name",
            allowed: "1 to \(ConfigurationLimits.federationNameBytes) characters of A-Z a-z 0-9 . _ : -"
        ) {
            $0.federation.name
        } set: { configuration, name in
            guard FederationSection.isName(name) else { return false }
            configuration.federation.name = name
            return true
        },
        .number("federation.configuration_epoch", in: 1...(1 << 53) - 1) {
            Int64(clamping: $0.federation.configurationEpoch)
        } set: {
            $0.federation.configurationEpoch = UInt64($1)
        },
        .text(
            "federation.platform",
            allowed: "1 to \(FederationLimits.maximumPlatformNameLength) characters of A-Z a-z 0-9 . _ : -"
        ) {
            $0.federation.delegator.context.text
        } set: { configuration, name in
            guard let platform = PlatformName(name) else { return false }
            configuration.federation.move(to: platform)
            return true
        },
        .text(
            "federation.lineage",
            allowed: "1 to \(ConfigurationLimits.lineageBytes) characters of A-Z a-z 0-9 . _ : -, "
                + "with something on both sides of every dot"
        ) {
            $0.federation.delegator.lineage
        } set: {
            $0.federation.descend(from: $1)
        },
    ]

    private static let keys: [ConfigurationKey] = [
        .path("keys.psk_file") {
            $0.presharedKeyFile
        } set: {
            $0.presharedKeyFile = $1
        }
    ]

    // MARK: energy

    private static let energy: [ConfigurationKey] =
        [
            .number("energy.supply_joules", digits: 3, in: 1000...Energy.largest.millijoules) {
                $0.energy.supply.millijoules
            } set: {
                $0.energy.supply = Energy(millijoules: $1)
            },
            .number("energy.charge_target_joules", digits: 3, in: 0...Energy.largest.millijoules) {
                $0.energy.chargeTarget.millijoules
            } set: {
                $0.energy.chargeTarget = Energy(millijoules: $1)
            },
            .number("energy.window_milliseconds", in: 1000...3_600_000) {
                $0.energy.window.milliseconds
            } set: {
                $0.energy.window = TimeSpan(milliseconds: $1)
            },
            .number("energy.lot_lifetime_hours", in: 1...720) {
                $0.energy.charging.lotLifetime.milliseconds / 3_600_000
            } set: {
                $0.energy.charging.lotLifetime = .seconds($1 * 3600)
            },
            ratedWatts,
        ] + EvidenceClass.allCases.map(share(of:)) + [
            .number("energy.maximum_age_seconds", in: 10...86_400) {
                $0.energy.charging.maximumAge.milliseconds / 1000
            } set: {
                $0.energy.charging.maximumAge = .seconds($1)
            },
            .percent("energy.minimum_coverage_percent") {
                $0.energy.charging.minimumCoverage
            } set: {
                $0.energy.charging.minimumCoverage = $1
            },
            sources,
        ]

    private static let ratedWatts: ConfigurationKey = {
        let range = 1...EnergyProofLimits.largestPower.milliwatts
        var key = number("energy.rated_watts", digits: 3, in: range) {
            $0.energy.rated.map { $0.milliwatts }
        } set: {
            $0.energy.rated = Power(milliwatts: $1)
        }
        key.profileValue = { .number(FixedPoint.text($0.ratedPower.milliwatts, digits: 3)) }
        key.isGuess = { $0.guessedRating != nil }
        return key
    }()

    /// The share of a page's chargeable energy that counts where its class is `evidence`.
    private static func share(of evidence: EvidenceClass) -> ConfigurationKey {
        .percent("energy.policy." + evidence.name) {
            $0.energy.charging.shares[evidence] ?? .zero
        } set: {
            $0.energy.charging.shares[evidence] = $1 == .zero ? nil : $1
        }
    }

    // MARK: telemetry, memory

    private static let telemetry: [ConfigurationKey] = [
        .number("telemetry.period_milliseconds", in: 100...60_000) {
            $0.telemetry.period.milliseconds
        } set: {
            $0.telemetry.period = TimeSpan(milliseconds: $1)
        },
        .path("telemetry.sysroot", allowed: "a folder") {
            $0.telemetry.sysroot
        } set: {
            $0.telemetry.sysroot = $1
        },
        tegrastats, profile,
        .path("telemetry.profiles", allowed: "a folder") {
            $0.telemetry.profilesFolder
        } set: {
            $0.telemetry.profilesFolder = $1
        },
    ]

    /// A text is a file; a list is a command with its arguments, so that no shell has to take one apart.
    private static let tegrastats = ConfigurationKey(
        path: "telemetry.tegrastats", allowed: "a file, '-', or a list of a command and its arguments",
        read: {
            switch $0.telemetry.tegrastats {
            case .command(let words): .list(words)
            case .file(let path): .text(path)
            case nil: nil
            }
        },
        write: { entry, configuration throws(Refusal) in
            guard case .sequence(let elements) = entry.node.content else {
                let isStandardInput = try entry.node.words() == "-"
                configuration.telemetry.tegrastats = .file(
                    isStandardInput ? "-" : try entry.node.path(from: entry.folder))
                return
            }
            guard (1...ConfigurationLimits.commandWords).contains(elements.count) else {
                throw .notAllowed(
                    "a list of \(elements.count)", "a command and at most \(ConfigurationLimits.commandWords - 1) words"
                )
            }
            let words = try elementwise(elements) { element throws(Refusal) in try element.path(from: nil) }
            configuration.telemetry.tegrastats = .command(words)
        }, commas: .makeAList)

    private static let profile: ConfigurationKey = {
        var key = text("telemetry.profile", allowed: "the name of a hardware profile: a-z, 0-9 and '-'") {
            $0.telemetry.profile
        } set: { configuration, name in
            guard HardwareProfileFile.isName(name) else { return false }
            configuration.telemetry.profile = name
            return true
        }
        key.profileValue = { .text($0.name) }
        return key
    }()

    private static let memory: [ConfigurationKey] = {
        var key = number("memory.reserve_mib", in: 0...1_048_576) {
            $0.memoryReserve.map { $0.bytes / 1_048_576 }
        } set: {
            $0.memoryReserve = .mebibytes($1)
        }
        key.profileValue = { .number("\($0.memoryReserve.bytes / 1_048_576)") }
        return [key]
    }()

    // MARK: link, executors

    private static let link: [ConfigurationKey] = [
        .text("link.listen", allowed: addressForm) {
            $0.link.listen.text
        } set: { configuration, text in
            guard let address = NetworkAddress(text) else { return false }
            configuration.link.listen = address
            return true
        },
        .list("link.advertise", of: addressForm, limit: FederationLimits.maximumAddresses) {
            $0.link.advertised.map { $0.text }
        } set: { configuration, elements, _ throws(Refusal) in
            configuration.link.advertised = try elementwise(elements) { element throws(Refusal) in
                let text = try element.words()
                guard let address = NetworkAddress(text) else { throw .notAllowed(element.kind, addressForm) }
                guard !address.isUnspecified else {
                    throw .notAllowed(element.kind, "an address under which others reach this board")
                }
                return address
            }
        },
        .list("link.peers", of: "files of node records", limit: AgentLimits.peers) {
            $0.link.peerFiles
        } set: { configuration, elements, folder throws(Refusal) in
            configuration.link.peerFiles = try elementwise(elements) { element throws(Refusal) in
                try element.path(from: folder)
            }
        },
        .number("link.heartbeat_milliseconds", in: 500...60_000) {
            $0.policy.decision.heartbeatPeriod.milliseconds
        } set: {
            $0.policy.decision.heartbeatPeriod = TimeSpan(milliseconds: $1)
        },
    ]

    private static let addressForm = "ADDRESS:PORT, such as 192.0.2.1:7411 or [2001:db8::1]:7411"

    private static let horizonForm =
        "names of 1 to \(FederationLimits.maximumHorizonLength) characters of A-Z a-z 0-9 . _ -"

    private static let executors: [ConfigurationKey] = [
        .number("executors.concurrent", in: 1...ConfigurationLimits.concurrentWorkers) {
            $0.executors.concurrent
        } set: {
            $0.executors.concurrent = $1
        },
        .number("executors.tasks_per_minute", in: 1...60_000) {
            $0.executors.tasksPerMinute
        } set: {
            $0.executors.tasksPerMinute = $1
        },
        .list("executors.horizons", of: horizonForm, limit: FederationLimits.maximumHorizons) {
            $0.executors.horizons.map { $0.name }
        } set: { configuration, elements, _ throws(Refusal) in
            configuration.executors.horizons = try elementwise(elements) { element throws(Refusal) in
                guard let horizon = Horizon(try element.words()) else { throw .notAllowed(element.kind, horizonForm) }
                return horizon
            }
        },
        .number("executors.convergence", digits: 4, in: 0...10_000) {
            $0.executors.convergence.map { Int64($0.value) }
        } set: {
            $0.executors.convergence = BasisPoints(clamping: $1)
        },
        .path("executors.service", allowed: "a Unix socket") {
            $0.executors.service
        } set: {
            $0.executors.service = $1
        },
        .number(
            "executors.perception.features.memory_mib", in: 16...TaskType.perception.budget.memory.bytes / 1_048_576
        ) {
            $0.executors.featuresMemory.bytes / 1_048_576
        } set: {
            $0.executors.featuresMemory = .mebibytes($1)
        },
        .number("executors.perception.features.timeout_seconds", in: 1...3600) {
            $0.executors.featuresTimeout.milliseconds / 1000
        } set: {
            $0.executors.featuresTimeout = .seconds($1)
        },
        .number("executors.perception.features.typical_milliseconds", in: 1...3_600_000) {
            $0.executors.featuresTypicalTime.milliseconds
        } set: {
            $0.executors.featuresTypicalTime = TimeSpan(milliseconds: $1)
        },
        external,
        commands,
    ]
}

extension NetworkAddress {
    /// Whether this is "every address" of either kind, which nobody can send to.
    var isUnspecified: Bool { bits == 0 || self == NetworkAddress(ipv4: 0, 0, 0, 0, port: port) }
}
