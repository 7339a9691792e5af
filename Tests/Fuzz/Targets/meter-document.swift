// What an external meter says: whatever comes, a document that is taken in tells numbers that a meter can show, and
// tells them again when it is written anew.

import Quantities
import Telemetry

func fuzz(_ input: [UInt8]) {
    guard let document = try? MeterDocument(input) else { return }
    precondition(document.power != nil || document.counter != nil, "a document that says nothing was taken in")
    precondition((document.power?.microwatts.magnitude ?? 0) <= TelemetryLimits.microwatts.magnitude, "too much power")
    precondition((document.counter?.microjoules ?? 0) <= TelemetryLimits.counterMicrojoules, "too much energy")
    var members: [String] = []
    if let power = document.power { members.append("\"power_uw\": \(power.microwatts)") }
    if let counter = document.counter { members.append("\"energy_uj\": \(counter.microjoules)") }
    let written = "{" + members.joined(separator: ", ") + "}"
    precondition((try? MeterDocument(Array(written.utf8))) == document, "a document written anew is another")
}
