import AgentCore
import EnergyProofs
import Gateway
import Platform
import Quantities

/// Options that choose pages by source and time.
let timeOptions = [
    OptionSpecification("source", value: "ID", "Only this source, by its name or what that begins with"),
    OptionSpecification("from", value: "TIME", "Windows that end after this: 3d, 2026-11-27, …"),
    OptionSpecification("to", value: "TIME", "Windows that end at this or before"),
    OptionSpecification("utc-offset", value: "HH:MM", "The clock that is meant, such as +01:00"),
]

/// The source and time that an invocation chooses.
struct TimeChoice {
    /// The source; nil for all.
    private(set) var source: SourceID?
    /// Where it begins; nil where that is not said.
    let from: WallTime?
    /// Where it ends; nil where that is not said.
    let to: WallTime?
    /// How far the clock that is meant is ahead of UTC.
    let offset: TimeSpan
    /// When the command was given.
    let now = Clock.wallTime

    init(_ invocation: Invocation) throws(Failure) {
        offset = try TimeChoice.offset(invocation)
        from = try TimeChoice.time("from", invocation, now, offset)
        to = try TimeChoice.time("to", invocation, now, offset)
        source = try TimeChoice.source(invocation)
        if let from, let to, from >= to {
            throw Failure(.usage, "--from is not before --to: \(CivilTime(from).text), \(CivilTime(to).text)")
        }
    }

    /// What is said of a beginning that lies ahead; nil where it does not.
    func ahead(hint: String) -> Failure? {
        guard let from, from >= now else { return nil }
        return Failure(
            .usage,
            "--from lies ahead: \(CivilTime(from, offset: offset).text), and now it is "
                + CivilTime(now, offset: offset).text, hint: hint)
    }

    /// The pages that are chosen, from number `first` on.
    func selection(first: UInt64 = 0) -> PageSelection {
        PageSelection(source: source, first: first, from: from, to: to)
    }

    /// Takes the source for the one that it names among those of `supply`; where it names none, it stays as it is.
    ///
    /// - Throws: `usage` where it names more than one.
    mutating func complete(by supply: PageSupply) throws(Failure) {
        guard let given = source else { return }
        let named = try supply.sources(named: given)
        guard named.count < 2 else { throw Failure(.usage, SourceID.noProof(of: given, among: named)) }
        source = named.first ?? given
    }

    private static func offset(_ invocation: Invocation) throws(Failure) -> TimeSpan {
        guard let text = invocation.value("utc-offset") else { return .zero }
        guard let offset = TimeArgument.offset(text) else {
            throw Failure(.usage, "--utc-offset takes a distance from UTC such as +01:00, not '\(text)'")
        }
        return offset
    }

    private static func time(
        _ name: String, _ invocation: Invocation, _ now: WallTime, _ offset: TimeSpan
    ) throws(Failure) -> WallTime? {
        guard let text = invocation.value(name) else { return nil }
        guard let time = TimeArgument.time(text, now: now, offset: offset) else {
            throw Failure(.usage, "--\(name) takes \(TimeArgument.forms), not '\(text)'")
        }
        return time
    }

    private static func source(_ invocation: Invocation) throws(Failure) -> SourceID? {
        guard let text = invocation.value("source") else { return nil }
        guard let source = SourceID(text) else {
            throw Failure(
                .usage, "--source takes the name of a source, such as compute:orin-nano-8gb, not '\(text)'",
                hint: knownSources(invocation))
        }
        return source
    }

    /// What tells the sources that can be named: the running agent's, or where none answers a command that lists them.
    private static func knownSources(_ invocation: Invocation) -> String {
        let status = (try? AgentClient(invocation).askIfRunning(.status))?.value
        let names = (status?["sources"]?.elements ?? []).compactMap { $0["source"]?.text }
        return names.isEmpty
            ? "sage-edge report energy --by source" : "there are: " + names.joined(separator: ", ")
    }
}
