import Cryptography
import EnergyProofs
import Federation
import Ledger
import Link
import Quantities
import Telemetry
import Wire

// Peers: sessions, heartbeats, and what they say.
extension AgentMachine {
    func peer(_ id: LinkPeerID) -> PlatformID? { peers.first { $0.value.linkID == id }?.key }

    /// The peer whose platform is called `name`.
    func peer(named name: String) -> PlatformID? { peers.first { $0.value.name.text == name }?.key }

    mutating func handle(_ event: LinkEvent) {
        switch event {
        case .established(let link, let session): established(link, session)
        case .message(let link, _, let bytes):
            guard let id = peer(link) else { return }
            do throws(CBORError) { handle(try PeerMessage(decoding: bytes), from: id) } catch {
                log(
                    .warning, "\(peerName(id)) sent an unreadable message: \(error.explanation)",
                    kind: .peerMessageRefused)
            }
        case .delivered(let link, let number): answerPing(number, from: link)
        case .unresponsive(let link):
            guard let id = peer(link) else { return }
            log(.notice, "\(peerName(id)) does not answer", kind: .peerSilent)
        case .responsive(let link):
            guard let id = peer(link) else { return }
            log(.notice, "\(peerName(id)) answers again", kind: .peerAnswers)
            resendOutbox(to: id)
        case .closed(let link):
            guard let id = peer(link) else { return }
            peers[id]?.isLaneKnown = false
        case .durablePosition(let link, let position):
            guard let id = peer(link) else { return }
            peers[id]?.position = position
            storePeer(id)
        case .addressChanged(let link, let address):
            guard let id = peer(link) else { return }
            log(.notice, "\(peerName(id)) is now at \(address.text)", kind: .peerMoved)
        }
    }

    private mutating func established(_ link: LinkPeerID, _ session: PeerSession) {
        guard let id = peer(link) else { return }
        // A new process counts its heartbeats from one again.
        let last = peers[id]?.session
        if last?.bootEpoch != session.bootEpoch || last?.storeEpoch != session.storeEpoch {
            peers[id]?.heartbeat = nil
        }
        peers[id]?.session = session
        askForLanes(of: id)
        sendHeartbeat(to: id)
    }

    mutating func handle(_ message: PeerMessage, from peer: PlatformID) {
        switch message {
        case .heartbeat(let heartbeat):
            guard heartbeat.sequence > peers[peer]?.heartbeat?.sequence ?? 0 else { return }
            peers[peer]?.heartbeat = heartbeat
            peers[peer]?.heardAt = now.boot
            let own = workAt(peer).count
            peers[peer]?.queue.hear(heartbeat, own: own)
            peers[peer]?.hasRefused = false
        case .task(let aged): takeTask(aged, from: peer)
        case .taskStage(let task, let hash, let stage): tell(task, from: peer, .stage(stage, taskHash: hash))
        case .taskRefused(let envelope): takeRefusal(envelope, from: peer)
        case .taskResult(let result): takeResult(result, from: peer)
        case .proofStored(let task, let hash): tell(task, from: peer, .proofStored(proofHash: hash))
        case .cancel(let reference, let hash): takeCancel(reference, hash, from: peer)
        case .settlement(let aged): takeReceipt(aged, from: peer)
        case .tokensReturned(let envelope): takeReturn(envelope, from: peer)
        case .laneQuestion(let question):
            peers[peer]?.laneEcho = question
            sendLaneHeads(to: peer)
        case .laneHeads(let heads): takeLaneHeads(heads, from: peer)
        case .energyPageRequest(let hash): answerPageRequest(hash, of: peer)
        case .energyPage(let envelope): takePage(envelope, from: peer)
        }
    }

    func peerName(_ id: PlatformID) -> String { peers[id]?.name.text ?? id.text }

    // MARK: Heartbeats

    mutating func sendHeartbeats() {
        heartbeatDue = now.boot + settings.heartbeatPeriod
        heartbeatSequence += 1
        let heartbeat = self.heartbeat
        let sent = heartbeat.fitting(LinkLimits.heartbeatLength)
        statedOperations = sent.operations
        tellUnstated(heartbeat.operations.count - sent.operations.count)
        for id in peers.keys.sorted() {
            send(.heartbeat(sent), to: id)
            askAgainForLanes(of: id)
        }
        askForPages()
    }

    /// Asks once more how far the lanes stand where no answer came: the queue may have been too full for the question.
    private mutating func askAgainForLanes(of id: PlatformID) {
        guard let peer = peers[id], peer.session != nil, peer.laneStamp == 0,
            link.status(of: peer.linkID)?.queuedMessages == 0
        else { return }
        send(.laneQuestion(peer.laneQuestion), to: id)
    }

    private mutating func sendHeartbeat(to peer: PlatformID) {
        send(.heartbeat(heartbeat.fitting(LinkLimits.heartbeatLength)), to: peer)
    }

    /// Tells the operator where `count` operations are served of which no peer hears.
    private mutating func tellUnstated(_ count: Int) {
        guard count != unstatedOperations else { return }
        unstatedOperations = count
        guard count > 0 else { return }
        log(
            .warning,
            "heartbeats have no room for the last \(count) operations, so that peers hand out none of them here: "
                + "give operations or horizons shorter names")
    }

    /// What this board says of itself.
    var heartbeat: Heartbeat {
        var operations: [ServedOperation] = []
        for offer in servedOperations.prefix(FederationLimits.maximumServedOperations) {
            if let served = stated(of: offer) { operations.append(served) }
        }
        var heartbeat = Heartbeat(
            sequence: max(heartbeatSequence, 1), freeMemory: freeMemory, availableATP: acceptableATP,
            thermalHeadroom: thermalHeadroom, load: load, queueLength: queueLength,
            operations: operations, powerClass: PowerClass(rated: energy.rated),
            uptime: now.boot.since(startedAt), acceptsTasks: !isStopping)
        heartbeat.horizons = settings.horizons
        heartbeat.convergence = settings.convergence
        return heartbeat
    }

    /// What an ordinary run of `offer` takes here: as it was measured, and before that as it is set.
    func stated(of offer: OperationOffer) -> ServedOperation? {
        if !offer.keepsWord, let measured = predictor.ordinary(place: identity.id, operation: offer.operation) {
            return measured
        }
        return ServedOperation(
            operation: offer.operation, typicalTime: offer.typicalTime,
            typicalEnergy: settings.profile.priors.core.held(for: offer.typicalTime))
    }

    /// How far the hottest place lies below the temperature from which on nothing is charged.
    var thermalHeadroom: Int32 {
        // A sensor that is broken may show any number.
        energy.sample?.hottest.map {
            Int32(clamping: Int64(settings.profile.thermal.soft.millidegrees) - Int64($0.temperature.millidegrees))
        } ?? 0
    }

    /// Work that waits or runs here.
    var queueLength: UInt32 { UInt32(clamping: queue.count + active.count) }

    /// Memory that tasks may take: what the system has available, less the reserve.
    var freeMemory: ByteCount {
        guard let available = energy.sample?.memory.available else { return .zero }
        return max(.zero, available - settings.memoryReserve)
    }

    private var load: BasisPoints {
        BasisPoints(Int64(active.count), of: Int64(max(1, settings.concurrentWork)))
    }

    // MARK: Records

    mutating func storePeer(_ id: PlatformID) {
        guard let peer = peers[id] else { return }
        staging.write(.put(.peer, key: id.bytes.array, value: peer.encoded))
    }

    /// This node's own record, signed.
    func ownRecord() -> Signed<NodeRecord>? {
        NodeRecord(
            signingKey: identity.signing.publicKey, agreementKey: identity.agreement.publicKey,
            platform: identity.platform, addresses: settings.addresses, sequence: bootEpoch
        ).map { Signed(signing: $0, with: identity.signing, in: identity.domain, by: scheme) }
    }
}
