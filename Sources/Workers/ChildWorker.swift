import Platform
import Quantities
import Wire

extension WorkerCommand {
    /// What to start for `order`: this program, or the command of an operator.
    fileprivate func child(for order: WorkerOrder, _ descriptors: [Int32]) -> ChildCommand {
        let inherited = descriptors.enumerated().map { InheritedDescriptor($0.element, as: Int32($0.offset)) }
        var start: ChildCommand
        switch order.program {
        case .operation(let name):
            start = ChildCommand(
                path: path, arguments: arguments + [name], environment: environment, descriptors: inherited)
            start.limits.addressSpace = WorkerLimits.programAddressSpace + order.memory
            start.limits.openFiles = WorkerLimits.maximumOpenFiles
            start.limits.fileSize = .zero
        case .command(let words, let environment):
            start = ChildCommand(
                path: words.first ?? "", arguments: words, environment: environment, descriptors: inherited)
            start.isSession = true
            // Not its address space: what drives graphics processors reserves far more than it uses.
            start.limits.openFiles = WorkerLimits.externalOpenFiles
            start.limits.fileSize = WorkerLimits.externalFileSize
        }
        start.limits.processorSeconds = order.processorSeconds
        start.limits.processors = order.cores
        start.nice = WorkerLimits.nice
        return start
    }
}

/// A worker that is a child of this program.
final class ChildWorker: WorkerProcess {
    private var child: ChildProcess
    /// Of a command of the operator's: its memory, which nothing but watching limits, and its processes.
    private let memory: ByteCount?
    /// The control group that limits both instead, where there may be one.
    private let group: ControlGroup?
    /// Of a command of the operator's: its own process among those.
    private let leader: ProcessWatch?
    private var family: [ProcessEntry] = []
    /// A variable that whatever it starts inherits.
    private let mark: String
    private var peak = ByteCount.zero
    private var usage: ResourceUsage?
    private var exceeded: WorkerExcess?
    private var isOver = false
    private var watchedAt = BootTime(milliseconds: 0)
    private var countedAt = BootTime(milliseconds: 0)

    init(
        _ order: WorkerOrder, by command: WorkerCommand, _ descriptors: [Int32], in groups: ControlGroups? = nil
    ) throws(SystemError) {
        var start = command.child(for: order, descriptors)
        if case .command = order.program {
            mark = "SAGE_EDGE_WORKER=" + hexadecimal(try Entropy.bytes(8))
            start.environment.append(mark)
            memory = order.memory
            group = try? groups?.make(memory: order.memory, tasks: WorkerLimits.maximumTasks)
            start.controlGroup = group?.descriptor
        } else {
            mark = ""
            memory = nil
            group = nil
        }
        child = try ChildProcess(start)
        if memory == nil {
            leader = nil
        } else {
            leader = ProcessWatch(child.identifier)
            if let entry = ProcessEntry(child.identifier) { family = [entry] }
        }
    }

    deinit { if memory != nil, !isOver { endFamily() } }

    private var leaderEntry: ProcessEntry? {
        switch leader {
        case .some(let watch): watch.entry
        case .none: nil
        }
    }

    override var endDescriptor: Int32? { child.endDescriptor }
    override var excess: WorkerExcess? { exceeded }

    override func kill() throws(SystemError) {
        // Before it is dead its children are known by it.
        if memory != nil, !isOver { endFamily() }
        try child.signal(.kill)
    }

    override func poll() throws(SystemError) -> ChildExit? {
        // Before its number can name another: what it leaves in its session goes with it.
        if !isOver, leaderEntry?.hasEnded == true { endFamily() }
        let exit = try child.poll()
        isOver = exit != nil
        if let memory, isOver, group?.wasOutOfMemory == true { exceeded = .memory(limit: memory) }
        return exit
    }

    // MARK: What it uses

    override func measure() throws(SystemError) {
        if let group {
            usage = group.usage()
            return
        }
        let resident = look()
        usage = ResourceUsage(
            processorMicroseconds: family.reduce(0) { $0 + $1.processorMicroseconds },
            peakResident: max(peak, resident))
        peak = .zero
    }

    override func takeUsage() -> ResourceUsage? { usage.take() }

    override func watchDue(isBusy: Bool) -> BootTime? {
        guard memory != nil, group == nil, exceeded == nil else { return nil }
        return watchedAt + (isBusy ? WorkerLimits.watchInterval : WorkerLimits.idleWatchInterval)
    }

    override func watch(_ now: BootTime, isBusy: Bool) throws(SystemError) {
        guard let memory, let due = watchDue(isBusy: isBusy), now >= due else { return }
        watchedAt = now
        if now.since(countedAt) >= WorkerLimits.familyInterval {
            countedAt = now
            family = try ProcessTable().family(of: child.identifier, known: family)
        }
        let resident = look()
        peak = max(peak, resident)
        if resident > memory {
            exceeded = .memory(limit: memory)
        } else if family.count > WorkerLimits.maximumFamily {
            exceeded = .processes(limit: WorkerLimits.maximumFamily)
        }
        if exceeded != nil { try kill() }
    }

    /// Memory of those that are known to belong to it; forgets those that have gone.
    private func look() -> ByteCount {
        family = family.compactMap { known in
            let found = known.identifier == child.identifier ? leaderEntry : ProcessEntry(known.identifier)
            return found.flatMap { $0.isSame(as: known) && !$0.hasEnded ? $0 : nil }
        }
        return family.reduce(.zero) { $0 + $1.resident }
    }

    // MARK: Its end

    /// Rounds in which what was being started while others were ended is ended too.
    private static let rounds = 2

    /// Ends what belongs to it, in whatever group.
    private func endFamily() {
        if let group { return group.kill() }
        for _ in 0..<ChildWorker.rounds {
            guard let table = try? ProcessTable() else { return }
            let members = table.family(of: child.identifier, known: family + strays(table)).filter {
                !$0.hasEnded && $0.identifier != Program.processID
            }
            if members.isEmpty { return }
            family = members
            // The group first: what is being started in it meanwhile does not escape.
            try? child.signal(.kill)
            for member in members { try? Signal.kill.send(to: member.identifier) }
        }
    }

    /// What it has started, and has lost its parent, in whatever session.
    private func strays(_ table: ProcessTable) -> [ProcessEntry] {
        // Nothing of it is older than it is.
        let since = table.entries.first { $0.identifier == child.identifier }?.started ?? 0
        return table.entries.filter { $0.started >= since && LeftWorkers.isMarked($0.identifier, mark) }
    }
}
