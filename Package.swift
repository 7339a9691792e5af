// swift-tools-version: 6.2
// The target graph is the architecture: a target imports only from lower rows
// (docs/architecture.md). Tests/TidyTests holds this file and the sources to it.
import PackageDescription

let strict: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
]

/// What is shipped imports every module whose members it uses: Embedded Swift insists on that.
let shipped = strict + [.enableUpcomingFeature("MemberImportVisibility")]

/// A target under `Sources/`.
func library(_ name: String, _ dependencies: [Target.Dependency], extra: [SwiftSetting] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: shipped + extra)
}

/// A C target under `CShims/`: a self-contained header, and the library behind it.
func shim(_ name: String, links library: String? = nil) -> Target {
    .target(
        name: name, path: "CShims/\(name)",
        cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"])],
        linkerSettings: library.map { [.linkedLibrary($0)] } ?? [])
}

/// Test support and tests see everything below them.
let everything: [Target.Dependency] = [
    "Quantities", "Wire", "Cryptography", "Telemetry", "EnergyProofs", "Ledger", "Link", "Federation",
    "AgentCore", "Platform", "JSON", "Sensors", "Store", "Workers", "Configuration", "Gateway", "Daemon",
]

func tests(_ name: String) -> Target {
    .testTarget(name: name, dependencies: everything + ["TestKit"])
}

/// A program for developers under `Tests/`.
func tool(_ name: String, in folder: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: "Tests/\(folder)", exclude: exclude)
}

let package = Package(
    name: "sage-edge",
    products: [
        .executable(name: "sage-edge", targets: ["sage-edge"]),
        .executable(name: "sage-edge-simulation", targets: ["sage-edge-simulation"]),
        .executable(name: "sage-edge-experiment", targets: ["sage-edge-experiment"]),
    ],
    targets: [
        // Row 0
        library("Quantities", []),
        library("Wire", ["Quantities"], extra: [.enableExperimentalFeature("Lifetimes")]),
        library("Cryptography", ["Wire", "Quantities", "CSodium"]),
        // Row 1
        library("Telemetry", ["Quantities", "Wire"]),
        library("EnergyProofs", ["Quantities", "Wire", "Cryptography", "Telemetry"]),
        library("Ledger", ["Quantities", "Wire", "Cryptography"]),
        library("Link", ["Quantities", "Wire", "Cryptography"]),
        // Row 2
        library("Federation", ["Quantities", "Wire", "Cryptography", "EnergyProofs", "Ledger", "Telemetry"]),
        // Row 3
        library(
            "AgentCore",
            ["Quantities", "Wire", "Cryptography", "Telemetry", "EnergyProofs", "Ledger", "Link", "Federation"]),
        // Row 4
        library("Platform", ["Quantities", "Wire", "CLinux"]),
        library("JSON", ["Wire", "CJansson"]),
        // Row 5
        library("Sensors", ["Quantities", "Wire", "Telemetry", "Platform", "CLinux", "CHardware"]),
        library("Store", ["Quantities", "Wire", "Cryptography", "Ledger", "AgentCore", "Platform", "CSQLite"]),
        library(
            "Workers",
            ["Quantities", "Wire", "Cryptography", "Telemetry", "Federation", "AgentCore", "Platform", "JSON"]),
        library(
            "Configuration",
            [
                "Quantities", "Wire", "Cryptography", "Telemetry", "EnergyProofs", "Federation", "AgentCore",
                "Platform", "CYAML", "CHardwareProfiles",
            ]),
        library(
            "Gateway",
            [
                "Quantities", "Wire", "Cryptography", "Telemetry", "EnergyProofs", "Ledger", "Link", "Federation",
                "AgentCore", "JSON", "CMicroHTTPD", "CCurl",
            ]),
        // Row 6
        library(
            "Daemon",
            [
                "Quantities", "Wire", "Cryptography", "Telemetry", "EnergyProofs", "Ledger", "Link", "Federation",
                "AgentCore", "Platform", "Sensors", "Store", "Workers", "Configuration", "Gateway",
            ]),
        // Row 7
        .executableTarget(
            name: "sage-edge",
            dependencies: [
                "Quantities", "Wire", "Cryptography", "Telemetry", "EnergyProofs", "Ledger", "Federation", "AgentCore",
                "Platform", "Sensors", "Store", "Workers", "Configuration", "Gateway", "Daemon",
            ],
            swiftSettings: shipped),

        // C shims
        shim("CSodium", links: "sodium"),
        shim("CLinux"),
        shim("CHardware", links: "sensors"),
        shim("CSQLite", links: "sqlite3"),
        shim("CYAML", links: "yaml"),
        shim("CJansson", links: "jansson"),
        shim("CMicroHTTPD"),
        shim("CCurl"),
        shim("CHardwareProfiles"),

        // Tests
        .target(name: "TestKit", dependencies: everything, path: "Tests/Support/TestKit"),
        .target(
            name: "Simulation",
            dependencies: [
                "Quantities", "Wire", "Cryptography", "Telemetry", "EnergyProofs", "Ledger", "Link", "Federation",
                "AgentCore",
            ],
            path: "Tests/Support/Simulation"),
        .target(
            name: "Experiments",
            dependencies: ["Quantities", "Cryptography", "Telemetry", "Ledger", "Federation"],
            path: "Tests/Support/Experiments"),
        tool("sage-edge-experiment", in: "Experiment", ["Experiments"]),
        tool("sage-edge-simulation", in: "SimulationRunner", ["Simulation", "Cryptography", "Platform"]),
        .target(
            name: "CBenchmarkPeers", path: "Tests/Benchmarks/peers",
            cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"])],
            linkerSettings: [.linkedLibrary("sodium"), .linkedLibrary("sqlite3")]),
        tool("sage-edge-bench", in: "Benchmarks", everything + ["CBenchmarkPeers"], exclude: ["peers"]),
        tests("QuantitiesTests"),
        tests("WireTests"),
        tests("CryptographyTests"),
        tests("TelemetryTests"),
        tests("EnergyProofsTests"),
        tests("LedgerTests"),
        tests("LinkTests"),
        .testTarget(name: "FederationTests", dependencies: everything + ["TestKit", "Experiments"]),
        .testTarget(name: "AgentCoreTests", dependencies: everything + ["TestKit", "Simulation"]),
        tests("PlatformTests"),
        tests("SensorsTests"),
        tests("StoreTests"),
        tests("WorkersTests"),
        tests("ConfigurationTests"),
        tests("JSONTests"),
        tests("GatewayTests"),
        .testTarget(name: "SimulationTests", dependencies: everything + ["TestKit", "Simulation"]),
        .testTarget(name: "EndToEndTests", dependencies: everything + ["TestKit", "sage-edge"]),
        tests("TidyTests"),
    ],
    swiftLanguageModes: [.v6]
)
