import Platform
import Quantities

let topCommand = CommandSpecification(
    ["top"], "Watch the board and the agent on the whole terminal",
    options: [
        OptionSpecification("sysroot", value: "DIR", "Watch the files under this folder, and no agent"),
        OptionSpecification("interval", value: "S", "Seconds between two looks (default 1)"),
    ],
    examples: ["top", "top --interval 5", "top --sysroot ./captured-board"], printsJSON: false
) { invocation throws(Failure) in
    let interval = try invocation.number("interval", in: 1...3600) ?? 1
    guard !invocation.wantsJSON else {
        throw Failure(.usage, "top is for people", hint: "sage-edge status --json, or sage-edge telemetry --jsonl")
    }
    guard Console.isTerminal, Program.environment("TERM") != "dumb" else {
        throw Failure(
            .usage, "top needs a terminal that it can draw on",
            hint: "sage-edge status --json, or sage-edge telemetry --watch")
    }
    let source = TopSource(invocation)
    var model = TopModel()
    model.intervalSeconds = interval
    // What cannot be read at all is said before the screen is taken.
    try source.look(into: &model)
    let view = TopView(source: source)
    return try view.run(model)
}

/// Shows the model on the terminal, and looks again in time.
private struct TopView {
    let source: TopSource

    private static let keysToken = EventToken(rawValue: 1)
    private static let signalsToken = EventToken(rawValue: 2)
    /// Seconds between two looks, as `+` and `-` change them.
    private static let intervals: [Int64] = [1, 2, 5, 10, 30, 60]
    private static let escape: UInt8 = 0x1b

    func run(_ first: TopModel) throws(Failure) -> ExitCode {
        var model = first
        let inColour = Console.hasColours
        let asASCII = !TerminalText.isUTF8
        do throws(SystemError) {
            // Taken before the terminal is, so that none of them ends the program without giving it back.
            let signals = try SignalSource([.interrupt, .terminate, .hangup, .windowChange])
            var loop = try EventLoop()
            try loop.register(signals.descriptor, TopView.signalsToken, .readable)
            let screen = try TerminalScreen()
            if screen.hasKeys { try loop.register(StandardInput.descriptor, TopView.keysToken, .readable) }
            var events: [ReadyEvent] = []
            var next = Clock.bootTime + .seconds(model.intervalSeconds)
            var clearing = true
            while true {
                let size = screen.size
                let frame = TopFrame(model: model)
                try screen.write(
                    frame.bytes(
                        width: size.columns, height: size.rows, inColour: inColour, asASCII: asASCII,
                        clearing: clearing))
                clearing = false
                try loop.wait(until: model.isPaused ? nil : next, into: &events)
                while let signal = try signals.next() {
                    switch signal {
                    case .windowChange: clearing = true
                    case .interrupt: return .interrupted
                    default: return .success
                    }
                }
                if events.contains(where: { $0.token == TopView.keysToken }) {
                    var keys: [UInt8] = []
                    if case .end = try StandardInput.read(upTo: 64, appendingTo: &keys) { return .success }
                    if take(keys, &model) { return .success }
                    next = min(next, Clock.bootTime + .seconds(model.intervalSeconds))
                }
                if !model.isPaused, next <= Clock.bootTime {
                    source.lookAgain(into: &model)
                    // Not a row of looks where one took long.
                    next = max(next, Clock.bootTime - .milliseconds(500)) + .seconds(model.intervalSeconds)
                }
            }
        } catch {
            // Whoever showed the terminal has gone.
            if error.errno == .brokenPipe || error.errno == .inputOutput { throw Failure(.inputOutput, "") }
            throw Failure(.inputOutput, "the terminal: \(error.description)")
        }
    }

    /// Does what the keys ask; whether one of them ends the view.
    private func take(_ keys: [UInt8], _ model: inout TopModel) -> Bool {
        // An arrow or another key of several bytes asks nothing.
        if keys.first == TopView.escape { return false }
        for key in keys {
            switch key {
            case UInt8(ascii: "q"), UInt8(ascii: "Q"): return true
            case UInt8(ascii: "p"), UInt8(ascii: "P"), UInt8(ascii: " "): model.isPaused.toggle()
            case UInt8(ascii: "+"), UInt8(ascii: "="):
                model.intervalSeconds = TopView.intervals.first { $0 > model.intervalSeconds } ?? model.intervalSeconds
            case UInt8(ascii: "-"), UInt8(ascii: "_"):
                model.intervalSeconds = TopView.intervals.last { $0 < model.intervalSeconds } ?? model.intervalSeconds
            case UInt8(ascii: "?"), UInt8(ascii: "h"): model.showsHelp.toggle()
            default: continue
            }
        }
        return false
    }
}

/// What the terminal can show.
enum TerminalText {
    /// Whether the locale is one of UTF-8; by the first of the three variables that is set, as in locale(7).
    static var isUTF8: Bool {
        isUTF8(["LC_ALL", "LC_CTYPE", "LANG"].compactMap { Program.environment($0) }.first { !$0.isEmpty })
    }

    /// Whether `locale` is one of UTF-8; the C locale is not.
    static func isUTF8(_ locale: String?) -> Bool {
        // The coded character set stands between a dot and what modifies the locale; some give it alone.
        let name = (locale ?? "").split(separator: "@").first ?? ""
        let set = name.split(separator: ".").last ?? ""
        return String(set.filter { $0 != "-" }).lowercased() == "utf8"
    }
}
