import Cryptography
import Platform
import Wire

/// The program's entry.
@main
struct SageEdge {
    static func main() {
        // A reader that went away is an error of the write, not a signal.
        try? Signal.pipe.ignore()
        let code: ExitCode
        do throws(Failure) {
            try? CrashReporter.install(program: "sage-edge \(Version.text)")
            guard prepareCryptography() else { throw Failure(.internal, "libsodium cannot be used on this machine") }
            code = try run(Program.arguments)
        } catch {
            // Whoever asked for JSON reads the failure there; the message is for the person beside it.
            if Program.arguments.contains("--json") { try? Console.print(error.json) }
            if !error.message.isEmpty {
                let message = printable(error.message + (error.hint.map { "\n  hint: \($0)" } ?? ""))
                Console.note(Console.paint("sage-edge:", .red, on: 2) + " " + message)
            }
            code = error.code
        }
        Program.exit(code.rawValue)
    }

    private static func run(_ arguments: [String]) throws(Failure) -> ExitCode {
        let commands = allCommands
        switch try CommandParser(commands: commands).parse(arguments) {
        case .run(let invocation):
            do throws(Failure) { return try invocation.command.run(invocation) } catch {
                guard let hint = error.hint else {
                    // What a command takes is in its help.
                    throw error.code == .usage ? error.hinting("sage-edge \(invocation.command.name) --help") : error
                }
                // What was just tried is no advice.
                if hint == "sage-edge " + invocation.command.name { throw error.hinting(nil) }
                let completed = invocation.completed(hint, commands)
                throw completed == hint ? error : error.hinting(completed)
            }
        case .help(let words):
            let text = Help(commands: commands).text(for: words)
            if arguments.contains("--json") {
                try Console.print { $0.member("help", text) }
            } else {
                try Console.print(text)
            }
            return .success
        }
    }
}
