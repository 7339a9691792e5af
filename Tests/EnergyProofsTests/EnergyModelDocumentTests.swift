import Cryptography
import EnergyProofs
import Foundation
import Quantities
import Telemetry
import Testing

/// The page for users says what the code does.
@Suite struct EnergyModelDocumentTests {
    private func document() throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: "docs/energy-model.md"), encoding: .utf8)
    }

    /// The page that the worked example describes.
    private func example(celsius: Int32, throttle: ThrottleReasons = .none) throws -> EnergyCapacityProof {
        var board = try ProvingBoard()
        board.state.work = mJ(24_000)
        board.state.hottest = Temperature(millidegrees: celsius * 1000)
        board.state.limits = ThermalLimits(
            soft: Temperature(millidegrees: 85_000), throttle: Temperature(millidegrees: 99_000))
        board.state.throttle = throttle
        let page = try board.page(milliwatts: 9600)
        try board.verify(page, after: nil)
        return page.proof
    }

    @Test func `the worked example is what the code computes`() throws {
        let text = try document()
        let cool = try example(celsius: 60)
        let overhead = cool.drawn - cool.work
        #expect(text.contains("= \(cool.drawn.millijoules) mJ |"))
        #expect(text.contains("= \(overhead.millijoules) mJ |"))
        #expect(text.contains("| capacity | \(cool.capacity.milliwatts) mW |"))
        #expect(text.contains("− \(overhead.millijoules) mJ = \(cool.chargeable.millijoules) mJ |"))
        let hot = try example(celsius: 92)
        #expect(text.contains("capacity \(hot.capacity.milliwatts) mW, chargeable \(hot.chargeable.millijoules) mJ."))
        let throttled = try example(celsius: 60, throttle: ThrottleReasons([.thermalAlert]))
        #expect(
            text.contains(
                "capacity \(throttled.capacity.milliwatts) mW, chargeable \(throttled.chargeable.millijoules) mJ."))
    }

    @Test func `every class and every reason for an epoch is explained`() throws {
        let text = try document()
        for evidence in EvidenceClass.allCases { #expect(text.contains("| `\(evidence.name)` |")) }
        for reason in MeterEpochReason.allCases { #expect(text.contains("`\(reason.name)`")) }
    }

    @Test func `the default policy is the one described`() throws {
        let policy = ChargingPolicy()
        #expect(policy.shares == [.metered: .one])
        #expect(policy.maximumAge == .seconds(10 * 60))
        #expect(policy.minimumCoverage == BasisPoints(clamping: 9000))
        #expect(policy.lotLifetime == .seconds(7 * 24 * 3600))
    }
}
