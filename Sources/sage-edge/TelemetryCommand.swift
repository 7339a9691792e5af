import AgentCore
import Configuration
import Gateway
import Platform
import Quantities
import Sensors
import Telemetry
import Wire

let telemetryCommand = CommandSpecification(
    ["telemetry"], "Read the board's rails, zones, GPU, memory and throttling",
    options: [
        OptionSpecification("sysroot", value: "DIR", "Read the files under this folder instead of the agent or /"),
        OptionSpecification(
            "tegrastats", value: "FILE", "Read lines of tegrastats from a file; - is standard input"),
        OptionSpecification("jsonl", "Print one JSON object per line"),
        OptionSpecification("watch", "Read again and again"),
        OptionSpecification("interval", value: "S", "Seconds between two reads of --watch (default 1)"),
    ],
    examples: [
        "telemetry", "telemetry --watch", "telemetry --sysroot ./captured-board --json",
        "telemetry --tegrastats capture.txt --jsonl", "telemetry --tegrastats - < capture.txt",
    ]
) { invocation throws(Failure) in
    if let path = invocation.value("tegrastats") {
        for other in ["sysroot", "watch", "interval"] where invocation.has(other) {
            throw Failure(.usage, "--tegrastats and --\(other) do not go together")
        }
        return try readTegrastats(path, invocation)
    }
    let interval = TimeSpan.seconds(try invocation.number("interval", in: 1...3600) ?? 1)
    guard invocation.has("watch") || !invocation.has("interval") else {
        throw Failure(.usage, "--interval goes with --watch", hint: "sage-edge telemetry --watch --interval 5")
    }
    let source = SampleSource(invocation)
    guard invocation.has("watch") else {
        try show(try source.sample(), invocation)
        return .success
    }
    let clearsScreen = Console.isTerminal && !invocation.wantsJSON && !invocation.has("jsonl")
    while true {
        let next = Clock.bootTime + interval
        let sample = try source.sample()
        if clearsScreen { try Console.write("\u{1b}[H\u{1b}[2J") }
        try show(sample, invocation)
        try wait(until: next)
    }
}

/// Where samples come from: the folder that was named, else the running agent, else this machine's own files.
private final class SampleSource {
    private let client: AgentClient?
    private let invocation: Invocation
    private var reader: BoardReader?

    init(_ invocation: Invocation) {
        client = invocation.has("sysroot") ? nil : AgentClient(invocation)
        self.invocation = invocation
    }

    /// The next sample as FORMAT's object.
    func sample() throws(Failure) -> String {
        if reader == nil {
            if let client {
                if let answer = try client.askIfRunning(.telemetry) { return answer.line }
                Console.note("sage-edge: no agent is running; these are this machine's own files")
            }
        }
        var json = JSONWriter()
        if let reader {
            reader.sample(at: Clock.bootTime).writeJSON(to: &json)
        } else {
            let reader = try boardReader(invocation)
            self.reader = reader
            firstSample(of: reader).writeJSON(to: &json)
        }
        return json.text
    }
}

/// The first sample of a running machine, taken again while `patience` lasts where one look is not enough: power is
/// what a counter gained, and graphics boards are waited for.
func firstSample(of reader: BoardReader, patience: TimeSpan = .seconds(2)) -> TelemetrySample {
    let begun = Clock.bootTime
    var sample = reader.sample(at: begun)
    while reader.evidence == .metered, reader.tellsMoreLater(than: sample), Clock.bootTime < begun + patience {
        // Where nothing can be waited for, the first look has to do.
        do throws(Failure) { try wait(until: Clock.bootTime + .milliseconds(200)) } catch { break }
        sample = reader.sample(at: Clock.bootTime)
    }
    return sample
}

/// A reader of the board whose files `invocation` or the configuration names, by the profile that is set or found.
func boardReader(_ invocation: Invocation) throws(Failure) -> BoardReader {
    let (configuration, files) = try loadConfiguration(invocation)
    let root = invocation.value("sysroot") ?? configuration.telemetry.sysroot
    let tree = SysfsTree(root: root)
    guard tree.isThere else { throw noTree(root) }
    let profiles = try hardwareProfiles(configuration, files)
    if let name = configuration.telemetry.profile, let profile = profiles.first(where: { $0.name == name }) {
        return BoardReader(tree: tree, profile: profile, model: tree.facts().model)
    }
    guard let reader = BoardReader(tree: tree, profiles: profiles) else {
        throw Failure(.internal, "no hardware profile fits this board")
    }
    return reader
}

/// That there is no folder `root` to read a board's files under.
func noTree(_ root: String) -> Failure {
    Failure(
        .noInput, "there is no folder \(root)", hint: "name the folder that holds sys, proc and etc; / is this machine")
}

private func show(_ sample: String, _ invocation: Invocation) throws(Failure) {
    if invocation.wantsJSON || invocation.has("jsonl") { return try Console.print(sample) }
    let value: JSONValue
    do throws(JSONError) { value = try JSONValue(parsing: Array(sample.utf8)) } catch {
        throw Failure(.internal, "a sample is not JSON: \(error.message)")
    }
    try Console.print(telemetryText(value))
}

private func wait(until deadline: BootTime) throws(Failure) {
    do throws(SystemError) {
        var loop = try EventLoop()
        var events: [ReadyEvent] = []
        try loop.wait(until: deadline, into: &events)
    } catch { throw failure(error) }
}
