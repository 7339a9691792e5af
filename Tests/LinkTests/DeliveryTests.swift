import Quantities
import Testing

@testable import Link

@Suite struct DeliveryTests {
    @Test func `a message arrives whole, once, and is reported as delivered`() throws {
        var network = VirtualNetwork(seed: 1)
        let number = try network.send([1, 2, 3], from: 0).get()
        network.run(for: .seconds(2))
        #expect(network.boards[1].messages == [[1, 2, 3]])
        #expect(network.boards[0].events.contains(.delivered(network.boards[1].id, number)))
        #expect(network.boards[0].endpoint.nextDeadline == nil, "an idle link is silent")
        #expect(network.boards[1].endpoint.nextDeadline == nil)
    }

    @Test func `a first message costs one round trip, then half of one`() throws {
        var network = VirtualNetwork(seed: 1)
        let start = network.now
        network.send([1], from: 0)
        network.run(for: .seconds(2)) { !$0.boards[1].messages.isEmpty }
        #expect(network.now.since(start) == .milliseconds(45))
        let second = network.now
        network.send([2], from: 0)
        network.run(for: .seconds(2)) { $0.boards[1].messages.count == 2 }
        #expect(network.now.since(second) == .milliseconds(15))
    }

    @Test func `a request and its reply cost two datagrams in steady state`() throws {
        var network = VirtualNetwork(seed: 1)
        network.send([0], from: 0)
        network.run(for: .seconds(2))
        let before = network.record.count
        for round in 1...10 {
            network.send([UInt8(round)], from: 0)
            network.run(for: .seconds(1)) { $0.boards[1].messages.count == round + 1 }
            network.send([UInt8(round)], from: 1)
            network.run(for: .seconds(1)) { $0.boards[0].messages.count == round }
        }
        #expect(network.record.count - before == 20)
    }

    @Test(arguments: [0, 1, 1_096, 1_097, 2_192, 40_000, 65_535, 65_536])
    func `every length arrives as it was sent`(_ length: Int) throws {
        var network = VirtualNetwork(seed: UInt64(length))
        let message = network.dice.bytes(length)
        _ = try network.send(message, from: 0, class: .bulk).get()
        network.run(for: .seconds(10)) { $0.boards[0].delivered == 1 }
        #expect(network.boards[1].messages == [message])
    }

    struct Storm: Sendable, CustomTestStringConvertible {
        let loss: Int
        let duplication: Int
        let delay: ClosedRange<Int>
        var testDescription: String { "loss \(loss) %, duplication \(duplication) %, delay \(delay) ms" }
    }

    @Test(
        arguments: [
            Storm(loss: 0, duplication: 0, delay: 0...0), Storm(loss: 0, duplication: 30, delay: 1...60),
            Storm(loss: 5, duplication: 5, delay: 15...15), Storm(loss: 20, duplication: 10, delay: 5...40),
            Storm(loss: 40, duplication: 20, delay: 1...80),
        ], [1, 2, 3] as [UInt64])
    func `what is delivered is what was sent, each message once`(_ storm: Storm, _ seed: UInt64) throws {
        let weather = Weather(loss: storm.loss, duplication: storm.duplication, delay: storm.delay)
        var network = VirtualNetwork(seed: seed, weather: weather, start: BootTime(milliseconds: 0))
        let classes: [MessageClass] = [.control, .task, .report, .bulk]
        var sent: [[[UInt8]]] = [[], []]
        for _ in 0..<60 {
            let sender = network.dice.below(2)
            let length = network.dice.chance(percent: 15) ? network.dice.below(20_000) : network.dice.below(400)
            let message = [UInt8(sent[sender].count)] + network.dice.bytes(length)
            let messageClass = classes[network.dice.below(4)]
            _ = try network.send(message, from: sender, class: messageClass).get()
            sent[sender].append(message)
            network.run(for: .milliseconds(Int64(network.dice.below(60))))
        }
        let isDone = network.run(for: .seconds(600)) {
            $0.boards[0].delivered == sent[0].count && $0.boards[1].delivered == sent[1].count
        }
        #expect(isDone, "seed \(seed): all is acknowledged")
        for sender in 0...1 {
            let received = network.boards[1 - sender].messages
            #expect(received.count == sent[sender].count && Set(received) == Set(sent[sender]))
        }
        network.run(for: .seconds(60))
        #expect(network.status(0).queuedMessages == 0 && network.status(1).queuedMessages == 0)
    }
}
