import Cryptography
import Quantities
import Wire

extension LinkEndpoint {
    // MARK: Initiator

    /// Begins a handshake with a peer where one is wanted and may begin now; gives up one that is not wanted any more.
    mutating func maintainInitiation(of index: Int, now: BootTime) {
        if links[index].initiation != nil, !links[index].wantsSession(now: now) { links[index].initiation = nil }
        let time = links[index].initiationTime(now: now)
        links[index].initiationDeadline = time
        if let time, time <= now { beginInitiation(with: index, answering: nil, now: now) }
    }

    private mutating func beginInitiation(with index: Int, answering challenge: Bytes16?, now: BootTime) {
        links[index].initiationDeadline = nil
        guard let address = links[index].handshakeAddress, let ephemeral = KeyAgreementKey(secret: random.bytes(32))
        else { return }
        initSequence += 1
        let payload = InitPayload(
            position: HandshakePosition(bootEpoch: configuration.bootEpoch, sequence: initSequence),
            storeEpoch: configuration.storeEpoch, capabilities: configuration.capabilities,
            challenge: challenge ?? .zero, numbering: links[index].numbering
        ).encoded
        let prologue = HandshakeBinding.prologue(federation: configuration.prologue, responder: links[index].node)
        var handshake = NoiseHandshake(
            pattern: .ikPSK2, initiator: configuration.staticKey, remoteStatic: links[index].id.staticKey,
            prologue: prologue.span)
        let noise: [UInt8]
        do throws(NoiseError) {
            noise = try handshake.writeInit(ephemeral: ephemeral, payload: payload.span)
        } catch {
            // The peer's key is a point of small order: nobody can hold it, so nobody is ever reached.
            links[index].address = nil
            return
        }
        let localIndex = freeSessionIndex()
        let isSlow = links[index].isLongSilent(now: now)
        links[index].initiation = Initiation(
            handshake: handshake, localIndex: localIndex,
            datagram: InitDatagram.encoded(
                sender: localIndex, noise: noise, authenticatorKey: links[index].authenticatorKey),
            destination: address, startedAt: now,
            expiresAt: now + (isSlow ? LinkTimes.slowInitInterval : LinkTimes.initLife),
            answersChallenge: challenge != nil, sendAt: now)
    }

    /// Takes a Response to an Init of this side.
    mutating func takeResponse(
        _ response: ResponseDatagram, _ datagram: Span<UInt8>, from source: NetworkAddress, now: BootTime
    ) -> DatagramVerdict {
        guard HandshakeAuthenticator.isValid(datagram, key: authenticatorKey) else { return .badAuthenticator }
        guard let index = links.firstIndex(where: { $0.initiation?.localIndex == response.receiver }),
            let initiation = links[index].initiation
        else { return .unknownSession }
        var handshake = initiation.handshake
        let presharedKey = HandshakeBinding.presharedKey(
            fleet: configuration.presharedKey, initiator: configuration.localNode, responder: links[index].node)
        let opened: [UInt8]
        do throws(NoiseError) {
            opened = try handshake.readResponse(response.noise.span, presharedKey: presharedKey)
        } catch { return .notAuthentic }
        guard let payload = ResponsePayload(opened) else { return .notAuthentic }
        if initiation.timesSent == 1 { links[index].roundTrip.observe(now.since(initiation.startedAt)) }
        raisePosition(of: index, to: payload.position)
        links[index].initiation = nil
        links[index].address = source
        links[index].provenAddress = source
        var session = Session(
            localIndex: initiation.localIndex, remoteIndex: response.sender, keys: handshake.initiatorKeys(),
            establishedAt: now, peerBootEpoch: payload.position.bootEpoch, peerStoreEpoch: payload.storeEpoch,
            peerCapabilities: payload.capabilities, peerNumbering: payload.numbering)
        // The peer uses the session only after it has heard from this side in it.
        session.wantsPing = true
        establish(session, with: index, at: source, now: now)
        return .accepted(links[index].id)
    }

    /// Takes the challenge with which a peer answered an Init of this side.
    mutating func takeRetry(_ retry: RetryDatagram, _ datagram: Span<UInt8>, now: BootTime) -> DatagramVerdict {
        guard let index = links.firstIndex(where: { $0.initiation?.localIndex == retry.receiver }),
            let initiation = links[index].initiation
        else { return .unknownSession }
        let key = initiation.handshake.exportedKey(for: RetryDatagram.keyLabel)
        guard RetryDatagram.isAuthentic(datagram, key: key) else { return .notAuthentic }
        // One challenge per Init that was not an answer itself, so that no peer can keep this side busy.
        guard !initiation.answersChallenge else { return .replayed }
        heard(from: index, now: now)
        beginInitiation(with: index, answering: retry.challenge, now: now)
        return .accepted(links[index].id)
    }

    // MARK: Responder

    /// Takes an Init.
    mutating func takeInit(
        _ initiation: InitDatagram, _ datagram: Span<UInt8>, from source: NetworkAddress, now: BootTime
    ) -> DatagramVerdict {
        guard HandshakeAuthenticator.isValid(datagram, key: authenticatorKey) else { return .badAuthenticator }
        guard answers.count < LinkLimits.handshakeAnswers else { return .busy }
        // A repetition gets the same Response, without a second handshake.
        if let index = links.firstIndex(where: { $0.unconfirmed?.ephemeral == initiation.ephemeral }),
            let unconfirmed = links[index].unconfirmed
        {
            links[index].unconfirmed?.wasRepeated = true
            answers.append(OutgoingDatagram(bytes: unconfirmed.response, destination: source))
            return .accepted(links[index].id)
        }
        let prologue = HandshakeBinding.prologue(
            federation: configuration.prologue, responder: configuration.localNode)
        var handshake = NoiseHandshake(
            pattern: .ikPSK2, responder: configuration.staticKey, prologue: prologue.span)
        let opened: (remoteStatic: Bytes32, payload: [UInt8])
        do throws(NoiseError) { opened = try handshake.readInit(initiation.noise.span) } catch { return .notAuthentic }
        guard let index = index(of: LinkPeerID(staticKey: opened.remoteStatic)) else { return .unknownPeer }
        guard let payload = InitPayload(opened.payload) else { return .notAuthentic }
        let id = links[index].id
        if takesPrecedence(over: index, source: source, now: now) { return .yielded(id) }
        guard links[index].isFresh(payload.position, answering: payload.challenge, now: now) else {
            let key = handshake.exportedKey(for: RetryDatagram.keyLabel)
            let challenge = currentChallenge(for: index, now: now)
            let retry = RetryDatagram.encoded(receiver: initiation.sender, challenge: challenge, key: key)
            answers.append(OutgoingDatagram(bytes: retry, destination: source))
            return .challenged(id)
        }
        links[index].challenge = nil
        raisePosition(of: index, to: payload.position)
        return respond(to: initiation, payload, handshake, index: index, source: source, now: now)
    }

    private mutating func respond(
        to initiation: InitDatagram, _ payload: InitPayload, _ read: NoiseHandshake, index: Int,
        source: NetworkAddress, now: BootTime
    ) -> DatagramVerdict {
        var handshake = read
        guard let ephemeral = KeyAgreementKey(secret: random.bytes(32)) else { return .notAuthentic }
        let presharedKey = HandshakeBinding.presharedKey(
            fleet: configuration.presharedKey, initiator: links[index].node, responder: configuration.localNode)
        let answer = ResponsePayload(
            position: HandshakePosition(bootEpoch: configuration.bootEpoch, sequence: initSequence),
            storeEpoch: configuration.storeEpoch,
            capabilities: configuration.capabilities, numbering: links[index].numbering
        ).encoded
        let noise: [UInt8]
        do throws(NoiseError) {
            noise = try handshake.writeResponse(
                ephemeral: ephemeral, presharedKey: presharedKey, payload: answer.span)
        } catch { return .notAuthentic }
        let localIndex = freeSessionIndex()
        let response = ResponseDatagram.encoded(
            sender: localIndex, receiver: initiation.sender, noise: noise,
            authenticatorKey: links[index].authenticatorKey)
        let session = Session(
            localIndex: localIndex, remoteIndex: initiation.sender, keys: handshake.responderKeys(),
            establishedAt: now, peerBootEpoch: payload.position.bootEpoch, peerStoreEpoch: payload.storeEpoch,
            peerCapabilities: payload.capabilities, peerNumbering: payload.numbering)
        // This side's own Init is given up: the peer's goes on.
        links[index].initiation = nil
        links[index].unconfirmed = UnconfirmedSession(
            session: session, ephemeral: initiation.ephemeral, response: response, source: source, answeredAt: now)
        answers.append(OutgoingDatagram(bytes: response, destination: source))
        maintainInitiation(of: index, now: now)
        return .accepted(links[index].id)
    }

    /// Whether this side's own young Init to the same place goes before the peer's: the smaller key wins.
    private func takesPrecedence(over index: Int, source: NetworkAddress, now: BootTime) -> Bool {
        guard let initiation = links[index].initiation, initiation.timesSent > 0 else { return false }
        return configuration.staticKey.publicKey < links[index].id.staticKey && initiation.destination == source
            && initiation.startedAt + LinkTimes.handshakePatience > now
    }

    /// The challenge for a peer: the one that stands, so that replayed Inits cannot void it, or a new one.
    private mutating func currentChallenge(for index: Int, now: BootTime) -> Bytes16 {
        if let challenge = links[index].challenge, challenge.issuedAt + LinkTimes.challengeLife > now {
            return challenge.bytes
        }
        let challenge = Challenge(bytes: random.bytes16(), issuedAt: now)
        links[index].challenge = challenge
        return challenge.bytes
    }

    // MARK: Both

    /// Makes `session` the peer's current one and tells the owner.
    mutating func establish(_ session: Session, with index: Int, at source: NetworkAddress, now: BootTime) {
        heard(from: index, now: now)
        links[index].adopt(session)
        events.append(
            .established(
                links[index].id,
                PeerSession(
                    bootEpoch: session.peerBootEpoch, storeEpoch: session.peerStoreEpoch,
                    capabilities: session.peerCapabilities, address: source)))
    }

    /// Notes that something authentic and fresh came from a peer.
    mutating func heard(from index: Int, now: BootTime) {
        if links[index].heard(now: now) { events.append(.responsive(links[index].id)) }
    }

    private mutating func raisePosition(of index: Int, to position: HandshakePosition) {
        if let highest = links[index].highestPosition, position <= highest { return }
        links[index].highestPosition = position
        events.append(.durablePosition(links[index].id, position))
    }
}
