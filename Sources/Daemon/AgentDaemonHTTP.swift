import AgentCore
import Cryptography
import Gateway
import Platform
import Quantities
import Wire

// The HTTP gateway: what comes in over it, and what is answered without asking the core.
extension AgentDaemon {
    /// Begins to serve HTTP where it is time to, and takes what has come in.
    mutating func serveHTTP() throws(SystemError) {
        if let state = try http.startIfDue(in: loop, now: Clock.bootTime) {
            if state != gateway { tell(state) }
            gateway = state
            core.gateway = state
            // What starting took is not needed any more: of the libraries behind the library nearly all.
            if case .listening = state { ResourceUsage.releaseFilePages() }
        }
        var round = 0
        repeat {
            round += 1
            for (exchange, answer) in http.serve(now: Clock.bootTime) { try take(exchange, answer) }
        } while http.goesOn(round: round)
    }

    private func tell(_ state: GatewayState) {
        switch state {
        case .off: break
        case .listening(let address):
            log.write(.notice, "HTTP is served at " + address)
            if !plan.settings.verifiesSignatures {
                log.write(
                    .warning,
                    "tasks that come over HTTP need not be signed (http.verify_signatures): whoever has the API key "
                        + "spends in any client's name")
            }
            if plan.settings.opensDelegation {
                log.write(.warning, "calls of the federation need no API key (http.open_delegation)")
            }
        case .failed(let address, let fault):
            log.write(.warning, "HTTP is not served at \(address), and will be tried again: \(fault)")
        }
    }

    private mutating func take(_ exchange: HTTPExchange, _ answer: HTTPAnswer) throws(SystemError) {
        switch answer {
        case .response(let response): respond(exchange, response)
        case .command(let command):
            let id = newCommand()
            http.wait(exchange, for: id)
            try carryOut(core.handle(.command(id, command), at: clock.now))
        case .metrics(let format):
            let page = MetricsPage.text(core.metrics(at: Clock.bootTime), programMetrics(), format)
            respond(exchange, HTTPResponse(200, Array(page.utf8), type: format.mediaType))
        case .alive: respond(exchange, HTTPResponse(200, json: #"{"status":"alive"}"#))
        case .ready:
            let reasons = core.unreadiness
            respond(exchange, HTTPResponse(reasons.isEmpty ? 200 : 503, json: AgentViews.readiness(reasons)))
        case .health: respond(exchange, HTTPResponse(200, json: core.healthJSON(at: Clock.bootTime)))
        case .client(let command, let call):
            guard call != .delegate || http.makesRoom() else { return respond(exchange, HTTPResponse(crowded: call)) }
            let id = newCommand()
            http.wait(exchange, for: id, call)
            if case .delegate(let request) = command { return try take(request, for: id) }
            try carryOut(core.handle(.client(id, command), at: clock.now))
        case .task(let body):
            guard http.makesRoom() else { return respond(exchange, HTTPResponse(crowded: .delegate)) }
            let id = newCommand()
            http.wait(exchange, for: id, .delegate)
            if try !offer(SignatureJob(id, .read(body, core.clientVerifier))) { try take(body.read(), for: id) }
        }
    }

    /// Hands work to the thread for it, from which it comes back; false where that has no room.
    private mutating func offer(_ job: SignatureJob) throws(SystemError) -> Bool {
        if signatures == nil { signatures = try SignatureThread(in: loop, token: Token.signatures) }
        return signatures?.offer(job) == true
    }

    /// Takes what the thread has done.
    mutating func takeChecked() throws(SystemError) {
        while let checked = signatures?.collect() {
            switch checked.outcome {
            case .read(let reading): try take(reading, for: checked.id)
            case .answered(let response):
                if let status = http.prepared(checked.id, response) { program.count(status: status) }
            }
        }
    }

    private mutating func take(_ reading: ClientBody.Reading, for id: CommandID) throws(SystemError) {
        switch reading {
        case .task(let request): try take(request, for: id)
        case .refused(let response):
            if let status = http.answer(id, { _ in response }) { program.count(status: status) }
        }
    }

    /// Hands a task to the core, where its client may wait for it.
    private mutating func take(_ request: ClientRequest, for id: CommandID) throws(SystemError) {
        guard http.admits(id, of: request.terms.source) else {
            if let status = http.answer(id, { HTTPResponse(crowded: $0) }) { program.count(status: status) }
            return
        }
        try carryOut(core.handle(.client(id, .delegate(request)), at: clock.now))
    }

    /// Puts the answers of this turn into words and signs them, while the disk is at work: by the thread where several
    /// clients wait.
    mutating func prepareAnswers() throws(SystemError) {
        for (id, answer) in unprepared {
            guard let call = http.call(of: id) else { continue }
            if http.waitingClients > 1, try offer(SignatureJob(id, .answer(answer, call, by: signer))) {
                http.prepareElsewhere(id)
            } else {
                _ = http.prepared(id, HTTPResponse(answer, to: call, by: signer))
            }
        }
        unprepared.removeAll(keepingCapacity: true)
    }

    /// Answers the client that waits for `id`.
    mutating func answer(_ id: CommandID, _ answer: ClientAnswer) {
        if let status = http.answer(id, answer, by: signer) { program.count(status: status) }
    }

    /// Signs proofs for clients.
    var signer: ClientSigner { ClientSigner(plan.identity.signing, Ed25519()) }

    private mutating func respond(_ exchange: HTTPExchange, _ response: HTTPResponse) {
        program.count(status: response.status)
        http.answer(exchange, response)
    }

    /// What the program knows of itself now; of the board only what the last sample said.
    private mutating func programMetrics() -> ProgramMetrics {
        program.connections = http.connections
        program.isConfigurationGood = standing.isSuccessful
        program.samples = sensors.taken
        program.missedSamples = sensors.missed
        program.sampleMicroseconds = sensors.lastMicroseconds
        program.processorMicroseconds = Clock.processNanoseconds / 1000
        program.residentMemory = try? ResourceUsage.residentMemory()
        // One of them is the listing's own.
        program.openDescriptors = (try? FileSystem.list("/proc/self/fd")).map { $0.count - 1 }
        // The wall clock may be set while the agent runs: the beginning moves with it, but not with its drift.
        let started = Clock.wallTime - Clock.bootTime.since(startedAt)
        let drift = started.since(program.started).milliseconds
        if drift > 2000 || drift < -2000 { program.started = started }
        return program
    }
}
