import Cryptography
import EnergyProofs
import Federation
import Foundation
import Ledger
import Quantities
import Testing

@testable import AgentCore

/// What is remembered of clients.
@Suite struct `the book of clients` {
    init() throws { try #require(prepareCryptography()) }

    private func task(_ name: String, at milliseconds: Int64, of lineage: String = "dp") throws -> OpenClientTask {
        let target = "lct:web4:agent:\(lineage)@Sprout#consciousness"
        return OpenClientTask(
            ticket: TaskID(bytes: .zero),
            terms: ClientTerms(
                task: name, source: try LCT("lct:web4:agent:\(lineage)@Thor#consciousness"), target: try LCT(target),
                targetText: target, type: .consciousness, typeText: "consciousness",
                operation: try named("planning"),
                budget: ClientAmount(text: "1", isWhole: true, energy: Energy(joules: 1)), timeout: .seconds(1),
                timeoutText: "1", created: WallTime(milliseconds: milliseconds)),
            inputBytes: 0, command: CommandID(value: 1), deadline: .origin)
    }

    @Test func `stays bounded, and takes nothing twice that it has forgotten, after a restart too`() throws {
        var book = ClientBook()
        var image = StoreImage(ledger: LedgerImage(), storeEpoch: StoreEpoch(1), bootEpoch: 1)
        let count = ClientLimits.rememberedTasks + 100
        for index in 0..<count {
            let task = try task("t\(index)", at: Int64(index) + 1)
            #expect(book.refusal(of: task.terms) == nil)
            image.apply(book.begin(task, at: .origin, isStored: index % 2 == 0))
            image.apply(book.end(ClientBook.key(task.terms), .completed, runtime: .seconds(1)))
        }
        for book in [book, try RestoredRecords(image, policy: ChargingPolicy()).clients] {
            #expect(book.counts.tasks == ClientLimits.rememberedTasks)
            #expect(book.counts.floors == 1)
            #expect(image.records(.clientTask).count == ClientLimits.rememberedTasks)
            #expect(book.refusal(of: try task("t99", at: 100).terms) == .forgotten)
            #expect(book.refusal(of: try task("new", at: 100).terms) == .forgotten)
            #expect(book.refusal(of: try task("t100", at: 101).terms) == .alreadyEnded(.completed))
            #expect(book.refusal(of: try task("new", at: 101).terms) == nil)
            // Another client's clock is its own.
            #expect(book.refusal(of: try task("new", at: 1, of: "alice").terms) == nil)
            let standing = try #require(book.standing(of: try task("", at: 0).terms.target))
            #expect(standing.tasks == UInt64(count))
            #expect(standing.runtime == .seconds(Int64(count)))
        }
    }

    @Test func `knows the future by a synchronised clock alone`() throws {
        let day = ClientLimits.mostAhead.milliseconds
        for (created, status, isAhead) in [
            (1_000 + day, TimeStatus.synchronized, false), (1_001 + day, .synchronized, true),
            (.max, .synchronized, true), (.max, .unsynchronized, false), (0, .synchronized, false),
        ] {
            let now = Moment(boot: .origin, wall: WallTime(milliseconds: 1_000), status: status)
            #expect(ClientBook.isAhead(try task("t", at: created).terms, at: now) == isAhead, "\(created) \(status)")
        }
    }

    @Test func `tells of so many identities`() throws {
        var book = ClientBook()
        var image = StoreImage(ledger: LedgerImage(), storeEpoch: StoreEpoch(1), bootEpoch: 1)
        for index in 0...ClientLimits.identities {
            let task = try task("t", at: 1, of: "a\(index)")
            image.apply(book.begin(task, at: .origin, isStored: true))
            if index > 0 { image.apply(book.end(ClientBook.key(task.terms), .completed)) }
        }
        #expect(book.counts.identities == ClientLimits.identities)
        #expect(image.records(.client).count == ClientLimits.identities)
        // The one that did least made room.
        #expect(book.standing(of: try task("t", at: 1, of: "a0").terms.target) == nil)
        #expect(book.standing(of: try task("t", at: 1, of: "a1").terms.target)?.tasks == 1)
    }
}

/// The operation of that name.
private func named(_ name: String) throws -> Federation.Operation {
    struct NoName: Error {}
    guard let operation = Federation.Operation(name) else { throw NoName() }
    return operation
}
