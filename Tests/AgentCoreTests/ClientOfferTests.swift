import AgentCore
import Federation
import Quantities
import Simulation
import Testing

// What a client is told of an operation before its task is taken on, and of a result that nobody has judged.
extension `a client` {
    @Test(arguments: [ExecutorStanding.State.serving, .parked("it ended with code 7")])
    func `is told when a program that died is started again`(state: ExecutorStanding.State) throws {
        var fleet = try fleet()
        var standing = ExecutorStanding(operation: try named(SimulatedOperation.name), state: state, processes: 0)
        standing.restart = fleet.moment(of: 0).boot + .seconds(9)
        fleet.setExecutors(of: 0, [standing])
        let once = request(try terms("t1"), fleet)
        #expect(try refusal(&fleet, once) == .notYet(.seconds(9)))
        // Its name is not used up.
        standing = ExecutorStanding(operation: standing.operation, state: .serving, processes: 1)
        fleet.setExecutors(of: 0, [standing])
        #expect(try proof(&fleet, once).charged > .zero)
        checkEnd(&fleet)
    }

    // MARK: Budget

    @Test func `whose budget is less than what is said of a run is told what it takes`() throws {
        // 800 ms of a core of 10 W.
        var fleet = try fleet { $0.profile.priors.core = Power(milliwatts: 10_000) }
        let small = request(try terms("t1", joules: 7), fleet)
        #expect(try refusal(&fleet, small) == .shortOfBudget(required: Energy(joules: 8)))
        #expect(try available(fleet) == Energy(joules: 100))
        #expect(try proof(&fleet, request(try terms("t1", joules: 8), fleet)).charged <= Energy(joules: 8))
        checkEnd(&fleet)
    }

    @Test func `whose budget is less than what was measured is told what it takes, for an hour`() throws {
        // A run is said to take 1 J and takes some hundreds.
        var fleet = try fleet {
            $0.operations[0].typicalTime = .milliseconds(1)
            $0.profile.priors.core = Power(milliwatts: 1_000_000)
        }
        // Few runs, and such as differ as these do, say nothing yet.
        var required: Energy?
        var runs = 0
        while required == nil, runs < 40 {
            switch try answer(&fleet, .delegate(request(try terms("t\(runs)", joules: 1), fleet))) {
            case .proven(let proof, _):
                #expect(proof.isCapped)
                runs += 1
            case .refused(.shortOfBudget(let least), _): required = least
            case let other:
                Issue.record("\(other)")
                return
            }
        }
        #expect(runs >= 4)
        let least = try #require(required)
        #expect(least > Energy(joules: 1) && least < Energy(joules: 3_000))
        fleet.pass(milliseconds: 3_600_000)
        #expect(try proof(&fleet, request(try terms("t\(runs)", joules: 1), fleet)).isCapped)
        checkEnd(&fleet)
    }

    // MARK: Quality

    @Test(arguments: [true, false])
    func `is told no better quality than was asked for where nobody has said one`(checks: Bool) throws {
        var fleet = try fleet()
        if !checks { fleet.stopChecking() }
        fleet.restart(0) { $0.minimumQuality = BasisPoints(clamping: 6_500) }
        fleet.pass(milliseconds: 180_000)
        #expect(try proof(&fleet, request(try terms("t1"), fleet)).quality == .one, "as its worker says")
        fleet.stopTellingQuality(of: 0)
        // What this program makes itself others can make again, and it is the right result.
        let quality = try proof(&fleet, request(try terms("t2"), fleet)).quality
        #expect(quality == (checks ? .one : BasisPoints(clamping: 6_500)))
        checkEnd(&fleet)
    }
}

/// The operation of that name.
private func named(_ name: String) throws -> Federation.Operation {
    struct NoName: Error {}
    guard let operation = Federation.Operation(name) else { throw NoName() }
    return operation
}
