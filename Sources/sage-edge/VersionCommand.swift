import Platform
import Wire

/// The program's version.
enum Version {
    /// Semantic version of this source tree.
    static let text = "0.1.0"
}

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
