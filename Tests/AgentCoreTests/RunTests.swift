import Cryptography
import EnergyProofs
import Federation
import Foundation
import Ledger
import Quantities
import Simulation
import Telemetry
import Testing
import Wire

@testable import AgentCore

/// What boards keep of the runs of their workers.
@Suite struct `runs that have ended` {
    init() throws { try #require(prepareCryptography()) }

    // MARK: Boards

    @Test func `a run here is kept once, as it was answered, and by nobody else`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        let outcome = try ask(&fleet, 0, try request(.local))
        let kept = try runs(fleet, 0)
        let run = try #require(kept.first)
        #expect(kept.count == 1 && run.number == 0)
        #expect(run.run.task.text == outcome["task"] as? String)
        #expect(run.run.payer == nil)
        #expect(run.run.outcome == .done)
        #expect(run.run.evidence.name == outcome["energy_class"] as? String)
        #expect("\(run.run.energy.millijoules)" == outcome["energy_mj"] as? String)
        #expect(run.run.duration.milliseconds == outcome["execution_ms"] as? Int64)
        #expect(run.run.charged == run.run.paid)
        #expect("\(run.run.charged.millijoules)" == outcome["paid_mj"] as? String)
        #expect(run.run.operation.name == SimulatedOperation.name)
        // Measured energy comes out of the register, and has a bound; other energy has none.
        if run.run.evidence == .modeled {
            #expect(run.run.errorBound == nil)
        } else {
            let span = try #require(run.run.span)
            let bound = try #require(run.run.errorBound)
            #expect(run.run.energy > bound)
            #expect(run.run.energy <= span.energy + bound)
        }
        #expect(try runs(fleet, 1).isEmpty)
    }

    @Test func `runs that the meter resolves lie within what signed pages cover, and the others rest on none`() throws {
        var fleet = try ScriptedFleet(boards: 1)
        for _ in 0..<12 { _ = try ask(&fleet, 0, try request(.local)) }
        fleet.pass(milliseconds: 20_000)
        fleet.write(0)
        var registers = SignedRegisters()
        for bytes in fleet.pages(of: 0, .board) { try registers.add(try ProofPage(decoding: bytes).proof) }
        let report = RunReport(try runs(fleet, 0), pages: [], ofTime: registers, registers: registers)
        let measured = report.runs.filter { $0.run.errorBound != nil }
        let modeled = report.runs.filter { $0.run.errorBound == nil }
        #expect(!measured.isEmpty && !modeled.isEmpty)
        #expect(measured.allSatisfy { $0.coverage == .yes && $0.run.evidence != .modeled })
        #expect(modeled.allSatisfy { $0.coverage == .no && $0.run.evidence == .modeled })
        #expect(report.totals.map(\.runs).reduce(0, +) == 12)
        // Each lies behind the one before it.
        let spans = measured.compactMap(\.run.span)
        #expect(zip(spans, spans.dropFirst()).allSatisfy { $0.end <= $1.start })
    }

    @Test func `a run for a peer is kept by the board that ran it, with what the peer paid`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        let outcome = try ask(&fleet, 0, try request(.platform(try #require(PlatformName("Thor")))))
        #expect(fleet.rest() == nil)
        let kept = try runs(fleet, 1)
        let run = try #require(kept.first)
        #expect(kept.count == 1)
        #expect(run.run.payer == RunPayer(id: fleet.id(of: 0), name: try #require(PlatformName("Sprout"))))
        #expect(run.run.task.text == outcome["task"] as? String)
        #expect(run.run.evidence.name == outcome["energy_class"] as? String)
        let paid = try #require(run.run.paid)
        #expect(paid == run.run.charged && paid > .zero)
        #expect("\(paid.millijoules)" == outcome["paid_mj"] as? String)
        #expect(try runs(fleet, 0).isEmpty)
    }

    @Test func `a claim is open until the receipt comes, also through a restart`() throws {
        var fleet = try ScriptedFleet(boards: 2)
        let command = fleet.ask(0, .delegate(try request(.platform(try #require(PlatformName("Thor"))))))
        while fleet.runs(of: 1).isEmpty { fleet.pass(milliseconds: 1) }
        fleet.setCut(true, between: 0, and: 1)
        let open = try #require(try runs(fleet, 1).first?.run)
        #expect(open.charged > .zero)
        #expect(open.paid == nil)
        fleet.crash(1)
        fleet.pass(milliseconds: 30_000)
        #expect(try runs(fleet, 1).map(\.run) == [open])
        fleet.setCut(false, between: 0, and: 1)
        #expect(fleet.rest() == nil)
        _ = fleet.reply(to: command)
        let settled = try runs(fleet, 1)
        #expect(settled.count == 1)
        guard case .settled(let received, _)? = fleet.ledger(of: 1).finished[open.task]?.outcome else {
            Issue.record("the task was paid")
            return
        }
        #expect(settled.first?.run.paid == received)
    }

    @Test func `a run that is cancelled is kept, and nothing is asked for it`() throws {
        var fleet = try ScriptedFleet(boards: 1)
        let command = fleet.ask(0, .delegate(try request(.local)))
        while fleet.latestLedger(of: 0).holds.isEmpty { fleet.pass(milliseconds: 1) }
        let task = try #require(fleet.latestLedger(of: 0).holds.keys.first)
        fleet.pass(milliseconds: 15)
        _ = fleet.ask(0, .cancel(task: task))
        #expect(fleet.rest() == nil)
        #expect(fleet.reply(to: command)?.refusal != nil)
        let run = try #require(try runs(fleet, 0).first?.run)
        #expect(run.task == task)
        #expect(run.outcome == .cancelled)
        #expect(run.energy > .zero)
        #expect(run.charged == .zero && run.paid == .zero)
    }

    /// Wherever the worker's board dies, what its ledger says was paid and what it keeps of the run agree.
    @Test(arguments: Array(0..<18)) func `a crash neither loses nor doubles a run`(effects: Int)
        throws
    {
        for place in [Placement.local, .platform(try #require(PlatformName("Thor")))] {
            var fleet = try ScriptedFleet(boards: 2)
            let worker = place == .local ? 0 : 1
            fleet.crash(worker, afterEffects: effects)
            _ = fleet.ask(0, .delegate(try request(place)))
            fleet.pass(milliseconds: 90_000)
            #expect(fleet.rest() == nil)
            let ledger = fleet.ledger(of: worker)
            let kept = try runs(fleet, worker)
            #expect(Set(kept.map(\.run.task)).count == kept.count)
            for (task, ended) in ledger.finished {
                let run = kept.first { $0.run.task == task }?.run
                switch ended.outcome {
                case .completed(let discharged): #expect(run?.paid == discharged, "after \(effects) effects")
                case .settled(let received, _): #expect(run?.paid == received, "after \(effects) effects")
                default: #expect(run?.paid == nil || run?.paid == .zero)
                }
            }
            for run in kept where run.run.charged > .zero {
                #expect(ledger.finished[run.run.task] != nil || run.run.paid == nil)
            }
        }
    }

    @Test func `only so many are kept, the newest, and their numbers go on`() throws {
        var fleet = try ScriptedFleet(boards: 1)
        _ = try ask(&fleet, 0, try request(.local))
        let first = try #require(fleet.runs(of: 0).first)
        var number = CBORWriter()
        number.unsigned(RunLimits.kept - 1)
        fleet.put(
            [
                .put(.run, key: AgentMachine.numberKey(1), value: first.value),
                .put(.setting, key: SettingKey.nextRun, value: number.bytes),
            ], of: 0)
        fleet.crash(0)
        fleet.pass(milliseconds: 30_000)
        _ = try ask(&fleet, 0, try request(.local))
        #expect(try runs(fleet, 0).map(\.number) == [0, 1, RunLimits.kept - 1])
        _ = try ask(&fleet, 0, try request(.local))
        #expect(try runs(fleet, 0).map(\.number) == [1, RunLimits.kept - 1, RunLimits.kept])
        // In parts they are told once each, and there is an end to it.
        var told: [UInt64] = []
        var before: UInt64?
        for _ in 0..<20 {
            let asked = fleet.ask(0, .runs(RunQuery(before: before, limit: 4000)))
            fleet.pass(milliseconds: 1000)
            let text = try #require(fleet.reply(to: asked)).json
            let reply = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
            let listed = try #require(reply["runs"] as? [[String: Any]])
            told = listed.compactMap { $0["number"] as? UInt64 } + told
            before = reply["next_before"] as? UInt64
            if before == nil { break }
        }
        #expect(before == nil)
        #expect(told == [1, RunLimits.kept - 1, RunLimits.kept])
    }

    @Test func `a task that is cancelled before a worker had it is no run`() throws {
        var fleet = try ScriptedFleet(boards: 1)
        let command = fleet.ask(0, .delegate(try request(.local)))
        while fleet.latestLedger(of: 0).holds.isEmpty { fleet.pass(milliseconds: 1) }
        let task = try #require(fleet.latestLedger(of: 0).holds.keys.first)
        _ = fleet.ask(0, .cancel(task: task))
        #expect(fleet.rest() == nil)
        #expect(fleet.reply(to: command)?.refusal != nil)
        #expect(try runs(fleet, 0).allSatisfy { $0.run.duration > .zero })
    }

    // MARK: Questions

    @Test func `are told in parts, by time, and with what is damaged`() throws {
        var fleet = try ScriptedFleet(boards: 1)
        for _ in 0..<5 { _ = try ask(&fleet, 0, try request(.local)) }
        let ends = try runs(fleet, 0).map(\.run.ended)
        func told(_ query: RunQuery) throws -> (numbers: [Int], reply: [String: Any]) {
            let asked = fleet.ask(0, .runs(query))
            fleet.pass(milliseconds: 1000)
            let text = try #require(fleet.reply(to: asked)).json
            let reply = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
            let listed = try #require(reply["runs"] as? [[String: Any]])
            return (listed.compactMap { $0["number"] as? Int }, reply)
        }
        #expect(try told(RunQuery()).numbers == [0, 1, 2, 3, 4])
        #expect(try told(RunQuery()).reply["next_before"] is NSNull)
        let newest = try told(RunQuery(limit: 2))
        #expect(newest.numbers == [3, 4])
        #expect(newest.reply["next_before"] as? Int == 3)
        #expect(try told(RunQuery(before: 3, limit: 2)).numbers == [1, 2])
        #expect(try told(RunQuery(before: 99, limit: 2)).numbers == [3, 4])
        #expect(try told(RunQuery(before: 0)).numbers == [])
        // After the one, until the other.
        #expect(try told(RunQuery(from: ends[1], to: ends[3])).numbers == [2, 3])
        fleet.put([.put(.run, key: AgentMachine.numberKey(2), value: [0xff])], of: 0)
        let damaged = try told(RunQuery())
        #expect(damaged.numbers == [0, 1, 3, 4])
        #expect(damaged.reply["damaged"] as? Int == 1)
    }

    // MARK: Encoding

    private func samples() throws -> [RunRecord] {
        let source = try #require(SourceID("compute:orin-nano:1423219087325"))
        let operation = try #require(Operation("perception.features"))
        var samples: [RunRecord] = []
        for outcome in RunOutcome.allCases {
            for evidence in EvidenceClass.allCases {
                var run = RunRecord(
                    task: TaskID(bytes: Bytes16(bits: .max)), operation: operation, payer: nil,
                    ended: WallTime(milliseconds: 1_800_000_000_000), duration: .milliseconds(60_000),
                    timeStatus: .unsynchronized, outcome: outcome, energy: Energy(millijoules: 12_345),
                    errorBound: nil, evidence: evidence, source: source, span: nil)
                samples.append(run)
                run.payer = RunPayer(
                    id: PlatformID(bytes: Bytes32(high: .max, low: .max)), name: try #require(PlatformName("Thor")))
                run.timeStatus = .synchronized
                run.errorBound = Energy(millijoules: 17)
                run.span = RegisterSpan(epoch: .max, start: .zero, end: Energy(millijoules: Int64(1) << 52))
                run.charged = Energy(millijoules: 5)
                run.paid = nil
                samples.append(run)
                run.processor = .milliseconds(59_999)
                samples.append(run)
                run.paid = Energy(millijoules: 5)
                run.graphicsClaim = .milliseconds(12)
                samples.append(run)
            }
        }
        return samples
    }

    @Test func `are read back as they were written, and damage is refused`() throws {
        for run in try samples() {
            let bytes = run.encoded
            #expect(bytes.count <= 300)
            #expect(try RunRecord(decoding: bytes) == run)
            for end in bytes.indices {
                #expect(throws: CBORError.self) { try RunRecord(decoding: Array(bytes[..<end])) }
            }
            #expect(throws: CBORError.self) { try RunRecord(decoding: bytes + [0]) }
            // A changed byte is refused or is another run; nothing traps.
            for index in bytes.indices {
                for bit in 0..<8 {
                    var changed = bytes
                    changed[index] ^= 1 << UInt8(bit)
                    if let read = try? RunRecord(decoding: changed) { #expect(read != run) }
                }
            }
        }
        #expect(throws: CBORError.self) { try NumberedRun(StoredRecord(key: [1], value: try samples()[0].encoded)) }
    }

    @Test func `refuse words and registers that there are not`() throws {
        func refusal(_ field: UInt64, _ item: [UInt8]) throws -> CBORError? {
            let bytes = try #require(try samples().last).encoded
            var reader = try CBORReader(bytes.span, limit: 1024)
            var map = try reader.beginMap()
            var fields: [(key: UInt64, value: [UInt8])] = []
            while let key = try reader.nextKey(of: &map) { fields.append((key, try reader.encodedItem())) }
            var writer = CBORWriter()
            writer.map(fields.count)
            for (key, value) in fields {
                writer.unsigned(key)
                writer.encoded(key == field ? item : value)
            }
            do throws(CBORError) { _ = try RunRecord(decoding: writer.bytes) } catch { return error }
            return nil
        }
        func text(_ text: String) -> [UInt8] {
            var writer = CBORWriter()
            writer.text(text)
            return writer.bytes
        }
        #expect(try refusal(1, [0x50] + [UInt8](repeating: 1, count: 16)) == nil)
        for (field, item) in [
            (2, text("cooking")), (4, text("a b")), (8, [0]), (8, [8]), (11, [0]), (11, [5]), (12, text("board")),
            (14, [0x1b, 0, 0x20, 0, 0, 0, 0, 0, 0]),
        ] as [(UInt64, [UInt8])] {
            guard case .invalidValue? = try refusal(field, item) else {
                Issue.record("field \(field) with \(item)")
                continue
            }
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

    private func runs(_ fleet: ScriptedFleet, _ board: Int) throws -> [NumberedRun] {
        try fleet.runs(of: board).map { try NumberedRun($0) }
    }
}
