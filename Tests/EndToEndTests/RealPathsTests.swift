import Foundation
import TestKit
import Testing

/// The program in a root of its own, in which a captured tree lies at the real paths: the program then finds the
/// kernel's own file system under `/sys`, and uses libsensors and everything else that only a running machine has.
///
/// It takes the right to mount, which root has, and which others have in a user namespace of their own where the
/// kernel allows it; without it the test fails and says so.
private enum CapturedRoot {
    /// Makes the root in a temporary folder, and runs the program in it.
    ///
    /// Arguments: the folder, the tree, the program,
    /// a folder with more files for `/etc`, and the program's arguments.
    private static let script = """
        set -eu
        root=$1 tree=$2 program=$3 more=$4
        shift 4
        mount -t tmpfs none "$root"
        for folder in usr bin sbin lib lib64; do
            [ -e "/$folder" ] || continue
            mkdir "$root/$folder"
            mount --rbind "/$folder" "$root/$folder"
        done
        mkdir "$root/sys" "$root/tree" "$root/etc" "$root/dev"
        touch "$root/dev/null"
        mount --bind /dev/null "$root/dev/null"
        cp /etc/ld.so.cache "$root/etc/" 2>/dev/null || true
        cp "$program" "$root/sage-edge"
        cp -a "$tree/." "$root/tree/"
        # A link was captured as a file that holds its target.
        find "$root/tree/sys/class" "$root/tree/sys/bus" "$root/tree/sys/devices" -type f -size -2 2>/dev/null |
            while read -r file; do
                target=$(tr -d '\\0' < "$file")
                case $target in ../*) rm "$file"; ln -s "$target" "$file" ;; esac
            done
        for folder in etc proc var; do
            [ ! -d "$root/tree/$folder" ] || cp -a "$root/tree/$folder" "$root/"
        done
        cp -a "$more/." "$root/etc/"
        mount --rbind /sys "$root/sys"
        for folder in class bus devices; do
            mkdir -p "$root/tree/sys/$folder"
            mount --bind "$root/tree/sys/$folder" "$root/sys/$folder"
        done
        exec chroot "$root" /sage-edge "$@"
        """

    static func sample(of board: String, etc: [String: String] = [:]) throws -> [String: Any] {
        let program = Repository.root.appendingPathComponent("build/sage-edge").path
        guard FileManager.default.isExecutableFile(atPath: program) else {
            throw ToolError.failed(program, status: -1, errors: "there is no such program; build it: make build")
        }
        return try withTemporaryFolder { folder in
            let (root, more) = (folder.appendingPathComponent("root"), folder.appendingPathComponent("etc"))
            for made in [root, more] {
                try FileManager.default.createDirectory(at: made, withIntermediateDirectories: true)
            }
            for (name, text) in etc { try Data(text.utf8).write(to: more.appendingPathComponent(name)) }
            let user = getuid() == 0 ? [] : ["-r"]
            let output = try ExternalTool(program: "/usr/bin/unshare", package: "util-linux").run(
                user + [
                    "-m", "/bin/sh", "-c", script, "sh", root.path, Fixtures.url("telemetry/sysfs/" + board).path,
                    program,
                    more.path, "telemetry", "--json",
                ])
            return try #require(try JSONSerialization.jsonObject(with: Data(output)) as? [String: Any])
        }
    }
}

private func text(_ value: Any?) throws -> String {
    let data = try JSONSerialization.data(withJSONObject: ["x": value ?? NSNull()], options: [.sortedKeys])
    return String(decoding: data, as: UTF8.self)
}

@Suite(.timeLimit(.minutes(10))) struct `captured trees at the real paths` {
    static let boards = [
        "agx-orin", "agx-thor", "laptop-battery", "nano", "orin-nano", "pc-rapl-nvme-coretemp", "xavier-nx",
    ]

    @Test(arguments: boards) func `read the same as under a root, and are metered`(board: String) throws {
        let sample = try CapturedRoot.sample(of: board)
        let bytes = Array(try Fixtures.text("telemetry/expected/sysfs/\(board).json").utf8)
        var expected = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        if board.hasPrefix("pc") {
            // The file of the first package holds a number; that only root reads it is in the recording's table, and
            // here it is root that reads. A running machine's counters are looked at twice, and these stand still.
            let first: [String: Any] = [
                "name": "package-0", "role": "cpu", "mv": NSNull(), "ma": NSNull(), "uw": 0, "source": "rapl",
            ]
            let rails = try #require(expected["rails"] as? [[String: Any]])
            expected["rails"] = [first] + rails.map { $0.merging(["uw": 0]) { _, new in new } }
            expected["total"] = try #require(expected["total"] as? [String: Any])
                .merging(["uw": 0, "complete": true]) { _, new in new }
            expected["unavailable"] = [["what": "memory", "reason": "ENOENT"]]
        }
        for member in ["board", "power_mode", "rails", "total", "zones", "hottest", "gpu", "memory", "throttle"] {
            #expect(try text(sample[member]) == text(expected[member]), "\(member)")
        }
        let names = { (sample: [String: Any]) in
            (sample["unavailable"] as? [[String: String]])?.compactMap { $0["what"] }
        }
        #expect(names(sample) == names(expected))
        let classes = (sample["sources"] as? [[String: Any]])?.compactMap { $0["class"] as? String }
        #expect(classes?.allSatisfy { $0 == "metered" } == true)
    }

    @Test func `are named and computed as the user's sensors3 file says`() throws {
        let configuration = """
            chip "coretemp-*"
                label temp1 "Lid"
                compute temp1 @*2+1.5, (@-1.5)/2
            chip "nvme-*"
                ignore temp1

            """
        let sample = try CapturedRoot.sample(of: "pc-rapl-nvme-coretemp", etc: ["sensors3.conf": configuration])
        let zones = try #require(sample["zones"] as? [[String: Any]])
        #expect(zones.compactMap { $0["name"] as? String } == ["bcm2835_thermal", "acpitz", "coretemp:Lid"])
        #expect(zones.last?["millidegrees"] as? Int == 55_000 * 2 + 1500)
    }
}
