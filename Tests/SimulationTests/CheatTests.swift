import AgentCore
import Cryptography
import Federation
import Foundation
import Ledger
import Quantities
import Simulation
import Testing

/// Workers that cheat, and honest ones beside them: who is paid for what, and for how long.
@Suite struct CheatTests {
    init() throws { try #require(prepareCryptography()) }

    /// What became of one worker.
    private struct Career {
        /// Tasks that it had.
        var tasks = 0
        /// Runs in which it cheated.
        var cheats = 0
        /// What it was paid, and for how many tasks.
        var paid = Energy.zero
        var payments = 0
        /// Tasks that were asked of it and refused by the gate of reputation.
        var refused = 0
        /// Reputation at the end.
        var reputation = 0
    }

    /// Hands `count` tasks to the second of `boards` boards, whose workers work as `conduct` says; from task `later` on
    /// its board has the settings that `changingLater` makes.
    private func live(
        _ conduct: Conduct, boards: Int, tasks count: Int, seed: UInt64,
        hops: Int = 0, changing settings: (inout AgentSettings) -> Void = { _ in }, later: Int = .max,
        changingLater: (inout AgentSettings) -> Void = { _ in }
    ) throws -> Career {
        var fleet = try ScriptedFleet(boards: boards, seed: seed)
        fleet.restart(0) {
            $0.acceptance = .replicated
            // Where others have to run it again, the first board cannot.
            if boards > 2 { $0.operations = [] }
        }
        fleet.restart(1, changing: settings)
        fleet.pass(milliseconds: 60_000)
        fleet.setConduct(of: 1, conduct)
        let thor = try #require(PlatformName("Thor"))
        var career = Career()
        for number in 0..<count {
            if number == later {
                fleet.restart(1, changing: changingLater)
                fleet.pass(milliseconds: 60_000)
            }
            var request = DelegationRequest(
                operation: try #require(Operation(SimulatedOperation.name)),
                input: [conduct.cheat == .overstated ? 0xEE : 1, UInt8(number % 256), UInt8(number / 256)],
                placement: .platform(thor), timeout: .seconds(30))
            request.hops = hops
            let before = fleet.conduct(of: 1).runs
            let command = fleet.ask(0, .delegate(request))
            for _ in 0..<60 where fleet.reply(to: command) == nil { fleet.pass(milliseconds: 500) }
            fleet.pass(milliseconds: 500)
            if fleet.conduct(of: 1).runs == before { career.refused += 1 } else { career.tasks += 1 }
        }
        #expect(fleet.rest() == nil, "seed \(seed)")
        #expect(fleet.finding == nil, "seed \(seed)")
        career.cheats = fleet.conduct(of: 1).cheats
        for row in fleet.ledger(of: 1).finished.values {
            guard case .settled(let received, _) = row.outcome, received > .zero else { continue }
            career.payments += 1
        }
        career.paid = fleet.ledger(of: 1).balances?.accounts.first?.received ?? .zero
        let peers = fleet.ask(0, .peers)
        fleet.pass(milliseconds: 200)
        let json = try #require(fleet.reply(to: peers)?.json)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        let list = try #require(object["peers"] as? [[String: Any]])
        let shown = try #require(list.first { $0["peer"] as? String == "Thor" })
        let reputations = try #require(shown["reputations"] as? [[String: Any]])
        career.reputation = try #require(reputations.first?["reputation_bp"] as? Int ?? 5_000)
        return career
    }

    private static let seeds = 1...2 as ClosedRange<UInt64>

    /// The bound of docs/delegation.md: ten tasks, none of them paid.
    @Test(arguments: Conduct.Cheat.falseResults, [2, 4])
    func `a worker that cheats from the start is never paid for it, and out after ten tasks`(
        cheat: Conduct.Cheat, boards: Int
    ) throws {
        for seed in Self.seeds {
            // The first result is nobody's yet: there is nothing stale to give.
            let career = try live(
                Conduct(cheat, after: cheat == .stale ? 1 : 0), boards: boards, tasks: 13, seed: seed)
            print(
                "cheats: \(cheat), \(boards) boards, seed \(seed): \(career.cheats) cheats in \(career.tasks) tasks, "
                    + "\(career.payments) paid, then \(career.refused) not given; reputation \(career.reputation)")
            #expect(career.tasks == 10)
            #expect(career.payments == career.tasks - career.cheats)
            #expect(career.refused == 3)
            #expect(career.reputation < 6_000)
        }
    }

    /// The bound of docs/delegation.md: as many as the longest gap at its trust, and six more.
    @Test(arguments: [2, 4]) func `a worker that cheats once it is trusted is out within a bounded number of tasks`(
        boards: Int
    ) throws {
        for seed in Self.seeds {
            let honest = 20
            let career = try live(Conduct(.madeUp, after: honest), boards: boards, tasks: 45, seed: seed)
            let paidCheats = career.payments - honest
            let share = ReplicationFigures.share(afterGood: honest)
            let gap = Int(TrustRecord.longestGap(at: share))
            print(
                "cheats: after \(honest) honest tasks, \(boards) boards, seed \(seed): \(career.cheats) cheats, "
                    + "\(paidCheats) of them paid; at most \(gap + 6) and \(gap - 1)")
            #expect(career.cheats <= gap + 6)
            #expect(paidCheats <= gap - 1)
            #expect(career.reputation < 6_000)
        }
    }

    @Test(arguments: [2, 4]) func `an honest worker gets every task, and is paid for each`(boards: Int) throws {
        for seed in Self.seeds {
            let career = try live(Conduct(), boards: boards, tasks: 25, seed: seed)
            print("cheats: honest, \(boards) boards, seed \(seed): \(career.payments) of \(career.tasks) tasks paid")
            #expect(career.tasks == 25)
            #expect(career.payments == 25)
            #expect(career.reputation > 6_000)
        }
    }

    /// What its word says is what is locked, and the most that it is paid.
    @Test func `a worker that understates what it takes is paid its word, then counts as what it measured`() throws {
        for seed in Self.seeds {
            let honest = try live(Conduct(), boards: 2, tasks: 1, seed: seed)
            // Of a run of 0.8 s it says that it takes 10 ms: twice the energy of that is locked.
            var word = Energy.zero
            let liar = try live(Conduct(), boards: 2, tasks: 1, seed: seed) {
                $0.operations[0].typicalTime = .milliseconds(10)
                word = $0.profile.priors.core.held(for: .milliseconds(10))
            }
            print(
                "cheats: understated, seed \(seed): \(liar.paid.millijoules) mJ for the first task, "
                    + "\(honest.paid.millijoules) mJ an honest one")
            #expect(liar.paid <= word + word)
            #expect(liar.paid < honest.paid)
        }
    }

    private static func understate(_ settings: inout AgentSettings) {
        settings.operations[0].typicalTime = .milliseconds(10)
        settings.operations[0].keepsWord = true
    }

    /// The bound of docs/delegation.md: fifteen tasks.
    @Test(arguments: [(2, 0), (4, 0), (2, 1)])
    func `a worker that takes more than it says from the start is out after fifteen tasks`(
        boards: Int, hops: Int
    ) throws {
        for seed in Self.seeds {
            // That a task may be handed on is no leave to take more for it.
            let career = try live(
                Conduct(.understated), boards: boards, tasks: 18, seed: seed, hops: hops, changing: Self.understate)
            print(
                "cheats: understated, \(boards) boards, \(hops) hops, seed \(seed): \(career.tasks) tasks, then "
                    + "\(career.refused) not given; reputation \(career.reputation)")
            #expect(career.tasks == 15, "seed \(seed)")
            #expect(career.refused == 3, "seed \(seed)")
            #expect(career.reputation < 6_000, "seed \(seed)")
        }
    }

    /// The bound of docs/delegation.md: twelve tasks, and from the ninth on its word and a half for each at most.
    @Test(arguments: [2, 4]) func `a worker that takes more than it says once it is trusted is out after twelve tasks`(
        boards: Int
    ) throws {
        for seed in Self.seeds {
            let honest = 20
            let before = try live(Conduct(), boards: boards, tasks: honest, seed: seed)
            let career = try live(
                Conduct(.understated, after: honest), boards: boards, tasks: 40, seed: seed, later: honest,
                changingLater: Self.understate)
            print(
                "cheats: understated after \(honest) honest tasks, \(boards) boards, seed \(seed): \(career.cheats) "
                    + "tasks more, then \(career.refused) not given; reputation \(career.reputation), "
                    + "\((career.paid - before.paid).millijoules) mJ paid for them")
            #expect((8...12).contains(career.cheats), "seed \(seed)")
            #expect(career.refused == 20 - career.cheats, "seed \(seed)")
            #expect(career.reputation < 6_000, "seed \(seed)")
        }
    }

    /// Runs take 20 … 3,000 ms, as the dice fall.
    @Test(arguments: [2, 4]) func `an honest worker whose first word was far too low keeps every task`(
        boards: Int
    ) throws {
        for seed in Self.seeds {
            let career = try live(Conduct(), boards: boards, tasks: 40, seed: seed) {
                $0.operations[0].typicalTime = .milliseconds(10)
            }
            print(
                "cheats: a wrong first word, \(boards) boards, seed \(seed): \(career.tasks) tasks, "
                    + "reputation \(career.reputation)")
            #expect(career.tasks == 40, "seed \(seed)")
            #expect(career.payments == 40, "seed \(seed)")
            #expect(career.reputation > 6_000, "seed \(seed)")
        }
    }
}

/// What a flawless record comes to.
private enum ReplicationFigures {
    static func share(afterGood count: Int) -> BasisPoints {
        var record = TrustRecord()
        guard let operation = Operation(SimulatedOperation.name) else { return .zero }
        for _ in 0..<count {
            record.record(
                operation, claimed: .one, verified: .one, billedAboveMeasured: false, accepted: true, at: .origin)
        }
        return record.replication(of: operation, at: .origin)
    }
}
