import Foundation
import Quantities
import Telemetry
import Testing

@testable import Sensors

@Suite struct `what slows a board down` {
    private let thermal = "sys/devices/virtual/thermal/"

    /// A cooling device of a tree of its own.
    private func cool(_ tree: TemporaryTree, _ number: Int, _ type: String, _ step: Int, of most: Int = 9) throws {
        let device = "sys/class/thermal/cooling_device\(number)/"
        try tree.write(device + "type", type + "\n")
        try tree.write(device + "cur_state", "\(step)\n")
        try tree.write(device + "max_state", "\(most)\n")
    }

    private func overCurrent(_ tree: TemporaryTree, _ chip: Int, _ count: Int) throws {
        try tree.write("sys/class/hwmon/hwmon\(chip)/name", "soctherm_oc\n")
        try tree.write("sys/class/hwmon/hwmon\(chip)/oc1_event_cnt", "\(count)\n")
    }

    @Test func `is found behind hundreds of devices that tell of something else`() throws {
        let tree = try TemporaryTree(copyOf: "orin-nano")
        for number in 300..<700 { try cool(tree, number, "Processor", 0) }
        try cool(tree, 700, "gpu2-throttle-alert", 1)
        let sample = try reader(tree.path).sample(at: .origin)
        #expect(sample.throttle.contains(ThrottleReading(cause: "gpu2-throttle-alert", state: 1, maximum: 9)))
    }

    @Test func `heat, load, mode and caps are read twice a second however often power is`() throws {
        let tree = try TemporaryTree(copyOf: "orin-nano")
        let reader = try reader(tree.path)
        let first = reader.sample(at: .origin)
        try tree.write("sys/devices/platform/bus@0/c240000.i2c/i2c-1/1-0040/hwmon/hwmon1/in1_input", "6000\n")
        try tree.write("sys/devices/virtual/thermal/thermal_zone0/temp", "61000\n")
        try tree.write(thermal + "cooling_device0/cur_state", "3\n")
        try tree.write("var/lib/nvpmodel/status", "pmode:0000 fmode:quiet\n")
        for milliseconds in [100, 200, 300, 400] as [Int64] {
            let seen = reader.sample(at: BootTime(milliseconds: milliseconds))
            #expect(seen.totalPower != first.totalPower)
            #expect(seen.zones == first.zones && seen.hottest == first.hottest && seen.gpu == first.gpu)
            #expect(seen.throttle == first.throttle && seen.powerMode == first.powerMode)
            #expect(seen.unavailable == first.unavailable)
        }
        let later = reader.sample(at: BootTime(milliseconds: 500))
        #expect(later.zones.contains { $0.temperature == Temperature(millidegrees: 61_000) })
        #expect(later.throttle.contains { $0.cause == "cpufreq-cpu0" })
        #expect(later.powerMode?.identifier == 0)
        // Two looks at one moment are no fast meter: whoever asks again wants to know.
        try tree.write("sys/devices/virtual/thermal/thermal_zone0/temp", "62000\n")
        let again = reader.sample(at: BootTime(milliseconds: 500))
        #expect(again.zones.contains { $0.temperature == Temperature(millidegrees: 62_000) })
    }

    @Test func `is seen in the caps of clocks once they act, and until the reader ends`() throws {
        let tree = try TemporaryTree(copyOf: "orin-nano")
        let reader = try reader(tree.path)
        let idle = reader.sample(at: .origin).throttle
        #expect(!idle.contains { ["cpufreq-cpu0", "17000000.gpu"].contains($0.cause) })
        try tree.write(thermal + "cooling_device0/cur_state", "3\n")
        try tree.write(thermal + "cooling_device2/cur_state", "4\n")
        let capped = reader.sample(at: BootTime(milliseconds: 1000)).throttle
        #expect(
            Array(capped.prefix(2)) == [
                ThrottleReading(cause: "cpufreq-cpu0", state: 3, maximum: 12),
                ThrottleReading(cause: "17000000.gpu", state: 4, maximum: 9),
            ])
        #expect(Array(capped.dropFirst(2)) == idle)
        try tree.write(thermal + "cooling_device0/cur_state", "0\n")
        let ended = reader.sample(at: BootTime(milliseconds: 2000)).throttle
        #expect(ended.first == ThrottleReading(cause: "cpufreq-cpu0", state: 0, maximum: 12))
        #expect(ended.map { $0.cause } == capped.map { $0.cause })
    }

    @Test func `is no fan, and nothing that stands above zero for other reasons`() throws {
        let tree = try TemporaryTree()
        for (number, type) in ["pwm-fan", "Fan", "Processor", "intel_powerclamp", "TCC Offset", "iwlwifi"].enumerated()
        {
            try cool(tree, number, type, 2)
        }
        for (number, type) in ["thermal-cpufreq-0", "devfreq-1000.gpu"].enumerated() {
            try cool(tree, 10 + number, type, 2)
        }
        let sample = try reader(tree.path).sample(at: .origin)
        #expect(sample.throttle.map { $0.cause } == ["thermal-cpufreq-0", "devfreq-1000.gpu"])
        #expect(sample.throttle.allSatisfy { $0.isActive })
    }

    @Test func `is one cause for all devices of a type, at the deepest step`() throws {
        let tree = try TemporaryTree()
        try cool(tree, 0, "gpu-throttle-alert", 1, of: 2)
        try cool(tree, 1, "gpu-throttle-alert", 0, of: 3)
        #expect(
            try reader(tree.path).sample(at: .origin).throttle
                == [ThrottleReading(cause: "gpu-throttle-alert", state: 1, maximum: 3)])
        // Of what cannot be read nobody knows whether it acts.
        try tree.write("sys/class/thermal/cooling_device1/cur_state", "")
        let acting = try reader(tree.path).sample(at: .origin)
        #expect(acting.throttle.map { $0.state } == [1])
        #expect(acting.unavailable.contains(Unavailable("gpu-throttle-alert", .empty)))
        try cool(tree, 0, "gpu-throttle-alert", 0, of: 2)
        #expect(try reader(tree.path).sample(at: .origin).throttle.isEmpty)
    }

    @Test func `is the sum of all counters of a number, or nothing where one of them cannot be read`() throws {
        let tree = try TemporaryTree()
        for (chip, count) in [(3, 91), (4, 0), (5, 93)] { try overCurrent(tree, chip, count) }
        let reader = try reader(tree.path)
        let sum = [ThrottleReading(cause: "over-current:1", state: 184, maximum: nil)]
        for second in 0..<5 as Range<Int64> {
            #expect(reader.sample(at: BootTime(milliseconds: second * 1000)).throttle == sum)
        }
        // A sum without one of its parts would rise again without an event.
        try tree.write("sys/class/hwmon/hwmon3/oc1_event_cnt", "")
        let partial = reader.sample(at: BootTime(milliseconds: 5000))
        #expect(partial.throttle.isEmpty)
        #expect(partial.unavailable.contains(Unavailable("over-current:1", .empty)))
        try overCurrent(tree, 3, 9_223_372_036_854_775_807)
        #expect(reader.sample(at: BootTime(milliseconds: 6000)).throttle.map { $0.state } == [.max])
    }
}

@Suite struct `devices that are called alike` {
    private func zone(_ tree: TemporaryTree, _ number: Int, _ type: String, _ temperature: String) throws {
        try tree.write("sys/class/thermal/thermal_zone\(number)/type", type + "\n")
        try tree.write("sys/class/thermal/thermal_zone\(number)/temp", temperature + "\n")
    }

    @Test func `keep their names when one of them fails`() throws {
        let tree = try TemporaryTree()
        try zone(tree, 0, "acpitz", "27800")
        try zone(tree, 1, "acpitz", "29800")
        let reader = try reader(tree.path)
        #expect(reader.sample(at: .origin).zones.map { $0.name } == ["acpitz", "acpitz#2"])
        try tree.write("sys/class/thermal/thermal_zone0/temp", "")
        let sample = reader.sample(at: BootTime(milliseconds: 1000))
        #expect(sample.zones == [ZoneReading(name: "acpitz#2", temperature: Temperature(millidegrees: 29_800))])
        #expect(sample.unavailable.contains(Unavailable("acpitz", .empty)))
    }

    @Test func `are no total in one another's place`() throws {
        let tree = try TemporaryTree(copyOf: "orin-nano")
        let second = "sys/class/hwmon/hwmon9/"
        for (file, text) in [
            ("name", "ina3221"), ("in1_label", "VDD_IN"), ("in1_input", "19000"), ("curr1_input", "9"),
        ] {
            try tree.write(second + file, text + "\n")
        }
        let reader = try reader(tree.path)
        let both = reader.sample(at: .origin)
        #expect(both.rails.map { $0.name } == ["VDD_IN", "VDD_CPU_GPU_CV", "VDD_SOC", "VDD_IN#2"])
        #expect(both.totalPower == Power(microwatts: 4_784_640))
        let monitor = "sys/devices/platform/bus@0/c240000.i2c/i2c-1/1-0040/hwmon/hwmon1/"
        try tree.write(monitor + "in1_input", "")
        let sample = reader.sample(at: BootTime(milliseconds: 1000))
        #expect(sample.power(ofRail: "VDD_IN#2") == Power(microwatts: 171_000))
        #expect(sample.total == nil)
    }
}
