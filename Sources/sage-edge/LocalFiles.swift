import Configuration
import Cryptography
import Ledger
import Platform
import Store
import Telemetry

// What commands read where no agent runs, or without asking one.

/// The configuration that `invocation` means, and where it was read.
func loadConfiguration(_ invocation: Invocation) throws(Failure) -> (AgentConfiguration, ConfigurationFiles) {
    let files = ConfigurationFiles(given: invocation.value("config"))
    do throws(ConfigurationError) { return (try files.load(), files) } catch { throw failure(error) }
}

/// The hardware profiles of the program and the operator's own.
func hardwareProfiles(_ configuration: AgentConfiguration, _ files: ConfigurationFiles) throws(Failure)
    -> [HardwareProfile]
{
    do throws(ConfigurationError) { return try files.profiles(for: configuration) } catch { throw failure(error) }
}

/// A wrong configuration as a failure.
func failure(_ error: ConfigurationError) -> Failure {
    let hint = "sage-edge config check"
    switch error {
    case .refused, .tooManyDropIns:
        return Failure(.configuration, "the configuration is wrong\n" + indented(error.explanation), hint: hint)
    case .secret(let problem, let path, _, _):
        return Failure(
            .configuration, "the configuration is wrong\n" + indented(error.explanation),
            hint: remedy(for: problem, shellWord(path)))
    case .standardInput: return Failure(.usage, error.explanation, hint: "--config FILE")
    case .system(let error):
        let failure = failure(error)
        guard failure.code == .noInput else { return failure }
        return failure.hinting("name a file that is there; without --config the default ones are read, or none")
    }
}

/// What makes the file of a key usable that is called `path`, as a word of a command.
private func remedy(for problem: SecretFileProblem, _ path: String) -> String {
    switch problem {
    case .exposed: "chmod 600 \(path)"
    case .unreadable(let reason) where reason != .noEntry: "ls -l \(path)"
    case .unreadable, .notAnAccessKey: "(umask 077; openssl rand -hex 32 > \(path))"
    case .notAPresharedKey:
        "(umask 077; openssl rand -hex 32 > \(path)), on one board, and the same file on all others"
    }
}

/// `text` with two spaces before every line.
func indented(_ text: String) -> String { text.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n") }

/// The ledger's file of an agent that does not run, opened to look at.
func openStore(_ invocation: Invocation) throws(Failure) -> AgentStore {
    let path = StatePaths(state: invocation.value("state")).ledger
    do throws(StoreError) { return try AgentStore(path: path, for: .inspection) } catch {
        switch error.failure {
        case .cannotOpen:
            throw Failure(.noInput, "there is no ledger: \(path) cannot be opened", hint: "sage-edge run")
        default: throw failure(error, path)
        }
    }
}

/// A store that cannot be read as a failure.
func failure(_ error: StoreError, _ path: String) -> Failure {
    let message = path + ": " + error.failure.explanation + (error.message.isEmpty ? "" : " (\(error.message))")
    return switch error.failure {
    case .inUse: Failure(.tryAgain, message, hint: "stop the running agent first")
    case .corrupt, .notADatabase, .malformedRow: Failure(.badData, message, hint: damageHint(path))
    case .foreignSchema, .newerSchema: Failure(.badData, message)
    case .readOnly: Failure(.permission, message)
    default: Failure(.inputOutput, message)
    }
}

/// What becomes of the ledger at `path` that is damaged.
func damageHint(_ path: String) -> String {
    let folder = shellWord(String(path.dropLast("/ledger.db".utf8.count)))
    return "stop the agent, and put back a copy of the state folder; or begin anew, without credits, proofs and peers: "
        + "(cd \(folder) && mkdir -m 700 old && mv ledger.db* old/)"
}

/// What `body` reads from the store of `invocation`; whoever runs the program is told that no agent answered.
func fromFiles<Result>(
    _ invocation: Invocation, _ body: (AgentStore) throws(StoreError) -> Result
) throws(Failure) -> Result {
    let store = try openStore(invocation)
    let paths = StatePaths(state: invocation.value("state"))
    Console.note("sage-edge: no agent is running; this is from \(paths.ledger)")
    do throws(StoreError) { return try body(store) } catch { throw failure(error, paths.ledger) }
}
