/// Every command, in the order help lists them.
let allCommands: [CommandSpecification] =
    [runCommand, statusCommand, telemetryCommand] + proofCommands + [delegateCommand] + taskCommands + ledgerCommands
    + peerCommands + keyCommands + configCommands + [versionCommand, workerCommand]
