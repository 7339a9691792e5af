import AgentCore
import Cryptography
import EnergyProofs
import Quantities
import Simulation
import Telemetry
import Testing

// Sources that show nothing, or less.
extension SourceTests {
    @Test func `a total below zero is no reading, charges nothing, and is named`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        fleet.write(0)
        let before = try pages(Self.board, of: fleet).count
        fleet.setShown(of: 0, Power(milliwatts: -4_785))
        fleet.pass(milliseconds: 60_000)
        fleet.write(0)
        let wrong = try pages(Self.board, of: fleet).dropFirst(before + 2)
        #expect(!wrong.isEmpty && wrong.allSatisfy { $0.chargeable == .zero && $0.covered == .zero })
        #expect(fleet.sensorFaults(of: 0) == ["the board's power cannot be read: -4785 mW is below zero"])
        fleet.setShown(of: 0, nil)
        fleet.pass(milliseconds: 30_000)
        #expect(fleet.sensorFaults(of: 0) == [])
        end(&fleet)
    }

    @Test(arguments: [(0, "0 mW is what no running board draws"), (-40, "-40 mW is below zero")] as [(Int64, String)])
    func `a total of nothing is a dead sensor, charges nothing, and is named once`(
        milliwatts: Int64, reason: String
    ) throws {
        var fleet = try hungryFleet()
        fleet.pass(milliseconds: 30_000)
        fleet.write(0)
        let before = try pages(Self.board, of: fleet).count
        fleet.setShown(of: 0, Power(milliwatts: milliwatts))
        fleet.pass(milliseconds: 15_000)
        let charged = try view(Self.board, of: fleet).charged
        fleet.pass(milliseconds: 120_000)
        fleet.write(0)
        let dead = try pages(Self.board, of: fleet).dropFirst(before + 2)
        #expect(!dead.isEmpty && dead.allSatisfy { $0.covered == .zero && $0.chargeable == .zero })
        #expect(try view(Self.board, of: fleet).charged == charged)
        #expect(try view(Self.board, of: fleet).power == nil)
        #expect(fleet.sensorFaults(of: 0) == ["the board's power cannot be read: " + reason])
        fleet.setShown(of: 0, nil)
        fleet.pass(milliseconds: 30_000)
        fleet.write(0)
        #expect(fleet.sensorFaults(of: 0) == [])
        #expect(try #require(try pages(Self.board, of: fleet).last).gap == .zero)
        end(&fleet)
    }

    @Test func `a meter of what is switched off shows nothing, which is a reading and charges nothing`() throws {
        var fleet = try hungryFleet()
        fleet.setSource(of: 0, SimulatedSource("grid:lamp", .grid, milliwatts: 0))
        var part = SimulatedSource("compute:gpu", .compute, milliwatts: 0)
        part.traits.parent = "board"
        part.traits.rated = Power(milliwatts: 10_000)
        fleet.setSource(of: 0, part)
        fleet.pass(milliseconds: 60_000)
        fleet.write(0)
        for source in [SourceID("grid:lamp"), Self.part] {
            let pages = try pages(source, of: fleet).dropFirst()
            #expect(pages.count >= 4)
            #expect(pages.allSatisfy { $0.gap == .zero && $0.drawn == .zero && $0.chargeable == .zero })
            #expect(try view(source, of: fleet).charged == .zero)
            #expect(try view(source, of: fleet).power == .zero)
        }
        end(&fleet)
    }
}
