import Quantities
import Testing
import Wire

@testable import Link

/// An authenticated peer that sends what no honest one would.
@Suite struct HostilePeerTests {
    /// Board 1 judges `frames` that board 0 seals in their session.
    private func judge(_ frames: [UInt8], in network: inout VirtualNetwork) throws -> DatagramVerdict {
        let sealed = network.boards[0].endpoint.links[0].session?.seal(frames)
        let bytes = try #require(sealed)
        return network.boards[1].endpoint.receive(bytes.span, from: network.boards[0].address, now: network.now)
    }

    private func established(_ seed: UInt64 = 1) -> VirtualNetwork {
        var network = VirtualNetwork(seed: seed)
        network.send([1], from: 0)
        network.run(for: .seconds(1))
        return network
    }

    @Test func `malformed frames in an authentic datagram are named, and nothing of it is used`() throws {
        var network = established()
        let peer = network.boards[0].id
        #expect(try judge([0x80, 0xff], in: &network) == .malformedFrames(peer, .kind(0xff, at: 1)))
        #expect(try judge([0x50, 9, 0, 1, 0, 7, 0x85], in: &network) == .malformedFrames(peer, .kind(0x85, at: 6)))
        network.run(for: .seconds(1))
        #expect(network.boards[1].messages == [[1]])
    }

    @Test func `an acknowledgement of what was never sent is refused`() throws {
        var network = established()
        let verdict = try judge([0x20, 0xff, 0xff, 0, 0, 0, 0], in: &network)
        #expect(verdict == .malformedFrames(network.boards[0].id, .acknowledgedUnsent(0xffff)))
        #expect(try judge([0x20, 0xff, 0xff, 0xff, 0xff, 0, 0], in: &network) != .accepted(network.boards[0].id))
    }

    @Test func `fragments that contradict each other are refused`() throws {
        var network = established()
        let head: [UInt8] = [0x64, 9, 0, 0, 0, 0] + [UInt8](repeating: 1, count: 600)
        #expect(try judge(head, in: &network) == .accepted(network.boards[0].id))
        let end: [UInt8] = [0x6c, 9, 0, 0, 1, 0] + [UInt8](repeating: 1, count: 10)
        let verdict = try judge(end, in: &network)
        #expect(verdict == .malformedFrames(network.boards[0].id, .inconsistentFragment(number: 9)))
    }

    @Test func `partial messages never hold more than the limits`() throws {
        var network = established()
        var verdicts: [DatagramVerdict] = []
        for number in 0..<200 as Range<UInt8> {
            // The end of a message of 64 KiB, so that as much as possible is held for it.
            let frame: [UInt8] = [0x64, number, 1, 0x00, 0xfb, 0x00] + [UInt8](repeating: 1, count: 1_000)
            verdicts.append(try judge(frame, in: &network))
            #expect(network.status(1).partialBytes <= 16 * 65_536)
        }
        #expect(verdicts.filter { $0 == .accepted(network.boards[0].id) }.count == 16)
        #expect(verdicts.last == .noRoom(network.boards[0].id))
        network.run(for: .seconds(40))
        #expect(network.status(1).partialBytes == 0)
    }

    @Test func `a message number far back is taken for a repetition, and far ahead traps nothing`() throws {
        var network = established()
        for low in [0, 1, 0x7fff, 0x8000, 0xffff, 0, 0x4000] as [UInt16] {
            let frame: [UInt8] = [0x40, UInt8(truncatingIfNeeded: low), UInt8(low >> 8), 5]
            _ = try judge(frame, in: &network)
        }
        network.run(for: .seconds(1))
        #expect(network.boards[1].messages.count >= 2)
    }

    @Test func `pings, path frames, resets and closes in any number are borne`() throws {
        var network = established()
        var frames: [UInt8] = []
        for _ in 0..<60 { frames += [0x80, 0x82, 1, 2, 3, 4, 5, 6, 7, 8, 0x83, 0, 0] }
        for _ in 0..<500 { _ = try judge(frames, in: &network) }
        network.run(for: .seconds(1))
        #expect(network.boards[1].endpoint.answers.isEmpty && network.boards[1].endpoint.events.isEmpty)
        _ = try judge([0x84, 0x80, 0x84], in: &network)
        network.flush()
        #expect(network.boards[1].events.last == .closed(network.boards[0].id))
    }

    @Test func `an owner that takes no events gets no more`() throws {
        var network = established()
        var busy = 0
        for number in 0..<3_000 {
            let frame: [UInt8] = [0x40, UInt8(truncatingIfNeeded: number), UInt8(number >> 8), 5]
            if try judge(frame, in: &network) == .busy { busy += 1 }
        }
        #expect(network.boards[1].endpoint.events.count <= LinkLimits().events + LinkLimits.framesPerDatagram)
        #expect(busy > 1_000)
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `random frames from an authenticated peer trap nothing and all timers stay finite`(_ seed: UInt64) throws {
        var network = established(seed)
        for round in 0..<1_500 {
            var frames: [UInt8] = []
            for _ in 0...network.dice.below(4) {
                frames += FrameTests.golden[network.dice.below(FrameTests.golden.count)].bytes.prefix(12)
            }
            if round % 3 == 0 {
                frames = [UInt8(0x60 + network.dice.below(16))] + network.dice.bytes(5 + network.dice.below(900))
            }
            frames[network.dice.below(frames.count)] = UInt8(network.dice.below(256))
            guard network.boards[0].endpoint.links[0].session != nil else { break }
            _ = try judge(frames, in: &network)
            if round % 10 == 0 { network.run(for: .milliseconds(Int64(network.dice.below(200)))) }
        }
        network.run(for: .seconds(300))
        #expect(network.status(1).partialBytes == 0)
    }
}
