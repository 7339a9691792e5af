import Quantities
import Testing

@testable import Link

@Suite struct ReassemblyTests {
    private let now = BootTime(milliseconds: 5)
    private let unlimited = 1 << 30

    private func fragment(
        _ message: [UInt8], _ range: Range<Int>, number: UInt64 = 1, isLast: Bool? = nil,
        class messageClass: MessageClass = .bulk
    ) -> ReceivedFragment {
        ReceivedFragment(
            messageClass: messageClass, number: number, offset: range.lowerBound,
            isLast: isLast ?? (range.upperBound == message.count), payload: message[range])
    }

    private func expect(
        _ expected: Reassembly.Outcome, from reassembly: inout Reassembly, _ fragment: ReceivedFragment, room: Int
    ) {
        let outcome = reassembly.insert(fragment, room: room, now: now)
        #expect(outcome == expected)
    }

    private func expectDropped(_ expected: [UInt64], from reassembly: inout Reassembly, _ time: BootTime) {
        let dropped = reassembly.dropStalled(now: time)
        #expect(dropped == expected)
    }

    private let message: [UInt8] = (0..<1_000).map { UInt8(truncatingIfNeeded: $0 / 3) }

    @Test(
        arguments: [
            [0..<300, 300..<600, 600..<1_000], [600..<1_000, 300..<600, 0..<300], [300..<600, 0..<300, 600..<1_000],
            [0..<300, 0..<300, 600..<1_000, 600..<1_000, 300..<600], [0..<700, 300..<1_000],
            [200..<500, 0..<300, 400..<1_000], [0..<1_000],
        ])
    func `a message is whole exactly when its last missing byte comes`(_ ranges: [Range<Int>]) {
        var reassembly = Reassembly()
        for (index, range) in ranges.enumerated() {
            let outcome = reassembly.insert(fragment(message, range), room: unlimited, now: now)
            #expect(outcome == (index == ranges.count - 1 ? .complete(message) : .stored))
        }
        #expect(reassembly.count == 0 && reassembly.byteCount == 0)
    }

    @Test func `fragments that contradict earlier ones are refused and change nothing`() {
        var reassembly = Reassembly()
        _ = reassembly.insert(fragment(message, 300..<700), room: unlimited, now: now)
        let bad: [ReceivedFragment] = [
            fragment(message, 0..<300, class: .task), fragment(message, 0..<300, isLast: true),
        ]
        for bad in bad { expect(.inconsistent, from: &reassembly, bad, room: unlimited) }
        _ = reassembly.insert(fragment(message, 700..<1_000), room: unlimited, now: now)
        let longer = [UInt8](repeating: 0, count: 1_400)
        expect(.inconsistent, from: &reassembly, fragment(longer, 1_000..<1_300), room: unlimited)
        expect(.inconsistent, from: &reassembly, fragment(longer, 1_000..<1_400), room: unlimited)
        expect(.complete(message), from: &reassembly, fragment(message, 0..<300), room: unlimited)
    }

    @Test func `sixteen partial messages fit, a seventeenth does not`() {
        var reassembly = Reassembly()
        for number in 0..<16 as Range<UInt64> {
            expect(.stored, from: &reassembly, fragment(message, 0..<300, number: number), room: unlimited)
        }
        expect(.noRoom, from: &reassembly, fragment(message, 0..<300, number: 16), room: unlimited)
        expect(.stored, from: &reassembly, fragment(message, 300..<600, number: 3), room: unlimited)
    }

    @Test func `memory is counted in what is held, and no more is held than there is room for`() {
        var reassembly = Reassembly()
        let large = [UInt8](repeating: 7, count: 65_536)
        expect(.noRoom, from: &reassembly, fragment(large, 64_440..<65_536), room: 65_535)
        #expect(reassembly.count == 0 && reassembly.byteCount == 0)
        expect(.stored, from: &reassembly, fragment(large, 0..<1_096), room: 4_096)
        #expect(reassembly.byteCount == 4_096)
        expect(.noRoom, from: &reassembly, fragment(large, 4_000..<5_096), room: 4_095)
        expect(.stored, from: &reassembly, fragment(large, 4_000..<5_096), room: 4_096)
        #expect(reassembly.byteCount == 8_192)
    }

    @Test func `a partial message dies after thirty seconds without progress, never of age`() {
        var reassembly = Reassembly()
        var time = now
        for start in stride(from: 0, to: 900, by: 100) {
            _ = reassembly.insert(fragment(message, start..<(start + 100)), room: unlimited, now: time)
            time = time + .seconds(29)
            expectDropped([], from: &reassembly, time)
        }
        // A repetition is no progress.
        _ = reassembly.insert(fragment(message, 0..<100), room: unlimited, now: time)
        #expect(reassembly.nextDeadline == time + .seconds(1))
        expectDropped([1], from: &reassembly, time + .seconds(1))
        #expect(reassembly.byteCount == 0 && reassembly.nextDeadline == nil)
    }

    @Test func `a dropped message takes no parts until its sender knows`() {
        var reassembly = Reassembly()
        _ = reassembly.insert(fragment(message, 0..<600), room: unlimited, now: now)
        expectDropped([1], from: &reassembly, now + .seconds(30))
        expect(.noRoom, from: &reassembly, fragment(message, 600..<1_000), room: unlimited)
        reassembly.forgetDropped(1)
        expect(.stored, from: &reassembly, fragment(message, 600..<1_000), room: unlimited)
        expect(.complete(message), from: &reassembly, fragment(message, 0..<600), room: unlimited)
    }
}
