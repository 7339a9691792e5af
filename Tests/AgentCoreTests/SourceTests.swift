import AgentCore
import Cryptography
import EnergyProofs
import Quantities
import Simulation
import Telemetry
import Testing

/// Boards with more than one source: a battery, a panel, a part of the board, the operator's word.
@Suite struct SourceTests {
    private static let battery = SourceID("battery:BAT0")
    private static let panel = SourceID("solar:roof")
    static let part = SourceID("compute:gpu:sprout")
    static let board = SourceID("compute:simulated:sprout")

    /// A panel that fills the battery, as its operator declares it.
    private static let roof = SourceDeclaration(
        name: "solar:roof", kind: .solar, evidence: .metered, origin: .path("/sys/roof"),
        rated: Power(milliwatts: 20_000), feeds: "battery:BAT0")

    init() throws { try #require(prepareCryptography()) }

    func view(_ source: SourceID?, of fleet: ScriptedFleet) throws -> SourceView {
        try #require(fleet.sources(of: 0).first { $0.source == source })
    }

    func pages(_ source: SourceID?, of fleet: ScriptedFleet) throws -> [EnergyCapacityProof] {
        let source = try #require(source)
        let keys = source == Self.board ? PageKeys.board : PageKeys(of: source)
        return try fleet.pages(of: 0, keys).map { try ProofPage(decoding: $0).proof }
    }

    /// Ends the fleet, which checks every chain of pages.
    func end(_ fleet: inout ScriptedFleet) {
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
    }

    /// A fleet that charges whatever it can.
    func hungryFleet(_ change: (inout ScriptedFleet) -> Void = { _ in }) throws -> ScriptedFleet {
        var fleet = try ScriptedFleet(boards: 2)
        change(&fleet)
        fleet.restart(0) {
            $0.chargeTarget = Energy(joules: 4_900)
            $0.energy.declarations = [Self.roof]
        }
        return fleet
    }

    @Test func `a meter that is renewed every few seconds is metered without gaps, and goes on after a restart`() throws
    {
        var fleet = try ScriptedFleet(boards: 2)
        var meter = SimulatedSource("grid:meter-1", .grid, milliwatts: 42_000)
        meter.rhythm = .milliseconds(9300)
        fleet.setSource(of: 0, meter)
        fleet.pass(milliseconds: 120_000)
        fleet.restart(0) { _ in }
        fleet.pass(milliseconds: 120_000)
        fleet.write(0)
        let pages = try pages(SourceID("grid:meter-1"), of: fleet)
        #expect(pages.count >= 12)
        #expect(pages.allSatisfy { $0.epoch == 1 && $0.epochReason == .firstStart })
        for page in pages.dropFirst() {
            // To the millijoule: what a page covers it has counted, no more and no less.
            #expect(page.drawn == Energy(millijoules: 42 * page.covered.milliseconds))
            // Of the time in which nobody looked there may be a page that covers nothing.
            #expect(page.mean == (page.covered > .zero ? Power(milliwatts: 42_000) : .zero))
            #expect(page.peak <= Power(milliwatts: 42_001))
        }
        #expect(pages.count { $0.gap > .zero } <= 2)
        #expect(try view(SourceID("grid:meter-1"), of: fleet).isReporting)
        end(&fleet)
    }

    @Test func `what was measured until an agent is asked to end is on pages, and its register goes on`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        fleet.restart(0) {
            $0.energy.declarations = [
                SourceDeclaration(
                    name: "human:rower", kind: .human, evidence: .declared,
                    origin: .declared(Power(milliwatts: 80_000)))
            ]
        }
        fleet.pass(milliseconds: 27_500)
        for _ in 0..<2 {
            let before = try view(Self.board, of: fleet)
            fleet.stop(0)
            let after = try view(Self.board, of: fleet)
            let register = try #require(before.register)
            #expect(try #require(after.register) >= register)
            // The counter of this process began with it.
            #expect(try #require(after.measured) < register)
            #expect(try #require(after.measured) > .zero)
            let pages = try pages(Self.board, of: fleet)
            let last = try #require(pages.last { $0.registerEnd >= register.energy && $0.gap == .zero })
            #expect(last.windowEnd.since(last.windowStart) < .seconds(10))
        }
        let rower = try pages(SourceID("human:rower"), of: fleet)
        #expect(rower.contains { $0.windowEnd.since($0.windowStart) < .seconds(10) && $0.gap == .zero })
        end(&fleet)
    }

    @Test func `a counter of energy goes on where a register cannot`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        var meter = SimulatedSource("grid:meter-1", .grid, milliwatts: 42_000)
        fleet.setSource(of: 0, meter)
        fleet.pass(milliseconds: 60_000)
        let before = try #require(try view(SourceID("grid:meter-1"), of: fleet).measured)
        meter.traits.method = "another file"
        fleet.setSource(of: 0, meter)
        fleet.pass(milliseconds: 20_000)
        let after = try view(SourceID("grid:meter-1"), of: fleet)
        #expect(try #require(after.register) < before)
        #expect(try #require(after.measured) > before)
        end(&fleet)
    }

    @Test func `a window is rated by the least mode of its time`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        let small = PowerMode(identifier: 3, name: "7W", rated: Power(milliwatts: 7_000))
        let large = PowerMode(identifier: 1, name: "25W", rated: Power(milliwatts: 25_000))
        fleet.setMode(of: 0, small)
        fleet.pass(milliseconds: 25_000)
        for _ in 0..<10 {
            fleet.setMode(of: 0, large)
            fleet.pass(milliseconds: 2_300)
            fleet.setMode(of: 0, small)
            fleet.pass(milliseconds: 7_700)
        }
        let before = try pages(Self.board, of: fleet).count
        fleet.setMode(of: 0, large)
        fleet.pass(milliseconds: 45_000)
        fleet.write(0)
        let pages = try pages(Self.board, of: fleet)
        let flipped = pages.dropFirst(before - 9).prefix(9)
        #expect(flipped.count == 9 && flipped.allSatisfy { $0.rated == small.rated && $0.powerMode?.text == "7W" })
        #expect(flipped.allSatisfy { $0.validationMethod.text.hasSuffix(", nvpmodel 7W") })
        #expect(pages.suffix(2).allSatisfy { $0.rated == large.rated && $0.powerMode?.text == "25W" })
        end(&fleet)
    }

    @Test func `nothing is charged from a rating that is a guess`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        fleet.setMode(of: 0, nil)
        fleet.restart(0) {
            $0.energy.rated = Power(milliwatts: 50_000)
            $0.energy.isRatedByGuess = true
        }
        fleet.write(0)
        let before = try pages(Self.board, of: fleet).count
        fleet.pass(milliseconds: 60_000)
        fleet.write(0)
        let pages = try pages(Self.board, of: fleet).dropFirst(before)
        #expect(!pages.isEmpty)
        for page in pages {
            #expect(page.chargeable == .zero && page.drawn > .zero && page.rated == page.mean)
            #expect(page.validationMethod.text.hasSuffix(", not rated"))
        }
        end(&fleet)
    }

    @Test func `every source has a register and pages of its own`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        fleet.setSource(of: 0, SimulatedSource("battery:BAT0", .battery, milliwatts: 5_000))
        var meter = SimulatedSource("grid:meter-1", .grid, milliwatts: 42_000)
        meter.hasCounter = true
        fleet.setSource(of: 0, meter)
        var part = SimulatedSource("compute:gpu", .compute, milliwatts: 1_500)
        part.traits.parent = "board"
        fleet.setSource(of: 0, part)
        fleet.pass(milliseconds: 185_000)
        fleet.write(0)
        let names = fleet.sources(of: 0).map { $0.source.text }
        #expect(names == [Self.board?.text, "battery:BAT0", "grid:meter-1", Self.part?.text])
        for (name, milliwatts) in [("battery:BAT0", 5_000), ("grid:meter-1", 42_000), (Self.part?.text, 1_500)] {
            let source = name.flatMap { SourceID($0) }
            let view = try view(source, of: fleet)
            let pages = try pages(source, of: fleet)
            #expect(pages.count >= 12 && pages.allSatisfy { $0.source == source })
            #expect(pages.map { $0.page } == Array(0..<UInt64(pages.count)))
            for page in pages { #expect(page.drawn == Energy(millijoules: Int64(milliwatts) * 10)) }
            #expect(view.tally.missed == 0 && view.tally.gaps == 0 && view.tally.samples >= 170)
            #expect(view.register.map { $0.energy.millijoules >= Int64(milliwatts) * 180 } == true)
        }
        #expect(try view(Self.part, of: fleet).parent == Self.board)
        #expect(try pages(Self.board, of: fleet).allSatisfy { $0.source == Self.board })
        end(&fleet)
    }

    @Test func `a battery charges only its net discharge, and none of what its own society put into it`() throws {
        var fleet = try hungryFleet {
            // The board itself is not measured wholly, and so charges nothing.
            $0.setTotal(of: 0, isComplete: false)
            $0.setSource(of: 0, SimulatedSource("battery:BAT0", .battery, milliwatts: -8_000))
            $0.setSource(of: 0, SimulatedSource("solar:roof", .solar, milliwatts: 10_000))
        }
        fleet.pass(milliseconds: 95_000)
        let fed = try view(Self.panel, of: fleet).charged
        #expect(fed >= Energy(joules: 700))
        #expect(try view(Self.battery, of: fleet).charged == .zero)
        fleet.write(0)
        #expect(try pages(Self.battery, of: fleet).allSatisfy { $0.drawn == .zero })
        // The sun is gone. What flowed in has to flow out first, then what the panel charged for it.
        fleet.setSource(of: 0, SimulatedSource("solar:roof", .solar, milliwatts: 0))
        fleet.setSource(of: 0, SimulatedSource("battery:BAT0", .battery, milliwatts: 9_000))
        fleet.pass(milliseconds: 300_000)
        fleet.write(0)
        let output = try pages(Self.battery, of: fleet).reduce(Energy.zero) { $0 + $1.drawn }
        let view = try view(Self.battery, of: fleet)
        #expect(output > fed)
        #expect(view.charged > .zero)
        #expect(view.charged <= output - fed)
        #expect(view.charged >= output - fed - Energy(joules: 100))
        end(&fleet)
    }

    @Test func `a panel is not charged from before the battery that it fills is known`() throws {
        var fleet = try hungryFleet {
            $0.setTotal(of: 0, isComplete: false)
            $0.setSource(of: 0, SimulatedSource("solar:roof", .solar, milliwatts: 10_000))
        }
        fleet.pass(milliseconds: 60_000)
        var view = try view(Self.panel, of: fleet)
        #expect(view.charged == .zero)
        #expect(view.refusal == .feedsNoBattery(try #require(Self.battery)))
        fleet.setSource(of: 0, SimulatedSource("battery:BAT0", .battery, milliwatts: -8_000))
        fleet.pass(milliseconds: 60_000)
        view = try self.view(Self.panel, of: fleet)
        #expect(view.charged > .zero && view.refusal == nil)
        end(&fleet)
    }

    @Test func `what a part charges and what the whole charges is no more than the whole has`() throws {
        var part = SimulatedSource("compute:gpu", .compute, milliwatts: 1_000)
        part.traits.parent = "board"
        part.traits.rated = Power(milliwatts: 6_000)
        var fleet = try hungryFleet { $0.setSource(of: 0, part) }
        fleet.pass(milliseconds: 125_000)
        let whole = try view(Self.board, of: fleet).charged
        // The whole comes first, and leaves nothing to its part.
        #expect(whole > Energy(joules: 500))
        #expect(try view(Self.part, of: fleet).charged == .zero)
        // Where the whole is not measured, the part may charge what it has itself.
        fleet.setTotal(of: 0, isComplete: false)
        fleet.pass(milliseconds: 60_000)
        #expect(try view(Self.part, of: fleet).charged >= Energy(joules: 150))
        end(&fleet)
    }

    @Test func `nothing is charged from a part that nobody rated`() throws {
        var part = SimulatedSource("compute:gpu", .compute, milliwatts: 1_000)
        part.traits.parent = "board"
        var fleet = try hungryFleet {
            $0.setTotal(of: 0, isComplete: false)
            $0.setSource(of: 0, part)
        }
        fleet.pass(milliseconds: 60_000)
        fleet.write(0)
        #expect(try view(Self.part, of: fleet).charged == .zero)
        #expect(try pages(Self.part, of: fleet).allSatisfy { $0.chargeable == .zero && $0.drawn > .zero })
        end(&fleet)
    }

    @Test func `a source that vanishes leaves gaps, and one that comes back goes on`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        let battery = SimulatedSource("battery:BAT0", .battery, milliwatts: 5_000)
        fleet.setSource(of: 0, battery)
        fleet.pass(milliseconds: 60_000)
        fleet.removeSource(of: 0, battery.name)
        fleet.pass(milliseconds: 30_000)
        let gone = try view(Self.battery, of: fleet)
        #expect(!gone.isReporting)
        #expect(gone.lastPage?.coverage == .zero)
        let register = try #require(gone.register)
        // An hour later it is away: windows without end are not written down one by one.
        fleet.pass(milliseconds: 3_600_000)
        let away = try view(Self.battery, of: fleet)
        #expect(away.register == register)
        #expect(away.pages < gone.pages + 10)
        fleet.setSource(of: 0, battery)
        fleet.pass(milliseconds: 185_000)
        fleet.write(0)
        let back = try view(Self.battery, of: fleet)
        #expect(back.isReporting && back.lastPage?.coverage == .one)
        #expect(back.lastPage?.epoch == 1)
        let pages = try pages(Self.battery, of: fleet)
        #expect(pages.contains { $0.gap > .seconds(3_000) && $0.drawn == .zero })
        let drawn = pages.reduce(Energy.zero) { $0 + $1.drawn }
        #expect(drawn <= register.energy + Energy(joules: 5 * 185))
        end(&fleet)
    }

    @Test(arguments: [false, true])
    func `a source that is shown without a reading makes no pages after a while, and one when it is back`(
        isUnbelieved: Bool
    ) throws {
        var fleet = try ScriptedFleet(boards: 2)
        let battery = SimulatedSource("battery:BAT0", .battery, milliwatts: 5_000)
        var broken = SimulatedSource(battery.name, .battery, milliwatts: 60_000_000)
        broken.isUnreadable = !isUnbelieved
        // One that was never read is no better.
        var meter = SimulatedSource("grid:meter-1", .grid, milliwatts: 60_000_000)
        meter.isUnreadable = !isUnbelieved
        fleet.setSource(of: 0, battery)
        fleet.setSource(of: 0, meter)
        fleet.pass(milliseconds: 60_000)
        let before = try view(Self.battery, of: fleet)
        fleet.setSource(of: 0, broken)
        fleet.pass(milliseconds: 600_000)
        let away = try view(Self.battery, of: fleet)
        #expect(away.pages <= before.pages + UInt64(SourceLimits.emptyWindows) + 2)
        #expect(try view(SourceID(meter.name), of: fleet).pages <= UInt64(SourceLimits.emptyWindows) + 1)
        fleet.pass(milliseconds: 600_000)
        #expect(try view(Self.battery, of: fleet).pages == away.pages)
        fleet.setSource(of: 0, battery)
        meter.isUnreadable = false
        meter.milliwatts = 1_000
        fleet.setSource(of: 0, meter)
        fleet.pass(milliseconds: 65_000)
        let back = try view(Self.battery, of: fleet)
        #expect(back.isReporting && back.lastPage?.coverage == .one && back.lastPage?.epoch == 1)
        #expect((5...8).contains(back.pages - away.pages))
        fleet.write(0)
        for source in [Self.battery, SourceID(meter.name)] {
            let pages = try pages(source, of: fleet)
            #expect(pages.count { $0.gap > .seconds(900) && $0.drawn == .zero } == 1)
            #expect(pages.last.map { $0.coverage } == .one)
        }
        end(&fleet)
    }

    @Test func `a source that is measured in another way begins a new epoch, and not where only its limit changes`()
        throws
    {
        var fleet = try ScriptedFleet(boards: 2)
        var meter = SimulatedSource("grid:meter-1", .grid, milliwatts: 42_000)
        let grid = SourceID(meter.name)
        meter.traits.method = "hwmon:ina226, limit 50 W"
        fleet.setSource(of: 0, meter)
        fleet.pass(milliseconds: 60_000)
        meter.traits.method = "hwmon:ina226, limit 60 W"
        fleet.setSource(of: 0, meter)
        fleet.pass(milliseconds: 60_000)
        #expect(try view(grid, of: fleet).lastPage?.epoch == 1)
        meter.traits.method = "hwmon:ina260, limit 60 W"
        fleet.setSource(of: 0, meter)
        fleet.pass(milliseconds: 60_000)
        fleet.write(0)
        // While it does not run, too.
        meter.traits.method = "command, limit 60 W"
        fleet.crash(0)
        fleet.setSource(of: 0, meter)
        fleet.pass(milliseconds: 200_000)
        fleet.write(0)
        let pages = try pages(grid, of: fleet)
        #expect(Set(pages.map { $0.epoch }) == [1, 2, 3])
        for page in pages where page.epoch > 1 { #expect(page.epochReason == .sensorChanged) }
        end(&fleet)
    }

    @Test func `sources go on where they were after a crash`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        fleet.setSource(of: 0, SimulatedSource("battery:BAT0", .battery, milliwatts: 5_000))
        for _ in 0..<4 {
            fleet.pass(milliseconds: 150_000)
            fleet.crash(0)
        }
        fleet.pass(milliseconds: 100_000)
        let view = try view(Self.battery, of: fleet)
        #expect(view.lastPage?.epoch == 1)
        #expect(view.pages > 20)
        end(&fleet)
    }

    @Test func `of too many sources the first are metered`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        for number in 1...20 {
            fleet.setSource(of: 0, SimulatedSource("grid:meter-\(number)", .grid, milliwatts: 1_000))
        }
        fleet.pass(milliseconds: 60_000)
        let views = fleet.sources(of: 0)
        #expect(views.count == SourceLimits.sources)
        #expect(views.allSatisfy { $0.pages > 3 })
        end(&fleet)
    }

    @Test func `proofs are asked for by the beginning of a name, and what there are none of is told`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        fleet.setSource(of: 0, SimulatedSource("grid:meter:one", .grid, milliwatts: 1_000))
        fleet.setSource(of: 0, SimulatedSource("grid:meter:two", .grid, milliwatts: 1_000))
        fleet.pass(milliseconds: 60_000)
        func ask(_ source: String) throws -> CommandReply {
            let id = fleet.ask(0, .proofs(limit: 1, source: try #require(SourceID(source))))
            fleet.pass(milliseconds: 5_000)
            return try #require(fleet.reply(to: id))
        }
        for (given, whole) in [
            ("compute:simulated", "compute:simulated:sprout"), ("grid:meter:one", "grid:meter:one"),
            ("compute:simulated:sprout", "compute:simulated:sprout"),
        ] {
            let reply = try ask(given)
            #expect(reply.refusal == nil)
            #expect(reply.json.contains("\"source\":\"\(whole)\""), "\(given)")
        }
        let known = "compute:simulated:sprout, grid:meter:one, grid:meter:two"
        for (given, words) in [
            ("grid:nope", "there is no energy proof of grid:nope; there are some of: " + known),
            ("compute:simul", "there is no energy proof of compute:simul; there are some of: " + known),
            ("grid:meter", "more than one source is meant by grid:meter: grid:meter:one, grid:meter:two"),
        ] {
            let reply = try ask(given)
            #expect(reply.refusal == .notFound)
            #expect(reply.json.contains(words), "\(reply.json)")
        }
        end(&fleet)
    }

    @Test func `an operator's word makes pages that charge as far as the policy goes`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        fleet.setTotal(of: 0, isComplete: false)
        let person = SourceDeclaration(
            name: "human:dp", kind: .human, evidence: .declared, origin: .declared(Power(milliwatts: 100_000)))
        fleet.restart(0) {
            $0.energy.declarations = [person]
            $0.chargeTarget = Energy(joules: 4_900)
        }
        fleet.pass(milliseconds: 60_000)
        let id = SourceID("human:dp")
        #expect(try view(id, of: fleet).charged == .zero)
        #expect(try view(id, of: fleet).refusal == .classNotAllowed(.declared))
        // A tenth of a person's power.
        fleet.restart(0) { $0.charging.shares[.declared] = BasisPoints(clamping: 1_000) }
        fleet.pass(milliseconds: 60_000)
        fleet.write(0)
        let view = try view(id, of: fleet)
        #expect(view.charged >= Energy(joules: 400) && view.charged <= Energy(joules: 1_000))
        #expect(view.register == nil)
        let pages = try pages(id, of: fleet)
        #expect(pages.allSatisfy { $0.evidence == .declared && $0.drawn == .zero })
        end(&fleet)
    }
}
