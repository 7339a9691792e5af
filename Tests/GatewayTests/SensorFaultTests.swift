import AgentCore
import EnergyProofs
import Gateway
import Quantities
import Telemetry
import Testing

private let meter = SourceDeclaration(
    name: "grid:meter", kind: .grid, evidence: .metered, origin: .file("/run/meter.json"),
    rated: Power(milliwatts: 10_000))

/// A board whose power monitor has gone.
private func lose(_ sample: inout TelemetrySample) {
    sample.total = nil
    sample.sources = []
    sample.rails = []
    sample.unavailable = [Unavailable("VDD_IN", .absent), Unavailable("total", .absent)]
}

/// What the meter shows: so much, or nothing because of `reason`.
private func show(_ milliwatts: Int64?, because reason: UnavailableReason = .inputOutput)
    -> (inout TelemetrySample) -> Void
{
    { sample in
        sample.sources.append(
            EnergySource(
                name: "grid:meter", kind: .grid, evidence: .metered, power: milliwatts.map { Power(milliwatts: $0) },
                traits: SourceTraits(method: "file:/run/meter.json", rated: Power(milliwatts: 10_000))))
        if milliwatts == nil { sample.unavailable.append(Unavailable("grid:meter", reason)) }
    }
}

@Suite struct `sensors that fail while an agent runs` {
    private func health(_ agent: MeasuringAgent) throws -> (status: String?, reasons: [String]) {
        let value = try JSONValue(parsing: Array(agent.core.healthJSON(at: agent.now.boot).utf8))
        return (value["status"]?.text, (value["reasons"]?.elements ?? []).compactMap { $0.text })
    }

    private func total(_ agent: MeasuringAgent) -> String? {
        let program = ProgramMetrics(version: "1", started: .origin)
        return MetricsPage.text(agent.metrics, program, .text).split(separator: "\n")
            .first { $0.hasPrefix(#"sage_edge_collector_success{collector="total"}"#) }
            .map { String($0.suffix(1)) }
    }

    private func told(_ agent: MeasuringAgent) -> [LogEntry] {
        agent.log.filter { $0.kind == .sensorFailed || $0.kind == .sensorBack }
    }

    @Test func `a board that loses its total says so, once, and once when it is back`() throws {
        var agent = try MeasuringAgent(tree: "orin-nano")
        agent.sample(3)
        #expect(total(agent) == "1")
        agent.sample(3, lose)
        // A failure of a moment is no fault yet, and is seen all the same.
        #expect(told(agent).isEmpty)
        #expect(total(agent) == "0")
        #expect(try health(agent).status == "healthy")
        agent.sample(60, lose)
        #expect(told(agent).map(\.text) == ["the board's power cannot be read: ENOENT"])
        #expect(told(agent).map(\.kind) == [.sensorFailed])
        #expect(try health(agent).status == "degraded")
        #expect(try health(agent).reasons == ["the board's power cannot be read: ENOENT"])
        // It can be asked all the same.
        #expect(agent.core.unreadiness.isEmpty)
        agent.sample()
        #expect(told(agent).map(\.text).last == "the board's power can be read again")
        #expect(told(agent).count == 2)
        #expect(try health(agent).reasons.isEmpty)
        #expect(total(agent) == "1")
    }

    @Test func `a total that is missing from the start is one that should be there`() throws {
        var agent = try MeasuringAgent(tree: "orin-nano")
        agent.sample(1, lose)
        #expect(total(agent) == "0")
        agent.sample(10, lose)
        #expect(told(agent).count == 1)
        #expect(try health(agent).status == "degraded")
    }

    @Test func `a sum from which a rail is missing is no total`() throws {
        var agent = try MeasuringAgent(tree: "agx-orin")
        agent.sample(3)
        agent.sample(10) {
            $0.total?.isComplete = false
            $0.unavailable.append(Unavailable("VDD_CPU_CV", .tryAgain))
        }
        #expect(told(agent).map(\.text) == ["the board's power cannot be read: incomplete, VDD_CPU_CV: EAGAIN"])
        #expect(total(agent) == "0")
    }

    @Test func `a machine that has no counter to read is not at fault`() throws {
        var agent = try MeasuringAgent(tree: "pc-rapl-nvme-coretemp")
        let change: (inout TelemetrySample) -> Void = { sample in
            lose(&sample)
            sample.unavailable = [Unavailable("total", .notSupported)]
        }
        agent.sample(20, change)
        #expect(told(agent).isEmpty)
        #expect(total(agent) == nil)
        // Where it was read and is gone, it is missed.
        agent.sample(2) {
            $0.total = TotalPower(
                power: Power(milliwatts: 9000), isComplete: true, rails: ["package-0"], scope: .cpuPackage)
        }
        agent.sample(10, change)
        #expect(told(agent).map(\.kind) == [.sensorFailed])
    }

    @Test func `a declared source that goes away is named with its reason, and named again when it is back`() throws {
        var agent = try MeasuringAgent(tree: "orin-nano", declarations: [meter])
        agent.sample(3, show(5_000))
        agent.sample(60, show(nil, because: .permission))
        #expect(told(agent).map(\.text) == ["grid:meter cannot be read: EACCES"])
        #expect(try health(agent).reasons == ["grid:meter cannot be read: EACCES"])
        agent.sample(1, show(5_000))
        #expect(told(agent).map(\.text).last == "grid:meter can be read again")
        #expect(try health(agent).status == "healthy")
    }

    @Test func `a source that fails every other moment fills no log`() throws {
        var agent = try MeasuringAgent(tree: "orin-nano", declarations: [meter])
        for _ in 0..<500 {
            agent.sample(7, show(nil))
            agent.sample(1, show(5_000))
        }
        // Every ten minutes eight of each, and one line that counts the others.
        #expect(told(agent).count > 16 && told(agent).count <= 7 * 18)
    }

    @Test func `an agent without a store says so too`() throws {
        var agent = try MeasuringAgent(tree: "orin-nano", storeFault: "the disk is full")
        agent.sample(10, lose)
        #expect(told(agent).count == 1)
        agent.sample(1)
        #expect(told(agent).count == 2)
    }

    @Test func `what no source of this rating can have is no power`() throws {
        var agent = try MeasuringAgent(tree: "orin-nano", declarations: [meter])
        agent.sample(3, show(99_000_000))
        let view = try #require(agent.core.sourceViews.last)
        #expect(view.power == nil && view.unbelieved == Power(milliwatts: 99_000_000))
        let text = MetricsPage.text(agent.metrics, ProgramMetrics(version: "1", started: .origin), .text)
        #expect(!text.contains(#"sage_edge_source_power_watts{source="grid:meter"}"#))
        let status = try agent.answer(.status)
        let told = try #require(status["sources"]?.elements.last)
        #expect(told["power_mw"] == .null && told["unbelieved_mw"]?.number == 99_000_000)
        agent.sample(10, show(99_000_000))
        #expect(agent.core.sensorFaults == ["grid:meter cannot be read: 99000000 mW is above 16 times its rating"])
        // Sixteen times is what a page may show.
        agent.sample(1, show(160_000))
        #expect(agent.core.sourceViews.last?.power == Power(milliwatts: 160_000))
        #expect(agent.core.sensorFaults.isEmpty)
    }

    @Test func `of a source that nobody rated no more than ten kilowatts is believed`() throws {
        var unrated = meter
        unrated.rated = nil
        var agent = try MeasuringAgent(tree: "orin-nano", declarations: [unrated])
        func shown(_ milliwatts: Int64) -> (inout TelemetrySample) -> Void {
            { sample in
                show(milliwatts)(&sample)
                sample.sources[sample.sources.count - 1].traits.rated = nil
            }
        }
        agent.sample(31, shown(10_000_000))
        let before = try #require(agent.core.sourceViews.last?.register)
        #expect(before.energy > Energy(joules: 250_000))
        agent.sample(10, shown(10_000_001))
        let view = try #require(agent.core.sourceViews.last)
        #expect(view.power == nil && view.unbelieved == Power(milliwatts: 10_000_001))
        #expect(view.register == before)
        let fault = "grid:meter cannot be read: 10000001 mW is more than is believed without a rating"
        #expect(agent.core.sensorFaults == [fault])
    }

    @Test func `a board's power that cannot be is none, in status, metrics and history`() throws {
        var agent = try MeasuringAgent(tree: "orin-nano")
        agent.sample(3) {
            $0.total?.power = Power(milliwatts: 9_000_000)
            $0.sources[0].power = Power(milliwatts: 9_000_000)
        }
        let status = try agent.answer(.status)
        #expect(status["board"]?["power_mw"] == .null)
        #expect(status["sources"]?.elements.first?["unbelieved_mw"]?.number == 9_000_000)
        let text = MetricsPage.text(agent.metrics, ProgramMetrics(version: "1", started: .origin), .text)
        #expect(!text.contains("sage_edge_host_power_watts{") && total(agent) == "0")
        let samples = try agent.answer(.energyHistory(HistoryQuery(.sample)))["samples"]?.elements ?? []
        #expect(samples.count == 3 && samples.allSatisfy { $0["power_mw"] == .null })
    }

    @Test(arguments: [Int64(900_000), 2_500_000])
    func `a server whose rating is a guess is metered whatever it draws`(milliwatts: Int64) throws {
        var agent = try MeasuringAgent(tree: "laptop-battery")
        var counter: UInt64 = 0
        let change: (inout TelemetrySample) -> Void = { sample in
            counter += UInt64(milliwatts) * 1000
            sample.total = TotalPower(
                power: Power(milliwatts: milliwatts), counter: EnergyRegister(microjoules: counter), isComplete: true,
                rails: ["package-0"], scope: .cpuPackage)
            sample.sources[0].power = sample.total?.power
            sample.sources[0].counter = sample.total?.counter
            sample.sources[0].traits.step = Power(milliwatts: 100)
        }
        agent.sample(31, change)
        #expect(try agent.answer(.status)["board"]?["rated_guessed"] == .boolean(true))
        #expect(agent.core.sensorFaults.isEmpty && total(agent) == "1")
        let board = try #require(agent.core.sourceViews.first)
        #expect(board.power == Power(milliwatts: milliwatts) && board.rated == nil)
        #expect(board.lastPage?.gap == .zero && board.lastPage?.chargeable == .zero)
        #expect(try #require(board.register).energy >= Energy(millijoules: milliwatts * 25))
        // What not even a rack draws is none.
        agent.sample(10) {
            change(&$0)
            $0.sources[0].power = Power(milliwatts: 10_000_001)
            $0.total?.power = Power(milliwatts: 10_000_001)
        }
        #expect(agent.core.sourceViews.first?.unbelieved == Power(milliwatts: 10_000_001))
        #expect(agent.core.sourceViews.first?.register == board.register)
    }

    @Test func `a steady board whose voltage and current flicker is known to three and a half percent`() throws {
        var agent = try MeasuringAgent(tree: "orin-nano")
        var count = 0
        agent.sample(300) { sample in
            #expect(sample.boardSource?.voltageStep == Power(microwatts: 8 * 960))
            let isLow = count / 16 % 2 == 0
            count += 1
            sample.rails[0] = RailReading(
                name: "VDD_IN", role: .total, voltage: Voltage(millivolts: isLow ? 4_976 : 4_984),
                current: Current(milliamperes: isLow ? 941 : 960), source: .ina3221)
            sample.total?.power = sample.rails[0].power
            sample.sources[0].power = sample.rails[0].power
        }
        let page = try #require(agent.core.sourceViews.first?.lastPage)
        #expect(page.errorBoundPermille >= 30 && page.errorBoundPermille <= 35)
    }

    @Test func `a total below zero is no power of the board, in status, metrics and history`() throws {
        var agent = try MeasuringAgent(tree: "orin-nano")
        agent.sample(3) {
            $0.total?.power = Power(milliwatts: -1000)
            $0.sources[0].power = Power(milliwatts: -1000)
        }
        let text = MetricsPage.text(agent.metrics, ProgramMetrics(version: "1", started: .origin), .text)
        #expect(!text.contains("sage_edge_host_power_watts{") && total(agent) == "0")
        let status = try agent.answer(.status)
        #expect(status["board"]?["power_mw"] == .null)
        #expect(status["sources"]?.elements.first?["power_mw"] == .null)
        let samples = try agent.answer(.energyHistory(HistoryQuery(.sample)))["samples"]?.elements ?? []
        #expect(samples.count == 3 && samples.allSatisfy { $0["power_mw"] == .null })
        agent.sample(1)
        let later = MetricsPage.text(agent.metrics, ProgramMetrics(version: "1", started: .origin), .text)
        #expect(later.contains("sage_edge_host_power_watts{") && total(agent) == "1")
    }

    @Test func `a processor's counter that stands still is a dead sensor, charges nothing, and is named once`() throws {
        var agent = try MeasuringAgent(tree: "laptop-battery")
        var counter: UInt64 = 1_000_000_000
        var isStill = false
        var previous: UInt64?
        let show: (inout TelemetrySample) -> Void = { sample in
            if !isStill { counter += 50_000_000 }
            let power = previous.map { Power(microwatts: Int64(counter - $0)) }
            previous = counter
            sample.total = TotalPower(
                power: power, counter: EnergyRegister(microjoules: counter), isComplete: true, rails: ["package-0"],
                scope: .cpuPackage)
            sample.sources[0].power = power
            sample.sources[0].counter = sample.total?.counter
            sample.sources[0].isPowerCounted = true
            sample.sources[0].traits.rated = Power(milliwatts: 125_000)
        }
        agent.sample(40, show)
        let before = try #require(agent.core.sourceViews.first)
        #expect(before.lastPage?.gap == .zero && before.lastPage?.drawn == Energy(joules: 500))
        isStill = true
        agent.sample(60, show)
        #expect(told(agent).map(\.text) == ["the board's power cannot be read: 0 mW is what no running board draws"])
        let dead = try #require(agent.core.sourceViews.first)
        let page = try #require(dead.lastPage)
        #expect(page.covered == .zero && page.chargeable == .zero && dead.power == nil)
        #expect(total(agent) == "0")
        // A board on which it never counted is told nothing else.
        var other = try MeasuringAgent(tree: "laptop-battery")
        other.sample(60, show)
        let never = try #require(other.core.sourceViews.first)
        #expect(never.lastPage?.chargeable == .zero && never.lastPage?.covered == .zero && never.charged == .zero)
        #expect(other.core.sensorFaults == agent.core.sensorFaults)
        isStill = false
        agent.sample(30, show)
        #expect(agent.core.sensorFaults.isEmpty && agent.core.sourceViews.first?.lastPage?.gap == .zero)
    }

    @Test func `a counter that stands still while its parts draw is no board that draws nothing`() throws {
        var agent = try MeasuringAgent(tree: "orin-nano")
        var package: UInt64 = 0
        func show(whole: Int64) -> (inout TelemetrySample) -> Void {
            { sample in
                package += 40_000_000
                let power = Power(milliwatts: whole)
                sample.rails[0].power = power
                sample.rails[1].power = Power(milliwatts: 40_000)
                sample.total?.power = power
                sample.sources[0].power = power
            }
        }
        // For a moment the one may have been read before a load and the other after it.
        agent.sample(30, show(whole: 45_000))
        agent.sample(4, show(whole: 50))
        agent.sample(6, show(whole: 45_000))
        #expect(agent.core.sourceViews.first?.lastPage?.gap == .zero)
        agent.sample(40, show(whole: 50))
        let fault = "the board's power cannot be read: its part VDD_CPU_GPU_CV alone draws more than the whole"
        #expect(agent.core.sensorFaults == [fault])
        #expect(total(agent) == "0")
        let page = try #require(agent.core.sourceViews.first?.lastPage)
        #expect(page.gap == .seconds(10) && page.covered == .zero && page.chargeable == .zero)
        #expect(try agent.answer(.status)["board"]?["power_mw"] == .null)
        agent.sample(30, show(whole: 45_000))
        #expect(agent.core.sensorFaults.isEmpty && total(agent) == "1")
        #expect(agent.core.sourceViews.first?.lastPage?.gap == .zero)
    }

    @Test(arguments: [("orin-nano", false), ("laptop-battery", true), ("xavier-nx", false)])
    func `the status says whether the board's rating is a guess`(tree: String, isGuess: Bool) throws {
        var agent = try MeasuringAgent(tree: tree)
        agent.sample(1)
        #expect(try agent.answer(.status)["board"]?["rated_guessed"] == .boolean(isGuess))
        // What the kernel limits the board to is no guess.
        agent.sample(1) { $0.sources[0].traits.rated = Power(milliwatts: 45_000) }
        let board = try #require(try agent.answer(.status)["board"])
        #expect(board["rated_guessed"] == .boolean(false))
        if isGuess { #expect(board["rated_mw"]?.number == 45_000) }
    }

    @Test func `telemetry tells the register of every source`() throws {
        var agent = try MeasuringAgent(tree: "orin-nano", declarations: [meter])
        agent.sample(11, show(5_000))
        let telemetry = try agent.answer(.telemetry)
        let sources = try #require(telemetry["sources"]?.elements)
        let views = agent.core.sourceViews
        #expect(sources.count == 2 && views.count == 2)
        #expect(sources.last?["register_mj"]?.number == 50_000)
        for (source, view) in zip(sources, views) {
            #expect(source["register_mj"]?.number == view.register?.energy.millijoules)
        }
        // What is nothing but the operator's word has none.
        let dana = SourceDeclaration(
            name: "human:dana", kind: .human, evidence: .declared, origin: .declared(Power(milliwatts: 100_000)))
        var other = try MeasuringAgent(tree: "orin-nano", declarations: [dana])
        other.sample(3) { $0.sources.append(EnergySource(name: "human:dana", kind: .human, evidence: .declared)) }
        let told = try #require(try other.answer(.telemetry)["sources"]?.elements)
        #expect(told.first?["register_mj"]?.number != nil)
        #expect(told.last?["name"]?.text == "human:dana" && told.last?["register_mj"] == .null)
        // Where the board itself is not read, no other source takes its place.
        agent.sample(1) {
            lose(&$0)
            show(5_000)(&$0)
        }
        let later = try agent.answer(.telemetry)
        let alone = try #require(later["sources"]?.elements)
        #expect(alone.count == 1 && alone[0]["register_mj"]?.number == 55_000)
    }
}
