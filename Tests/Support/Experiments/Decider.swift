import Cryptography
import Federation
import Ledger
import Quantities

/// The decision of an agent: `decide`, fed by the predictor, trust, queues and ways that `AgentMachine` keeps, with
/// what reaches an agent and when it does: heartbeats, outcomes and answers.
struct Decider: Chooser {
    private struct Peer {
        var heartbeat: Heartbeat?
        var heardAt: Double?
        var queue = PeerQueue()
        var way = PeerWay()
        var trust = TrustRecord()
        var hasRefused = false
    }

    /// An own task under way at a place.
    private struct Open {
        var task: StreamTask
        var place: Int
        var expected: TimeSpan
        var sent: Double
        var accepted: Double?
        var end: Double
    }

    private var predictor = Predictor()
    private var peers: [Peer]
    private var open: [Open] = []
    private var finished: [(StreamTask, Attempted)] = []
    private var lastPlace: [TaskKind: PlatformID] = [:]
    private let roundTrip: [TimeSpan]
    private var runTimes: [TimeSpan] = []
    let policy: DecisionPolicy
    /// The bounds that were stated, and how many runs were above them.
    private(set) var bounds = (stated: 0, exceeded: 0)
    private var statedBounds: [Int: [TimeSpan]] = [:]
    /// Whether a place that could not run the last task may before long.
    private var mayBeServedLater = false

    init(_ stream: TaskStream) {
        peers = stream.boards.map { _ in Peer() }
        roundTrip = stream.boards.map { .milliseconds(Int64($0.roundTrip)) }
        var policy = DecisionPolicy()
        policy.idlePower = Power(milliwatts: Int64(stream.idle * 1_000))
        policy.transmitPerMebibyte = Energy(millijoules: Int64(stream.transmit))
        policy.lateCost = Energy(millijoules: Int64(TaskStream.missCost))
        self.policy = policy
    }

    static func node(_ place: Int) -> PlatformID {
        PlatformID(bytes: Bytes32(high: UInt128(UInt64(place) + 1), low: 11))
    }

    mutating func choose(_ task: StreamTask, in world: World) -> [Int] {
        hear(until: task.at, world)
        let input = input(for: task, world)
        let decision = decide(input)
        mayBeServedLater = decision.mayBeServedLater
        runTimes = decision.candidates.map { $0.runTime }
        statedBounds[task.number] = [input.here.prediction.timeP95] + input.peers.map { $0.prediction.timeP95 }
        if input.here.prediction.basis != .measured { statedBounds[task.number]?[0] = .zero }
        for (index, peer) in input.peers.enumerated() where peer.prediction.basis != .measured {
            statedBounds[task.number]?[index + 1] = .zero
        }
        return decision.ranking
    }

    func waits(after result: Attempted) -> Bool {
        mayBeServedLater || result.failures.contains { !$0.isSilent }
    }

    mutating func learn(_ task: StreamTask, _ result: Attempted) {
        finished.append((task, result))
        for failure in result.failures where failure.place != 0 && !failure.isSilent {
            peers[failure.place].hasRefused = true
        }
        for failure in result.failures where failure.isSilent {
            open.append(
                Open(
                    task: task, place: failure.place, expected: .zero, sent: failure.sent, accepted: nil,
                    end: failure.at))
        }
        guard let place = result.place, place < runTimes.count else { return }
        open.append(
            Open(
                task: task, place: place, expected: runTimes[place], sent: result.sentAt, accepted: result.acceptedAt,
                end: result.end))
    }

    // MARK: What gets known

    private mutating func hear(until now: Double, _ world: World) {
        for (task, result) in finished where result.end <= now { take(task, result) }
        finished.removeAll { $0.1.end <= now }
        for place in peers.indices.dropFirst() { hear(place, until: now, world) }
        open.removeAll { $0.end <= now }
    }

    private mutating func take(_ task: StreamTask, _ result: Attempted) {
        guard let place = result.place, let operation = Operation(task.work.name) else { return }
        let size = ByteCount(bytes: Int64(task.bytes))
        if place != 0, let accepted = result.acceptedAt {
            peers[place].way.record(
                size, elapsed: .milliseconds(Int64(accepted - result.sentAt)), roundTrip: roundTrip[place])
        }
        guard !result.isMissed else { return }
        let time = TimeSpan.milliseconds(Int64(result.time.rounded()))
        if let bound = statedBounds.removeValue(forKey: task.number)?[place], bound > .zero {
            bounds.stated += 1
            if time > bound { bounds.exceeded += 1 }
        }
        predictor.record(
            place: Decider.node(place), operation: operation, inputSize: size, time: time,
            energy: Energy(millijoules: Int64(result.energy.rounded())),
            memory: ByteCount(bytes: Int64(task.work.memory * 1_048_576)))
        lastPlace[TaskKind(operation, inputSize: size)] = Decider.node(place)
        guard place != 0 else { return }
        peers[place].trust.record(
            operation, claimed: .one, verified: .one, billedAboveMeasured: false, accepted: true,
            at: LedgerTime(milliseconds: Int64(result.end)))
    }

    /// Takes in the heartbeats of `place` that have come since the last time.
    private mutating func hear(_ place: Int, until now: Double, _ world: World) {
        guard let sent = world.heartbeatTime(place, now), peers[place].heardAt != sent else { return }
        let heartbeat = Decider.heartbeat(place, sent, world)
        let own = open.count { $0.place == place && $0.accepted.map { $0 <= sent } == true && sent < $0.end }
        peers[place].queue.hear(heartbeat, own: own)
        peers[place].hasRefused = false
        peers[place].heartbeat = heartbeat
        peers[place].heardAt = sent
    }

    private static func heartbeat(_ place: Int, _ time: Double, _ world: World) -> Heartbeat {
        let board = world.stream.boards[place]
        let queue = world.queue(place, time)
        return Heartbeat(
            sequence: UInt64(time) + 1, freeMemory: mebibytes(world.freeMemory(place, time)),
            availableATP: Energy(joules: 1_000_000),
            thermalHeadroom: Int32(world.headroom(place, time) * 1_000),
            load: BasisPoints(Int64(queue.active), of: Int64(board.workers)), queueLength: UInt32(queue.length),
            operations: stated(place, board), powerClass: .upTo150W, uptime: .milliseconds(Int64(time)),
            acceptsTasks: true)
    }

    private static func mebibytes(_ amount: Double) -> ByteCount { ByteCount(bytes: Int64(amount * 1_048_576)) }

    /// What a board says of ordinary runs.
    private static func stated(_ place: Int, _ board: BoardModel) -> [ServedOperation] {
        Work.allCases.compactMap { work in
            let effort = board.efforts[work.rawValue]
            guard let operation = Operation(work.name) else { return nil }
            return ServedOperation(
                operation: operation, typicalTime: .milliseconds(Int64(effort.time * board.timeStated)),
                typicalEnergy: Energy(millijoules: Int64(effort.time * effort.power * board.energyStated)))
        }
    }

    // MARK: The input

    private func input(for task: StreamTask, _ world: World) -> DecisionInput {
        guard let operation = Operation(task.work.name), let name = PlatformName(world.stream.boards[0].name) else {
            preconditionFailure("names of a stream are names")
        }
        let size = ByteCount(bytes: Int64(task.bytes))
        // Of itself a board says what it has measured.
        let stated =
            (predictor.ordinary(place: Decider.node(0), operation: operation)
            ?? Decider.stated(0, world.stream.boards[0]).first { $0.operation == operation })?.grown(to: size)
        let yardstick = Yardstick(
            measured: predictor.prediction(place: Decider.node(0), operation: operation, inputSize: size),
            stated: stated)
        let expectations = Expectations(predictor, of: operation, inputSize: size, here: Decider.node(0))
        let order = DecisionTask(
            operation: operation, taskType: .perception, delegatorType: .delegationFederation, inputSize: size,
            memory: Decider.mebibytes(task.work.memory), remaining: .milliseconds(Int64(task.deadline - task.at)),
            budget: nil, pricing: .metered, placement: .any)
        var backlog = Backlog(workers: Int64(world.stream.boards[0].workers))
        for item in open where item.place == 0 { backlog.add(of: item.expected) }
        let queue = world.queue(0, task.at)
        let here = Place(
            here: name, node: Decider.node(0), freeMemory: Decider.mebibytes(world.freeMemory(0, task.at)),
            availableATP: Energy(joules: 1_000_000), thermalHeadroom: Int32(world.headroom(0, task.at) * 1_000),
            load: BasisPoints(Int64(queue.active), of: Int64(world.stream.boards[0].workers)), backlog: backlog,
            servesOperation: true, meetsRequirement: true,
            prediction: expectations.at(
                Decider.node(0), stated: stated, memory: order.memory, basis: .profile))
        return DecisionInput(
            task: order, policy: policy, purse: Energy(joules: 1_000_000), dayBudget: .zero, daySpent: .zero,
            here: here,
            peers: peers.indices.dropFirst().map { place($0, order, task.at, expectations, yardstick, world) },
            lastPlace: lastPlace[TaskKind(operation, inputSize: size)])
    }

    private func place(
        _ place: Int, _ order: DecisionTask, _ now: Double, _ expectations: Expectations, _ yardstick: Yardstick,
        _ world: World
    ) -> Place {
        let peer = peers[place]
        guard let name = PlatformName(world.stream.boards[place].name) else {
            preconditionFailure("names of a stream are names")
        }
        let heartbeat = peer.heartbeat ?? Decider.heartbeat(place, 0, world)
        let ledgerNow = LedgerTime(milliseconds: Int64(now))
        let standing = peer.trust.standing(in: order.operation, at: ledgerNow)
        let stated = heartbeat.serves(order.operation)?.grown(to: order.inputSize)
        var found = Place(
            peer: name, node: Decider.node(place), heartbeat: heartbeat,
            heardAgo: .milliseconds(peer.heardAt.map { Int64(now - $0) } ?? .max), operation: order.operation,
            requirement: .none, trust: peer.trust.factors(for: order.operation, reports: [], at: ledgerNow).trust,
            reputation: standing.reputation, verified: standing.verified,
            backlog: peer.queue.backlog(
                own: open.filter { $0.place == place }.map { $0.expected }, typical: stated?.typicalTime ?? .zero),
            roundTrip: .milliseconds(Int64(world.stream.boards[place].roundTrip)),
            bytesPerSecond: peer.way.bytesPerSecond,
            prediction: expectations.at(
                Decider.node(place), stated: stated, memory: order.memory, basis: .stated, yardstick: yardstick))
        if peer.hasRefused { found.acceptsTasks = false }
        let waiting = open.filter { $0.place == place && ($0.accepted ?? .infinity) > now }.map { $0.sent }.min()
        if let waiting, peer.heardAt.map({ $0 < waiting }) ?? true {
            found.unansweredFor = .milliseconds(Int64(max(0, now - waiting)))
        }
        return found
    }
}
