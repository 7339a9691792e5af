import Telemetry

/// Something that is read under a name, by which it is known from sample to sample.
protocol NamedProbe {
    var name: String { get set }
}

extension UniqueNames {
    /// `probes` with names that differ, so that a reading of one is never taken for another's, and none changes its
    /// name because another fails.
    mutating func tellingApart<Probe: NamedProbe>(_ probes: [Probe]) -> [Probe] {
        var told = probes
        for index in told.indices { told[index].name = name(told[index].name) }
        return told
    }
}
