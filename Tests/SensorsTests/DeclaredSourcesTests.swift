import Foundation
import Quantities
import Telemetry
import Testing

@testable import Sensors

private func time(_ milliseconds: Int64) -> BootTime { BootTime(milliseconds: milliseconds) }

func declaration(
    _ origin: SourceDeclaration.Origin, _ name: String = "solar:roof", _ kind: SourceKind = .solar
) -> SourceDeclaration {
    SourceDeclaration(
        name: name, kind: kind, evidence: origin.evidence, origin: origin, rated: Power(milliwatts: 400_000),
        parent: "grid:house")
}

func sample(_ sources: DeclaredSources, at milliseconds: Int64) -> TelemetrySample {
    var sample = TelemetrySample(taken: time(milliseconds), board: BoardIdentity(profile: "x"))
    sources.add(to: &sample)
    return sample
}

@Suite struct `declared sources` {
    @Test func `by the operator's word give what was said, and are never more than that`() throws {
        var word = declaration(.declared(Power(milliwatts: 80_000)), "human:me", .human)
        word.evidence = .metered
        let source = try #require(
            sample(DeclaredSources([word], tree: SysfsTree(root: "/nowhere")), at: 0).sources.last)
        #expect(source.power == Power(milliwatts: 80_000))
        #expect(source.evidence == .declared)
        #expect(source.traits.rated == Power(milliwatts: 400_000))
        #expect(source.traits.parent == "grid:house")
    }

    @Test(arguments: [
        ("", UnavailableReason.empty), ("nonsense", .malformed), (#"{"power_mw": 1.5}"#, .malformed),
        (String(repeating: " ", count: 5000), .malformed),
    ])
    func `of a file that is no document are named`(content: String, reason: UnavailableReason) throws {
        let tree = try TemporaryTree()
        try tree.write("meter.json", content)
        let sources = DeclaredSources([declaration(.file(tree.path + "/meter.json"))], tree: SysfsTree(root: tree.path))
        #expect(sample(sources, at: 0).unavailable == [Unavailable("solar:roof", reason)])
    }

    @Test func `of what is no file block nobody`() throws {
        let tree = try TemporaryTree()
        #expect(mkfifo(tree.root.appending(path: "pipe").path(), 0o600) == 0)
        let places: [(String, UnavailableReason)] = [
            (tree.path + "/pipe", .notFile), (tree.path, .notFile), ("/dev/zero", .notFile),
            (tree.path + "/nothing", .absent),
        ]
        for (path, reason) in places {
            let sources = DeclaredSources([declaration(.file(path))], tree: SysfsTree(root: tree.path))
            #expect(sample(sources, at: 0).unavailable == [Unavailable("solar:roof", reason)])
        }
    }

    /// Samples a second apart until one is not overdue.
    private func answer(_ words: [String]) throws -> TelemetrySample {
        let sources = DeclaredSources([declaration(.command(words))], tree: SysfsTree(root: "/nowhere"))
        for _ in 0..<2000 {
            let sample = sample(sources, at: 0)
            if !sample.unavailable.contains(Unavailable("solar:roof", .timeout)) { return sample }
            usleep(5000)
        }
        throw CocoaError(.featureUnsupported)
    }

    @Test func `of a command are what it prints, with neither this program's surroundings nor its input`() throws {
        let script = #"[ -z "$HOME" ] && ! read x && echo '{"power_mw": 1234}'"#
        #expect(try answer(["/bin/sh", "-c", script]).sources.last?.power == Power(milliwatts: 1234))
    }

    @Test(arguments: [
        (["/nowhere/at/all"], UnavailableReason.absent), (["/bin/sh", "-c", "exit 3"], .inputOutput),
        (["/bin/sh", "-c", "echo '{\"power_mw\": 1}'; exit 3"], .inputOutput), (["/bin/echo", "watts"], .malformed),
        (["/bin/sh", "-c", "yes"], .malformed), (["/bin/sh", "-c", "kill -9 $$"], .inputOutput),
    ])
    func `of a command that fails are named`(words: [String], reason: UnavailableReason) throws {
        #expect(try answer(words).unavailable == [Unavailable("solar:roof", reason)])
    }

    @Test func `of a command are of a moment between its start and its end, and count once`() throws {
        let script = #"read up rest < /proc/uptime; sleep 0.2; echo "{\"energy_mj\": ${up%.*}${up#*.}0}""#
        let sources = DeclaredSources(
            [declaration(.command(["/bin/sh", "-c", script]))], tree: SysfsTree(root: "/nowhere"))
        var times: [ReadingTime] = []
        for _ in 0..<4000 where times.count < 2 {
            let source = try #require(sample(sources, at: 0).sources.last)
            if let time = source.time, let counter = source.counter, time != times.last {
                // A millijoule for every millisecond since boot, in whole hundredths of a second.
                let shown = BootTime(milliseconds: Int64(counter.microjoules / 1000))
                #expect(time.earliest <= shown + .milliseconds(10) && shown <= time.latest)
                #expect(time.doubt >= .milliseconds(200))
                #expect(times.isEmpty || source.power.map { $0 > .zero } == true)
                times.append(time)
            }
            usleep(5000)
        }
        try #require(times.count == 2)
        #expect(times[0].latest < times[1].earliest)
    }

    @Test func `of a command that hangs are overdue, hold up nobody, and are killed`() throws {
        let tree = try TemporaryTree()
        let words = ["/bin/sh", "-c", "echo $$ > \(tree.path)/pid; exec sleep 1000"]
        do {
            let sources = DeclaredSources([declaration(.command(words))], tree: SysfsTree(root: "/nowhere"))
            #expect(sample(sources, at: 0).unavailable == [Unavailable("solar:roof", .timeout)])
            while (try? String(contentsOf: tree.root.appending(path: "pid"), encoding: .utf8))?.hasSuffix("\n") != true
            {
                usleep(5000)
            }
            #expect(sample(sources, at: 1000).unavailable == [Unavailable("solar:roof", .timeout)])
        }
        let text = try String(contentsOf: tree.root.appending(path: "pid"), encoding: .utf8)
        let process = try #require(Int32(text.dropLast()))
        #expect(kill(process, 0) == -1)
    }

    @Test(.timeLimit(.minutes(2)))
    func `of a command that hangs end at once with the meter, whatever time the command still has`() throws {
        let tree = try TemporaryTree()
        // The second one has closed its output already.
        for (index, rest) in ["exec sleep 100000", "exec sleep 100000 >&-"].enumerated() {
            let file = "pid\(index)"
            let words = ["/bin/sh", "-c", "echo $$ > \(tree.path)/\(file); \(rest)"]
            do {
                let meter = CommandMeter(words, limit: .seconds(86_400))
                guard case .unavailable(.timeout) = meter.read(at: time(0)) else {
                    throw CocoaError(.featureUnsupported)
                }
                while (try? String(contentsOf: tree.root.appending(path: file), encoding: .utf8))?.hasSuffix("\n")
                    != true
                { usleep(5000) }
            }
            let text = try String(contentsOf: tree.root.appending(path: file), encoding: .utf8)
            let process = try #require(Int32(text.dropLast()))
            #expect(kill(process, 0) == -1)
        }
    }

    @Test func `named by a device follow it to whatever number it has`() throws {
        let tree = try TemporaryTree()
        let device = "sys/bus/i2c/devices/1-0041"
        try tree.write(device + "/hwmon/hwmon7/in1_input", "12000\n")
        try tree.write(device + "/hwmon/hwmon7/curr1_input", "1500\n")
        let view = SysfsTree(root: tree.path)
        let clock = MeterClock()
        let sources = DeclaredSources([declaration(.path("/" + device))], tree: view, clock: clock.now)
        func sample(_ sources: DeclaredSources, at milliseconds: Int64) -> TelemetrySample {
            clock.boot = time(milliseconds)
            return SensorsTests.sample(sources, at: milliseconds)
        }
        let first = try #require(sample(sources, at: 0).sources.last)
        #expect(first.time == ReadingTime(at: time(0)))
        #expect(first.traits.validity == .zero)
        #expect(first.power == Power(milliwatts: 18_000))
        // A recording measures nothing.
        #expect(first.evidence == .replayed)
        try tree.remove(device + "/hwmon/hwmon7")
        #expect(sample(sources, at: 1000).unavailable == [Unavailable("solar:roof", .absent)])
        try tree.write(device + "/hwmon/hwmon9/power1_input", "7000000\n")
        #expect(sample(sources, at: 31_000).sources.last?.power == Power(milliwatts: 7000))
    }

    @Test(arguments: [
        ("power1_average", "5000000\n", Power(milliwatts: 5000)), ("power_now", "-4000000\n", Power(milliwatts: -4000)),
        ("in_power0_input", "3000\n", Power(milliwatts: 3000)),
    ])
    func `named by a file are read in the unit of its name`(name: String, content: String, power: Power) throws {
        let tree = try TemporaryTree()
        try tree.write("sys/x/" + name, content)
        let sources = DeclaredSources([declaration(.path("/sys/x/" + name))], tree: SysfsTree(root: tree.path))
        #expect(sample(sources, at: 0).sources.last?.power == power)
    }

    @Test func `named by a battery or a charger are read as such`() throws {
        let tree = try TemporaryTree()
        for (name, type) in [("bat", "Battery"), ("panel", "Mains")] {
            try tree.write("sys/class/power_supply/\(name)/type", type + "\n")
            try tree.write("sys/class/power_supply/\(name)/status", "Charging\n")
            try tree.write("sys/class/power_supply/\(name)/voltage_now", "12000000\n")
            try tree.write("sys/class/power_supply/\(name)/current_now", "2000000\n")
        }
        let sources = DeclaredSources(
            ["bat", "panel"].map { declaration(.path("/sys/class/power_supply/" + $0), "battery:" + $0, .battery) },
            tree: SysfsTree(root: tree.path))
        #expect(
            sample(sources, at: 0).sources.map { $0.power } == [
                Power(milliwatts: -24_000), Power(milliwatts: 24_000),
            ])
        #expect(sample(sources, at: 0).sources.allSatisfy { $0.traits.direction == .netOutput })
        // A file of a battery has no sign of its own.
        try tree.write("sys/class/power_supply/bat/power_now", "24000000\n")
        let file = DeclaredSources(
            [declaration(.path("/sys/class/power_supply/bat/power_now"), "battery:bat", .battery)],
            tree: SysfsTree(root: tree.path))
        #expect(sample(file, at: 0).sources.first?.power == Power(milliwatts: -24_000))
    }

    @Test(arguments: [
        ("/sys/nowhere", UnavailableReason.absent), ("/sys/x/temp1_input", .notSupported), ("/sys/x", .notSupported),
        ("/sys/y/power1_input", .malformed), ("/sys/y/energy1_input", .malformed),
    ])
    func `named by what is no meter are named`(path: String, reason: UnavailableReason) throws {
        let tree = try TemporaryTree()
        try tree.write("sys/x/temp1_input", "1\n")
        try tree.write("sys/y/power1_input", "10000000000000001\n")
        try tree.write("sys/y/energy1_input", "-1\n")
        let sources = DeclaredSources([declaration(.path(path))], tree: SysfsTree(root: tree.path))
        #expect(sample(sources, at: 0).unavailable == [Unavailable("solar:roof", reason)])
    }

    @Test func `take the place of one that was found under their name, and are bounded`() {
        var sample = TelemetrySample(taken: .origin, board: BoardIdentity(profile: "x"))
        sample.sources = ["compute:x", "battery:BAT0"].map {
            EnergySource(name: $0, kind: .battery, evidence: .metered)
        }
        let many = (0..<99).map { declaration(.declared(.zero), "human:\($0)", .human) }
        let declared = [declaration(.declared(.zero), "battery:BAT0", .battery)] + many
        DeclaredSources(declared, tree: SysfsTree(root: "/nowhere")).add(to: &sample)
        #expect(sample.sources.prefix(2).map { $0.name } == ["compute:x", "battery:BAT0"])
        #expect(sample.sources[1].evidence == .declared)
        #expect(sample.sources.count == 1 + SensorLimits.declaredSources)
    }
}
