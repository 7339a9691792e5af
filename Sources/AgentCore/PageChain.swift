import EnergyProofs
import Quantities

/// The pages of one source, as far as they are needed for the next one and for the operator.
struct PageChain: Sendable {
    /// What has to be known of the last page to make the next one; nil before the first.
    private(set) var link: PreviousPage?
    /// The last page; nil before the first since the agent's start.
    private(set) var newest: EnergyCapacityProof?
    /// Why nothing was charged from the last page that should have been charged from; nil where something was.
    var refusal: ChargeRefusal?
    /// Why the source is not registered; nil where it is.
    var registrationRefusal: ChargeRefusal?
    /// What was charged from its pages since the agent's start.
    private(set) var charged = Energy.zero

    /// A chain that goes on after `link`.
    init(after link: PreviousPage? = nil) { self.link = link }

    /// The number of the next page.
    var nextNumber: UInt64 { link.map { $0.page + 1 } ?? 0 }

    /// Takes in the next page.
    mutating func append(_ page: ProofPage) {
        link = page.link
        newest = page.proof
    }

    /// Takes in what was charged from it.
    mutating func note(charged amount: Energy) { charged = min(charged.adding(amount) ?? .largest, .largest) }
}
