import Platform
import Workers

let workersCommand = CommandSpecification(
    ["workers"], "Start workers for an agent, as a service of its own",
    options: [
        OptionSpecification("listen", value: "PATH", "Take orders at this Unix socket instead of systemd's")
    ],
    examples: ["workers --listen /run/sage-edge-workers.sock"]
) { invocation throws(Failure) in
    let isServed: Bool
    do throws(SystemError) {
        // Before the workers, which must not be ended by them.
        let signals = try SignalSource([.terminate, .interrupt])
        if let path = invocation.value("listen") {
            try serve(StreamListener(at: path, mode: 0o660), until: signals)
            isServed = true
        } else if let listener = try StreamListener.activated() {
            try serve(listener, until: signals)
            isServed = true
        } else {
            isServed = false
        }
    } catch { throw failure(error) }
    guard isServed else {
        throw Failure(
            .usage, "no socket was handed over by the service manager",
            hint: "sage-edge workers --listen PATH, or systemctl start sage-edge-workers.socket")
    }
    return .success
}

private func serve(_ listener: consuming StreamListener, until signals: borrowing SignalSource) throws(SystemError) {
    var service = try WorkerService(listener, groups: ControlGroups.delegated())
    ServiceSupervisor().tell([.ready])
    try service.run(until: signals)
}
