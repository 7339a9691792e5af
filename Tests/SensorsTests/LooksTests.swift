import Quantities
import Telemetry
import Testing

@testable import Sensors

@Suite struct `looks at a board between two samples` {
    private static let current =
        "sys/devices/platform/bus@0/c240000.i2c/i2c-1/1-0040/hwmon/hwmon1/curr1_input"

    @Test func `tell how far the total ranged, once`() throws {
        let tree = try TemporaryTree(copyOf: "orin-nano")
        let reader = try reader(tree.path)
        let volts = try #require(reader.sample(at: .origin).rails.first { $0.name == "VDD_IN" }?.voltage)
        for milliamperes in [1000, 400, 2000, 700] as [Int64] {
            try tree.write(Self.current, "\(milliamperes)\n")
            reader.look()
        }
        // A look that fails is none.
        try tree.write(Self.current, "\n")
        reader.look()
        try tree.write(Self.current, "900\n")
        let sample = reader.sample(at: .origin + .seconds(1))
        #expect(sample.totalPower == Power(microwatts: volts.millivolts * 900))
        let looks = try #require(sample.boardSource?.looks)
        #expect(looks.count == 4)
        #expect(looks.least == Power(microwatts: volts.millivolts * 400))
        #expect(looks.greatest == Power(microwatts: volts.millivolts * 2000))
        #expect(reader.sample(at: .origin + .seconds(2)).boardSource?.looks == nil)
    }

    @Test(arguments: ["pc-rapl-nvme-coretemp", "laptop-battery"])
    func `are none where the total is no power monitor's`(board: String) throws {
        let tree = try TemporaryTree(copyOf: board)
        let reader = try reader(tree.path)
        _ = reader.sample(at: .origin)
        reader.look()
        let sample = reader.sample(at: .origin + .seconds(1))
        #expect(sample.boardSource != nil)
        #expect(sample.boardSource?.looks == nil)
    }
}
