import Foundation
import TestKit
import Testing

@testable import Sensors

/// A stand-in for NVIDIA's management library in a folder of its own, and what it plays.
final class GraphicsPlayer {
    /// Which functions it has.
    enum Functions: String {
        case all
        /// Not those of newer drivers.
        case older = "-DWITHOUT_NEWER"
        /// Not even those that everything needs.
        case few = "-DWITHOUT_COUNT"
    }

    private let folder: URL
    /// Trees that are read beside it, so that they stay as long as it does.
    var trees: [TemporaryTree] = []
    var library: String { folder.appending(path: "libnvidia-ml.so.1").path() }

    init(_ script: String, _ functions: Functions = .all) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "player-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try GraphicsPlayer.compiled(functions).get().write(to: URL(filePath: library))
        try play(script)
    }

    private static func compiled(_ functions: Functions) -> Result<Data, any Error> {
        switch functions {
        case .all: all
        case .older: older
        case .few: few
        }
    }

    private static let all = compile(.all)
    private static let older = compile(.older)
    private static let few = compile(.few)

    private static func compile(_ functions: Functions) -> Result<Data, any Error> {
        Result {
            try withTemporaryFolder { folder in
                let source = Repository.root.appending(path: "Tests/Support/NVMLPlayer/NVMLPlayer.c").path()
                let output = folder.appending(path: "player.so")
                let options = functions == .all ? [] : [functions.rawValue]
                _ = try ExternalTool(program: "/usr/bin/cc", package: "gcc").run(
                    ["-shared", "-fPIC", "-Wall", "-Wextra", "-Werror"] + options + ["-o", output.path(), source])
                return try Data(contentsOf: output)
            }
        }
    }

    /// Goes, whereupon blocked calls end.
    deinit { try? FileManager.default.removeItem(at: folder) }

    /// From now on it plays this.
    func play(_ script: String) throws {
        try Data(script.utf8).write(to: folder.appending(path: "script"), options: .atomic)
    }

    /// Lets calls that block return.
    func go() throws { try Data().write(to: folder.appending(path: "go")) }

    /// The calls of a captured probe, as lines of a script.
    static func script(ofCapture name: String) throws -> String {
        let calls = [
            "nvmlDeviceGetName": "name", "nvmlDeviceGetPowerUsage": "power", "nvmlDeviceGetTemperature": "temperature",
            "nvmlDeviceGetUtilizationRates": "load",
        ]
        var script = "init 0\ncount 1\ndevice 0\n"
        for line in try Fixtures.text("telemetry/nvml/" + name).split(separator: "\n") where !line.hasPrefix("#") {
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            guard let call = calls[String(words[0])], words[1] == "=" else { continue }
            let value = words[2...].joined(separator: " ").replacing("gpu ", with: "")
            script += call + " " + (value.split(separator: ",").first.map(String.init) ?? "") + "\n"
        }
        return script
    }

    /// A graphics board of a workstation.
    static let rtx4090 = """
        init 0
        count 1
        device 0
        name NVIDIA GeForce RTX 4090
        uuid GPU-8f6a6f2e-0000-0000-0000-000000000000
        power 45000
        energy 123456789
        limit 450000
        temperature_v 41
        memory_v2 25757220864 24000000000
        load 35
        clock 2520
        max_clock 3105
        reasons 0x4

        """
}

extension String {
    /// A script in which one call does something else.
    func playing(_ call: String, _ value: String) -> String {
        split(separator: "\n").filter { !$0.hasPrefix(call + " ") }.joined(separator: "\n") + "\n\(call) \(value)\n"
    }
}
