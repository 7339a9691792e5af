import Cryptography
import Federation
import Ledger
import Quantities

// An agent whose store cannot be used measures and answers, and does nothing that would have to be remembered:
// no page, no lock, no message. What its store holds is not touched, and is all there when it can be used again.
extension AgentMachine {
    /// An agent that has no store, because of `fault`; the other parameters are those of an ordinary one.
    public init(
        withoutStore fault: String, identity: AgentIdentity, settings: AgentSettings, scheme: any SignatureScheme,
        verifier: any ResultVerifier, bootID: Bytes16, seed: Bytes32, now: Moment
    ) {
        let nothing = StoreImage(ledger: LedgerImage(), storeEpoch: StoreEpoch(0), bootEpoch: 0)
        self.init(
            identity, settings, scheme, verifier, nothing, RestoredRecords(), bootID: bootID, seed: seed, now: now)
        storeFault = fault
    }

    /// Has the store take something, so that it is seen whether it does.
    public mutating func proveStore(at now: Moment) -> [AgentEffect] {
        guard storeFault == nil else { return [] }
        begin(now)
        putOffClock()
        staging.hurry()
        return finish()
    }

    /// What an event comes to where nothing can be stored because of `fault`.
    mutating func effects(of event: AgentEvent, without fault: String) -> [AgentEffect] {
        switch event {
        case .sample(let sample):
            energy.show(sample)
            watchSensors(sample)
            for change in energy.takeThrottleChanges() { log(change.level, change.text) }
            defer { effects = [] }
            return effects
        case .command(let id, .status): return [.reply(id, CommandReply(statusJSON))]
        case .command(let id, .telemetry): return [.reply(id, telemetryReply)]
        case .command(let id, _):
            let refusal = CommandReply(
                .unavailable, "the agent only measures, since its store cannot be used: " + fault,
                hint: "mend what is wrong with the ledger's file or its disk; the agent tries again by itself")
            return [.reply(id, refusal)]
        case .client(let id, _):
            return [.answer(id, .unavailable("the agent only measures, since its store cannot be used: " + fault))]
        case .stopping: isStopping = true
        case .commandAbandoned, .work, .persisted, .records, .timer, .configured: break
        }
        return []
    }
}
