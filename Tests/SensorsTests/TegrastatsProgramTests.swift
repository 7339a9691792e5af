import Foundation
import Platform
import Telemetry
import Testing

@testable import Sensors

@Suite struct `a program that prints lines of tegrastats` {
    typealias Guard = TegrastatsProgram.Guard

    private static let file = Guard(kind: .file, owner: 0, mode: 0o755)
    private static let folder = Guard(kind: .directory, owner: 0, mode: 0o755)
    private static let orin = ["nvidia,p3768-0000+p3767-0005-super", "nvidia,p3767-0005", "nvidia,tegra234"]

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var path = "/usr/bin/tegrastats"
        var guards = [file, folder, folder, folder]
        var compatible = orin
        var evidence = EvidenceClass.replayed

        init(_ description: String, _ change: (inout Case) -> Void) {
            testDescription = description
            change(&self)
        }
    }

    @Test(arguments: [
        Case("NVIDIA's own on its own board") { $0.evidence = .metered },
        Case("one in a folder of root's") { ($0.path, $0.evidence) = ("/opt/nvidia/tegrastats", .metered) },
        Case("one of another name") { $0.path = "/usr/bin/cat" },
        Case("one whose folder has the name") { $0.path = "/usr/bin/tegrastats/cat" },
        Case("one by a path that begins anywhere") { $0.path = "usr/bin/tegrastats" },
        Case("a file of another user") { $0.guards[0].owner = 1000 },
        Case("a file that its group may write") { $0.guards[0].mode = 0o775 },
        Case("a file that all may write") { $0.guards[0].mode = 0o757 },
        Case("a file in a folder that all may write") { $0.guards[2].mode = 0o1777 },
        Case("a file in a folder of another user") { $0.guards[1].owner = 1000 },
        Case("a pipe") { $0.guards[0].kind = .pipe },
        Case("a file that cannot be looked at") { $0.guards = [] },
        Case("a machine without a device tree") { $0.compatible = [] },
        Case("a board with another chip") { $0.compatible = ["raspberrypi,5-model-b", "brcm,bcm2712"] },
        Case("a board that only sounds like it") { $0.compatible = ["vendor,nvidia,tegra234"] },
    ])
    func `is believed only where root put it on a Tegra`(a: Case) {
        #expect(TegrastatsProgram(path: a.path, guards: a.guards).evidence(onBoard: a.compatible) == a.evidence)
    }

    @Test(arguments: ["agx-orin", "agx-thor", "nano", "orin-nano", "xavier-nx"])
    func `is believed on every captured Jetson, were it not a capture`(board: String) throws {
        let tree = try TemporaryTree(copyOf: board)
        let program = TegrastatsProgram(path: "/usr/bin/tegrastats", guards: [Self.file])
        let captured = SysfsTree(root: tree.path)
        #expect(program.evidence(onBoard: captured.facts().compatible) == .metered)
        #expect(!captured.isLive)
    }

    @Test func `is looked for in the system's folders where no folder is named`() throws {
        let shell = try #require(TegrastatsProgram(named: "sh"))
        #expect(["/usr/sbin/sh", "/usr/bin/sh", "/sbin/sh", "/bin/sh"].contains(shell.path))
        #expect(shell.guards.count == shell.path.split(separator: "/").count + 1)
        #expect(shell.guards.first?.kind == .file)
        #expect(TegrastatsProgram(named: "no-such-program-anywhere") == nil)
    }

    @Test func `of anybody else is not believed, whatever its name`() throws {
        let tree = try TemporaryTree()
        try tree.write("tegrastats", "#!/bin/sh\n")
        let program = try #require(TegrastatsProgram(named: tree.root.appending(path: "tegrastats").path()))
        #expect(program.guards.first?.kind == .file)
        #expect(program.evidence(withBoardUnder: "/") == .replayed)
        #expect(program.evidence(onBoard: Self.orin) == .replayed)
        #expect(TegrastatsProgram(named: "./tegrastats")?.guards == [])
        #expect(TegrastatsProgram(named: "/nowhere/tegrastats")?.guards == [])
    }
}
