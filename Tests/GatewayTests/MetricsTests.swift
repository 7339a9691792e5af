import AgentCore
import Foundation
import Quantities
import Telemetry
import TestKit
import Testing

@testable import Gateway

private func program() -> ProgramMetrics {
    var program = ProgramMetrics(version: "1.2.3", started: .origin + .milliseconds(1_790_000_000_123))
    program.samples = 3
    program.sampleMicroseconds = 2_345
    program.processorMicroseconds = 1_230_000
    program.residentMemory = ByteCount(bytes: 7_000_000)
    program.openDescriptors = 17
    program.count(status: 200)
    return program
}

private let boards = [
    "agx-orin", "agx-thor", "laptop-battery", "nano", "orin-nano", "pc-rapl-nvme-coretemp", "xavier-nx",
]

/// The page of a captured board after three samples.
private func page(_ tree: String, _ format: MetricsFormat, _ change: (inout TelemetrySample) -> Void = { _ in }) throws
    -> String
{
    var agent = try MeasuringAgent(tree: tree)
    agent.sample(3, change)
    return MetricsPage.text(agent.metrics, program(), format)
}

/// The lines of samples without the comments, by their name and labels.
private func samples(_ page: String) -> [String: String] {
    var found: [String: String] = [:]
    for line in page.split(separator: "\n") where !line.hasPrefix("#") {
        guard let blank = line.lastIndex(of: " ") else { continue }
        let name = String(line[..<blank])
        #expect(found[name] == nil, "\(name) comes twice")
        found[name] = String(line[line.index(after: blank)...])
    }
    return found
}

@Suite struct `numbers and labels of metrics` {
    @Test(arguments: [
        (Int128(0), 6, "0"), (1, 6, "0.000001"), (4_800_000, 6, "4.8"), (4_000_000, 6, "4"), (-1_500, 3, "-1.5"),
        (-1, 3, "-0.001"), (42, 0, "42"), (Int128(UInt64.max), 6, "18446744073709.551615"),
        (Int128(Int64.min), 0, "-9223372036854775808"),
    ])
    func `numbers are exact`(units: Int128, digits: Int, text: String) {
        #expect(MetricValue(units, digits: digits).text == text)
    }

    @Test func `labels are escaped`() {
        #expect(MetricsText.escaped("plain Ä") == "plain Ä")
        #expect(MetricsText.escaped("a\"b\\c\nd\r") == #"a\"b\\c\nd"# + "\r")
    }

    @Test func `values on a bound count for it`() throws {
        var agent = try MeasuringAgent(tree: "orin-nano")
        agent.sample()
        let empty = samples(MetricsPage.text(agent.metrics, program(), .text))
        #expect(empty[#"sage_edge_task_duration_seconds_bucket{where="here",le="0.01"}"#] == "0")
        #expect(empty[#"sage_edge_task_duration_seconds_bucket{where="here",le="+Inf"}"#] == "0")
        #expect(empty[#"sage_edge_task_energy_joules_sum{where="for_peer"}"#] == "0")
    }
}

@Suite struct `the page of metrics` {
    @Test(arguments: boards) func `promtool finds nothing to say about it`(tree: String) throws {
        let promtool = ExternalTool(program: "/usr/bin/promtool", package: "prometheus")
        _ = try promtool.run(["check", "metrics"], input: Array(try page(tree, .text).utf8))
    }

    /// The parsers of the Prometheus project's Python library, which the server's own do not know.
    @Test(arguments: boards) func `Python's parsers read both formats, and the same from them`(tree: String) throws {
        let script = """
            import sys
            from prometheus_client.parser import text_string_to_metric_families as text
            from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
            families = {"text": text, "open": openmetrics}[sys.argv[1]](sys.stdin.read())
            samples = set()
            for family in families:
                for sample in family.samples:
                    samples.add(f"{sample.name}{sorted(sample.labels.items())} {float(sample.value)!r}")
            print("\\n".join(sorted(samples)))
            """
        let found = try [("text", MetricsFormat.text), ("open", .openMetrics)].map { name, format in
            try PythonTool.run(
                script, arguments: [name], input: Array(try page(tree, format).utf8),
                modules: ["prometheus_client": "python3-prometheus-client"])
        }
        #expect(found[0] == found[1])
        #expect(found[0].count > 1000)
    }

    @Test func `a captured Jetson is told in base units`() throws {
        let found = samples(try page("orin-nano", .text))
        let power = try #require(found[#"sage_edge_host_power_watts{scope="module"}"#])
        #expect(found[#"sage_edge_rail_power_watts{rail="VDD_SOC"}"#] != nil)
        // Two seconds at constant power.
        let energy = try #require(found["sage_edge_host_energy_joules_total"])
        let joules = try #require(Double(energy))
        let watts = try #require(Double(power))
        #expect(abs(joules - 2 * watts) < 0.000_01)
        let soc = try #require(found[#"sage_edge_rail_power_watts{rail="VDD_SOC"}"#].flatMap { Double($0) })
        let drawn = try #require(
            found[#"sage_edge_rail_energy_joules_total{rail="VDD_SOC"}"#].flatMap { Double($0) })
        #expect(abs(drawn - 2 * soc) < 0.000_01)
        #expect(
            found[
                #"sage_edge_source_energy_joules_total{source="compute:orin-nano-8gb",kind="compute",class="replayed"}"#
            ] != nil)
        #expect(found[#"sage_edge_build_info{version="1.2.3"}"#] == "1")
        #expect(found["process_cpu_seconds_total"] == "1.23")
        #expect(found["process_start_time_seconds"] == "1790000000.123")
        #expect(found["sage_edge_sample_duration_seconds"] == "0.002345")
        #expect(found[#"sage_edge_atp_joules{state="available"}"#] == "0")
        #expect(found["sage_edge_adp_joules"] == "5000")
        #expect(found["sage_edge_store_open"] == "1")
    }

    @Test(arguments: boards) func `the whole is a family of its own, and never a rail`(tree: String) throws {
        for name in samples(try page(tree, .text)).keys where name.contains("rail=") {
            #expect(!["total", "host", "board", "all", "sum"].contains { name.lowercased().contains("rail=\"" + $0) })
            #expect(!name.hasPrefix("sage_edge_host"))
        }
    }

    /// Every rail that is told of, in the order of the board's own; none is the whole or inside another.
    @Test(arguments: [
        ("agx-orin", ["VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"]),
        ("agx-thor", ["VDD_GPU", "VDD_CPU_SOC_MSS", "VIN_SYS_5V0"]),
        ("laptop-battery", []), ("nano", ["POM_5V_GPU", "POM_5V_CPU"]),
        ("orin-nano", ["VDD_CPU_GPU_CV", "VDD_SOC"]), ("xavier-nx", ["VDD_CPU_GPU_CV", "VDD_SOC"]),
    ])
    func `a sum over the rails counts nothing twice`(tree: String, rails: [String]) throws {
        for family in ["power_watts", "energy_joules_total", "voltage_volts", "current_amperes"] {
            let prefix = "sage_edge_rail_" + family + "{rail=\""
            let names = samples(try page(tree, .text)).keys.filter { $0.hasPrefix(prefix) }
            #expect(Set(names.map { String($0.dropFirst(prefix.count).dropLast(2)) }) == Set(rails))
        }
    }

    @Test func `of a processor the packages and their memory are rails, and the platform is none`() throws {
        func rail(_ name: String, _ role: RailRole) -> RailReading {
            RailReading(name: name, role: role, power: Power(milliwatts: 1000), source: .rapl)
        }
        let found = samples(
            try page("pc-rapl-nvme-coretemp", .text) {
                $0.rails = [
                    rail("psys", .total), rail("package-0", .cpu), rail("package-0/core", .other),
                    rail("package-0/dram", .other), rail("package-1/core", .other),
                ]
            })
        let names = found.keys.filter { $0.hasPrefix("sage_edge_rail_power_watts") }
        #expect(
            Set(names)
                == Set(
                    ["package-0", "package-0/dram", "package-1/core"].map {
                        "sage_edge_rail_power_watts{rail=\"" + $0 + "\"}"
                    }))
    }

    @Test func `what a board does not have is not there`() throws {
        let found = samples(
            try page("laptop-battery", .text) {
                $0.gpu = nil; $0.total = nil
            })
        for part in ["gpu_", "host_power", "throttled{"] {
            #expect(!found.keys.contains { $0.hasPrefix("sage_edge_" + part) }, "\(part)")
        }
        #expect(!found.values.contains("-256"))
    }

    @Test func `a part that failed is said to, and one that is absent is not`() throws {
        let found = samples(
            try page("orin-nano", .text) {
                $0.total = nil
                $0.unavailable = [Unavailable("total", .inputOutput), Unavailable("gpu", .absent)]
                $0.gpu = nil
            })
        #expect(found[#"sage_edge_collector_success{collector="total"}"#] == "0")
        #expect(found[#"sage_edge_collector_success{collector="zones"}"#] == "1")
        #expect(found[#"sage_edge_collector_success{collector="gpu"}"#] == nil)
        #expect(found[#"sage_edge_readings_unavailable{reason="EIO"}"#] == "1")
    }

    @Test func `hostile names stay inside their quotes, and equal ones are told apart`() throws {
        let change: (inout TelemetrySample) -> Void = { sample in
            let hot = Temperature(millidegrees: 50_500)
            sample.zones = [
                ZoneReading(name: "a\"} 1\nfake 2", temperature: hot), ZoneReading(name: "acpitz", temperature: hot),
                ZoneReading(name: "acpitz", temperature: Temperature(millidegrees: -1)),
            ]
        }
        let found = samples(try page("orin-nano", .text, change))
        #expect(found[#"sage_edge_temperature_celsius{zone="a\"} 1\nfake 2"}"#] == "50.5")
        #expect(found[#"sage_edge_temperature_celsius{zone="acpitz"}"#] == "50.5")
        #expect(found[#"sage_edge_temperature_celsius{zone="acpitz#2"}"#] == "-0.001")
        let promtool = ExternalTool(program: "/usr/bin/promtool", package: "prometheus")
        _ = try promtool.run(["check", "metrics"], input: Array(try page("orin-nano", .text, change).utf8))
    }

    @Test(arguments: [("xavier-nx", "10"), ("orin-nano", "25"), ("agx-thor", "120")])
    func `a board is rated at its mode, or at the least that a mode of it allows`(tree: String, watts: String) throws {
        #expect(samples(try page(tree, .text))["sage_edge_host_rated_watts"] == watts)
    }

    @Test func `throttling is counted by its beginnings, over-current by its events`() throws {
        var agent = try MeasuringAgent(tree: "orin-nano")
        for (step, events) in [(0, 7), (1, 7), (2, 9), (0, 9), (1, 12)] as [(Int64, Int64)] {
            agent.sample {
                $0.throttle = [
                    ThrottleReading(cause: "cpu-throttle-alert", state: step, maximum: 3),
                    ThrottleReading(cause: "over-current:1", state: events, maximum: nil),
                ]
            }
        }
        let found = samples(MetricsPage.text(agent.metrics, program(), .text))
        #expect(found[#"sage_edge_throttled{cause="cpu-throttle-alert"}"#] == "1")
        #expect(found[#"sage_edge_throttled{cause="over-current:1"}"#] == nil)
        #expect(found[#"sage_edge_throttle_events_total{cause="cpu-throttle-alert"}"#] == "2")
        #expect(found[#"sage_edge_throttle_events_total{cause="over-current:1"}"#] == "5")
        #expect(found[#"sage_edge_throttle_state{cause="cpu-throttle-alert"}"#] == "1")
        #expect(found[#"sage_edge_throttle_max_state{cause="cpu-throttle-alert"}"#] == "3")
        let time = try #require(agent.metrics.throttle.first??.time)
        #expect(time > .zero)
        #expect(
            found[#"sage_edge_throttled_seconds_total{cause="cpu-throttle-alert"}"#].flatMap { Double($0) }
                == Double(time.milliseconds) / 1000)
        for family in ["throttle_state", "throttle_max_state", "throttled_seconds_total"] {
            #expect(found["sage_edge_\(family){cause=\"over-current:1\"}"] == nil)
        }
        let promtool = ExternalTool(program: "/usr/bin/promtool", package: "prometheus")
        for format in [MetricsFormat.text, .openMetrics] {
            let page = MetricsPage.text(agent.metrics, program(), format)
            if format == .text { _ = try promtool.run(["check", "metrics"], input: Array(page.utf8)) }
            #expect(page.contains("sage_edge_throttled_seconds_total{"))
        }
    }

    @Test func `rails that come and go make no table grow`() throws {
        var agent = try MeasuringAgent(tree: "orin-nano")
        for round in 0..<300 {
            agent.sample {
                $0.rails = [
                    RailReading(
                        name: "rail-\(round)", role: .other, power: Power(milliwatts: 1000), source: .hwmon),
                    RailReading(name: "steady", role: .other, power: Power(milliwatts: 1000), source: .hwmon),
                ]
            }
        }
        let found = samples(MetricsPage.text(agent.metrics, program(), .text))
        #expect(found[#"sage_edge_rail_power_watts{rail="rail-299"}"#] == "1")
        #expect(found[#"sage_edge_rail_energy_joules_total{rail="rail-299"}"#] == nil)
        #expect(found[#"sage_edge_rail_energy_joules_total{rail="steady"}"#] == "299")
    }

    @Test func `a negative reading and a gap add nothing to a rail`() throws {
        var agent = try MeasuringAgent(tree: "orin-nano")
        for milliwatts in [1000, -500, 1000] as [Int64] {
            agent.sample {
                $0.rails = [
                    RailReading(name: "r", role: .other, power: Power(milliwatts: milliwatts), source: .hwmon)
                ]
            }
        }
        agent.sample(9) { $0.rails = [] }
        agent.sample {
            $0.rails = [RailReading(name: "r", role: .other, power: Power(milliwatts: 1000), source: .hwmon)]
        }
        let found = samples(MetricsPage.text(agent.metrics, program(), .text))
        #expect(found[#"sage_edge_rail_energy_joules_total{rail="r"}"#] == "1")
    }

    @Test func `before the first sample there are no readings`() throws {
        let agent = try MeasuringAgent(tree: "orin-nano")
        let found = samples(MetricsPage.text(agent.metrics, program(), .text))
        #expect(!found.keys.contains { $0.hasPrefix("sage_edge_rail") || $0.hasPrefix("sage_edge_temperature") })
        #expect(found["sage_edge_samples_total"] == "3")
    }
}

@Suite struct `what is written about metrics` {
    /// The names of the samples that are told of, one for a histogram.
    private static let names = Set(MetricFamily.all.map { $0.sampleName })

    @Test func `every sample is of a family of the table, and has its labels`() throws {
        for tree in boards {
            for name in samples(try page(tree, .text)).keys {
                let plain = String(name.prefix { $0 != "{" })
                let base = ["_bucket", "_sum", "_count"].first { plain.hasSuffix($0) }.map {
                    String(plain.dropLast($0.count))
                }
                #expect(Self.names.contains(plain) || Self.names.contains(base ?? ""), "\(name)")
            }
        }
        #expect(Set(MetricFamily.all.map { $0.name }).count == MetricFamily.all.count)
    }

    @Test func `the page for users lists them all`() throws {
        let text = try String(contentsOf: Repository.root.appendingPathComponent("docs/http.md"), encoding: .utf8)
        for family in MetricFamily.all {
            let labels = family.labels.isEmpty ? "" : " " + family.labels.map { "`\($0)`" }.joined(separator: " ")
            let row = "| `\(family.sampleName)` | \(family.kind.rawValue) |\(labels) | \(family.help) |"
            #expect(text.contains(row), "docs/http.md lacks this row: \(row)")
        }
        let listed = text.split(separator: "\n").filter { $0.hasPrefix("| `sage_edge_") || $0.hasPrefix("| `process_") }
        #expect(listed.count == MetricFamily.all.count)
        for path in HTTPRoutes.paths { #expect(text.contains("`\(path)`"), "\(path)") }
    }

    @Test func `the dashboard asks for nothing else`() throws {
        let file = Repository.root.appendingPathComponent("packaging/grafana/sage-edge.json")
        let dashboard = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        var expressions: [String] = []
        func collect(_ value: Any) {
            if let object = value as? [String: Any] {
                for (key, inner) in object {
                    if let text = inner as? String, ["expr", "query", "definition"].contains(key) {
                        expressions.append(text)
                    }
                    collect(inner)
                }
            } else if let list = value as? [Any] {
                list.forEach(collect)
            }
        }
        collect(dashboard)
        #expect(expressions.count > 15)
        var asked: Set<String> = []
        for expression in expressions {
            for match in expression.matches(of: #/(?:sage_edge|process)_[a-z_]+/#) {
                var name = String(match.output)
                for end in ["_bucket", "_sum", "_count"] where name.hasSuffix(end) {
                    name = String(name.dropLast(end.count))
                }
                #expect(Self.names.contains(name), "\(expression)")
                asked.insert(name)
            }
        }
        for name in [
            "sage_edge_host_power_watts", "sage_edge_rail_power_watts", "sage_edge_temperature_celsius",
            "sage_edge_throttled", "sage_edge_throttled_seconds_total", "sage_edge_atp_joules", "sage_edge_tasks_total",
            "sage_edge_peer_up",
        ] { #expect(asked.contains(name), "\(name)") }
        // Every panel names a data source that the reader chooses.
        let panels = try #require(dashboard["panels"] as? [[String: Any]])
        for panel in panels where panel["type"] as? String != "row" {
            let source = panel["datasource"] as? [String: Any]
            #expect(source?["uid"] as? String == "${datasource}", "\(panel["title"] ?? "")")
        }
        #expect(Set(panels.compactMap { $0["id"] as? Int }).count == panels.count)
    }
}
