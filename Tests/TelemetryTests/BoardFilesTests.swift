import Quantities
import Testing

@testable import Telemetry

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

@Suite struct `numbers in sensor files` {
    @Test(arguments: [
        ("4984\n", 4984), ("-392\n", -392), ("0", 0), (" 12 \n", 12), ("99000\0", 99000),
        ("9223372036854775807", Int64.max),
        ("-9223372036854775808", Int64.min),
    ])
    func `are read exactly`(text: String, value: Int64) { #expect(DecimalText.value(ofFile: bytes(text)) == value) }

    @Test(arguments: [
        "", "\n", "-", "+5", "12a", "1 2", "0x10", "9223372036854775808", "-9223372036854775809", "1.5", "--1",
    ])
    func `are refused when they are not whole numbers`(text: String) {
        #expect(DecimalText.value(ofFile: bytes(text)) == nil)
    }
}

@Suite struct `power mode files` {
    @Test(arguments: [("pmode:0002\n", 2), ("pmode:0000 fmode:fanNull\n", 0), ("pmode:0001 fmode:quiet", 1)])
    func `the status names the mode`(text: String, identifier: Int64) {
        #expect(PowerModeStatus(bytes(text))?.identifier == identifier)
    }

    @Test(arguments: ["", "fmode:quiet", "pmode:", "pmode:x", "pmode:-1", "pmode:99999999999999999999"])
    func `a status without a mode is none`(text: String) { #expect(PowerModeStatus(bytes(text)) == nil) }

    @Test func `the table maps numbers to names`() throws {
        let table = PowerModeTable(try Captures.bytes("sysfs/orin-nano/etc/nvpmodel.conf"))
        #expect(table.entries.map { $0.name } == ["15W", "25W", "MAXN_SUPER", "7W"])
        #expect(table.defaultIdentifier == 1)
        #expect(table.name(of: 2) == "MAXN_SUPER")
        #expect(table.name(of: 4) == nil)
    }

    @Test func `lines that are not well formed are passed over`() {
        let table = PowerModeTable(
            bytes(
                """
                < POWER_MODEL ID=x NAME=A >
                < POWER_MODEL NAME=B >
                < POWER_MODEL ID=1 >
                <POWER_MODEL ID=1 NAME=C >
                < POWER_MODEL ID=7 NAME=D>
                # < POWER_MODEL ID=2 NAME=E >
                <
                """
            ))
        #expect(table.entries == [PowerModeTable.Entry(identifier: 7, name: "D")])
    }

    @Test(arguments: [
        ("nvpmodel/thor_q.txt", "120W", 1), ("nvpmodel/orin-nx_q_with-errors.txt", "MAXN_SUPER", 0),
        ("nvpmodel/orin-nano_q_verbose.txt", "MAXN_SUPER", 2),
    ])
    func `captured answers of nvpmodel give name and number`(file: String, name: String, identifier: Int64) throws {
        let query = try #require(PowerModeQuery(try Captures.bytes(file)))
        #expect(query.name == name)
        #expect(query.identifier == identifier)
    }

    @Test func `an answer with errors in between, without a number, or without a mode`() {
        #expect(PowerModeQuery(bytes("NVPM ERROR: x\nNV Power Mode: 15W\nNVPM ERROR: y\n2\n"))?.identifier == 2)
        #expect(PowerModeQuery(bytes("NV Power Mode: 15W\n"))?.name == "15W")
        #expect(PowerModeQuery(bytes("NV Power Mode: 15W\n"))?.identifier == nil)
        #expect(PowerModeQuery(bytes("NVPM ERROR: Power mode not set\n")) == nil)
    }

    @Test(arguments: [("40W", 40_000), ("MODE_20W_6CORE", 20_000), ("7W_AI", 7000)])
    func `a mode that no profile lists is worth the watts in its name`(name: String, milliwatts: Int64) {
        #expect(HardwareProfile(name: "x", title: "").rated(modeNamed: name) == Power(milliwatts: milliwatts))
    }

    @Test func `and no more than the board is rated for, whatever its file of modes calls them`() {
        var profile = HardwareProfile(name: "x", title: "")
        #expect(profile.rated(modeNamed: "MY_9000W") == TelemetryLimits.namedModePower)
        profile.powerModes = [
            HardwareProfile.Mode(name: "7W", rated: Power(milliwatts: 7000)),
            HardwareProfile.Mode(name: "15W", rated: Power(milliwatts: 15_000)),
        ]
        #expect(profile.rated(modeNamed: "MY_9000W") == Power(milliwatts: 15_000))
        profile.moduleRating = Power(milliwatts: 25_000)
        #expect(profile.rated(modeNamed: "MY_9000W") == Power(milliwatts: 25_000))
        #expect(profile.rated(modeNamed: "MODE_20W") == Power(milliwatts: 20_000))
        // What the profile itself lists is its author's word.
        profile.powerModes.append(HardwareProfile.Mode(name: "40W", rated: Power(milliwatts: 40_000)))
        #expect(profile.rated(modeNamed: "40W") == Power(milliwatts: 40_000))
    }

    @Test func `without a mode a board is rated at the least of its modes`() {
        var profile = HardwareProfile(name: "x", title: "")
        #expect(profile.ratedWithoutMode == nil)
        profile.moduleRating = Power(milliwatts: 25_000)
        #expect(profile.ratedWithoutMode == Power(milliwatts: 25_000))
        for watts in [15, 7, 25] as [Int64] {
            profile.powerModes.append(HardwareProfile.Mode(name: "\(watts)W", rated: Power(milliwatts: watts * 1000)))
        }
        #expect(profile.ratedWithoutMode == Power(milliwatts: 7000))
    }

    @Test(arguments: ["MAXN", "W", "0W", "MAXP_CORE_ALL", "12345W", "1.5W"])
    func `a name without watts says nothing`(name: String) {
        #expect(HardwareProfile(name: "x", title: "").rated(modeNamed: name) == nil)
    }
}

@Suite struct `system files` {
    @Test func `memory comes from the total and what is available, in bytes`() throws {
        let memory = MemoryReading(procMeminfo: try Captures.bytes("sysfs/orin-nano/proc/meminfo"))
        #expect(memory.total == ByteCount(bytes: 7_990_149_120))
        #expect(memory.available == ByteCount(bytes: 5_100_752_896))
    }

    @Test(arguments: [
        "", "MemTotal: kB", "MemTotal: 12 MB", "MemTotal: -1 kB", "MemTotal 1 kB", "MemTotal: 99999999999999999999 kB",
    ])
    func `memory that is not well formed is not known`(text: String) {
        #expect(MemoryReading(procMeminfo: bytes(text)) == MemoryReading())
    }

    @Test(arguments: [
        ("MemTotal: 100 kB\nMemAvailable: 101 kB\n", ByteCount(bytes: 102_400), UnavailableReason.malformed),
        ("MemTotal: 100 kB\nMemAvailable: 9223372036854775807 kB\n", ByteCount(bytes: 102_400), .malformed),
        ("MemTotal: 100 kB\nMemAvailable: 99999999999999999999 kB\n", ByteCount(bytes: 102_400), .malformed),
        ("MemTotal: 100 kB\nMemAvailable:\n", ByteCount(bytes: 102_400), .malformed),
        ("MemTotal: 100 kB\r\nMemFree: 1 kB\r\n", ByteCount(bytes: 102_400), .absent),
    ])
    func `memory that is no amount is named so, and not cut to the largest number`(
        text: String, total: ByteCount, reason: UnavailableReason
    ) {
        var unavailable: [Unavailable] = []
        #expect(MemoryReading(procMeminfo: bytes(text), &unavailable) == MemoryReading(total: total))
        #expect(unavailable == [Unavailable("memory.available_bytes", reason)])
    }

    @Test func `the largest amount of memory that can be told in bytes is told`() {
        var unavailable: [Unavailable] = []
        let largest = MemoryReading(procMeminfo: bytes("MemTotal: 9007199254740991 kB\n"), &unavailable).total
        #expect(largest == ByteCount(bytes: 9_223_372_036_854_774_784))
        #expect(MemoryReading(procMeminfo: bytes("MemTotal: 9007199254740992 kB\n")).total == nil)
    }

    @Test(arguments: [
        ("sysfs/orin-nano/etc/nv_tegra_release", "R36.4.4"), ("sysfs/nano/etc/nv_tegra_release", "R32.7.1"),
        ("sysfs/agx-thor/etc/nv_tegra_release", "R38.4.0"),
    ])
    func `the release is read`(file: String, release: String) throws {
        #expect(TegraRelease.text(try Captures.bytes(file)) == release)
    }

    @Test(arguments: [
        "", "# R36", "# R36 (release), REVISION:", "# Rx (release), REVISION: 4.4", "# R36 REVISION: .4",
        "# R36 REVISION: 4..4",
    ])
    func `a release that is not well formed is none`(text: String) { #expect(TegraRelease.text(bytes(text)) == nil) }

    @Test func `texts of the device tree end with NUL`() {
        #expect(
            DeviceTreeText.list(bytes("nvidia,p3834-0008\0nvidia,tegra264\0")) == [
                "nvidia,p3834-0008", "nvidia,tegra264",
            ])
        #expect(DeviceTreeText.text(bytes("Board\0")) == "Board")
        #expect(DeviceTreeText.text([]) == nil)
        #expect(DeviceTreeText.list([0xff, 0xfe, 0, 0x41, 0]) == ["A"])
    }

    @Test(arguments: [
        ("cpu-throttle-alert", true), ("soc012-throttle-alert", true), ("devfreq-gpu-gpc-0", true), ("pwm-fan", false),
        ("cpufreq-cpu0", true), ("thermal-cpufreq-0", true), ("devfreq-17000000.gpu", true),
        ("thermal-devfreq-0", true), ("17000000.gpu", true), ("17000000.ga10b", true), ("57000000.gpu", true),
        ("Fan", false), ("Processor", false), ("intel_powerclamp", false), ("TCC Offset", false), ("iwlwifi_1", false),
        ("hot-surface-alert", false), ("17000000.fan", false), (".gpu", false), ("gpu", false), ("17.0.gpu", false),
        ("1700000x.gpu", false), ("LCD", false), ("", false),
    ])
    func `alerts and caps of clocks are throttling, fans and what PCs use for other ends are not`(
        type: String, isThrottle: Bool
    ) {
        #expect(ThrottleCause.isThrottle(coolingType: type) == isThrottle)
    }

    @Test(arguments: [
        ("cpu-throttle-alert", true), ("devfreq-gpu-nvd-0", true), ("cpufreq-cpu0", false), ("17000000.gpu", false),
        ("devfreq-17000000.gpu", false),
    ])
    func `alerts and the caps of Thor's GPU are shown before they act`(type: String, isShown: Bool) {
        #expect(ThrottleCause.isShownIdle(coolingType: type) == isShown)
    }

    @Test func `a counter of over-current events never says that the board is slowed down`() {
        #expect(!ThrottleReading(cause: "over-current:3", state: 27_390, maximum: nil).isActive)
        #expect(ThrottleReading(cause: "gpu-throttle-alert", state: 1, maximum: 2).isActive)
        #expect(!ThrottleReading(cause: "gpu-throttle-alert", state: 0, maximum: 2).isActive)
    }
}
