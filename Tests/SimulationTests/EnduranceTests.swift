import Cryptography
import Simulation
import Testing

/// A short life with every check of a debug build; `.ci/simulate` lets one last for 90 days.
@Suite struct EnduranceTests {
    @Test func `an agent that lives for weeks keeps no more at their end than after a third of them`() throws {
        try #require(prepareCryptography())
        // A sample a minute, and a page every hour, so that it takes seconds.
        var life = try Endurance(seed: 20, samplePeriod: .seconds(60), window: .seconds(3600))
        life.live(days: 30)
        #expect(life.finding == nil)
        #expect(life.days.count == 30)
        #expect(life.samples > 30_000)
        #expect(life.starts > 20)
        #expect(life.works > 200)
        // Pages are kept for much longer than this; they are what may grow here.
        let growth = life.growth
        #expect(
            growth == nil || growth?.hasPrefix("record") == true || growth?.hasPrefix("page") == true, "\(growth ?? "")"
        )
    }

    @Test func `something that grows is found`() throws {
        try #require(prepareCryptography())
        var life = try Endurance(seed: 21, samplePeriod: .seconds(60), window: .seconds(600))
        #expect(life.growth == "too few days")
        life.live(days: 9)
        // 144 pages a day, and the store keeps a quarter of a million.
        #expect(life.growth != nil)
    }
}
