import Quantities
import Telemetry

extension GraphicsBoard {
    /// Why not one of `metrics` was read.
    func reason(for metrics: [GraphicsMetric], _ look: GraphicsBoards.Look) -> UnavailableReason {
        if isLost { return .absent }
        return failures.first { metrics.contains($0.metric) }?.reason ?? look.refusal ?? .notSupported
    }
}

extension TelemetrySample {
    /// Adds the temperatures of graphics boards; on a Jetson the kernel's zone of the GPU is the same sensor.
    mutating func add(zonesOf look: GraphicsBoards.Look) {
        for board in look.boards {
            if let degrees = board.values[.temperature] {
                guard !zones.contains(where: { $0.name.lowercased().hasPrefix("gpu-therm") }) else { continue }
                let temperature = Temperature(millidegrees: Int32(degrees) * 1000)
                zones.append(ZoneReading(name: board.name, temperature: temperature))
            }
            for failure in board.failures where ![GraphicsMetric.power, .energy].contains(failure.metric) {
                let entry = Unavailable(board.name + "." + failure.metric.name, failure.reason)
                if !unavailable.contains(entry) { unavailable.append(entry) }
            }
        }
    }

    /// Takes load and clocks of the first graphics board where no file tells them.
    mutating func add(loadOf look: GraphicsBoards.Look) {
        guard let board = look.boards.first else { return }
        let load = board.values[.load].map { $0 * 10 }
        let clock = board.values[.clock].map { $0 * 1000 }
        let maximum = board.values[.maximumClock].map { $0 * 1000 }
        guard load != nil || clock != nil || maximum != nil else { return }
        var reading = gpu ?? GPUReading(loadPermille: nil, frequencyKilohertz: nil, maximumKilohertz: nil)
        func fill(_ member: inout Int64?, _ value: Int64?, _ what: String) {
            guard member == nil, let value else { return }
            member = value
            unavailable.removeAll { $0.what == what }
        }
        fill(&reading.loadPermille, load, "gpu.load_permille")
        fill(&reading.frequencyKilohertz, clock, "gpu.frequency_khz")
        fill(&reading.maximumKilohertz, maximum, "gpu.max_khz")
        reading.memory = MemoryReading(
            total: board.values[.memoryTotal].map { ByteCount(bytes: $0) },
            available: board.values[.memoryFree].map { ByteCount(bytes: $0) })
        gpu = reading
    }

    /// Adds why graphics boards are slower than they could be; a cause that holds for one of them holds.
    mutating func add(throttlingOf look: GraphicsBoards.Look) {
        for board in look.boards {
            guard let bits = board.values[.reasons] else { continue }
            for (cause, isInForce) in ThrottleCause.graphics(reasons: bits) {
                if let index = throttle.firstIndex(where: { $0.cause == cause }) {
                    if isInForce { throttle[index].state = 1 }
                } else {
                    throttle.append(ThrottleReading(cause: cause, state: isInForce ? 1 : 0, maximum: 1))
                }
            }
        }
    }
}
