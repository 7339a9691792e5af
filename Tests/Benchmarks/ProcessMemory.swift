import Platform

/// What the kernel says of a process's memory and processor time (proc(5)).
struct ProcessMemory {
    let resident: Int64
    let peak: Int64
    let proportional: Int64
    /// Resident KiB by what is mapped, largest first.
    let parts: [(name: String, kibibytes: Int64)]

    init(of process: Int32) throws(BenchmarkError) {
        let folder = "/proc/\(process)/"
        let status = try lines(folder + "status")
        resident = ProcessMemory.field("VmRSS:", in: status)
        peak = ProcessMemory.field("VmHWM:", in: status)
        proportional = ProcessMemory.field("Pss:", in: try lines(folder + "smaps_rollup"))
        parts = ProcessMemory.parts(try lines(folder + "smaps"))
    }

    private static func field(_ name: String, in lines: [String]) -> Int64 {
        lines.first { $0.hasPrefix(name) }.flatMap { numbers(in: $0).first } ?? 0
    }

    /// Adds the mappings of one file, and those without a file by what they are.
    private static func parts(_ lines: [String]) -> [(name: String, kibibytes: Int64)] {
        var parts: [(name: String, kibibytes: Int64)] = []
        var current = ""
        for line in lines {
            let words = line.split(separator: " ")
            if let first = words.first, first.contains("-"), !first.hasSuffix(":") {
                current = words.count > 5 ? String(words[5].split(separator: "/").last ?? "") : "[anonymous]"
            } else if line.hasPrefix("Rss:"), let amount = numbers(in: line).first, amount > 0 {
                if let index = parts.firstIndex(where: { $0.name == current }) {
                    parts[index].kibibytes += amount
                } else {
                    parts.append((current, amount))
                }
            }
        }
        return parts.sorted { $0.kibibytes > $1.kibibytes }
    }
}

/// Processor time that all threads of a process have had, in nanoseconds.
///
/// From schedstat, which counts nanoseconds where `/proc/PID/stat` counts hundredths of a second.
func processorNanoseconds(of process: Int32) throws(BenchmarkError) -> Int64 {
    let folder = "/proc/\(process)/task"
    var sum: Int64 = 0
    for thread in try system({ () throws(SystemError) in try FileSystem.list(folder) }) {
        sum += numbers(in: try lines(folder + "/" + thread + "/schedstat").first ?? "").first ?? 0
    }
    return sum
}

/// The lines of a file of the kernel's.
func lines(_ path: String) throws(BenchmarkError) -> [String] {
    let bytes = try system { () throws(SystemError) in try FileSystem.read(path, limit: 4 << 20) }
    return bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
}

private func numbers(in line: String) -> [Int64] { line.split(separator: " ").compactMap { Int64($0) } }
