import AgentCore
import Gateway
import Platform
import Quantities
import Sensors
import Telemetry
import Wire

/// Where `top` gets what it shows: from the agent, or where none runs from this machine's own files.
final class TopSource {
    /// Time that the agent has for an answer; longer would make the keys wait.
    private static let patience = TimeSpan.seconds(1)

    private let invocation: Invocation
    private let client: AgentClient?
    private var reader: BoardReader?

    init(_ invocation: Invocation) {
        self.invocation = invocation
        client = invocation.has("sysroot") ? nil : AgentClient(invocation)
    }

    /// Takes everything anew into the model.
    ///
    /// - Throws: where neither an agent answers nor files can be read.
    func look(into model: inout TopModel) throws(Failure) {
        model.wallMilliseconds = Clock.wallTime.milliseconds
        if let client, let status = try client.askIfRunning(.status, timeout: TopSource.patience) {
            model.take(status: status.value, at: Clock.bootTime.milliseconds)
            try lookAtAgent(client, &model)
        } else {
            model.take(status: nil, at: Clock.bootTime.milliseconds)
            try lookAtFiles(&model)
        }
        model.message = nil
    }

    /// The same, with what went wrong as the model's message.
    func lookAgain(into model: inout TopModel) {
        do throws(Failure) { try look(into: &model) } catch { model.message = error.message }
    }

    private func lookAtAgent(_ client: AgentClient, _ model: inout TopModel) throws(Failure) {
        do throws(Failure) {
            if let sample = try client.askIfRunning(.telemetry, timeout: TopSource.patience) {
                model.take(SampleView(sample.value))
            }
        } catch {
            // It has just started, and takes its first sample.
            guard error.code == .tryAgain else { throw error }
        }
        guard model.agent?.storeFault == nil else { return }
        if let tasks = try client.askIfRunning(.tasks, timeout: TopSource.patience) { model.take(tasks: tasks.value) }
        if let peers = try client.askIfRunning(.peers, timeout: TopSource.patience) { model.take(peers: peers.value) }
    }

    private func lookAtFiles(_ model: inout TopModel) throws(Failure) {
        let reader = if let reader { reader } else { try boardReader(invocation) }
        self.reader = reader
        model.softMillidegrees = Int64(reader.profile.thermal.soft.millidegrees)
        model.throttleMillidegrees = Int64(reader.profile.thermal.throttle.millidegrees)
        model.ratedMilliwatts = nil
        model.isRatedByGuess = false
        model.files =
            invocation.value("sysroot").map { "none is asked; these are the files under \($0)" }
            ?? "none is running; these are this machine's own files"
        var json = JSONWriter()
        reader.sample(at: Clock.bootTime).writeJSON(to: &json)
        do throws(JSONError) { model.take(SampleView(try JSONValue(parsing: Array(json.text.utf8)))) } catch {
            throw Failure(.internal, "a sample is not JSON: \(error.message)")
        }
    }
}
