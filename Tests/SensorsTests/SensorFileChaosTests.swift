import Foundation
import Platform
import Quantities
import Synchronization
import Telemetry
import Testing
import TestKit

@testable import Sensors

/// Sensor files of a captured Orin Nano that break in every way that files can, and are mended again.
private final class BreakingTree {
    enum Break: CaseIterable { case removed, emptied, text, binary, huge, folder, pipe, link, loop }

    static let monitor = "sys/devices/platform/bus@0/c240000.i2c/i2c-1/1-0040/hwmon/hwmon1/"
    static let rails = ["VDD_IN", "VDD_CPU_GPU_CV", "VDD_SOC"]

    let tree: TemporaryTree
    /// The rails' and zones' files, and what each is a reading of.
    let names: [String: String]
    private let contents: [String: Data]
    private(set) var broken: [String: Break] = [:]

    init() throws {
        tree = try TemporaryTree(copyOf: "orin-nano")
        var names: [String: String] = [:]
        for (index, rail) in Self.rails.enumerated() {
            names[Self.monitor + "in\(index + 1)_input"] = rail
            names[Self.monitor + "curr\(index + 1)_input"] = rail
        }
        names["proc/meminfo"] = "memory"
        names["sys/devices/platform/bus@0/17000000.gpu/load"] = "gpu.load_permille"
        var contents: [String: Data] = [:]
        for path in names.keys { contents[path] = try Data(contentsOf: tree.root.appending(path: path)) }
        self.names = names
        self.contents = contents
    }

    func breakOne(_ random: inout SeededRandom) throws {
        let paths = contents.keys.sorted()
        let path = paths[random.number(in: 0...paths.count - 1)]
        try mend(path)
        let file = tree.root.appending(path: path)
        let kind = Break.allCases[random.number(in: 0...Break.allCases.count - 1)]
        try FileManager.default.removeItem(at: file)
        switch kind {
        case .removed: break
        case .emptied: try Data().write(to: file)
        case .text: try Data("nonsense\n".utf8).write(to: file)
        case .binary: try Data(random.bytes(300).map { $0 | 0x80 }).write(to: file)
        case .huge: try Data(repeating: UInt8(ascii: "9"), count: 1 << 20).write(to: file)
        case .folder: try FileManager.default.createDirectory(at: file, withIntermediateDirectories: false)
        case .pipe: #expect(mkfifo(file.path(), 0o600) == 0)
        case .link: try FileManager.default.createSymbolicLink(atPath: file.path(), withDestinationPath: "/nowhere")
        case .loop: try FileManager.default.createSymbolicLink(atPath: file.path(), withDestinationPath: file.path())
        }
        broken[path] = kind
    }

    func mendOne(_ random: inout SeededRandom) throws {
        let paths = broken.keys.sorted()
        guard !paths.isEmpty else { return }
        try mend(paths[random.number(in: 0...paths.count - 1)])
    }

    func mend(_ path: String) throws {
        guard broken.removeValue(forKey: path) != nil, let content = contents[path] else { return }
        let file = tree.root.appending(path: path)
        // A link to nowhere is there, whatever it leads to.
        if unlink(file.path()) != 0 { try? FileManager.default.removeItem(at: file) }
        try content.write(to: file)
    }

    func mendAll() throws { for path in Array(broken.keys) { try mend(path) } }
}

@Suite struct `sensor files in chaos` {
    @Test func `for an hour give right values or none, and each that is broken is named`() throws {
        let files = try BreakingTree()
        let reader = try reader(files.tree.path)
        let pristine = reader.sample(at: .origin)
        var random = SeededRandom(seed: 0x5e05)
        var kinds: Set<String> = []
        // A round every five seconds of an hour; after each of them something else is broken or mended.
        for round in 1...720 as ClosedRange<Int64> {
            for _ in 0..<random.number(in: 0...2) { try files.breakOne(&random) }
            for _ in 0..<random.number(in: 0...2) { try files.mendOne(&random) }
            if random.oneIn(40) { try files.mendAll() }
            let sample = reader.sample(at: BootTime(milliseconds: round * 5000))
            let unavailable = Set(sample.unavailable.map(\.what))
            for rail in sample.rails { #expect(pristine.rails.contains(rail), "round \(round)") }
            for (path, kind) in files.broken {
                kinds.insert("\(kind)")
                let name = try #require(files.names[path])
                #expect(
                    unavailable.contains { $0.hasPrefix(name) },
                    "round \(round): \(path) is \(kind), and nothing says that \(name) cannot be read")
                #expect(!sample.rails.contains { $0.name == name }, "round \(round)")
            }
            if let total = sample.total {
                #expect(total.power == pristine.totalPower, "round \(round)")
            } else {
                #expect(unavailable.contains("total"), "round \(round)")
            }
        }
        #expect(kinds.count == BreakingTree.Break.allCases.count)
        try files.mendAll()
        _ = reader.sample(at: BootTime(milliseconds: 3_700_000))
        #expect(reader.sample(at: BootTime(milliseconds: 3_800_000)).rails == pristine.rails)
    }

    /// A job or its end, for the thread that reads.
    private final class Turn: Sendable {}

    @Test func `a read that hangs holds up its own thread and not the loop`() throws {
        let pipe = try PipeEnds()
        let descriptor = pipe.readEnd.raw
        let reads = Atomic<Int>(0)
        let thread = try WorkerThread<Turn, Turn>(name: "sensors", capacity: 1) { port in
            while port.take() != nil {
                var byte: UInt8 = 0
                // Blocks until somebody writes: a driver that never answers.
                _ = read(descriptor, &byte, 1)
                reads.add(1, ordering: .relaxed)
                port.complete(Turn())
            }
        }
        var loop = try EventLoop()
        try loop.register(thread.descriptor, EventToken(rawValue: 1), .readable)
        #expect(thread.offer(Turn()))
        var events: [ReadyEvent] = []
        var missed = 0
        for _ in 0..<200 {
            try loop.wait(until: Clock.bootTime + .milliseconds(1), into: &events)
            #expect(events.isEmpty)
            if !thread.offer(Turn()) { missed += 1 }
        }
        // Every turn was made, and every sample that was due meanwhile is counted as missed.
        #expect(missed == 200)
        #expect(reads.load(ordering: .relaxed) == 0)
        var byte: UInt8 = 1
        #expect(write(pipe.writeEnd.raw, &byte, 1) == 1)
        while thread.collect() == nil { try loop.wait(until: nil, into: &events) }
        #expect(reads.load(ordering: .relaxed) == 1)
        thread.stop()
    }
}
