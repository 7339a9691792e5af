import Cryptography
import EnergyProofs
import Quantities
import Telemetry
import Testing

extension Result where Failure == ChargeRefusal {
    /// The refusal, or nil where there is none.
    fileprivate var refusal: ChargeRefusal? {
        if case .failure(let refusal) = self { refusal } else { nil }
    }
}

extension ChargingGate {
    /// Takes in `page`, which must be accepted.
    @discardableResult
    fileprivate mutating func take(
        _ page: ProofPage, age: Int64 = 0, now: Int64 = 0, blockTime: Int64? = nil
    ) throws -> AcceptedPage {
        let result = accept(
            page, age: TimeSpan(milliseconds: age), now: LedgerTime(milliseconds: now), in: ProvingBoard.domain,
            using: ProvingBoard.scheme, blockTime: blockTime.map(LedgerTime.init(milliseconds:)))
        return try result.get()
    }

    fileprivate mutating func refusal(ofPage page: ProofPage) -> ChargeRefusal? {
        accept(page, age: .zero, now: .origin, in: ProvingBoard.domain, using: ProvingBoard.scheme).refusal
    }

    fileprivate mutating func charge(
        _ millijoules: Int64, _ page: ProofPage, pool: Int64 = 1_000_000_000, now: Int64 = 0, blockTime: Int64? = nil
    ) -> Result<ChargeGrant, ChargeRefusal> {
        charge(
            mJ(millijoules), from: page.hash, pool: mJ(pool), now: LedgerTime(milliseconds: now),
            blockTime: blockTime.map(LedgerTime.init(milliseconds:)))
    }

    /// What can be charged from `page` now.
    fileprivate func left(_ page: ProofPage, now: Int64 = 0) throws -> Int64 {
        try available(from: page.hash, now: LedgerTime(milliseconds: now)).get().millijoules
    }
}

/// Checks that charging is refused as `expected` and changes nothing.
private func refuses(
    _ expected: ChargeRefusal, _ gate: inout ChargingGate, sourceLocation: SourceLocation = #_sourceLocation,
    _ charge: (inout ChargingGate) -> Result<ChargeGrant, ChargeRefusal>
) {
    let before = gate.encoded
    let refusal = charge(&gate).refusal
    #expect(refusal == expected, sourceLocation: sourceLocation)
    #expect(refusal?.explanation.isEmpty == false, sourceLocation: sourceLocation)
    #expect(gate.encoded == before, sourceLocation: sourceLocation)
}

@Suite struct ChargingGateTests {
    /// A board with 154 J to charge from its first page, taken in by a gate.
    private func gate(
        _ policy: ChargingPolicy = ChargingPolicy(), evidence: EvidenceClass = .metered, lost: Range<Int> = 0..<0
    ) throws -> (gate: ChargingGate, board: ProvingBoard, page: ProofPage) {
        var board = try ProvingBoard(evidence: evidence)
        var gate = ChargingGate(policy: policy)
        try gate.register(board.registration).get()
        let page = try board.page(milliwatts: 9600, lost: lost)
        try gate.take(page)
        return (gate, board, page)
    }

    @Test func `a charge gives the ledger an id, an amount, a limit and a lifetime`() throws {
        var (gate, _, page) = try gate()
        let grant = try gate.charge(100_000, page, now: 5000).get()
        #expect(grant.id == page.hash)
        #expect(grant.amount == mJ(100_000))
        #expect(grant.limit == mJ(154_000))
        #expect(grant.chargedBefore == .zero)
        #expect(grant.remaining == .seconds(7 * 86_400 - 5))
        #expect(try gate.left(page) == 54_000)
        #expect(try gate.charge(54_000, page).get().chargedBefore == mJ(100_000))
    }

    @Test func `lifetime counts from the window's end, not from the charge`() throws {
        var board = try ProvingBoard()
        var gate = ChargingGate(policy: ChargingPolicy())
        try gate.register(board.registration).get()
        let page = try board.page()
        try gate.take(page, age: 30_000, now: 100_000)
        let grant = try gate.charge(1, page, now: 160_000).get()
        #expect(grant.remaining == .seconds(7 * 86_400 - 90))
    }

    // MARK: Defects of the ledger before this one

    @Test func `a source of 300 watts does not mint 300000 credits in 50 milliseconds`() throws {
        var panel = try ProvingBoard("solar:roof", watts: 300)
        var gate = ChargingGate(policy: ChargingPolicy())
        try gate.register(panel.registration).get()
        for at in [0, 50] as [Int64] {
            panel.meter.record(MeterReading(at: BootTime(milliseconds: panel.now + at), power: mW(300_000)))
        }
        let end = BootTime(milliseconds: panel.now + 50)
        let window = panel.meter.closeWindow(at: end, now: end)
        let page = panel.sign(try #require(window))
        try gate.take(page)
        #expect(page.proof.chargeable == mJ(15_000))
        refuses(.exceedsProof(mJ(300_000_000), left: mJ(15_000)), &gate) { $0.charge(300_000_000, page) }
    }

    @Test func `the same watts are not charged twice`() throws {
        var (gate, _, page) = try gate()
        _ = try gate.charge(154_000, page).get()
        refuses(.exceedsProof(mJ(1), left: .zero), &gate) { $0.charge(1, page) }
        let before = gate.encoded
        #expect(gate.refusal(ofPage: page) == .notVerified(.replay(page: 0, last: 0)))
        #expect(gate.encoded == before)
    }

    @Test(arguments: [0, -1, .min] as [Int64])
    func `a charge of nothing or less is refused`(amount: Int64) throws {
        var (gate, _, page) = try gate()
        refuses(.amountNotPositive(mJ(amount)), &gate) { $0.charge(amount, page) }
    }

    @Test func `the largest charge there is meets the page's limit, not a trap`() throws {
        var (gate, _, page) = try gate()
        refuses(.exceedsProof(mJ(.max), left: mJ(154_000)), &gate) { $0.charge(.max, page, pool: .max) }
    }

    @Test func `a page on which nothing was drawn charges nothing`() throws {
        var board = try ProvingBoard()
        var gate = ChargingGate(policy: ChargingPolicy())
        try gate.register(board.registration).get()
        let page = try board.page(milliwatts: 0)
        try gate.take(page)
        refuses(.exceedsProof(mJ(1), left: .zero), &gate) { $0.charge(1, page) }
    }

    @Test func `watts are not a stock, a longer window of the same watts gives more`() throws {
        var board = try ProvingBoard()
        let short = try board.page(seconds: 10)
        let long = try board.page(seconds: 20)
        #expect(long.proof.chargeable == mJ(short.proof.chargeable.millijoules * 2))
    }

    // MARK: Each condition of a charge

    @Test func `a page nobody accepted charges nothing`() throws {
        var (gate, board, _) = try gate()
        var next = board
        let unseen = try next.page()
        refuses(.unknownProof(unseen.hash), &gate) { $0.charge(1, unseen) }
    }

    @Test func `a page charges until it is too old`() throws {
        var (gate, _, page) = try gate()
        _ = try gate.charge(1, page, now: 600_000).get()
        refuses(.tooOld(.milliseconds(600_001), limit: .seconds(600)), &gate) { $0.charge(1, page, now: 600_001) }
    }

    @Test func `a page of which too little was measured charges nothing`() throws {
        var (gate, _, page) = try gate(lost: 3..<7)
        refuses(.coverageTooLow(BasisPoints(clamping: 5000), least: BasisPoints(clamping: 9000)), &gate) {
            $0.charge(1, page)
        }
    }

    @Test(arguments: [EvidenceClass.modeled, .replayed])
    func `only metered sources charge by default`(evidence: EvidenceClass) throws {
        var (gate, _, page) = try gate(evidence: evidence)
        refuses(.classNotAllowed(evidence), &gate) { $0.charge(1, page) }
    }

    @Test func `a policy may take other classes at a haircut`() throws {
        let policy = ChargingPolicy(shares: [.replayed: BasisPoints(clamping: 2500)])
        var (gate, _, page) = try gate(policy, evidence: .replayed)
        #expect(try gate.left(page) == 38_500)
        refuses(.exceedsProof(mJ(38_501), left: mJ(38_500)), &gate) { $0.charge(38_501, page) }
    }

    @Test func `no more is charged than the society has spent`() throws {
        var (gate, _, page) = try gate()
        refuses(.poolTooSmall(mJ(10), pool: mJ(9)), &gate) { $0.charge(10, page, pool: 9) }
    }

    @Test func `in block time nobody charges faster than the source's rating`() throws {
        var board = try ProvingBoard("solar:roof", watts: 100)
        var gate = ChargingGate(policy: ChargingPolicy())
        try gate.register(board.registration, blockTime: LedgerTime(milliseconds: 1000)).get()
        // The board says that ten seconds passed; in blocks it was one.
        let page = try board.page(milliwatts: 100_000)
        try gate.take(page, blockTime: 2000)
        refuses(.fasterThanRated(mJ(100_001), left: mJ(100_000)), &gate) { $0.charge(100_001, page, blockTime: 2000) }
        _ = try gate.charge(100_000, page, blockTime: 2000).get()
        refuses(.fasterThanRated(mJ(1), left: .zero), &gate) { $0.charge(1, page, blockTime: 2000) }
        _ = try gate.charge(100, page, blockTime: 2001).get()
        refuses(.fasterThanRated(mJ(1), left: .zero), &gate) { $0.charge(1, page, blockTime: 0) }
    }

    // MARK: Sources and their pages

    @Test func `a source that another key owns is refused`() throws {
        var (gate, board, _) = try gate()
        let thief = try ProvingBoard(seed: 2)
        let owner = board.key.publicKey.id
        #expect(gate.register(thief.registration).refusal == .ownedByAnother(board.source, owner: owner))
        var forged = thief
        let page = try forged.page()
        let refusal = gate.refusal(ofPage: page)
        #expect(
            refusal == .notVerified(.envelope(.wrongKey(expected: owner, found: thief.key.publicKey.id))))
    }

    @Test func `a page of a source that nobody registered is refused`() throws {
        var gate = ChargingGate(policy: ChargingPolicy())
        var board = try ProvingBoard()
        let page = try board.page()
        #expect(gate.refusal(ofPage: page) == .unknownSource(board.source))
    }

    @Test func `a page left out stops its source until it comes`() throws {
        var (gate, board, _) = try gate()
        let second = try board.page()
        let third = try board.page()
        #expect(gate.refusal(ofPage: third) == .notVerified(.missingPages(expected: 1, found: 2)))
        try gate.take(second)
        try gate.take(third)
        #expect(gate.lastPage(of: board.source) == third.link)
    }

    @Test func `a page that rates its source higher than it is registered is refused`() throws {
        var (gate, board, _) = try gate()
        board.state.rated = mW(25_001)
        let page = try board.page()
        #expect(gate.refusal(ofPage: page) == .ratedAboveRegistration(mW(25_001), registered: mW(25_000)))
    }

    @Test func `no more sources than the limit are known`() throws {
        var gate = ChargingGate(policy: ChargingPolicy())
        let owner = try ProvingBoard().key.publicKey
        for number in 0..<EnergyProofLimits.sources {
            let source = try #require(SourceID("grid:\(number * 7 % 64)"))
            try gate.register(SourceRegistration(source, owner: owner, rated: mW(1))).get()
        }
        let names = gate.sources.map(\.source)
        #expect(names == names.sorted())
        let another = try #require(SourceID("grid:another"))
        let refusal = gate.register(SourceRegistration(another, owner: owner, rated: mW(1))).refusal
        #expect(refusal == .tooManySources(limit: 64))
    }

    @Test func `a person's power charges for sixteen hours of a day`() throws {
        var person = try ProvingBoard("human:dp", watts: 100, evidence: .declared)
        var gate = ChargingGate(
            policy: ChargingPolicy(shares: [.declared: .one], maximumAge: .seconds(86_400)))
        try gate.register(person.registration).get()
        var chargeable: [Int64] = []
        for window in 0..<4 {
            let start = BootTime(milliseconds: Int64(window) * 7 * 3_600_000)
            let page = person.sign(
                .unmeasured(
                    from: start, to: start + .seconds(7 * 3600), bootID: .zero, epoch: 1, epochReason: .firstStart))
            try gate.take(page, now: Int64(window + 1) * 7 * 3_600_000)
            chargeable.append(try gate.left(page, now: Int64(window + 1) * 7 * 3_600_000))
        }
        // Hours 7, 14 and 21 of one day, and hour 4 of the next.
        #expect(chargeable == [7, 7, 2, 7].map { $0 * 3600 * 100_000 })
    }

    // MARK: Parts and wholes

    /// A board input of 25 W and its GPU rail of 15 W, each with a page about the same ten seconds.
    private func family() throws -> (gate: ChargingGate, whole: ProofPage, part: ProofPage) {
        var board = try ProvingBoard("compute:board", watts: 25)
        var gpu = try ProvingBoard("compute:board:gpu", watts: 15)
        var gate = ChargingGate(policy: ChargingPolicy())
        try gate.register(board.registration).get()
        var part = gpu.registration
        part.parent = board.source
        try gate.register(part).get()
        let pages = (try board.page(milliwatts: 5000), try gpu.page(milliwatts: 1000))
        try gate.take(pages.0)
        try gate.take(pages.1)
        return (gate, pages.0, pages.1)
    }

    @Test func `what a part charged is taken off the whole`() throws {
        var (gate, whole, part) = try family()
        #expect(try gate.left(whole) == 200_000)
        #expect(try gate.left(part) == 140_000)
        _ = try gate.charge(140_000, part).get()
        #expect(try gate.left(whole) == 60_000)
        refuses(.chargedByChildren(mJ(60_001), left: mJ(60_000)), &gate) { $0.charge(60_001, whole) }
        _ = try gate.charge(60_000, whole).get()
        refuses(.chargedByChildren(mJ(1), left: .zero), &gate) { $0.charge(1, whole) }
    }

    @Test func `what the whole charged is not charged again by a part`() throws {
        var (gate, whole, part) = try family()
        _ = try gate.charge(190_000, whole).get()
        refuses(.chargedByParent(mJ(10_001), left: mJ(10_000)), &gate) { $0.charge(10_001, part) }
        _ = try gate.charge(10_000, part).get()
        #expect(try gate.left(part) == 0)
        #expect(try gate.left(whole) == 0)
    }

    @Test func `a link between part and whole cannot be cut while it counts, nor be made in a ring`() throws {
        var (gate, _, part) = try family()
        let registrations = gate.sources
        let (whole, gpu) = (registrations[0], registrations[1])
        var cut = gpu
        cut.parent = nil
        try gate.register(cut).get()
        try gate.register(gpu).get()
        _ = try gate.charge(1, part).get()
        #expect(gate.register(cut).refusal == .linkInUse(gpu.source))
        var ring = whole
        ring.parent = gpu.source
        #expect(gate.register(ring).refusal == .nestedParent(gpu.source))
        ring.parent = whole.source
        #expect(gate.register(ring).refusal == .nestedParent(whole.source))
        let stranger = try #require(SourceID("compute:elsewhere"))
        ring.parent = stranger
        #expect(gate.register(ring).refusal == .unknownSource(stranger))
    }

    @Test func `a battery charges nothing of what its own society charged for filling it`() throws {
        var panel = try ProvingBoard("solar:roof", watts: 100)
        var battery = try ProvingBoard("battery:B", watts: 100)
        var gate = ChargingGate(policy: ChargingPolicy())
        try gate.register(battery.registration).get()
        var feeding = panel.registration
        feeding.feeds = battery.source
        try gate.register(feeding).get()
        let sun = try panel.page(milliwatts: 60_000)
        try gate.take(sun)
        _ = try gate.charge(150_000, sun).get()
        let first = try battery.page(milliwatts: 10_000)
        let second = try battery.page(milliwatts: 10_000)
        try gate.take(first)
        try gate.take(second)
        refuses(.fedBySociety(mJ(1), left: .zero), &gate) { $0.charge(1, first) }
        // Of the 150 J that were charged for filling, 100 J came out in the first page; the second gives the others.
        #expect(try gate.left(second) == 50_000)
        let third = try battery.page(milliwatts: 20_000)
        try gate.take(third)
        #expect(try gate.left(third) == 195_000)
        _ = try gate.charge(20_000, third).get()
        #expect(try gate.left(third) == 175_000)
        // What the first gave is spoken for, whatever comes after it.
        #expect(try gate.left(first) == 0)
        refuses(.fedBySociety(mJ(50_001), left: mJ(50_000)), &gate) { $0.charge(50_001, second) }
        feeding.feeds = panel.source
        #expect(gate.register(feeding).refusal == .feedsNoBattery(panel.source))
    }

    @Test func `a cell of a battery charges nothing of what filled the battery`() throws {
        var panel = try ProvingBoard("solar:roof", watts: 100)
        var battery = try ProvingBoard("battery:B", watts: 100)
        var cell = try ProvingBoard("battery:B:cell", watts: 100)
        var gate = ChargingGate(policy: ChargingPolicy())
        try gate.register(battery.registration).get()
        var part = cell.registration
        part.parent = battery.source
        try gate.register(part).get()
        var feeding = panel.registration
        feeding.feeds = battery.source
        try gate.register(feeding).get()
        let pages = [
            try panel.page(milliwatts: 6000), try battery.page(milliwatts: 10_000), try cell.page(milliwatts: 9000),
        ]
        for page in pages { try gate.take(page) }
        _ = try gate.charge(60_000, pages[0]).get()
        _ = try gate.charge(30_000, pages[1]).get()
        // Of 100 J, 60 J filled the battery and 30 J were charged from the whole.
        refuses(.chargedByParent(mJ(10_001), left: mJ(10_000)), &gate) { $0.charge(10_001, pages[2]) }
    }

    // MARK: The state

    @Test func `the state is read back and goes on where it was`() throws {
        var (gate, _, part) = try family()
        _ = try gate.charge(100_000, part).get()
        var again = try ChargingGate(decoding: gate.encoded, policy: gate.policy)
        #expect(again.encoded == gate.encoded)
        refuses(.exceedsProof(mJ(40_001), left: mJ(40_000)), &again) { $0.charge(40_001, part) }
        _ = try again.charge(40_000, part).get()
    }

    @Test func `a state cut anywhere, or out of order, is refused`() throws {
        let (gate, _, _) = try family()
        let bytes = gate.encoded
        for end in bytes.indices {
            #expect(throws: (any Error).self) { try ChargingGate(decoding: Array(bytes[..<end]), policy: gate.policy) }
        }
        let one = Array(bytes.dropFirst())
        #expect(throws: (any Error).self) { try ChargingGate(decoding: [0x84] + one + one, policy: gate.policy) }
    }

    @Test func `only so many pages are remembered, and the oldest makes room`() throws {
        var (gate, board, first) = try gate()
        for _ in 0..<EnergyProofLimits.openProofs { try gate.take(try board.page(seconds: 1)) }
        refuses(.unknownProof(first.hash), &gate) { $0.charge(1, first) }
        #expect(gate.encoded.count < 80_000)
    }

    @Test func `pages too old to charge from are forgotten`() throws {
        var (gate, board, _) = try gate()
        let size = gate.encoded.count
        for number in 1...50 { try gate.take(try board.page(), now: Int64(number) * 700_000) }
        #expect(gate.encoded.count <= size + 64)
    }
}
