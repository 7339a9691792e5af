import Cryptography
import EnergyProofs
import Quantities
import Telemetry
import Testing
import Wire

@Suite struct EnergyCapacityProofTests {
    private func full() throws -> ProofPage {
        var board = try ProvingBoard()
        board.state.hottest = Temperature(millidegrees: -5250)
        board.state.throttle = ThrottleReasons([.softwareThermal, .overCurrent])
        board.state.powerMode = ProofText("25W", limit: 64)
        board.state.baseline = mW(4200)
        board.state.work = mJ(24_000)
        _ = try board.page()
        return try board.page { $0.errorBoundPermille = 6 }
    }

    @Test func `a page is read back as it was written, with every field and with none of the optional ones`() throws {
        var board = try ProvingBoard()
        for page in [try full(), try board.page()] {
            let again = try ProofPage(decoding: page.bytes)
            #expect(again == page)
            #expect(again.proof.encoded == page.envelope.payload)
        }
    }

    @Test func `a page with every field takes 380 bytes`() throws {
        #expect(try full().bytes.count == 380)
    }

    @Test func `a page cut anywhere, or with a byte behind it, is refused`() throws {
        let payload = try full().envelope.payload
        for end in payload.indices {
            #expect(throws: CBORError.self) { try EnergyCapacityProof(decoding: Array(payload[..<end])) }
        }
        #expect(throws: CBORError.trailingBytes(at: payload.count)) {
            try EnergyCapacityProof(decoding: payload + [0])
        }
    }

    /// Changes one value of the payload's tree and says what the decoder makes of it.
    private func decoding(_ key: UInt64, _ value: CBORValue?) throws -> CBORError? {
        let payload = try full().envelope.payload
        guard case .map(var entries) = try CBORValue(decoding: payload.span) else { return nil }
        entries.removeAll { $0.key == key }
        if let value { entries.append(.init(key: key, value: value)) }
        entries.sort { $0.key < $1.key }
        do throws(CBORError) {
            _ = try EnergyCapacityProof(decoding: CBORValue.map(entries).encoded)
            return nil
        } catch { return error }
    }

    @Test(arguments: [1...21, 23...23, 25...29].flatMap { $0 } as [UInt64])
    func `a page without one of its fields is refused`(key: UInt64) throws {
        let error = try #require(try decoding(key, nil))
        guard case .missingField(key, _) = error else {
            Issue.record("\(error)")
            return
        }
    }

    @Test(
        arguments: [
            (2, .text("compute")), (2, .text("fusion:x")), (2, .text("compute:a b")), (2, .text("compute::a")),
            (2, .text("compute:" + String(repeating: "a", count: 185))), (3, .unsigned(0)), (3, .unsigned(8)),
            (4, .unsigned(5)), (4, .unsigned(256)), (5, .unsigned(1 << 53)), (6, .unsigned(0)), (7, .unsigned(.max)),
            (9, .negative(complement: 0)), (13, .unsigned(2)), (14, .unsigned(1 << 53)), (14, .negative(complement: 9)),
            (16, .unsigned(1_000_000_001)), (22, .unsigned(1 << 31)), (23, .unsigned(1 << 8)), (24, .text("")),
            (24, .text("25W\u{1b}[2J")), (28, .unsigned(10_001)), (29, .text("")), (29, .text("µ")),
            (30, .bytes([1])), (31, .unsigned(0)), (63, .boolean(true)),
        ] as [(UInt64, CBORValue)])
    func `a field that says what it cannot is refused`(key: UInt64, value: CBORValue) throws {
        #expect(try decoding(key, value) != nil)
    }

    @Test func `a field of the future is carried and ignored`() throws {
        #expect(try decoding(64, .text("later")) == nil)
        let page = try full()
        guard case .map(var entries) = try CBORValue(decoding: page.envelope.payload.span) else { return }
        entries.append(.init(key: 64, value: .boolean(true)))
        let key = try ProvingBoard().key
        let envelope = SignedEnvelope(
            signing: CBORValue.map(entries).encoded, as: .energyProof, with: key, in: ProvingBoard.domain,
            by: ProvingBoard.scheme)
        let later = try ProofPage(decoding: envelope.encoded)
        #expect(later.bytes == envelope.encoded)
        #expect(later.hash != page.hash)
        try ProvingBoard().verify(later, after: nil)
    }

    @Test(
        arguments: [
            ("battery:BAT0-4711", SourceKind.battery), ("human:lct:web4:agent:dp@Thor#rest", .human),
            ("solar:panel_1.a", .solar), ("grid:1", .grid),
        ])
    func `a source's identity begins with its kind`(text: String, kind: SourceKind) {
        #expect(SourceID(text)?.kind == kind)
    }

    @Test func `a source is named by its identity, or by its beginning up to a colon`() throws {
        let known = ["compute:orin-nano-8gb:142321908732", "solar:roof", "solar:roof:2", "solar:rooftop"]
            .compactMap { SourceID($0) }
        func named(_ text: String) -> [String] { SourceID(text).map { $0.named(among: known).map(\.text) } ?? [] }
        #expect(named("compute:orin-nano-8gb") == ["compute:orin-nano-8gb:142321908732"])
        #expect(named("compute:orin-nano") == [])
        #expect(named("solar:roof") == ["solar:roof"])
        #expect(named("solar:roof:2") == ["solar:roof:2"])
        let panels = ["solar:roof:1", "solar:roof:2"].compactMap { SourceID($0) }
        #expect(SourceID("solar:roof")?.named(among: panels) == panels)
    }

    @Test(arguments: ["", "grid", "grid:", ":grid", "Grid:1", "grid:1:", "grid:a/b", "grid:ä", "grid:1\n"])
    func `other texts are no identity`(text: String) {
        #expect(SourceID(text) == nil)
    }

    @Test(
        arguments: [
            ("cpu-throttle-alert", ThrottleReason.thermalAlert), ("devfreq-gpu-gpc-0", .clockCap),
            ("devfreq-17000000.gpu", .clockCap), ("cpufreq-cpu0", .clockCap), ("over-current:3", .overCurrent),
            ("nvml:software-power-cap", .softwarePowerCap), ("nvml:software-thermal", .softwareThermal),
            ("nvml:hardware-slowdown", .hardwareSlowdown), ("nvml:hardware-thermal", .hardwareThermal),
            ("nvml:power-brake", .powerBrake), ("pwm-fan", nil), ("nvml:idle", nil), ("nvml:over-current", nil),
        ] as [(String, ThrottleReason?)])
    func `causes of a sample become reasons of a page`(cause: String, reason: ThrottleReason?) {
        #expect(ThrottleReason(cause: cause) == reason)
    }

    @Test func `a text that cannot be printed is made printable`() {
        #expect(ProofText(replacing: "25W\n", limit: 64).text == "25W?")
        #expect(ProofText(replacing: "", limit: 64).text == "?")
        #expect(ProofText(replacing: "abc", limit: 2).text == "ab")
    }

    @Test func `as JSON amounts are decimal strings with their unit in the name`() throws {
        var json = JSONWriter()
        try full().write(to: &json)
        #expect(json.text.contains("\"register_end_mj\":\"192000\""))
        #expect(json.text.contains("\"throttle\":[\"over-current\",\"software-thermal\"]"))
        #expect(json.text.contains("\"hottest_millidegrees\":-5250"))
        #expect(json.text.contains("\"class\":\"metered\""))
    }
}
