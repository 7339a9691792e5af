import Cryptography
import Platform

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
            Console.note("sage-edge: \(error.message)" + (error.hint.map { "\n  try: \($0)" } ?? ""))
            code = error.code
        }
        Program.exit(code.rawValue)
    }

    private static func run(_ arguments: [String]) throws(Failure) -> ExitCode {
        let commands = allCommands
        switch try CommandParser(commands: commands).parse(arguments) {
        case .run(let invocation): return try invocation.command.run(invocation)
        case .help(let words):
            try Console.print(Help(commands: commands).text(for: words))
            return .success
        }
    }
}

/// Every command, in the order help lists them.
let allCommands: [CommandSpecification] = keyCommands + [versionCommand, runCommand, workerCommand]
