import Cryptography
import Quantities
import Wire

extension Decision {
    /// A hash over where the task goes, every number that was weighed and every reason: the same only for the same
    /// decision.
    ///
    /// It is of the array `[sparing, [place in the ranking], [[node, ms, p95 ms, mJ, sending mJ, waiting mJ, price mJ,
    /// doubt mJ, lock mJ, cost mJ, reason or nothing, risk mJ]]]`, the risk only where lateness has a price; the
    /// words of explanations are not part of it.
    public var digest: Bytes32 {
        var writer = CBORWriter(capacity: 64 + 96 * candidates.count)
        writer.array(3)
        writer.boolean(isSparing)
        writer.array(ranking.count)
        for index in ranking { writer.unsigned(UInt64(index)) }
        writer.array(candidates.count)
        for candidate in candidates { candidate.write(to: &writer) }
        return Hashing.hash(writer.bytes, for: .identifier)
    }
}

extension Candidate {
    fileprivate func write(to writer: inout CBORWriter) {
        writer.array(risk == nil ? 11 : 12)
        writer.byteString(node.bytes)
        for time in [time, timeP95] { writer.integer(time.milliseconds) }
        for amount in [energy, transmit, waiting, price, doubt, lock, cost] { writer.integer(amount.millijoules) }
        writer.text(loss?.name ?? "")
        if let risk { writer.integer(risk.millijoules) }
    }
}
