import Wire

let completionCommand = CommandSpecification(
    ["completion"], "Print the completion script for bash, zsh or fish", positionals: ["SHELL"],
    examples: ["completion bash > sage-edge.bash", "completion fish > sage-edge.fish"]
) { invocation throws(Failure) in
    let name = invocation.positionals[0]
    guard let shell = CompletionScript.Shell(rawValue: name) else {
        let known = CompletionScript.Shell.allCases.map { $0.rawValue }.joined(separator: ", ")
        throw Failure(.usage, "there is no completion for '\(name)'; there is for: \(known)")
    }
    let script = CompletionScript(allCommands).text(for: shell)
    if invocation.wantsJSON {
        try Console.print { $0.member("script", script) }
    } else {
        try Console.write(script)
    }
    return .success
}

/// The manual pages; those of the package are made by it.
let manualCommand = CommandSpecification(
    ["manual"], "Print a manual page in roff", positionals: ["[TOPIC]"],
    examples: ["manual", "manual sage-edge.yaml"]
) { invocation throws(Failure) in
    let name = invocation.positionals.first ?? "sage-edge"
    let page: String
    switch name {
    case ManualPage.topics[0]: page = ManualPage.commands(allCommands)
    case ManualPage.topics[1]: page = ManualPage.configuration()
    default:
        throw Failure(.usage, "there is no page '\(name)'; there are: " + ManualPage.topics.joined(separator: ", "))
    }
    if invocation.wantsJSON {
        try Console.print { $0.member("page", page) }
    } else {
        try Console.write(page)
    }
    return .success
}
