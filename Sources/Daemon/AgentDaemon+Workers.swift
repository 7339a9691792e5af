import AgentCore
import Configuration
import Federation
import Platform
import Quantities
import Workers

// The operator's programs that serve operations: which ones, and how they stand.
extension AgentDaemon {
    /// Goes on with the programs that the configuration names.
    mutating func configureWorkers() {
        let mark = LeftWorkers.mark(ofLock: plan.lockPath)
        workers.configure(WorkerPrograms(plan.configuration.executors, mark: mark), now: Clock.bootTime, loop)
        attendExecutors()
    }

    /// Ends what the programs of an agent that was killed have left running.
    mutating func endLeftWorkers() {
        let section = plan.configuration.executors
        guard !section.external.isEmpty || !section.commands.isEmpty,
            let mark = LeftWorkers.mark(ofLock: plan.lockPath)
        else { return }
        let count = LeftWorkers.end(marked: mark)
        guard count > 0 else { return }
        log.write(
            .warning,
            "ended \(count) process\(count == 1 ? "" : "es") that executors had left when the agent was killed",
            kind: .executorDied)
    }

    /// Tells core and operator how the executors stand.
    mutating func attendExecutors() {
        guard workers.changes != attended else { return }
        attended = workers.changes
        for notice in workers.takeNotices() {
            switch notice {
            case .died(let operation, let why, let errors):
                log.write(
                    .warning,
                    "the executor of \(operation) died: " + why + (errors.isEmpty ? "" : "; it wrote: " + errors),
                    kind: .executorDied)
            case .parked(let operation, let why):
                let minutes = WorkerLimits.parkTime.milliseconds / 60_000
                log.write(
                    .error,
                    "\(operation) is not served for \(minutes) minutes or until the configuration is read again: its "
                        + "executor died too often, at last because " + why, kind: .executorParked)
            case .serves(let operation):
                log.write(.notice, "\(operation) is served", kind: .executorServes)
            }
        }
        core.executors = workers.standings.compactMap { ExecutorStanding($0) }
    }
}

extension ExecutorStanding {
    /// The standing as the core is told.
    fileprivate init?(_ standing: ExternalStanding) {
        guard let operation = Operation(standing.operation) else { return nil }
        let state: State =
            switch standing.state {
            case .starting: .starting
            case .serving: .serving
            case .parked(let why): .parked(why)
            }
        self.init(operation: operation, state: state, processes: standing.processes)
        restart = standing.restart
    }
}

extension WorkerPrograms {
    /// The programs that `section` names.
    ///
    /// Variables without a value have this program's own; all programs have the variable `mark` besides.
    public init(_ section: ExecutorSection, mark: String? = nil) {
        let marks = [mark].compactMap { $0 }
        self.init(
            external: section.external.map { program in
                ExternalExecutor(
                    operation: program.operation.name, command: program.command,
                    environment: WorkerPrograms.environment(program.environment) + marks, memory: program.memory,
                    concurrent: Int(program.concurrent), cores: AgentMachine.cores(for: program.operation))
            },
            commands: section.commands.map { program in
                AllowedCommand(
                    operation: program.operation.name, command: program.command,
                    environment: WorkerPrograms.environment(program.environment) + marks)
            })
    }

    /// What every program of the operator's finds in its environment.
    private static let standard = ["PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"]

    private static func environment(_ entries: [String]) -> [String] {
        let given = entries.compactMap { entry in
            entry.utf8.contains(UInt8(ascii: "=")) ? entry : Program.environment(entry).map { entry + "=" + $0 }
        }
        func name(_ entry: String) -> [UInt8] { Array(entry.utf8.prefix { $0 != UInt8(ascii: "=") }) }
        return standard.filter { variable in !given.contains { name($0) == name(variable) } } + given
    }
}
