import Telemetry

/// The files of the graphics processor.
struct GPUProbe {
    let load: SensorFile?
    let frequency: SensorFile?
    let maximum: SensorFile?
    /// Whether the profile names a file for the load.
    let hasLoad: Bool

    /// The files that the profile names; nil where not one of them is there.
    init?(_ tree: SysfsTree, _ profile: HardwareProfile) {
        var load: SensorFile?
        for path in profile.gpu.loadPaths where load == nil { load = tree.file(path) }
        var frequency: SensorFile?
        var maximum: SensorFile?
        for name in profile.gpu.devfreqNames where frequency == nil && maximum == nil {
            frequency = tree.file("/sys/class/devfreq/" + name + "/cur_freq")
            maximum = tree.file("/sys/class/devfreq/" + name + "/max_freq")
        }
        guard load != nil || frequency != nil || maximum != nil else { return nil }
        self.load = load
        self.frequency = frequency
        self.maximum = maximum
        hasLoad = !profile.gpu.loadPaths.isEmpty
    }

    /// Reads load and clocks; what cannot be read is nil in the reading and listed in `unavailable`.
    func read(_ buffer: inout [UInt8], _ unavailable: inout [Unavailable]) -> GPUReading {
        func value(_ file: SensorFile?, _ what: String, absent: UnavailableReason, _ range: ClosedRange<Int64>)
            -> Int64?
        {
            guard let file else {
                unavailable.append(Unavailable(what, absent))
                return nil
            }
            switch file.integer(&buffer) {
            case .value(let value) where range.contains(value): return value
            case .value: unavailable.append(Unavailable(what, .malformed))
            case .unavailable(let reason): unavailable.append(Unavailable(what, reason))
            }
            return nil
        }
        let clocks: ClosedRange<Int64> = 0...100_000_000_000
        let load = value(load, "gpu.load_permille", absent: hasLoad ? .absent : .notSupported, 0...1000)
        let hertz = value(frequency, "gpu.frequency_khz", absent: .absent, clocks)
        let highest = value(maximum, "gpu.max_khz", absent: .absent, clocks)
        return GPUReading(
            loadPermille: load, frequencyKilohertz: hertz.map { $0 / 1000 }, maximumKilohertz: highest.map { $0 / 1000 }
        )
    }
}
