import AgentCore
import Cryptography
import Daemon
import Federation
import Gateway
import Ledger
import Quantities
import Wire

let disputeCommands = [
    CommandSpecification(
        ["disputes", "list"], "List results of peers that were false, newest first",
        examples: ["disputes list", "disputes list --json"]
    ) { invocation throws(Failure) in
        let answer = try AgentClient(invocation).ask(.disputes)
        try Console.print(invocation.wantsJSON ? answer.line : disputesText(answer.value))
        return .success
    },
    CommandSpecification(
        ["disputes", "show"], "Show what speaks against a result", positionals: ["ID"],
        examples: ["disputes show 3f9a27c0", "disputes show 3f9a27c0 --json"]
    ) { invocation throws(Failure) in
        let answer = try dispute(invocation)
        try Console.print(invocation.wantsJSON ? answer.line : printable(disputeText(answer.value)))
        return .success
    },
    CommandSpecification(
        ["disputes", "export"], "Write the evidence to a file that anybody can verify", positionals: ["ID"],
        options: [OptionSpecification("output", value: "FILE", "The file; without it, standard output")],
        examples: ["disputes export 3f9a27c0 --output thor.dispute", "disputes export 3f9a27c0 > thor.dispute"]
    ) { invocation throws(Failure) in
        let path = invocation.value("output") ?? "-"
        if path == "-" {
            let hint = "sage-edge disputes export ID --output FILE"
            guard !Console.isTerminal else { throw Failure(.usage, "evidence is no text for a terminal", hint: hint) }
            guard !invocation.wantsJSON else { throw Failure(.usage, "--json needs --output FILE", hint: hint) }
        }
        let answer = try dispute(invocation)
        guard let evidence = answer.value["evidence"]?.text.flatMap({ Base64.decode($0) }) else {
            throw Failure(.checkFailed, "the agent sent no evidence")
        }
        try writeFile(path, evidence)
        if invocation.wantsJSON {
            try Console.print { json in
                json.member("file", path)
                json.member("task", answer.value.word("task"))
                json.member("bytes", evidence.count)
            }
        } else {
            Console.note(
                "the evidence about task \(answer.value.word("task"))" + (path == "-" ? "" : " is in \(path)"))
        }
        return .success
    },
    CommandSpecification(
        ["disputes", "verify"], "Check a file of evidence, and say what it proves", positionals: ["FILE"],
        options: [
            OptionSpecification("worker-key", value: "PEM", "The public key that must have signed the proof"),
            OptionSpecification("payer-key", value: "PEM", "The public key that must have signed the task"),
            OptionSpecification("federation", value: "NAME", "The federation that it must be of"),
        ],
        examples: [
            "disputes verify thor.dispute",
            "disputes verify thor.dispute --worker-key thor.pem --federation home",
        ]
    ) { invocation throws(Failure) in try verifyDispute(invocation) },
]

private let exportHint = "sage-edge disputes export ID --output FILE makes such a file"

private func verifyDispute(_ invocation: Invocation) throws(Failure) -> ExitCode {
    let path = invocation.positionals[0]
    let worker = try publicKey(invocation.value("worker-key"))
    let payer = try publicKey(invocation.value("payer-key"))
    let expected = try ExpectedFederation(invocation)
    let bytes = try readFile(path, limit: DisputeEvidence.fileBytes, hint: exportHint)
    let findings: DisputeFindings
    do throws(DisputeEvidenceError) {
        let evidence = try DisputeEvidence(decoding: bytes)
        findings = try evidence.verify(
            expectedDomain: expected.domain(epoch: evidence.domain.configurationEpoch), payer: payer, worker: worker,
            using: Ed25519(), by: OperationVerifier())
    } catch {
        var hint: String?
        if case .otherFederation = error { hint = "wanted was " + expected.origin }
        if case .malformed = error { hint = StrangeFile(bytes, at: path)?.hint ?? exportHint }
        throw Failure.notVerified(path, error.explanation).hinting(hint)
    }
    let owners = (
        payer: try owner(of: findings.payer, isExpected: payer != nil, invocation),
        worker: try owner(of: findings.worker, isExpected: worker != nil, invocation)
    )
    if invocation.wantsJSON {
        try Console.print { json in
            findings.write(to: &json)
            json.member("payer", owners.payer)
            json.member("worker", owners.worker)
            json.member("federation_expected", expected.isKnown)
        }
        return findings.holds ? .success : .checkFailed
    }
    var lines = [
        findings.isAllChecked
            ? Console.paint("\(path): every signature is valid", .green)
            : Console.paint("\(path): not every signature could be checked", .yellow)
    ]
    lines += findings.sentences.map { printable($0) }
    lines.append("payer:  \(findings.payer.id.fingerprint), \(printable(owners.payer))")
    lines.append("worker: \(findings.worker.id.fingerprint), \(printable(owners.worker))")
    if !expected.isKnown { lines.append("The federation was not checked; --federation NAME does that.") }
    try Console.print(lines.joined(separator: "\n"))
    return findings.holds ? .success : .checkFailed
}

/// The dispute whose task's id begins with the command's argument, with all that is known of it.
private func dispute(_ invocation: Invocation) throws(Failure) -> AgentClient.Answer {
    let client = AgentClient(invocation)
    let prefix = invocation.positionals[0]
    if let id = TaskID(text: prefix) { return try client.ask(.dispute(task: id)) }
    guard (4..<32).contains(prefix.utf8.count), prefix.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit })
    else {
        throw Failure(
            .usage, "'\(printable(prefix))' is not the id of a task, nor at least four digits of one",
            hint: "sage-edge disputes list")
    }
    let known = try client.ask(.disputes).value["disputes"]?.elements ?? []
    let found = known.compactMap { $0["task"]?.text }.filter { $0.hasPrefix(prefix.lowercased()) }
    guard let first = found.first, let id = TaskID(text: first) else {
        throw Failure(.noInput, "no dispute's task begins with \(prefix)", hint: "sage-edge disputes list")
    }
    guard found.count == 1 else {
        throw Failure(
            .usage, "\(found.count) disputed tasks' ids begin with \(prefix): give more digits",
            hint: "sage-edge disputes list")
    }
    return try client.ask(.dispute(task: id))
}

private func disputesText(_ answer: JSONValue) -> String {
    let disputes = answer["disputes"]?.elements ?? []
    if disputes.isEmpty { return "no disputes" }
    var table = TextTable(header: ["task", "peer", "operation", "decided", "reason", ">claimed", ">found"])
    for dispute in disputes {
        table.row([
            String(dispute.word("task").prefix(12)), dispute.word("peer"), dispute.word("operation"),
            (dispute["ago_ms"]?.number).map { duration(milliseconds: $0) + " ago" } ?? "-", dispute.word("reason"),
            share(dispute, "claimed_bp"), share(dispute, "verified_bp"),
        ])
    }
    return printable(table.text())
}

private func disputeText(_ dispute: JSONValue) -> String {
    let (order, proof) = (dispute["order"] ?? .null, dispute["proof"] ?? .null)
    var table = TextTable()
    table.row("task", dispute.word("task"))
    table.row("peer", dispute.word("peer"))
    table.row("operation", dispute.word("operation"))
    if let ago = dispute["ago_ms"]?.number { table.row("decided", duration(milliseconds: ago) + " ago") }
    table.row("not paid because", dispute.word("reason"))
    table.row("claimed quality", share(dispute, "claimed_bp"))
    table.row(
        "found quality",
        share(dispute, "verified_bp") + (dispute["basis"]?.text.map { ", \($0)" } ?? ""))
    if order["hash"] != nil {
        table.row("input", "\(order.word("input_bytes")) bytes")
        table.row("locked", order.energy("budget_mj"))
        table.row("least quality", share(order, "minimum_quality_bp"))
    }
    table.row("it took", "\(proof.word("execution_ms")) ms, \(proof.energy("energy_mj"))")
    table.row("it asked", proof.energy("charged_mj"))
    table.row("its result", proof.word("result_hash"))
    for replica in dispute["replicas"]?.elements ?? [] {
        let who = replica["peer"]?.text ?? "a former peer"
        if replica["attested_bp"]?.number != nil {
            table.row("witness " + who, "it is worth " + share(replica, "attested_bp"))
        } else {
            table.row("that of " + who, replica.word("result_hash"))
        }
    }
    if let own = dispute["own_result_hash"]?.text { table.row("that of this board", own) }
    return table.text()
}
