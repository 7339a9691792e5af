import Platform
import Wire

let versionCommand = CommandSpecification(
    ["version"], "Print the version", examples: ["version", "version --json"]
) { invocation throws(Failure) in
    if invocation.wantsJSON {
        try Console.print { json in
            json.member("version", Version.text)
            json.member("architecture", Host.machine)
        }
    } else {
        try Console.print("sage-edge \(Version.text) (\(Host.machine))")
    }
    return .success
}
