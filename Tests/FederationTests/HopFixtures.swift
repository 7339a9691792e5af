import Cryptography
import Federation
import Ledger
import Quantities

/// A chain of delegation over boards whose keys are numbered from 1: each hands on what the one before it gave it.
struct Chain {
    static let names = ["Sprout", "Thor", "Legion", "Willow", "Acorn", "Cedar"]

    /// What is changed in the task of a board before it is signed; by the board's place in the chain.
    var edits: [Int: (inout FederationTask) -> Void] = [:]
    /// Who signs the pass of a board instead of it.
    var passSigners: [Int: SigningKey] = [:]
    /// For whose key a pass is instead of the next board's.
    var executors: [Int: PublicKey] = [:]
    /// How often the first board allows it to be handed on.
    var depth = 3

    static func key(_ place: Int) -> SigningKey { Fixture.key(UInt8(place + 1)) }

    /// The task that board `place` signs for the next one; with the passes of those before it.
    func task(from place: Int) -> FederationTask {
        var task = Fixture.task
        task.reference = TaskReference(
            delegator: Chain.key(place).publicKey.id, storeEpoch: StoreEpoch(11), sequence: UInt64(40 + place))
        task.source = Fixture.lct("lct:web4:agent:dp@\(Chain.names[place])#delegation.federation")
        task.target = Fixture.lct("lct:web4:agent:dp@\(Chain.names[place + 1])#perception")
        let budget = Energy(millijoules: 2_500 - 100 * Int64(place))
        task.budget = budget
        task.lots = [
            LotTransfer(
                issuer: Chain.key(place).publicKey.id, amount: budget, remaining: .seconds(86_400),
                proof: Fixture.hash(200))
        ]
        task.remaining = .seconds(30 - 2 * Int64(place))
        task.scope = PermissionSet([.atpRead, .federationDelegate])
        if place > 0 {
            let above = self.task(from: place - 1)
            task.hops = above.hops + [above.pass].compactMap { $0 }
        }
        edits[place]?(&task)
        let executor = executors[place] ?? Chain.key(place + 1).publicKey
        if let pass = TaskPass(for: task, from: Chain.key(place).publicKey, to: executor, depth: depth - place) {
            task.pass = Hop(Fixture.sign(pass, by: passSigners[place] ?? Chain.key(place)))
        }
        return task
    }

    /// What the last of `count` boards finds wrong with the chain.
    func fault(of count: Int, known: [String: PublicKey] = [:]) -> HopFault? {
        let task = task(from: count - 2)
        return task.hopFault
            ?? task.chainFault(
                from: Chain.key(count - 2).publicKey, to: Chain.key(count - 1).publicKey,
                ChainJudge(
                    domain: Fixture.domain, scheme: Fixture.scheme, known: { known[$0.text] },
                    isSameHolder: { $0 == $1 }))
    }
}
