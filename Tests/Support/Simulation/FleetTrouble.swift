import AgentCore
import Cryptography
import EnergyProofs
import Federation
import Ledger
import Quantities

// What operators ask, and what goes wrong.
extension Fleet {
    // MARK: Processes

    mutating func start(_ board: Int) {
        guard boards[board].core == nil else { return }
        let image = boards[board].disk.open()
        boards[board].process += 1
        boards[board].starts += 1
        let moment = boards[board].clock.moment(at: now)
        trace.line("\(now) " + boards[board].name + " starts, boot epoch \(image.bootEpoch)")
        let seed = Bytes32(high: UInt128(random.next()), low: UInt128(random.next()))
        do throws(AgentRestoreError) {
            boards[board].core = try AgentMachine(
                identity: boards[board].identity, settings: boards[board].settings, scheme: boards[board].scheme,
                verifier: verifier, store: image, bootID: boards[board].clock.bootID, seed: seed, now: moment)
        } catch {
            return checker.report(boards[board].name + " cannot start from what it stored: " + error.explanation)
        }
        boards[board].flushAt = now
        if let effects = boards[board].core?.start(at: moment) { carryOut(effects, of: board) }
        let process = boards[board].process
        queue.schedule(
            .sample(board: board, process: process), at: now + random.number(in: 0...scenario.samplePeriod.milliseconds)
        )
    }

    /// The process is gone, and with it its workers; or the board loses power.
    mutating func crash(_ board: Int) {
        guard boards[board].core != nil else { return }
        boards[board].core = nil
        boards[board].timer = nil
        boards[board].workers = [:]
        boards[board].asked = []
        checker.durable(boards[board].disk.crash(&random), of: board, boards)
        let isPowerLoss = random.chance(permille: 400)
        trace.line("\(now) " + boards[board].name + (isPowerLoss ? " loses power" : " is killed"))
        let isLong = random.chance(permille: 150)
        let downtime = random.number(in: 10...(isLong ? 120_000 : 4_000))
        let back = isHealed ? now + 10 : now + downtime
        if isPowerLoss { boards[board].clock.reboot(at: back, &random) }
        queue.schedule(.start(board: board), at: back)
    }

    mutating func crashSomething() {
        guard !isHealed else { return }
        crash(Int(random.number(below: Int64(boards.count))))
        // Now and then the others go down with it.
        if random.chance(permille: 100) { for board in boards.indices { crash(board) } }
        queue.schedule(.crash, at: now + 1 + random.number(below: 2 * scenario.crashMilliseconds))
    }

    // MARK: Network and surroundings

    mutating func changeNetwork() {
        guard !isHealed else { return }
        switch random.number(below: 3) {
        case 0: network.conditions = .drawn(&random)
        default:
            let first = Int(random.number(below: Int64(boards.count)))
            let second = (first + 1) % boards.count
            network.setCut(true, between: first, and: second)
            let isLong = random.chance(permille: 200)
            queue.schedule(
                .join(first: first, second: second), at: now + random.number(in: 500...(isLong ? 150_000 : 15_000)))
        }
        queue.schedule(.weather, at: now + 1 + random.number(below: 2 * scenario.networkMilliseconds))
    }

    /// Trouble is over: everything works from now on.
    mutating func heal() {
        isHealed = true
        network.heal()
        network.conditions = .calm
        for board in boards.indices { boards[board].sensors.heal() }
        healedAt = now
        trace.line("\(now) trouble is over")
    }

    // MARK: Operators

    @discardableResult
    mutating func ask(_ board: Int, _ command: AgentCommand) -> CommandID {
        commands += 1
        let id = CommandID(value: commands)
        guard boards[board].core != nil else { return id }
        boards[board].asked.insert(id)
        trace.line("\(now) " + boards[board].name + " is asked \(commands): " + command.name)
        tell(board, .command(id, command))
        return id
    }

    mutating func operate(_ board: Int) {
        guard !isHealed else { return }
        queue.schedule(.operate(board: board), at: now + 1 + random.number(below: 2 * scenario.commandMilliseconds))
        switch random.number(below: 100) {
        case 0..<54: delegate(on: board)
        case 54..<60: delegateAsClient(on: board)
        case 60..<68: cancelSomething(on: board)
        case 68..<72:
            if let abandoned = boards[board].asked.sorted().first, boards[board].core != nil {
                boards[board].asked.remove(abandoned)
                tell(board, .commandAbandoned(abandoned))
            }
        case 72..<76: ask(board, .status)
        case 76..<79: ask(board, .tasks)
        case 79..<81: ask(board, .peers)
        case 81..<83: ask(board, .balance)
        case 83..<85: ask(board, .telemetry)
        case 85..<86:
            ask(board, .history(limit: 8))
            ask(board, .decisions(DecisionQuery(limit: 4, tellsRecords: true)))
        case 86..<87: ask(board, .runs(RunQuery(limit: 8)))
        case 87..<88: ask(board, .proofs(limit: 3, source: SourceID("battery:BAT0")))
        case 88..<89: ask(board, .exportProofs(first: 0, limit: 100))
        case 89..<90:
            let resolution = HistoryResolution.allCases[Int(random.number(below: 3))]
            ask(board, .energyHistory(HistoryQuery(resolution, limit: 8)))
        case 90..<91: ask(board, .ping(name: Board.names[Int(random.number(below: 3))]))
        case 91..<92: ask(board, .nodeRecord)
        case 92..<93: ask(board, .addPeer(record: "-----BEGIN SAGE-EDGE NODE-----\nnonsense"))
        case 93..<95: boards[board].clock.step(&random)
        case 95..<97: boards[board].sensors.changeHeat()
        default: boards[board].sensors.changeMemory()
        }
    }

    private mutating func delegate(on board: Int) {
        guard let operation = Operation(SimulatedOperation.name) else { return }
        let isLarge = random.chance(permille: 30)
        var input = [UInt8](
            repeating: UInt8(random.number(below: 256)), count: Int(random.number(in: 1...(isLarge ? 62_000 : 900))))
        for index in 0..<min(8, input.count) { input[index] = UInt8(random.number(below: 256)) }
        var request = DelegationRequest(
            operation: operation, input: input, timeout: .milliseconds(random.number(in: 500...30_000)))
        let other = boards[(board + 1 + Int(random.number(below: Int64(boards.count - 1)))) % boards.count]
        switch random.number(below: 10) {
        case 0..<2: request.placement = .local
        case 2..<7: request.placement = .platform(other.identity.platform)
        default: request.placement = .any
        }
        if random.chance(permille: 100) { request.budget = Energy(millijoules: random.number(in: 1...20_000)) }
        request.hops = [0, 1, 2, 10][Int(random.number(below: 4))]
        request.isTrial = random.chance(permille: 40)
        ask(board, .delegate(request))
    }

    /// A client that lives on another board asks over HTTP, and is given credits now and then.
    private mutating func delegateAsClient(on board: Int) {
        let other = boards[(board + 1 + Int(random.number(below: Int64(boards.count - 1)))) % boards.count].identity
        let platform = boards[board].identity.platform
        guard let operation = Operation(SimulatedOperation.name),
            let source = LCT(lineageOf: other.delegator, context: other.platform, task: .consciousness),
            let target = LCT(lineageOf: other.delegator, context: platform, task: .consciousness)
        else { return }
        let amount = Energy(millijoules: random.number(in: 1...30_000))
        if random.chance(permille: 300) {
            ask(board, .grant(account: source, amount: amount, takesBack: random.chance(permille: 200)))
        }
        // So few names that some are used again.
        let name = "task \(random.number(below: 300))"
        let budget = Energy(millijoules: random.number(in: 1...8_000))
        let timeout = TimeSpan(milliseconds: random.number(in: 10...20_000))
        let terms = ClientTerms(
            task: name, source: source, target: target, targetText: target.text, type: .consciousness,
            typeText: TaskType.consciousness.name, operation: operation,
            budget: ClientAmount(text: "\(budget.millijoules)", isWhole: true, energy: budget), timeout: timeout,
            timeoutText: "\(timeout.milliseconds)", created: boards[board].clock.moment(at: now).wall)
        let signed = Array(name.utf8)
        let key = random.chance(permille: 950) ? other.signing : boards[board].identity.signing
        let request = ClientRequest(
            terms, input: [UInt8](repeating: 7, count: Int(random.number(in: 1...900))), parameters: [],
            signed: [signed], signature: boards[board].scheme.sign(signed.span, with: key), showsKey: false)
        askAsClient(board, .delegate(request))
        if random.chance(permille: 150) { askAsClient(board, .cancel(task: name)) }
        if random.chance(permille: 100) { askAsClient(board, .status(lct: target.text)) }
    }

    @discardableResult
    mutating func askAsClient(_ board: Int, _ command: ClientCommand) -> CommandID {
        commands += 1
        let id = CommandID(value: commands)
        trace.line("\(now) " + boards[board].name + " is asked \(commands) by a client")
        tell(board, .client(id, command))
        return id
    }

    private mutating func cancelSomething(on board: Int) {
        let tasks = boards[board].disk.latest.ledger.holds.keys.sorted()
        let unknown = TaskID(bytes: Bytes16(bits: 7))
        ask(board, .cancel(task: tasks.isEmpty ? unknown : tasks[Int(random.number(below: Int64(tasks.count)))]))
    }
}

extension AgentCommand {
    /// The command in a word.
    fileprivate var name: String {
        switch self {
        case .status: "status"
        case .telemetry: "telemetry"
        case .delegate: "delegate"
        case .tasks: "tasks"
        case .cancel(let task): "cancel " + task.text
        case .balance: "balance"
        case .history: "history"
        case .verify: "verify"
        case .reconcile: "reconcile"
        case .grant: "grant"
        case .energy: "energy"
        case .proofs: "proofs"
        case .exportProofs: "export"
        case .energyHistory(let query): "energy history by " + query.resolution.name
        case .runs: "runs"
        case .decisions: "decisions"
        case .disputes: "disputes"
        case .dispute(let task): "dispute " + task.text
        case .peers: "peers"
        case .peer: "peer"
        case .addPeer: "add a peer"
        case .removePeer: "remove a peer"
        case .trustKey: "trust a key"
        case .identities: "identities"
        case .addIdentity: "add to the identities"
        case .checkIdentity: "check an identity"
        case .ping: "ping"
        case .nodeRecord: "node record"
        }
    }
}
