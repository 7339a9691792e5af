import Cryptography
import EnergyProofs
import Quantities
import Telemetry
import Testing

@Suite struct EnergyProofVerifierTests {
    /// Two honest pages, and a third one that `change` bent before it was signed by the rightful key.
    private func third(
        _ change: (inout EnergyCapacityProof) -> Void
    ) throws -> (board: ProvingBoard, second: ProofPage, third: ProofPage) {
        var board = try ProvingBoard()
        board.state.work = mJ(24_000)
        _ = try board.page()
        let second = try board.page()
        return (board, second, try board.page(change: change))
    }

    private func refuses(
        _ expected: EnergyProofError, sourceLocation: SourceLocation = #_sourceLocation,
        _ change: (inout EnergyCapacityProof) -> Void
    ) throws {
        let (board, second, bent) = try third(change)
        expect(expected, sourceLocation: sourceLocation) { () throws(EnergyProofError) in
            try board.verify(bent, after: second.link)
        }
    }

    @Test func `an honest page is accepted with and without the page before it`() throws {
        let (board, second, page) = try third { _ in }
        try board.verify(page, after: second.link)
        try board.verify(page, after: nil)
    }

    // MARK: The signature

    @Test func `a page for another federation is named so`() throws {
        let (board, _, page) = try third { _ in }
        let other = SignatureDomain(federation: Bytes32(high: 2, low: 2), configurationEpoch: 1)
        expect(.otherFederation(found: ProvingBoard.federation)) { () throws(EnergyProofError) in
            try EnergyProofVerifier.verify(
                page, after: nil, key: board.key.publicKey, in: other, using: ProvingBoard.scheme)
        }
        let laterEpoch = SignatureDomain(federation: ProvingBoard.federation, configurationEpoch: 2)
        expect(.envelope(.badSignature)) { () throws(EnergyProofError) in
            try EnergyProofVerifier.verify(
                page, after: nil, key: board.key.publicKey, in: laterEpoch, using: ProvingBoard.scheme)
        }
    }

    @Test func `a page of another key is named so`() throws {
        let (board, _, page) = try third { _ in }
        let stranger = try ProvingBoard(seed: 2)
        expect(.envelope(.wrongKey(expected: stranger.key.publicKey.id, found: board.key.publicKey.id))) {
            () throws(EnergyProofError) in
            try stranger.verify(page, after: nil)
        }
    }

    @Test func `a signature for something else is no page's`() throws {
        let (board, _, page) = try third { _ in }
        let task = SignedEnvelope(
            signing: page.envelope.payload, as: .task, with: board.key, in: ProvingBoard.domain,
            by: ProvingBoard.scheme)
        expect(.envelope(.wrongType(expected: .energyProof, found: .task))) { () throws(EnergyProofError) in
            _ = try ProofPage(decoding: task.encoded)
        }
    }

    // MARK: The page by itself

    @Test func `a page that claims more than its fields allow is refused`() throws {
        try refuses(.chargeableOverstated(mJ(178_001), allowed: mJ(178_000))) { $0.chargeable = mJ(178_001) }
        try refuses(.chargeableUnderstated(mJ(177_999), allowed: mJ(178_000))) { $0.chargeable = mJ(177_999) }
    }

    @Test func `a page on which nothing was drawn has nothing to give, however much time it covers`() throws {
        var board = try ProvingBoard()
        let dead = try board.page(milliwatts: 0)
        #expect(dead.proof.covered == .seconds(10) && dead.proof.capacity == mW(25_000))
        #expect(dead.proof.chargeable == .zero)
        try board.verify(dead, after: nil)
        let before = board.previous
        let claimed = try board.page(milliwatts: 0) { $0.chargeable = mJ(250_000) }
        expect(.chargeableOverstated(mJ(250_000), allowed: .zero)) { () throws(EnergyProofError) in
            try board.verify(claimed, after: before)
        }
    }

    @Test func `a page whose fields contradict each other is refused by name`() throws {
        try refuses(.kindMismatch(.solar, try #require(SourceID("compute:orin-nano:1423219087325")))) {
            $0.kind = .solar
        }
        try refuses(.emptyWindow(.zero)) { $0.windowEnd = $0.windowStart }
        try refuses(.emptyWindow(.milliseconds(-1))) { $0.windowEnd = $0.windowStart - .milliseconds(1) }
        try refuses(.gapLongerThanWindow(gap: .milliseconds(10_001), window: .seconds(10))) {
            $0.gap = .milliseconds(10_001)
        }
        try refuses(.registerBackwards(start: mJ(192_000), end: mJ(191_999))) { $0.registerEnd = mJ(191_999) }
        try refuses(.tooManySamples(11, expected: 10)) {
            $0.samples = 11
            $0.expected = 10
        }
        try refuses(.workExceedsDrawn(mJ(96_001), drawn: mJ(96_000))) { $0.work = mJ(96_001) }
        try refuses(.capacityAboveRated(mW(25_001), rated: mW(25_000))) { $0.capacity = mW(25_001) }
        try refuses(.capacityAboveMean(mW(25_000), mean: mW(9600))) { $0.throttle = ThrottleReasons([.powerBrake]) }
        try refuses(.drawnAbovePeak(mJ(96_000), most: mJ(95_991))) { $0.peak = mW(9599) }
        try refuses(.drawnAbovePeak(mJ(96_000), most: .zero)) { $0.gap = .seconds(10) }
        try refuses(.declaredButMeasured) {
            $0.evidence = .declared
            $0.samples = 0
            $0.expected = 0
        }
        try refuses(.firstPageMismatch(page: 2)) { $0.previousHash = nil }
        try refuses(.firstPageMismatch(page: 0)) { $0.page = 0 }
    }

    @Test func `a person declares between 50 and 200 watts and measures nothing`() throws {
        var person = try ProvingBoard("human:dp", watts: 100, evidence: .declared)
        let window = MeterWindow.unmeasured(
            from: .origin, to: BootTime(milliseconds: 10_000), bootID: .zero, epoch: 1, epochReason: .firstStart)
        let metered = person.sign(window) { $0.evidence = .metered }
        expect(.humanNotDeclared(.metered)) { () throws(EnergyProofError) in try person.verify(metered, after: nil) }
        for watts in [49, 201] as [Int64] {
            person.previous = nil
            person.state.rated = mW(watts * 1000)
            let page = person.sign(window)
            expect(.humanPowerOutOfRange(mW(watts * 1000))) { () throws(EnergyProofError) in
                try person.verify(page, after: nil)
            }
        }
    }

    @Test func `a source that does no work shows none`() throws {
        var panel = try ProvingBoard("solar:roof", watts: 300)
        let page = try panel.page(milliwatts: 100_000) { $0.work = mJ(1) }
        expect(.workExceedsDrawn(mJ(1), drawn: .zero)) { () throws(EnergyProofError) in
            try panel.verify(page, after: nil)
        }
    }

    // MARK: The page after the one before it

    @Test func `a page that does not continue its source is refused by name`() throws {
        let hash = try third { _ in }.second.hash
        try refuses(.replay(page: 1, last: 1)) { $0.page = 1 }
        try refuses(.missingPages(expected: 2, found: 3)) { $0.page = 3 }
        try refuses(.wrongPreviousHash(expected: hash, found: .zero)) { $0.previousHash = .zero }
        try refuses(.wrongEpoch(0, last: 1)) { $0.epoch = 0 }
        try refuses(.wrongEpoch(3, last: 1)) { $0.epoch = 3 }
        try refuses(.registerJumped(expected: .zero, found: mJ(192_000))) { $0.epoch = 2 }
        try refuses(.registerWentBack(expected: mJ(192_000), found: mJ(191_999))) {
            $0.registerStart = mJ(191_999)
            $0.registerEnd = mJ(287_999)
        }
        try refuses(.registerJumped(expected: mJ(192_000), found: mJ(192_001))) {
            $0.registerStart = mJ(192_001)
            $0.registerEnd = mJ(288_001)
        }
        try refuses(.overlap(.milliseconds(1))) {
            $0.windowStart = $0.windowStart - .milliseconds(1)
            $0.windowEnd = $0.windowEnd - .milliseconds(1)
        }
        try refuses(.hole(.milliseconds(1))) {
            $0.windowStart = $0.windowStart + .milliseconds(1)
            $0.windowEnd = $0.windowEnd + .milliseconds(1)
        }
    }

    @Test func `the page before again is a replay`() throws {
        let (board, second, _) = try third { _ in }
        expect(.replay(page: 1, last: 1)) { () throws(EnergyProofError) in
            try board.verify(second, after: second.link)
        }
    }

    @Test func `after a reboot the register and the numbers go on, and time is another`() throws {
        var board = try ProvingBoard()
        let before = try board.page()
        board.meter = Meter(
            resuming: board.meter.state, board.meter.configuration, bootID: Bytes16(bits: 2),
            at: BootTime(milliseconds: 7000))
        board.now = 7000
        let after = try board.page()
        #expect(after.proof.windowStart == BootTime(milliseconds: 7000))
        #expect(after.proof.registerStart == before.proof.registerEnd)
        try board.verify(after, after: before.link)
    }

    @Test func `a new epoch goes on in numbers and begins its register at zero`() throws {
        var board = try ProvingBoard()
        let before = try board.page()
        board.meter = Meter(
            following: board.meter.state, board.meter.configuration, bootID: Bytes16(bits: 1),
            at: BootTime(milliseconds: board.now), because: .sensorChanged)
        let after = try board.page()
        #expect(after.proof.epoch == 2)
        #expect(after.proof.epochReason == .sensorChanged)
        #expect(after.proof.registerStart == .zero)
        try board.verify(after, after: before.link)
    }
}
