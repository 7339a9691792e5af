import Federation
import Ledger
import Quantities
import Wire

// Credits for clients that have no ledger of their own.
extension AgentMachine {
    /// Moves `amount` from this board's own account to that of `client`, or back.
    mutating func grant(_ amount: Energy, _ client: LCT, takesBack: Bool, for command: CommandID) {
        if isStopping { return reply(command, CommandReply(.unavailable, "the agent is shutting down")) }
        guard let other = AccountID(client.text) else {
            return reply(command, CommandReply(.invalid, "'\(client.text)' cannot have an account"))
        }
        let (from, to) = takesBack ? (other, account) : (account, other)
        do throws(LedgerError) {
            _ = try tryApply(.grant(GrantRequest(task: newTask(), from: from, to: to, amount: amount)))
        } catch {
            return reply(command, CommandReply(.failed, error.explanation, hint: "sage-edge ledger balance"))
        }
        reply(command, AgentViews.granted(amount, client, takesBack: takesBack, ledger.image))
    }
}

extension AgentViews {
    /// What a grant left on both sides.
    static func granted(_ amount: Energy, _ client: LCT, takesBack: Bool, _ image: LedgerImage) -> CommandReply {
        CommandReply(
            object { json in
                json.member("account", client.text)
                AgentViews.amount(takesBack ? "taken_back_mj" : "granted_mj", amount, &json)
                let available = AccountID(client.text).flatMap { image.accounts[$0]?.available } ?? .zero
                AgentViews.amount("available_mj", available, &json)
            })
    }
}
