import Cryptography
import Federation
import Foundation
import Ledger
import Quantities
import Simulation
import TestKit
import Testing
import Wire

@testable import AgentCore

/// What boards keep of their decisions.
@Suite struct `decisions that are kept` {
    init() throws { try #require(prepareCryptography()) }

    @Test func `a decision is kept with its inputs, and then with how it ended`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        let outcome = try ask(&fleet, 0, try request(.local))
        let kept = try decisions(fleet, 0)
        let first = try #require(kept.first)
        #expect(kept.count == 1 && first.number == 0)
        #expect(first.record.sentence == "run here" && !first.record.isTrial)
        #expect(first.record.chosen?.text == "Sprout")
        #expect(first.record.isSame(as: first.record.again))
        #expect(first.record.input.peers.map { $0.platform.text } == ["Thor"])
        let end = try #require(first.record.end)
        #expect(end.outcome == .done && end.failedAttempts == 0)
        #expect(end.platform?.text == "Sprout")
        #expect(end.task?.text == outcome["task"] as? String)
        #expect(end.energy.map { "\($0.millijoules)" } == outcome["energy_mj"] as? String)
        #expect(end.paid.map { "\($0.millijoules)" } == outcome["paid_mj"] as? String)
        #expect(end.time?.milliseconds == outcome["execution_ms"] as? Int64)
        #expect(try decisions(fleet, 1).isEmpty)
    }

    @Test func `trials, refusals, places tried in vain and cancelled tasks are told apart`() throws {
        var fleet = try ScriptedFleet(boards: 3)
        var trial = try request(.any)
        trial.isTrial = true
        _ = try ask(&fleet, 0, trial)
        fleet.setMemory(of: 0, mebibytes: 400)
        fleet.pass(milliseconds: 6_000)
        _ = try ask(&fleet, 0, try request(.local))
        let there = try ask(&fleet, 0, trial)["decision"] as? [String: Any]
        let first = try #require(there?["platform"] as? String)
        fleet.setMemory(of: first == "Thor" ? 1 : 2, mebibytes: 300)
        fleet.pass(milliseconds: 1_100)
        _ = try ask(&fleet, 0, try request(.any))
        let records = try decisions(fleet, 0).map { $0.record }
        #expect(records.map { $0.isTrial } == [true, false, true, false])
        #expect(records.map { $0.end?.outcome } == [nil, .refused, nil, .done])
        #expect(records[1].chosen == nil && records[1].cost == nil)
        #expect(records[1].sentence.hasPrefix("refuse: memory"))
        #expect(records[3].chosen?.text == first)
        #expect(records[3].end?.failedAttempts == 1)
        #expect(records[3].end?.platform?.text == (first == "Thor" ? "Legion" : "Thor"))
        #expect(records.allSatisfy { $0.isSame(as: $0.again) })
    }

    @Test func `numbers go on after a crash, and what was open stays so`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        _ = try ask(&fleet, 0, try request(.local))
        _ = fleet.ask(0, .delegate(try request(.local)))
        fleet.pass(milliseconds: 60)
        fleet.crash(0)
        fleet.pass(milliseconds: 8_000)
        _ = try ask(&fleet, 0, try request(.local))
        let kept = try decisions(fleet, 0)
        #expect(kept.map { $0.number } == [0, 1, 2])
        #expect(kept.map { $0.record.end?.outcome } == [.done, nil, .done])
    }

    @Test func `the newest ones are told first, in parts`() throws {
        var fleet = try ScriptedFleet(boards: 1)
        var trial = try request(.any)
        trial.isTrial = true
        for _ in 0..<5 { _ = try ask(&fleet, 0, trial) }
        func told(_ query: DecisionQuery) throws -> (numbers: [Int], next: Int?, records: [String]) {
            let command = fleet.ask(0, .decisions(query))
            for _ in 0..<20 where fleet.reply(to: command) == nil { fleet.pass(milliseconds: 50) }
            let reply = try #require(fleet.reply(to: command))
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(reply.json.utf8)) as? [String: Any])
            let listed = try #require(object["decisions"] as? [[String: Any]])
            return (
                listed.compactMap { $0["number"] as? Int }, object["next_before"] as? Int,
                listed.compactMap { $0["record"] as? String }
            )
        }
        let first = try told(DecisionQuery(limit: 2))
        #expect(first.numbers == [4, 3] && first.next == 3 && first.records.isEmpty)
        let second = try told(DecisionQuery(before: 3, limit: 9, tellsRecords: true))
        #expect(second.numbers == [2, 1, 0] && second.next == nil)
        let records = try second.records.map { try DecisionRecord(decoding: try #require(Base64.decode($0))) }
        #expect(records == (try decisions(fleet, 0).prefix(3).reversed().map { $0.record }))
    }

    @Test func `two thousand are kept, and the oldest make room`() throws {
        var fleet = try ScriptedFleet(boards: 1)
        var trial = try request(.any)
        trial.isTrial = true
        _ = try ask(&fleet, 0, trial)
        let stored = try #require(fleet.decisions(of: 0).first)
        var writer = CBORWriter()
        writer.unsigned(DecisionLimits.kept + 7)
        let older = (0..<DecisionLimits.kept + 7).map {
            StoreWrite.put(.decision, key: AgentMachine.numberKey($0), value: stored.value)
        }
        fleet.crash(0)
        fleet.put(older + [.put(.setting, key: SettingKey.nextDecision, value: writer.bytes)], of: 0)
        fleet.pass(milliseconds: 8_000)
        _ = try ask(&fleet, 0, trial)
        let numbers = try decisions(fleet, 0).map { $0.number }
        #expect(numbers.count == Int(DecisionLimits.kept))
        #expect(numbers.first == 8 && numbers.last == DecisionLimits.kept + 7)
    }

    @Test func `a record is read back as it was written, and a damaged one never traps or reads the same`() throws {
        var fleet = try ScriptedFleet(boards: 3)
        _ = try ask(&fleet, 0, try request(.local))
        let stored = try #require(fleet.decisions(of: 0).first)
        let record = try DecisionRecord(decoding: stored.value)
        #expect(record.encoded == stored.value)
        var random = SeededRandom(seed: 11)
        for _ in 0..<3_000 {
            var damaged = stored.value
            switch random.number(in: 0...2) {
            case 0: damaged.removeLast(random.number(in: 1...damaged.count))
            case 1: damaged[random.number(in: 0...damaged.count - 1)] ^= 1 << random.number(in: 0...7)
            default: damaged.insert(random.number(in: 0...255), at: random.number(in: 0...damaged.count))
            }
            guard let read = try? DecisionRecord(decoding: damaged) else { continue }
            #expect(read != record)
            // Whatever it says, making it again is harmless.
            _ = read.again
        }
    }

    // MARK: Means

    private func request(_ placement: Placement) throws -> DelegationRequest {
        DelegationRequest(
            operation: try #require(Operation(SimulatedOperation.name)), input: [UInt8](1...100), placement: placement,
            timeout: .seconds(20))
    }

    private func ask(_ fleet: inout ScriptedFleet, _ board: Int, _ request: DelegationRequest) throws -> [String: Any] {
        let command = fleet.ask(board, .delegate(request))
        for _ in 0..<120 where fleet.reply(to: command) == nil { fleet.pass(milliseconds: 500) }
        fleet.pass(milliseconds: 50)
        let reply = try #require(fleet.reply(to: command))
        return try #require(try JSONSerialization.jsonObject(with: Data(reply.json.utf8)) as? [String: Any])
    }

    private func decisions(_ fleet: ScriptedFleet, _ board: Int) throws -> [NumberedDecision] {
        try fleet.decisions(of: board).map { try NumberedDecision($0) }
    }
}
