import AgentCore
import Cryptography
import Foundation
import Ledger
import Quantities
import Simulation
import Store
import Testing

/// The real store under an agent that lives for days: its file and its descriptors.
@Suite struct StoreEnduranceTests {
    private static let storedPages: UInt64 = 200

    @Test func `a store's file and descriptors stay as they are once everything in it is bounded`() throws {
        try #require(prepareCryptography())
        let folder = FileManager.default.temporaryDirectory.appending(path: "endurance-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.path() + "/ledger.db"
        var store = try AgentStore(path: path, for: .agent(newEpoch: StoreEpoch(1)))
        // A sample every five minutes; pages are kept for a day and a half instead of a month.
        var life = try Endurance(seed: 30, samplePeriod: .seconds(300), window: .seconds(600))
        var failure: StoreError?
        life.sink = { writes in
            var bounded = writes
            for case .put(.proof, let key, _) in writes {
                let number = key.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                guard number > Self.storedPages else { continue }
                let lowest = PageKeys.board.key(number - Self.storedPages)
                bounded.append(.removeRange(.proof, from: PageKeys.board.start, below: lowest))
            }
            do throws(StoreError) { try store.commit(bounded) } catch { failure = failure ?? error }
        }
        var sizes: [Int] = []
        var descriptors: [Int] = []
        for day in 1...12 {
            life.live(days: 1)
            #expect(failure == nil, "\(failure?.explanation ?? "")")
            sizes.append(try Self.bytes(in: folder))
            descriptors.append(try Self.descriptors(in: folder))
            if day.isMultiple(of: 3) {
                // Opened anew, as after an upgrade, with everything in its place.
                store = try AgentStore(path: path + ".other", for: .agent(newEpoch: StoreEpoch(2)))
                store = try AgentStore(path: path, for: .agent(newEpoch: nil))
                #expect(try store.count(.proof) <= Int(Self.storedPages) + 1)
            }
        }
        #expect(life.finding == nil)
        let settled = try #require(sizes[4..<8].max())
        let last = try #require(sizes[8...].max())
        // The journal of the ledger is folded after fifty thousand lines, which this life does not see.
        #expect(last <= settled + settled / 4, "\(sizes)")
        #expect(Set(descriptors).count == 1, "\(descriptors)")
        print("endurance: store of 12 days: \(sizes.map { $0 >> 10 }) KiB, \(descriptors.last ?? 0) descriptors")
    }

    /// Bytes of all files in `folder`.
    private static func bytes(in folder: URL) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: folder.path()).reduce(0) { sum, name in
            let attributes = try FileManager.default.attributesOfItem(atPath: folder.path() + "/" + name)
            return sum + (attributes[.size] as? Int ?? 0)
        }
    }

    /// Open descriptors of files in `folder`; other tests of this process have their own.
    private static func descriptors(in folder: URL) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").filter { name in
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + name)
            return target?.hasPrefix(folder.path()) == true
        }.count
    }
}
