import Cryptography
import Quantities
import Wire

extension Decision {
    /// The decision as one JSON object: outcome, every candidate, and the reason each one lost.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        switch outcome {
        case .local:
            json.member("decision", "local")
        case .delegate(let node, let platform):
            json.member("decision", "delegate")
            json.member("platform", platform.text)
            json.member("node", node.text)
        case .refuse(let reason):
            json.member("decision", "refuse")
            json.member("reason", reason.name)
            json.member("explanation", reason.explanation)
        }
        json.member("sparing", isSparing)
        json.key("candidates")
        json.beginArray()
        for candidate in candidates { candidate.write(to: &json) }
        json.endArray()
        json.key("fallback")
        json.beginArray()
        for index in ranking.dropFirst() { json.string(candidates[index].platform.text) }
        json.endArray()
        json.endObject()
    }

    /// The decision as lines of at most 80 columns.
    public var table: String {
        var text = "place             time      p95       energy      cost        based on\n"
        for candidate in candidates {
            text += padded(candidate.isHere ? "here" : candidate.platform.text, 16) + "  "
            text += padded(shortTime(candidate.time), 8) + "  " + padded(shortTime(candidate.timeP95), 8) + "  "
            text += padded(shortEnergy(candidate.energy), 10) + "  " + padded(shortEnergy(candidate.cost), 10) + "  "
            text += candidate.basis.name + "\n"
            text += candidate.loss.map { "    no:  " + $0.explanation } ?? "    yes: " + why
            text += "\n"
        }
        return text + "=> " + sentence + "\n"
    }

    /// The decision in a few words.
    public var sentence: String {
        switch outcome {
        case .local: "run here"
        case .delegate(_, let platform): "delegate to " + platform.text
        case .refuse(let reason): "refuse: " + refuser(for: reason) + reason.explanation
        }
    }

    /// Names the peer whose reason decides, where it is a peer's.
    private func refuser(for reason: LossReason) -> String {
        guard let place = candidates.first(where: { $0.loss == reason }), !place.isHere else { return "" }
        return place.platform.text + ": "
    }

    private var why: String {
        if ranking.count == 1 { return "the only place that can" }
        let stays = ranking.contains { index in
            if case .notWorthMoving = candidates[index].loss { true } else { false }
        }
        return stays ? "it ran there last, and no place is enough cheaper" : "the least cost"
    }
}

extension Candidate {
    fileprivate func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("platform", platform.text)
        json.member("node", node.text)
        json.member("here", isHere)
        json.member("time_ms", time.milliseconds)
        json.member("time_p95_ms", timeP95.milliseconds)
        json.member("energy_mj", "\(energy.millijoules)")
        json.member("transmit_mj", "\(transmit.millijoules)")
        json.member("waiting_mj", "\(waiting.millijoules)")
        json.member("price_mj", "\(price.millijoules)")
        json.member("doubt_mj", "\(doubt.millijoules)")
        json.member("risk_mj", risk.map { "\($0.millijoules)" })
        json.member("lock_mj", "\(lock.millijoules)")
        json.member("cost_mj", "\(cost.millijoules)")
        json.member("prediction", basis.name)
        json.member("chosen", loss == nil)
        json.member("reason", loss?.name)
        json.member("explanation", loss?.explanation)
        json.endObject()
    }
}

/// `text` with spaces up to `width` bytes, or cut to it with a tilde at the end.
private func padded(_ text: String, _ width: Int) -> String {
    let bytes = Array(text.utf8)
    if bytes.count <= width { return text + String(repeating: " ", count: width - bytes.count) }
    return String(decoding: bytes.prefix(width - 1), as: UTF8.self) + "~"
}
