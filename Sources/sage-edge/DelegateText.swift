import Gateway
import Quantities
import Workers

/// Who ran a task, what it took, and what was paid for it.
func outcomeText(_ answer: JSONValue) -> String {
    var table = TextTable()
    table.row("task", answer.word("task"))
    table.row("ran on", answer.word("platform") + " in " + answer.time("execution_ms"))
    table.row("energy", answer.energy("energy_mj") + ", " + answer.word("energy_class"))
    table.row("paid", answer.energy("paid_mj"))
    table.row("quality", answer.share("quality_bp") + ", " + answer.word("quality_basis"))
    table.row("result", answer.word("result_hash"))
    for link in answer["below"]?.elements ?? [] { table.row("handed on", belowText(link)) }
    for attempt in answer["attempts"]?.elements ?? [] {
        table.row("failed", "on " + attempt.word("platform") + ": " + attempt.word("reason"))
    }
    return table.text()
}

/// Where a task was handed on to, what it took and cost there, and whether its proof could be checked.
func belowText(_ link: JSONValue) -> String {
    let standing =
        switch link.word("proof") {
        case "signed": "proven"
        case "not_signed": "not signed by it"
        default: "its key is not known here"
        }
    return "to " + link.word("platform") + ": " + link.energy("energy_mj") + ", paid " + link.energy("paid_mj") + ", "
        + standing
}

/// Features of a frame.
func featureText(_ features: PerceptionFeatures) -> String {
    func level(_ thousandths: UInt32) -> String { decimal(tenthsOf: Int64(thousandths)) }
    func share(_ share: BasisPoints) -> String { percent(basisPoints: Int64(share.value)) }
    var table = TextTable()
    table.row("frame", "\(features.width) x \(features.height)")
    table.row("brightness", level(features.brightness) + " of 255, contrast " + level(features.contrast))
    table.row(
        "levels",
        features.percentiles.map { "\($0)" }.joined(separator: " ") + " at "
            + PerceptionFeatures.percentages.map { "\($0)" }.joined(separator: " ") + " %")
    table.row("edges", share(features.edgeShare))
    let regions = features.regions
    table.row(
        "regions",
        "\(regions.count) " + (regions.areBright ? "bright" : "dark") + ", covering " + share(regions.coveredShare))
    if let largest = regions.largest {
        table.row(
            "largest",
            "\(largest.width) x \(largest.height) at \(largest.x), \(largest.y), covering " + share(largest.share))
    }
    if let motion = features.motion {
        table.row(
            "motion", share(motion.changedShare) + " changed, by " + level(motion.meanDifference) + " of 255 on average"
        )
    }
    let digits = String(features.perceptualHash, radix: 16)
    table.row("hash", String(repeating: "0", count: 16 - digits.utf8.count) + digits)
    return table.text()
}
