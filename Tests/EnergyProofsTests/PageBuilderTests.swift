import Cryptography
import EnergyProofs
import Quantities
import Telemetry
import Testing

@Suite struct PageBuilderTests {
    @Test func `pages continue each other in number, register, time and hash`() throws {
        var board = try ProvingBoard()
        let first = try board.page(milliwatts: 9600)
        let second = try board.page(milliwatts: 9600)
        #expect(first.proof.page == 0)
        #expect(first.proof.previousHash == nil)
        #expect(second.proof.page == 1)
        #expect(second.proof.previousHash == first.hash)
        #expect(second.proof.registerStart == first.proof.registerEnd)
        #expect(second.proof.windowStart == first.proof.windowEnd)
        #expect(second.proof.drawn == mJ(96_000))
        try board.verify(first, after: nil)
        try board.verify(second, after: first.link)
    }

    @Test func `what is floored in one page comes with the next`() throws {
        var board = try ProvingBoard()
        board.meter = Meter(board.meter.configuration, bootID: .zero, at: BootTime(milliseconds: board.now))
        var total: Int64 = 0
        // 333 mW over 10 s are 3330 mJ; over 1 s 333 mJ; the odd microwatts add up.
        for _ in 0..<10 {
            for second in 0...1 {
                let at = BootTime(milliseconds: board.now + Int64(second) * 1000)
                board.meter.record(MeterReading(at: at, power: Power(microwatts: 333_333)))
            }
            board.now += 1000
            let end = BootTime(milliseconds: board.now)
            let window = board.meter.closeWindow(at: end, now: end)
            total += board.sign(try #require(window)).proof.drawn.millijoules
        }
        #expect(total == 3333)
    }

    @Test func `the peak is rounded up, so that it is never below the mean`() throws {
        var board = try ProvingBoard()
        for second in 0...10 {
            let at = BootTime(milliseconds: board.now + Int64(second) * 1000)
            board.meter.record(MeterReading(at: at, power: Power(microwatts: 9_600_999)))
        }
        let end = BootTime(milliseconds: board.now + 10_000)
        let window = board.meter.closeWindow(at: end, now: end)
        let page = board.sign(try #require(window))
        #expect(page.proof.peak == mW(9601))
        #expect(page.proof.drawn == mJ(96_009))
        try board.verify(page, after: nil)
    }

    @Test(
        arguments: [
            (nil, [], 25_000), (84_999, [], 25_000), (85_000, [], 25_000), (92_000, [], 12_500), (98_999, [], 1),
            (99_000, [], 0), (120_000, [], 0), (60_000, [.softwarePowerCap], 9600), (97_000, [.thermalAlert], 3571),
            (60_000, [.clockCap], 9600), (60_000, [.overCurrent], 25_000), (60_000, [.overCurrent, .clockCap], 9600),
        ] as [(Int32?, [ThrottleReason], Int64)])
    func `capacity falls from the soft limit to nothing, and to the mean while throttled`(
        hottest: Int32?, reasons: [ThrottleReason], milliwatts: Int64
    ) {
        let limits = ThermalLimits(
            soft: Temperature(millidegrees: 85_000), throttle: Temperature(millidegrees: 99_000))
        let capacity = CapacityRule.capacity(
            rated: mW(25_000), hottest: hottest.map(Temperature.init(millidegrees:)), limits: limits,
            throttle: ThrottleReasons(reasons), mean: mW(9600))
        #expect(capacity == mW(milliwatts))
    }

    @Test func `limits in the wrong order drop capacity at once, and none leave it alone`() {
        let swapped = ThermalLimits(
            soft: Temperature(millidegrees: 99_000), throttle: Temperature(millidegrees: 85_000))
        func capacity(_ millidegrees: Int32, _ limits: ThermalLimits?) -> Power {
            CapacityRule.capacity(
                rated: mW(10_000), hottest: Temperature(millidegrees: millidegrees), limits: limits, throttle: .none,
                mean: .zero)
        }
        #expect(capacity(84_999, swapped) == mW(10_000))
        #expect(capacity(85_000, swapped) == .zero)
        #expect(capacity(.max, nil) == mW(10_000))
        let extremes = ThermalLimits(soft: Temperature(millidegrees: .min), throttle: Temperature(millidegrees: .max))
        #expect(capacity(0, extremes) == mW(4999))
    }

    @Test func `a compute source may charge what it could still give`() throws {
        var board = try ProvingBoard()
        board.state.work = mJ(24_000)
        let page = try board.page(milliwatts: 9600)
        // 25 W for 10 s, less 96 J drawn of which 24 J were work.
        #expect(page.proof.chargeable == mJ(250_000 - (96_000 - 24_000)))
        try board.verify(page, after: nil)
    }

    @Test func `a board that draws more than it could give charges nothing`() throws {
        var board = try ProvingBoard(watts: 5)
        let page = try board.page(milliwatts: 9600)
        #expect(page.proof.chargeable == .zero)
        try board.verify(page, after: nil)
    }

    @Test func `time that was not measured gives nothing`() throws {
        var board = try ProvingBoard()
        let page = try board.page(milliwatts: 10_000, lost: 3..<7)
        #expect(page.proof.gap == .seconds(5))
        #expect(page.proof.drawn == mJ(50_000))
        #expect(page.proof.chargeable == mJ(25_000 * 5 - 50_000))
        try board.verify(page, after: nil)
    }

    @Test(arguments: ["solar:roof", "battery:BAT0", "grid:meter-1", "wind:w", "nuclear:n"])
    func `a producing source may charge what it gave, at most its rating`(source: String) throws {
        var modest = try ProvingBoard(source, watts: 300)
        let page = try modest.page(milliwatts: 120_000)
        #expect(page.proof.chargeable == mJ(1_200_000))
        #expect(page.proof.work == .zero)
        var lying = try ProvingBoard(source, watts: 300)
        let high = try lying.page(milliwatts: 450_000)
        #expect(high.proof.chargeable == mJ(3_000_000))
        try lying.verify(high, after: nil)
    }

    @Test func `a declared source may charge its rating over the window`() throws {
        var person = try ProvingBoard("human:lct:web4:agent:dp@Thor#rest", watts: 100, evidence: .declared)
        let window = MeterWindow.unmeasured(
            from: .origin, to: BootTime(milliseconds: 10_000), bootID: .zero, epoch: 1, epochReason: .firstStart)
        let page = person.sign(window)
        #expect(page.proof.chargeable == mJ(1_000_000))
        try person.verify(page, after: nil)
    }

    @Test func `a source that is declared and read may charge what its readings say`() throws {
        var panel = try ProvingBoard("solar:roof", watts: 300, evidence: .declared)
        let page = try panel.page(milliwatts: 120_000)
        #expect(page.proof.chargeable == mJ(1_200_000))
        try panel.verify(page, after: nil)
    }

    @Test func `time in which nobody gave his word charges nothing`() throws {
        var person = try ProvingBoard("human:dp", watts: 100, evidence: .declared)
        var window = MeterWindow.unmeasured(
            from: .origin, to: BootTime(milliseconds: 10_000), bootID: .zero, epoch: 1, epochReason: .firstStart)
        window.gap = .seconds(10)
        let page = person.sign(window)
        #expect(page.proof.chargeable == .zero)
        #expect(page.proof.coverage == .zero)
        try person.verify(page, after: nil)
    }

    @Test func `an over-current event is told and lowers nothing`() throws {
        var board = try ProvingBoard()
        board.state.throttle = ThrottleReasons([.overCurrent])
        let page = try board.page(milliwatts: 9600)
        #expect(page.proof.throttle.contains(.overCurrent))
        #expect(page.proof.capacity == mW(25_000))
        try board.verify(page, after: nil)
    }

    @Test(arguments: 1...40 as ClosedRange<UInt8>)
    func `whatever a meter measured, the page made of it verifies`(seed: UInt8) throws {
        var board = try ProvingBoard(seed == 7 ? "solar:s" : "compute:c", watts: 20)
        var random = DeterministicRandom(seed: Bytes32(high: 77, low: UInt128(seed)))
        board.state.limits = ThermalLimits(
            soft: Temperature(millidegrees: 80_000), throttle: Temperature(millidegrees: 95_000))
        var last: ProofPage?
        for number in 0..<8 {
            board.state.work = mJ(Int64(random.number(below: 200_000)))
            board.state.hottest = Temperature(millidegrees: Int32(random.number(below: 110_000)))
            board.state.throttle = random.number(below: 2) == 0 ? .none : ThrottleReasons([.thermalAlert])
            let length = Int64(1 + random.number(below: 12_000))
            var at = board.now
            while at < board.now + length {
                let power = Power(microwatts: Int64(random.number(below: 200_000_000)) - 1_000_000)
                board.meter.record(MeterReading(at: BootTime(milliseconds: at), power: power))
                at += Int64(1 + random.number(below: 4500))
            }
            board.now += length
            let end = BootTime(milliseconds: board.now)
            let closed = board.meter.closeWindow(at: end, now: end + .seconds(10))
            let page = board.sign(try #require(closed, "seed \(seed)"))
            try board.verify(page, after: last?.link)
            #expect(page.proof.page == UInt64(number))
            last = page
        }
    }
}
