import Quantities
import Telemetry
import Testing

@testable import Configuration

private let reserve = "memory.reserve_mib"

/// Sources that set one key, from the weakest to the strongest.
private func sources(upTo count: Int) -> ConfigurationSources {
    var sources = ConfigurationSources(hostName: "sprout")
    let files = [
        file("memory: {reserve_mib: 1}", "config.yaml"), file("\nmemory: {reserve_mib: 2}", "conf.d/10.yaml"),
        file("\n\nmemory: {reserve_mib: 3}", "conf.d/20.yaml"),
    ]
    sources.files = Array(files.prefix(count))
    if count > 3 { sources.environment = [Variable(name: "SAGE_EDGE_MEMORY_RESERVE_MIB", value: "4")] }
    if count > 4 { sources.flags = [ConfigurationFlag("--reserve", key: reserve, value: "5")] }
    if count > 5 { sources.flags.append(ConfigurationFlag("--reserve", key: reserve, value: "6")) }
    return sources
}

@Suite struct `of several sources` {
    @Test(arguments: [
        (1, "1", ConfigurationOrigin.file("config.yaml", line: 1)), (2, "2", .file("conf.d/10.yaml", line: 2)),
        (3, "3", .file("conf.d/20.yaml", line: 3)), (4, "4", .environment("SAGE_EDGE_MEMORY_RESERVE_MIB")),
        (5, "5", .flag("--reserve")), (6, "6", .flag("--reserve")),
    ])
    func `the strongest wins, and is told`(count: Int, value: String, origin: ConfigurationOrigin) throws {
        let profile = try #require(try HardwareProfileFile.builtIn().first { $0.name == "orin-nano-8gb" })
        let view = ConfigurationView(try AgentConfiguration(sources(upTo: count)), profile: profile)
        #expect(view.entry(reserve) == ConfigurationView.Entry(key: reserve, value: .number(value), origin: origin))
    }

    @Test func `a profile wins over the default, and anything over a profile`() throws {
        let profile = try #require(try HardwareProfileFile.builtIn().first { $0.name == "orin-nano-8gb" })
        let defaults = try AgentConfiguration(sources(upTo: 0))
        let onBoard = ConfigurationView(defaults, profile: profile)
        let origin = ConfigurationOrigin.profile("orin-nano-8gb")
        #expect(onBoard.entry(reserve) == .init(key: reserve, value: .number("1024"), origin: origin))
        #expect(onBoard.entry("energy.rated_watts")?.value == .number("7"))
        #expect(onBoard.entry("energy.rated_watts")?.origin == origin)
        #expect(
            onBoard.entry("telemetry.profile")
                == .init(key: "telemetry.profile", value: .text("orin-nano-8gb"), origin: origin))
        #expect(
            ConfigurationView(defaults, profile: nil).entry(reserve)
                == .init(key: reserve, value: nil, origin: .builtIn))
        let rated = try configuration("energy: {rated_watts: 15}")
        #expect(ConfigurationView(rated, profile: profile).entry("energy.rated_watts")?.value == .number("15"))
    }

    @Test func `what a profile only guesses is called a guess`() throws {
        let profile = try #require(try HardwareProfileFile.builtIn().first { $0.name == "pc" })
        let view = ConfigurationView(try configuration(""), profile: profile)
        #expect(
            view.entry("energy.rated_watts")
                == .init(key: "energy.rated_watts", value: .number("50"), origin: .guess("pc")))
        #expect(view.entry(reserve)?.origin == .profile("pc"))
    }

    @Test func `each key has its own winner`() throws {
        let first = file("energy: {policy: {metered: 50, modeled: 10}, supply_joules: 2000}\n", "a.yaml")
        let second = file("energy: {policy: {modeled: 20}}\n", "b.yaml")
        let read = try AgentConfiguration(ConfigurationSources(files: [first, second]))
        #expect(
            read.energy.charging.shares == [
                .metered: BasisPoints(clamping: 5000), .modeled: BasisPoints(clamping: 2000),
            ])
        #expect(read.origin(of: "energy.policy.metered") == .file("a.yaml", line: 1))
        #expect(read.origin(of: "energy.policy.modeled") == .file("b.yaml", line: 1))
        #expect(read.energy.supply == Energy(joules: 2000))
        #expect(read.files == ["a.yaml", "b.yaml"])
    }

    @Test func `a list is replaced, not lengthened`() throws {
        let first = file("link: {peers: [/a, /b]}", "a.yaml")
        let variable = Variable(name: "SAGE_EDGE_LINK_PEERS", value: "")
        #expect(
            try AgentConfiguration(ConfigurationSources(files: [first], environment: [variable])).link.peerFiles == [])
    }

    @Test func `a class set to nothing charges nothing`() throws {
        let read = try configuration("energy: {policy: {metered: 0}}")
        #expect(read.energy.charging.shares == [:])
    }

    @Test(arguments: [
        (ConfigurationOrigin.builtIn, "default"), (.hostName, "host name"), (.profile("nano"), "profile nano"),
        (.guess("pc"), "guess of pc"),
        (.file("/etc/c.yaml", line: 12), "/etc/c.yaml:12"), (.environment("SAGE_EDGE_X"), "environment SAGE_EDGE_X"),
        (.flag("--sysroot"), "option --sysroot"),
    ])
    func `the origin is told in words`(origin: ConfigurationOrigin, text: String) {
        #expect(origin.text == text)
    }
}

@Suite struct `decimal numbers` {
    @Test(arguments: [
        ("0", 4, 0), ("1", 4, 10_000), ("0.8", 4, 8000), ("0.85", 4, 8500), ("0.8500", 4, 8500),
        ("0.85000000", 4, 8500),
        ("0.0001", 4, 1), ("1.0", 4, 10_000), ("12", 0, 12), ("-0.5", 1, -5), ("-0", 0, 0),
        ("922337203685477.5807", 4, Int64.max),
    ])
    func `are read exactly`(text: String, digits: Int, value: Int64) {
        #expect(FixedPoint.parse(text, digits: digits) == value)
    }

    @Test(arguments: [
        "", ".", "-", "-.5", ".5", "1.", "1.0.0", "01", "00", "0x1", "1e1", "1_000", "+1", " 1", "1 ", "0.00001", "١",
        "922337203685477.5808", "0,8", "NaN", "inf", "--1", "1.-1",
    ])
    func `are refused where they are not exact, or no numbers`(text: String) {
        #expect(FixedPoint.parse(text, digits: 4) == nil)
    }

    @Test func `with no digits after the point have no point`() {
        #expect(FixedPoint.parse("1.0", digits: 0) == nil)
        #expect(FixedPoint.parse("1.", digits: 0) == nil)
    }

    @Test(arguments: [
        (0, 4, "0"), (1, 4, "0.0001"), (8000, 4, "0.8"), (10_000, 4, "1"), (100_500, 3, "100.5"), (100, 0, "100"),
    ])
    func `are written without zeros at the end`(value: Int64, digits: Int, text: String) {
        #expect(FixedPoint.text(value, digits: digits) == text)
        #expect(FixedPoint.parse(text, digits: digits) == value)
    }
}

@Suite struct `a name that may be meant` {
    @Test(arguments: [
        ("titel", "title"), ("window_seconds", "window_milliseconds"), ("lnk", "link"), ("LINK", nil), ("lniks", nil),
        ("colour", nil), ("", nil), (String(repeating: "link", count: 30), nil),
    ])
    func `is like it`(name: String, nearest: String?) {
        #expect(nearestName(to: name, among: ["title", "link", "window_milliseconds", "limit"]) == nearest)
    }

    @Test func `is the nearest, and the first of equals`() {
        #expect(nearestName(to: "abcd", among: ["abxd", "abcx", "abcde"]) == "abxd")
        #expect(nearestName(to: "abcd", among: ["abxd", "abcd"]) == "abcd")
        #expect(nearestName(to: "abdc", among: ["abcd"]) == "abcd")
    }
}
