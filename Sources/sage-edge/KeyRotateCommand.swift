import Configuration
import Cryptography
import Federation
import Platform
import Quantities
import Wire

let keyRotateCommand = CommandSpecification(
    ["key", "rotate"], "Replace this node's signing key; the agent must be stopped",
    options: [
        OptionSpecification("overlap-days", value: "N", "How long the old key counts, too: 0 to 90 (default 30)")
    ],
    examples: ["key rotate", "key rotate --overlap-days 7 --json"]
) { invocation throws(Failure) in
    let paths = StatePaths(state: invocation.value("state"))
    let days = try invocation.number("overlap-days", in: 0...90) ?? 30
    let domain = try loadConfiguration(invocation).0.federation.domain
    guard Clock.timeStatus == .synchronized || invocation.value("overlap-days") == "0" else {
        throw Failure(
            .tryAgain, "this board's clock is not synchronised, so no end of the overlap can be named",
            hint: "wait for the time service, or choose --overlap-days 0")
    }
    let held = try lock(paths)
    let succession = try keyFiles { () throws(KeyFileError) in
        try NodeKeys.rotate(paths, overlap: .seconds(days * 86_400), at: Clock.wallTime, in: domain)
    }
    // Until here no agent could start.
    _ = consume held
    guard let succession else {
        throw Failure(.noInput, "no keys in \(paths.keys)", hint: "sage-edge key generate")
    }
    try show(succession, invocation)
    return .success
}

/// The lock that a running agent would hold.
private func lock(_ paths: StatePaths) throws(Failure) -> LockFile {
    let holder: Int32?
    do throws(SystemError) {
        switch try LockFile.acquire(paths.lock) {
        case .acquired(let lock): return lock
        case .held(let process): holder = process
        }
    } catch {
        guard error.errno == .noEntry else { throw failure(error) }
        throw Failure(.noInput, "no keys in \(paths.keys)", hint: "sage-edge key generate")
    }
    throw Failure(
        .tryAgain, "an agent is running" + (holder.map { " (process \($0))" } ?? ""),
        hint: "stop it first: systemctl stop sage-edge")
}

private func show(_ succession: CountersignedSuccession, _ invocation: Invocation) throws(Failure) {
    let payload = succession.payload
    if invocation.wantsJSON {
        return try Console.print { json in
            json.member("old_fingerprint", payload.old.id.fingerprint)
            json.member("new_fingerprint", payload.new.id.fingerprint)
            json.member("overlap_until_ms", payload.overlapEnd.milliseconds)
            json.member("succession", IdentityText.succession(succession).text)
        }
    }
    var table = TextTable()
    table.row("old key", payload.old.id.fingerprint)
    table.row("new key", payload.new.id.fingerprint)
    table.row("both count until", CivilTime(payload.overlapEnd).text)
    try Console.print(
        table.text()
            + "Every peer must learn of it before this agent starts:\n"
            + "  here:            sage-edge key export --succession > this-board.succession\n"
            + "  on every peer:   sage-edge peers add this-board.succession")
}
