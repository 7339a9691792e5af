import Gateway
import Quantities

// Identities as text.

/// The text of an `identities` answer.
func identitiesText(_ answer: JSONValue) -> String {
    let identities = answer["identities"]?.elements ?? []
    let trusted = answer["trusted_keys"]?.elements ?? []
    let successions = answer["successions"]?.elements ?? []
    if identities.isEmpty, trusted.isEmpty, successions.isEmpty {
        return "no certified identities and no trusted keys\n"
            + "make one: sage-edge identity mint, trust one: sage-edge peers add NAME --key FILE"
    }
    var sections: [String] = []
    if !identities.isEmpty {
        var table = TextTable(header: ["identity", "valid until", "standing"])
        for identity in identities {
            table.row([identity.word("lct"), moment(identity, "valid_until_ms"), identity.word("standing")])
        }
        sections.append(table.text())
    }
    if !trusted.isEmpty {
        var table = TextTable(header: ["trusted by name", "key"])
        for key in trusted { table.row([key.word("name"), key.word("fingerprint")]) }
        sections.append(table.text())
    }
    if !successions.isEmpty {
        var table = TextTable(header: ["old key", "new key", "both until"])
        for one in successions {
            table.row([one.word("old_fingerprint"), one.word("new_fingerprint"), moment(one, "overlap_until_ms")])
        }
        sections.append(table.text())
    }
    return printable(sections.joined(separator: "\n"))
}

/// The text of what one certificate, revocation or succession says.
func certificateText(_ answer: JSONValue) -> String {
    var table = TextTable()
    if answer["lct"] != nil {
        write(answer, to: &table)
        for creator in answer["creators"]?.elements ?? [] {
            table.row("below", creator.word("lct") + ", key " + creator.word("fingerprint"))
        }
    } else if answer["revoked"] != nil {
        table.row("revoked", answer.word("revoked") + ", key " + answer.word("fingerprint"))
        table.row("by the key", answer.word("revoked_by"))
        table.row("signed", moment(answer, "signed_at_ms"))
    } else {
        table.row("old key", answer.word("old_fingerprint"))
        table.row("new key", answer.word("new_fingerprint"))
        table.row("both count until", moment(answer, "overlap_until_ms"))
    }
    return printable(table.text())
}

private func write(_ certificate: JSONValue, to table: inout TextTable) {
    table.row("identity", certificate.word("lct"))
    table.row("key", certificate.word("fingerprint"))
    table.row("creator's key", certificate.word("creator_fingerprint"))
    table.row("platform's key", certificate.word("platform_fingerprint"))
    table.row("permissions", certificate.word("permissions"))
    let daily = certificate["daily_atp_mj"]?.text == nil ? "no ceiling" : certificate.energy("daily_atp_mj")
    table.row("ATP a day", daily)
    table.row("memory", certificate.memory("memory_bytes"))
    table.row("cores", certificate.word("cores"))
    table.row("tasks at a time", certificate.word("concurrent_tasks"))
    table.row("valid", moment(certificate, "valid_from_ms") + " to " + moment(certificate, "valid_until_ms"))
}

private func moment(_ answer: JSONValue, _ key: String) -> String {
    answer[key]?.number.map { utc(milliseconds: $0) } ?? "?"
}
