import Federation
import Testing

@Suite struct LCTTests {
    @Test func `the federation's own example is read and written back`() throws {
        let text = "lct:web4:agent:dp@Thor#consciousness.sage"
        let lct = try LCT(text)
        #expect(lct.lineage == "dp")
        #expect(lct.context.text == "Thor")
        #expect(lct.task == .consciousnessSage)
        #expect(lct.text == text)
    }

    @Test(arguments: [
        ("lct:web4:agent:dp.child:x_1@Orin-Nano.2#planning.strategic", TaskType.planningStrategic),
        ("lct:web4:agent:A-b@c:d#perception", .perception),
    ])
    func `every allowed byte is allowed`(text: String, task: TaskType) throws {
        let lct = try LCT(text)
        #expect(lct.text == text)
        #expect(lct.task == task)
    }

    @Test func `an alias is the same identity as the type's first name`() throws {
        let alias = try LCT("lct:web4:agent:dp@Thor#cognition.sage")
        let name = try LCT("lct:web4:agent:dp@Thor#consciousness.sage")
        #expect(alias == name)
        #expect(alias.text == "lct:web4:agent:dp@Thor#consciousness.sage")
        #expect(try LCT("lct:web4:agent:dp@Thor#cognition").task == .consciousness)
    }

    @Test(arguments: [
        ("", LCTError.wrongPrefix),
        ("lct:web4:agent", .wrongPrefix),
        ("LCT:web4:agent:dp@Thor#perception", .wrongPrefix),
        ("lct:web4:device:dp@Thor#perception", .wrongPrefix),
        ("lct:web4:agent:dp#perception", .missing(.context)),
        ("lct:web4:agent:dp@Thor", .missing(.task)),
        ("lct:web4:agent:@Thor#perception", .empty(.lineage, at: 15)),
        ("lct:web4:agent:dp@#perception", .empty(.context, at: 18)),
        ("lct:web4:agent:dp@Thor#", .empty(.task, at: 23)),
        ("lct:web4:agent:.dp@Thor#perception", .empty(.lineage, at: 15)),
        ("lct:web4:agent:dp..x@Thor#perception", .empty(.lineage, at: 18)),
        ("lct:web4:agent:dp.@Thor#perception", .empty(.lineage, at: 18)),
        ("lct:web4:agent:dp@Thor#perception\n", .invalidByte(.task, at: 33, byte: 10)),
        ("lct:web4:agent:dp@Thor#perception ", .invalidByte(.task, at: 33, byte: 32)),
        ("lct:web4:agent:dp@Thor@Legion#perception", .invalidByte(.context, at: 22, byte: 64)),
        ("lct:web4:agent:dp@Thor#perception#perception", .invalidByte(.task, at: 33, byte: 35)),
        ("lct:web4:agent:d p@Thor#perception", .invalidByte(.lineage, at: 16, byte: 32)),
        ("lct:web4:agent:d\u{0}p@Thor#perception", .invalidByte(.lineage, at: 16, byte: 0)),
        ("lct:web4:agent:dé@Thor#perception", .invalidByte(.lineage, at: 16, byte: 0xc3)),
        ("lct:web4:agent:dp@Thor#a:b", .invalidByte(.task, at: 24, byte: 58)),
        ("lct:web4:agent:dp@Thor#Perception", .unknownTask("Perception")),
        ("lct:web4:agent:dp@Thor#perception.more", .unknownTask("perception.more")),
        (
            "lct:web4:agent:dp@" + String(repeating: "x", count: 65) + "#perception",
            .contextTooLong(length: 65)
        ),
        ("lct:web4:agent:" + String(repeating: "x", count: 242), .tooLong(length: 257)),
    ])
    func `what is not an LCT is refused with its reason and place`(text: String, error: LCTError) {
        #expect(throws: error) { try LCT(text) }
    }

    @Test func `an alias whose first name would be too long is refused`() {
        // 256 bytes with the alias, 260 with the name it stands for.
        let text = "lct:web4:agent:" + String(repeating: "x", count: 256 - 15 - 12) + "@T#cognition"
        #expect(text.utf8.count == 256)
        #expect(throws: LCTError.tooLong(length: 260)) { try LCT(text) }
    }

    @Test func `an old record takes its context from the local platform and says so`() throws {
        let old = try LCT.oldRecord(
            "lct:web4:agent:alice", platform: Fixture.platform("Sprout"), task: .perception)
        #expect(old.lct.text == "lct:web4:agent:alice@Sprout#perception")
        #expect(old.filledIn == [.context, .task])
        let complete = try LCT.oldRecord(
            "lct:web4:agent:alice@Thor#planning", platform: Fixture.platform("Sprout"), task: .perception)
        #expect(complete.lct.context.text == "Thor")
        #expect(complete.filledIn.isEmpty)
    }
}
