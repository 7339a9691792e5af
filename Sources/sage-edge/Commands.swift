/// Every command, in the order help lists them.
let allCommands: [CommandSpecification] =
    [runCommand, statusCommand, topCommand, telemetryCommand, energyHistoryCommand]
    + proofCommands + reportCommands + [delegateCommand] + decisionCommands + taskCommands + ledgerCommands
    + peerCommands + disputeCommands + identityCommands + keyCommands + configCommands + profileCommands
    + [doctorCommand, completionCommand, versionCommand, workersCommand, workerCommand, manualCommand]
