import Cryptography
import EnergyProofs
import Federation
import Foundation
import Ledger
import Quantities
import Simulation
import Testing

@testable import AgentCore

/// Tasks of clients that ask over HTTP in the name of an identity.
@Suite struct `a client` {
    init() throws { try #require(prepareCryptography()) }

    static let clock = WallTime(milliseconds: 1_700_000_000_000)

    /// Two boards, of which the first has given the client on the second 100 ATP.
    func fleet(_ settings: (inout AgentSettings) -> Void = { _ in }) throws -> ScriptedFleet {
        var fleet = try ScriptedFleet(boards: 2)
        fleet.restart(0) {
            $0.chargeTarget = Energy(joules: 1000)
            settings(&$0)
        }
        fleet.pass(milliseconds: 180_000)
        _ = fleet.ask(0, .grant(account: try source, amount: Energy(joules: 100), takesBack: false))
        fleet.pass(milliseconds: 2_000)
        #expect(try available(fleet) == Energy(joules: 100))
        return fleet
    }

    var source: LCT { get throws { try LCT("lct:web4:agent:dp@Thor#consciousness") } }

    func available(_ fleet: ScriptedFleet) throws -> Energy {
        let account = try #require(AccountID(try source.text))
        return fleet.ledger(of: 0).accounts[account]?.available ?? .zero
    }

    func terms(
        _ task: String, source: String = "lct:web4:agent:dp@Thor#consciousness",
        target: String = "lct:web4:agent:dp@Sprout#consciousness", type: TaskType = .consciousness,
        operation: String = SimulatedOperation.name, joules: Int64 = 50, timeout: TimeSpan = .seconds(60),
        created: WallTime = Self.clock
    ) throws -> ClientTerms {
        ClientTerms(
            task: task, source: try LCT(source), target: try LCT(target), targetText: target, type: type,
            typeText: type.name, operation: try named(operation),
            budget: ClientAmount(text: "\(joules)", isWhole: true, energy: Energy(joules: joules)), timeout: timeout,
            timeoutText: "\(timeout.milliseconds / 1000)", created: created)
    }

    /// A request that the second board's key has signed, or `key`; nobody where that is nil.
    func request(
        _ terms: ClientTerms, _ fleet: ScriptedFleet, signed key: SigningKey?? = nil, showsKey: Bool = false,
        input: [UInt8] = [1, 2, 3]
    ) -> ClientRequest {
        let bytes = Array(("signed by the client: " + terms.task).utf8)
        let key = key ?? fleet.identity(of: 1).signing
        return ClientRequest(
            terms, input: input, parameters: [], signed: [bytes],
            signature: key.map { fleet.scheme.sign(bytes.span, with: $0) }, showsKey: showsKey)
    }

    func answer(_ fleet: inout ScriptedFleet, _ command: ClientCommand) throws -> ClientAnswer {
        let asked = fleet.ask(0, asClient: command)
        for _ in 0..<400 where fleet.answer(to: asked) == nil { fleet.pass(milliseconds: 250) }
        return try #require(fleet.answer(to: asked))
    }

    func refusal(_ fleet: inout ScriptedFleet, _ request: ClientRequest) throws -> ClientRefusal? {
        guard case .refused(let refusal, let terms) = try answer(&fleet, .delegate(request)) else { return nil }
        #expect(terms == request.terms)
        return refusal
    }

    func proof(_ fleet: inout ScriptedFleet, _ request: ClientRequest) throws -> ClientProof {
        let found = try answer(&fleet, .delegate(request))
        guard case .proven(let proof, _) = found else { throw Unexpected(text: "\(found)") }
        return proof
    }

    private struct Unexpected: Error { let text: String }

    func checkEnd(_ fleet: inout ScriptedFleet) {
        #expect(fleet.rest() == nil)
        #expect(fleet.finding == nil)
    }

    // MARK: Work

    @Test func `has a task done and pays what was measured from its account, to the pool`() throws {
        var fleet = try fleet()
        let pool = try #require(fleet.ledger(of: 0).summary?.adp)
        let proof = try proof(&fleet, request(try terms("t1"), fleet))
        #expect(proof.result == SimulatedOperation.result(of: [1, 2, 3]))
        #expect(proof.charged > .zero)
        #expect(!proof.isCapped)
        #expect(proof.time > .zero)
        #expect(try available(fleet) == Energy(joules: 100) - proof.charged)
        let charged = try #require(fleet.ledger(of: 0).summary?.adp) - pool
        // Meanwhile other credits are charged from new pages.
        #expect(charged <= proof.charged)
        #expect(fleet.ledger(of: 0).holds.isEmpty)
        checkEnd(&fleet)
    }

    @Test func `pays no more than its budget`() throws {
        var fleet = try fleet {
            $0.operations[0].typicalTime = .milliseconds(1)
            $0.profile.priors.core = Power(milliwatts: 1_000_000)
        }
        let proof = try proof(&fleet, request(try terms("t1", joules: 1), fleet))
        #expect(proof.isCapped)
        #expect(proof.charged == Energy(joules: 1))
        #expect(try available(fleet) == Energy(joules: 99))
        checkEnd(&fleet)
    }

    @Test func `has its task run once, also when it asks again, after a restart too`() throws {
        var fleet = try fleet()
        let once = request(try terms("t1"), fleet)
        let first = fleet.ask(0, asClient: .delegate(once))
        let second = fleet.ask(0, asClient: .delegate(once))
        fleet.pass(milliseconds: 10)
        for _ in 0..<400 where fleet.answer(to: first) == nil { fleet.pass(milliseconds: 250) }
        guard case .refused(.alreadyActive, _) = fleet.answer(to: second) else {
            Issue.record("\(String(describing: fleet.answer(to: second)))")
            return
        }
        #expect(try refusal(&fleet, once) == .alreadyEnded(.completed))
        fleet.crash(0)
        fleet.pass(milliseconds: 30_000)
        #expect(try refusal(&fleet, once) == .alreadyEnded(.completed))
        // The name is the client's own.
        let other = try terms("t1", source: "lct:web4:agent:dp@Thor#consciousness.sage")
        #expect(try refusal(&fleet, request(other, fleet)) == .shortOfCredits(available: .zero))
        checkEnd(&fleet)
    }

    @Test func `that waits when the agent dies has paid nothing, and may ask again`() throws {
        var fleet = try fleet()
        let once = request(try terms("t1"), fleet)
        let asked = fleet.ask(0, asClient: .delegate(once))
        fleet.pass(milliseconds: 10)
        #expect(fleet.workers(of: 0) == 1)
        fleet.crash(0)
        fleet.pass(milliseconds: 60_000)
        #expect(fleet.answer(to: asked) == nil)
        #expect(try available(fleet) == Energy(joules: 100))
        let proof = try proof(&fleet, once)
        #expect(try available(fleet) == Energy(joules: 100) - proof.charged)
        checkEnd(&fleet)
    }

    /// A board that runs a command for clients.
    private func executingFleet() throws -> ScriptedFleet {
        let offer = OperationOffer(
            operation: try named("execution.df"), memory: .mebibytes(16), timeout: .seconds(30),
            typicalTime: .seconds(1))
        return try fleet { $0.operations.append(offer) }
    }

    @Test func `whose command runs when the agent dies has its credits back, and the command is not run again`()
        throws
    {
        var fleet = try executingFleet()
        let once = request(try terms("t1", operation: "execution.df"), fleet)
        let asked = fleet.ask(0, asClient: .delegate(once))
        for _ in 0..<400 where fleet.workers(of: 0) == 0 { fleet.pass(milliseconds: 1) }
        #expect(try available(fleet) == Energy(joules: 50))
        fleet.crash(0)
        fleet.pass(milliseconds: 60_000)
        #expect(fleet.answer(to: asked) == nil)
        #expect(try available(fleet) == Energy(joules: 100))
        #expect(try refusal(&fleet, once) == .alreadyEnded(.interrupted))
        checkEnd(&fleet)
    }

    @Test(arguments: [
        (WorkReport.Outcome.crashed("signal 9"), ClientRefusal.interrupted("the worker crashed: signal 9")),
        (.failed(code: 4, "the command ended with code 4"), .failed("the command ended with code 4")),
    ])
    func `whose command comes to nothing pays nothing, and the command is not run again`(
        outcome: WorkReport.Outcome, refused: ClientRefusal
    ) throws {
        var fleet = try executingFleet()
        fleet.setWorkOutcome(of: 0, outcome)
        let before = fleet.conduct(of: 0).runs
        let once = request(try terms("t1", operation: "execution.df"), fleet)
        #expect(try refusal(&fleet, once) == refused)
        #expect(fleet.conduct(of: 0).runs == before + 1)
        #expect(try available(fleet) == Energy(joules: 100))
        guard case .interrupted = refused else { return checkEnd(&fleet) }
        #expect(try refusal(&fleet, once) == .alreadyEnded(.interrupted))
        checkEnd(&fleet)
    }

    @Test func `has its task begun at once, but a command only when that is stored`() throws {
        var fleet = try executingFleet()
        let command = fleet.ask(0, asClient: .delegate(request(try terms("t1", operation: "execution.df"), fleet)))
        #expect(fleet.workers(of: 0) == 0)
        let other = fleet.ask(0, asClient: .delegate(request(try terms("t2"), fleet)))
        #expect(fleet.workers(of: 0) == 1)
        for _ in 0..<400 where fleet.answer(to: command) == nil || fleet.answer(to: other) == nil {
            fleet.pass(milliseconds: 250)
        }
        for asked in [command, other] {
            guard case .proven? = fleet.answer(to: asked) else {
                Issue.record("\(String(describing: fleet.answer(to: asked)))")
                continue
            }
        }
        checkEnd(&fleet)
    }

    @Test(arguments: 1...12)
    func `pays at most once for a task, wherever the agent dies on the way`(effects: Int) throws {
        var fleet = try fleet()
        let once = request(try terms("t1"), fleet)
        _ = fleet.ask(0, asClient: .status(lct: "x"))
        fleet.crash(0, afterEffects: effects)
        let asked = fleet.ask(0, asClient: .delegate(once))
        fleet.pass(milliseconds: 60_000)
        let isAnswered = fleet.answer(to: asked) != nil
        #expect(fleet.ledger(of: 0).holds.isEmpty)
        switch try answer(&fleet, .delegate(once)) {
        case .proven(let proof, _):
            #expect(!isAnswered)
            #expect(try available(fleet) == Energy(joules: 100) - proof.charged)
        case .refused(.alreadyEnded(.completed), _): #expect(try available(fleet) < Energy(joules: 100))
        case let other: Issue.record("\(other)")
        }
        checkEnd(&fleet)
    }

    @Test func `that waits when the agent is asked to end is told so, and pays nothing`() throws {
        var fleet = try fleet()
        let asked = fleet.ask(0, asClient: .delegate(request(try terms("t1"), fleet)))
        fleet.pass(milliseconds: 10)
        fleet.stop(0)
        guard case .refused(.unavailable, _) = fleet.answer(to: asked) else {
            Issue.record("\(String(describing: fleet.answer(to: asked)))")
            return
        }
        #expect(try available(fleet) == Energy(joules: 100))
        checkEnd(&fleet)
    }

    @Test func `cancels its task, and has everything back`() throws {
        var fleet = try fleet()
        let asked = fleet.ask(0, asClient: .delegate(request(try terms("t1"), fleet)))
        fleet.pass(milliseconds: 10)
        guard case .cancelled(let refunded) = try answer(&fleet, .cancel(task: "t1")) else {
            Issue.record("not cancelled")
            return
        }
        #expect(refunded.text == "50")
        guard case .refused(.cancelled, _) = fleet.answer(to: asked) else {
            Issue.record("\(String(describing: fleet.answer(to: asked)))")
            return
        }
        #expect(try available(fleet) == Energy(joules: 100))
        for name in ["t1", "t2", "t1 "] {
            guard case .notActive(name) = try answer(&fleet, .cancel(task: name)) else {
                Issue.record("\(name) is active")
                return
            }
        }
        #expect(try refusal(&fleet, request(try terms("t1"), fleet)) == .alreadyEnded(.cancelled))
        checkEnd(&fleet)
    }

    @Test func `whose task takes too long is told so in time, and pays nothing`() throws {
        var fleet = try fleet { $0.operations[0].typicalTime = TimeSpan(milliseconds: 1) }
        // A worker here takes 20 ms and more.
        let late = try terms("t1", timeout: TimeSpan(milliseconds: 10))
        #expect(try refusal(&fleet, request(late, fleet)) == .timedOut)
        #expect(try available(fleet) == Energy(joules: 100))
        #expect(try refusal(&fleet, request(late, fleet)) == .alreadyEnded(.timedOut))
        checkEnd(&fleet)
    }

    @Test func `sees what its target did`() throws {
        var fleet = try fleet()
        let target = "lct:web4:agent:dp@Sprout#cognition"
        guard case .unknown(target) = try answer(&fleet, .status(lct: target)) else {
            Issue.record("known before anything was asked")
            return
        }
        let proof = try proof(&fleet, request(try terms("t1", target: target), fleet))
        for restarts in [false, true] {
            if restarts {
                fleet.crash(0)
                fleet.pass(milliseconds: 30_000)
            }
            guard case .status(let status) = try answer(&fleet, .status(lct: target)) else {
                Issue.record("not known")
                return
            }
            #expect(status.text == target)
            #expect(status.task == "cognition")
            #expect(status.spent == proof.charged)
            #expect(status.budget == Energy(joules: 1000))
            #expect(status.running == 0)
            #expect(status.limit == 100)
            #expect(status.tasks == 1)
            #expect(status.runtime == proof.time)
            #expect(status.isGood)
        }
        guard case .unknown("x") = try answer(&fleet, .status(lct: "x")) else {
            Issue.record("x is no identity")
            return
        }
        checkEnd(&fleet)
    }

    // MARK: Refusals

    @Test func `is known by its signature`() throws {
        var fleet = try fleet()
        let other = try #require(SigningKey(seed: [UInt8](repeating: 55, count: 32)))
        let terms = try terms("t1")
        #expect(try refusal(&fleet, request(terms, fleet, signed: .some(other))) == .badSignature)
        #expect(try refusal(&fleet, request(terms, fleet, signed: .some(nil))) == .noSignature)
        #expect(try refusal(&fleet, request(terms, fleet, signed: .some(nil), showsKey: true)) == .noSignature)
        let stranger = try self.terms("t1", source: "lct:web4:agent:dp@Elsewhere#consciousness")
        #expect(try refusal(&fleet, request(stranger, fleet)) == .unknownKey)
        #expect(try available(fleet) == Energy(joules: 100))
        checkEnd(&fleet)
    }

    @Test func `whose signature was verified beforehand is believed where that key is one of its own`() throws {
        var fleet = try fleet()
        let other = try #require(SigningKey(seed: [UInt8](repeating: 55, count: 32)))
        var asked = request(try terms("t1"), fleet, signed: .some(other))
        asked.signer = other.publicKey
        #expect(try refusal(&fleet, asked) == .badSignature)
        asked.signer = fleet.identity(of: 1).signing.publicKey
        _ = try proof(&fleet, asked)
        // What was found not to be signed by a key is not verified again.
        var refused = request(try terms("t2"), fleet)
        refused.strangers = [fleet.identity(of: 1).signing.publicKey]
        #expect(try refusal(&fleet, refused) == .badSignature)
        refused.strangers = [other.publicKey]
        _ = try proof(&fleet, refused)
        checkEnd(&fleet)
    }

    @Test func `need not sign where the operator says so, but then shows the key`() throws {
        var fleet = try fleet { $0.verifiesSignatures = false }
        let other = try #require(SigningKey(seed: [UInt8](repeating: 55, count: 32)))
        #expect(try refusal(&fleet, request(try terms("t1"), fleet, signed: .some(nil))) == .keyNeeded)
        #expect(
            try refusal(&fleet, request(try terms("t1"), fleet, signed: .some(other), showsKey: true)) == .badSignature)
        _ = try proof(&fleet, request(try terms("t1"), fleet, signed: .some(nil), showsKey: true))
        _ = try proof(&fleet, request(try terms("t2"), fleet))
        fleet.restart(0) { $0.opensDelegation = true }
        _ = try proof(&fleet, request(try terms("t3"), fleet, signed: .some(nil)))
        checkEnd(&fleet)
    }

    @Test func `is held to the same rules as a peer`() throws {
        var fleet = try fleet()
        func refused(_ terms: ClientTerms) throws -> ClientRefusal? { try refusal(&fleet, request(terms, fleet)) }
        let elsewhere = "lct:web4:agent:dp@Thor#consciousness"
        #expect(
            try refused(terms("a", target: elsewhere)) == .otherPlatform(own: try #require(PlatformName("Sprout"))))
        #expect(try refused(terms("b", type: .consciousnessSage)) == .typeDiffers)
        let planner = "lct:web4:agent:dp@Sprout#planning"
        let code = MissingPermission(permission: .execCode, of: .target)
        #expect(
            try refused(terms("c", target: planner, type: .planning, operation: "execution.df"))
                == .rules(.permissionMissing(code)))
        let looker = "lct:web4:agent:dp@Thor#perception"
        let delegate = MissingPermission(permission: .federationDelegate, of: .delegator)
        #expect(try refused(terms("d", source: looker)) == .rules(.permissionMissing(delegate)))
        #expect(try refused(terms("e", operation: "perception.detect")) == .notServed)
        #expect(try refused(terms("f", joules: 101)) == .shortOfCredits(available: Energy(joules: 100)))
        let guest = "lct:web4:agent:dp@Thor#delegation.federation"
        #expect(try refused(terms("g", source: guest)) == .shortOfCredits(available: .zero))
        // The ceiling of the day lies above the account.
        _ = fleet.ask(0, .grant(account: try source, amount: Energy(joules: 400), takesBack: false))
        fleet.pass(milliseconds: 2_000)
        let small = "lct:web4:agent:dp@Sprout#perception"
        #expect(
            try refused(terms("h", target: small, type: .perception, joules: 201))
                == .rules(.budgetExhausted(needed: Energy(joules: 201), available: Energy(joules: 200))))
        #expect(try refused(terms("i", timeout: TimeSpan(milliseconds: 1)))?.isDeadline == true)
        fleet.setHeat(of: 0, millidegrees: 95_000)
        fleet.pass(milliseconds: 3_000)
        guard case .rules(.tooHot) = try refused(terms("j")) else {
            Issue.record("it is not too hot")
            return
        }
        fleet.setHeat(of: 0, millidegrees: 40_000)
        fleet.pass(milliseconds: 3_000)
        #expect(fleet.ledger(of: 0).holds.isEmpty)
        checkEnd(&fleet)
    }

    @Test func `may not be far ahead of the clock here, and is not kept out by its mistake`() throws {
        var fleet = try fleet()
        let moment = fleet.moment(of: 0)
        try #require(moment.status == .synchronized)
        let hour = TimeSpan.seconds(3_600)
        let far = moment.wall + ClientLimits.mostAhead + hour
        #expect(try refusal(&fleet, request(try terms("t1", joules: 2, created: far), fleet)) == .ahead)
        let near = moment.wall + ClientLimits.mostAhead - hour
        _ = try proof(&fleet, request(try terms("t1", joules: 2, created: near), fleet))
        checkEnd(&fleet)
    }

    @Test func `may send so many tasks a minute`() throws {
        var fleet = try fleet { $0.tasksPerMinute = 2 }
        _ = try proof(&fleet, request(try terms("t1", joules: 2), fleet))
        _ = try proof(&fleet, request(try terms("t2", joules: 2), fleet))
        guard case .rules(.rateLimited(let wait)) = try refusal(&fleet, request(try terms("t3"), fleet)) else {
            Issue.record("a third is taken")
            return
        }
        #expect(wait > .zero && wait <= .seconds(60))
        // What is refused before costs nothing of it.
        fleet.pass(milliseconds: wait.milliseconds)
        _ = try refusal(&fleet, request(try terms("t1"), fleet))
        _ = try proof(&fleet, request(try terms("t3", joules: 2), fleet))
        checkEnd(&fleet)
    }

    @Test func `finds a limit of tasks under way`() throws {
        var fleet = try fleet { $0.tasksPerMinute = 600 }
        let other = try source.text + ".sage"
        _ = fleet.ask(0, .grant(account: try LCT(other), amount: Energy(joules: 100), takesBack: false))
        fleet.pass(milliseconds: 2_000)
        func ask(_ task: String, _ source: String) throws -> CommandID {
            fleet.ask(0, asClient: .delegate(request(try terms(task, source: source, joules: 2), fleet)))
        }
        // One client has three quarters of them, however much it asks for, and the next one three quarters of the rest.
        let shares = [24, 6]
        var commands: [CommandID] = []
        var refused: [CommandID] = []
        for (name, share) in zip([try source.text, other], shares) {
            for index in 0..<share { commands.append(try ask("t\(index)", name)) }
            refused.append(try ask("one more", name))
        }
        commands += refused
        for _ in 0..<800 where commands.contains(where: { fleet.answer(to: $0) == nil }) {
            fleet.pass(milliseconds: 250)
        }
        var done = 0
        for command in commands {
            switch fleet.answer(to: command) {
            case .proven: done += 1
            case .refused(.full, _): #expect(refused.contains(command))
            default: Issue.record("\(String(describing: fleet.answer(to: command)))")
            }
        }
        #expect(done == shares.reduce(0, +))
        checkEnd(&fleet)
    }
}

/// The operation of that name.
private func named(_ name: String) throws -> Federation.Operation {
    struct NoName: Error {}
    guard let operation = Federation.Operation(name) else { throw NoName() }
    return operation
}

extension ClientRefusal {
    fileprivate var isDeadline: Bool {
        if case .rules(.deadlineUnreachable) = self { return true }
        return false
    }
}
