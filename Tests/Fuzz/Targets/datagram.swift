// Datagrams to an endpoint that has a session with one peer: after opening, as that peer might seal them, where the
// first byte is odd; before opening, as strangers send them, where it is even.

import Cryptography
import Quantities
import Wire

@testable import Link

private let pair = SessionPair()

func fuzz(_ input: [UInt8]) {
    guard let first = input.first else { return }
    // Several datagrams, cut at a marker, so that one prepares what the next meets.
    let datagrams = input.dropFirst().split(separator: 0xfe, maxSplits: 8, omittingEmptySubsequences: false)
    if first % 2 == 1 { attackAsPeer(datagrams) } else { attackAsStranger(datagrams) }
}

private func attackAsPeer(_ datagrams: [ArraySlice<UInt8>]) {
    var (sender, receiver, time) = (pair.first, pair.second, pair.now)
    for frames in datagrams {
        let bytes = Array(frames)
        guard let sealed = sender.links[0].session?.seal(bytes) else { return }
        let verdict = receiver.receive(sealed.span, from: pair.peer, now: time)
        if (try? Frame.parse(bytes.span)) == nil {
            if case .accepted = verdict { preconditionFailure("frames that are none were accepted") }
        }
        time = time + .milliseconds(10)
        drain(&receiver, time)
        let held = receiver.status(of: receiver.peers[0])?.partialBytes ?? 0
        precondition(held <= 2_097_152, "partial messages within their limit")
    }
}

private func attackAsStranger(_ datagrams: [ArraySlice<UInt8>]) {
    var (receiver, time) = (pair.second, pair.now)
    for datagram in datagrams {
        let bytes = Array(datagram)
        if case .accepted = receiver.receive(bytes.span, from: pair.stranger, now: time) {
            preconditionFailure("a forgery was accepted")
        }
        time = time + .milliseconds(10)
        let answered = drain(&receiver, time)
        precondition(answered <= 3 * bytes.count, "an answer of more than thrice the question")
    }
}

/// Lets time pass and takes everything that comes out; bytes that went to the stranger.
@discardableResult
private func drain(_ endpoint: inout LinkEndpoint, _ time: BootTime) -> Int {
    endpoint.advance(to: time)
    var bytes = 0
    while let answer = endpoint.nextDatagram(now: time) {
        if answer.destination == pair.stranger { bytes += answer.bytes.count }
    }
    while endpoint.nextEvent() != nil {}
    return bytes
}

/// Two endpoints with a session between them, made once.
private struct SessionPair {
    let first: LinkEndpoint
    let second: LinkEndpoint
    let now: BootTime
    let peer = NetworkAddress(ipv4: 192, 0, 2, 1, port: 1)
    let stranger = NetworkAddress(ipv4: 192, 0, 2, 9, port: 9)

    init() {
        precondition(prepareCryptography(), "libsodium starts")
        let addresses = [peer, NetworkAddress(ipv4: 192, 0, 2, 2, port: 2)]
        let keys = [1, 2].compactMap { KeyAgreementKey(secret: [UInt8](repeating: $0, count: 32)) }
        let ids = keys.map { LinkPeerID(staticKey: $0.publicKey) }
        var ends = (0...1).map { index in
            LinkEndpoint(
                configuration: LinkConfiguration(
                    localNode: KeyID(bytes: keys[index].publicKey), prologue: [], staticKey: keys[index], bootEpoch: 1,
                    storeEpoch: 1),
                random: DeterministicRandom(seed: keys[index].publicKey))
        }
        for index in 0...1 {
            ends[index].addPeer(
                LinkPeer(
                    id: ids[1 - index], node: KeyID(bytes: keys[1 - index].publicKey), durablePosition: nil,
                    address: addresses[1 - index]))
        }
        var time = BootTime(milliseconds: 1000)
        _ = ends[0].send([1], to: ids[1], class: .task, now: time)
        for _ in 0..<200 {
            time = time + .milliseconds(5)
            for index in 0...1 {
                ends[index].advance(to: time)
                while let datagram = ends[index].nextDatagram(now: time) {
                    _ = ends[1 - index].receive(datagram.bytes.span, from: addresses[index], now: time)
                }
            }
        }
        precondition(ends[1].status(of: ids[0])?.isEstablished == true, "a session stands")
        while ends[1].nextEvent() != nil {}
        first = ends[0]
        second = ends[1]
        now = time
    }
}
