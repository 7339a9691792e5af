/// What the program's exit status means; the values of sysexits(3), 1 for a check that failed, and 130.
enum ExitCode: Int32 {
    /// Done.
    case success = 0
    /// The question was answered with no: a check failed.
    case checkFailed = 1
    /// The command line is wrong.
    case usage = 64
    /// The input is not what it should be.
    case badData = 65
    /// An input file does not exist or cannot be opened.
    case noInput = 66
    /// The agent cannot be reached.
    case unavailable = 69
    /// A fault of the program itself.
    case `internal` = 70
    /// An output file cannot be created.
    case cannotCreate = 73
    /// Reading or writing failed.
    case inputOutput = 74
    /// Refused for now; the same command may succeed later.
    case tryAgain = 75
    /// Not allowed.
    case permission = 77
    /// The configuration is wrong.
    case configuration = 78
    /// Ended by Ctrl-C, as shells number it.
    case interrupted = 130

    /// The kind of failure in JSON.
    var kind: String {
        switch self {
        case .success: "none"
        case .checkFailed: "failed"
        case .usage: "usage"
        case .badData: "bad_data"
        case .noInput: "no_input"
        case .unavailable: "unreachable"
        case .internal: "internal"
        case .cannotCreate: "cannot_create"
        case .inputOutput: "input_output"
        case .tryAgain: "try_again"
        case .permission: "permission"
        case .configuration: "configuration"
        case .interrupted: "interrupted"
        }
    }
}
