import Foundation
import Quantities
import Telemetry

extension TaskStream {
    /// Streams on boards that were captured.
    ///
    /// The memory in use, the temperature and the power are those of the captured `tegrastats` lines, a minute each,
    /// in turn; arrivals, sizes and what runs take are generated, since no capture holds them. `folder` holds the
    /// captures.
    ///
    /// - Throws: where a capture cannot be read.
    public static func recorded(in folder: URL, seed: UInt64) throws -> [TaskStream] {
        let fleets = [
            ("Orin Nano and Thor", "orin-nano_l4t-r36", ["agx-thor_l4t-r38.4_nonroot", "orin-nx_l4t-r36.4.7_nonroot"]),
            ("Xavier NX and Orin", "xavier-nx_l4t-r32", ["agx-orin_l4t-r36", "orin-nx_l4t-r35"]),
        ]
        return try fleets.enumerated().map { index, fleet in
            var random = ExperimentRandom(seed: seed, 1_000 + index)
            var stream = TaskStream(
                name: fleet.0, origin: "recorded boards", seed: random.next(), boards: boards(&random))
            let helpers = ["Thor", "Acorn"].compactMap { name in stream.boards.firstIndex { $0.name == name } }
            for (place, file) in zip([0] + helpers, [fleet.1] + fleet.2) {
                let states = try lines(of: folder.appending(path: "tegrastats/\(file).txt"))
                stream.boards[place].recording = states
                stream.boards[place].soft = 95
                stream.boards[place].ambient = states.map { $0.temperature }.reduce(0, +) / Double(states.count)
                if place == 0 { stream.idle = states.map { $0.power }.reduce(0, +) / Double(states.count) }
            }
            stream.addTasks(isBursty: index == 1, isHeavy: false, &random)
            let end = stream.tasks.last?.at ?? 0
            for place in stream.boards.indices { stream.addForeign(place, until: end, &random) }
            return stream
        }
    }

    /// The states that a capture holds.
    private static func lines(of file: URL) throws -> [RecordedState] {
        let lines = [UInt8](try Data(contentsOf: file)).split(separator: 0x0a)
        let states = lines.compactMap { bytes in (try? TegrastatsLine(Array(bytes))).flatMap { RecordedState($0) } }
        guard !states.isEmpty else { throw CocoaError(.fileReadCorruptFile) }
        return states
    }
}

extension RecordedState {
    /// Memory that tasks leave free, in MiB.
    private static let reserve = 1_024.0

    /// What `line` says; nil where it says nothing of memory or heat.
    fileprivate init?(_ line: TegrastatsLine) {
        // The zone of the power chip stands at 100 degrees for ever.
        let zones = line.zones.filter { $0.isValid && !$0.name.hasPrefix("PMIC") }
        let degrees = zones.compactMap { Double($0.current) }.max()
        guard let memory = line.memory, let degrees else { return nil }
        freeMemory = max(0, Double(memory.total - memory.used) - RecordedState.reserve)
        temperature = degrees
        // The first rail is the module's input on every board here.
        power = Double(line.rails.first?.current ?? 5_000) / 1_000
    }
}
