import Platform
import Workers

/// How the agent starts its workers; not for people.
let workerCommand = CommandSpecification(
    ["worker"], "Run one operation: request on standard input, answer on standard output", positionals: ["OPERATION"],
    examples: ["worker perception.features"], isListed: false
) { invocation throws(Failure) in
    Program.exit(WorkerMain.run(operation: invocation.positionals[0]))
}
