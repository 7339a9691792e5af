import Configuration
import Platform
import Wire

let doctorCommand = CommandSpecification(
    ["doctor"], "Look for what commonly goes wrong, and say what mends it",
    options: [
        OptionSpecification("sysroot", value: "DIR", "Look only at the board whose files are under this folder")
    ],
    examples: ["doctor", "doctor --json", "doctor --sysroot ./captured-board"]
) { invocation throws(Failure) in
    let examination = DoctorExamination(invocation)
    let diagnosis = try examination.facts().diagnosis
    if invocation.wantsJSON {
        try Console.print { json in diagnosis.write(to: &json) }
    } else {
        try Console.print(diagnosis.text(width: Console.width) { Console.paint($0, $1) })
    }
    return diagnosis.isHealthy ? .success : .checkFailed
}
