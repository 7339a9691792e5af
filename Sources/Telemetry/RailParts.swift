// The rails that can be added up.
extension HardwareProfile {
    /// The rails of `sample` that are parts of the whole side by side: neither the whole itself, nor inside another.
    ///
    /// Left out are rails with the role `total`, and one that alone is the total; what is inside a processor's
    /// package; batteries, which feed the whole and are sources of their own; and, where the total is a sum, what the
    /// profile names and does not add. Of rails that it does not name nobody knows what they are parts of: they stay.
    ///
    /// Complexity: O(rails²), few of them.
    public func parts(in sample: TelemetrySample) -> [RailReading] {
        let sum = sample.total.flatMap { total in totals.first { $0.text == total.rule && $0.rails.count > 1 } }
        return sample.rails.filter { rail in
            guard rail.role != .total, rail.source != .powerSupply else { return false }
            if rail.role == .other, sample.total?.rule == rail.name { return false }
            if let sum, rails.contains(where: { $0.name == rail.name }), !sum.rails.contains(rail.name) { return false }
            return !rail.isInside(sample.rails)
        }
    }
}

extension RailReading {
    /// Whether it is what one of `rails`, a processor's package, counts too.
    ///
    /// A package has its memory's counter beside its own, not in it.
    fileprivate func isInside(_ rails: [RailReading]) -> Bool {
        guard source == .rapl, let slash = name.utf8.lastIndex(of: UInt8(ascii: "/")) else { return false }
        let part = name.utf8[slash...].dropFirst()
        guard !part.starts(with: "dram".utf8) else { return false }
        return rails.contains { $0.name.utf8.elementsEqual(name.utf8[..<slash]) }
    }
}
