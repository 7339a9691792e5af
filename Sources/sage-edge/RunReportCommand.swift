import AgentCore
import EnergyProofs
import Quantities

// `report energy --by task`.
extension ReportRequest {
    /// The report on the runs of the time as it is written, and how many there are.
    mutating func runs(_ invocation: Invocation) throws(Failure) -> (text: String, entries: Int) {
        guard invocation.positionals.isEmpty else {
            throw Failure(
                .usage,
                "an export holds signed pages and no tasks: --by task asks the agent of the board, or its files",
                hint: "sage-edge report energy --by task")
        }
        guard format != .ocmf else {
            throw Failure(
                .usage, "an OCMF record is of registers that pages sign, and a task has no page of its own",
                hint: "sage-edge report energy --by hour --format ocmf")
        }
        let supply = try pages(invocation)
        if let supply { try complete(by: supply) }
        let periods = try periods(supply)
        let found = try RunSupply(invocation, supply, periods, choice.source)
        guard !found.runs.isEmpty || found.damaged == 0 else {
            throw Failure(
                .badData,
                counted(Int64(found.damaged), "record") + " of runs cannot be read, and no other is of the time "
                    + words(periods), hint: "sage-edge ledger verify")
        }
        guard !found.runs.isEmpty else {
            throw Failure(.noInput, "no run of a task ended " + words(periods), hint: "sage-edge tasks")
        }
        var report = RunReport(found.runs, pages: [], ofTime: SignedRegisters(), registers: SignedRegisters())
        var signed: ShownReport?
        if let supply {
            let time = try SignedTime(supply, periods, choice.source, runs: found.runs)
            report = RunReport(
                found.runs, pages: time.energy.totals, ofTime: time.ofTime, registers: time.registers)
            signed = ShownReport(energy: time.energy, board: supply.board, made: choice.now)
        }
        let shown = ShownRuns(
            report: report, periods: periods, signed: signed, damaged: found.damaged, made: choice.now)
        return (text(of: shown), found.runs.count)
    }

    /// The pages beside the runs; nil where an agent has none, since nothing shows its board's power.
    private func pages(_ invocation: Invocation) throws(Failure) -> PageSupply? {
        do throws(Failure) { return try PageSupply(invocation) } catch {
            guard error.code == .noInput, try AgentClient(invocation).askIfRunning(.status) != nil else { throw error }
            return nil
        }
    }

    private func text(of runs: ShownRuns) -> String {
        switch format {
        case .table: printable(runs.table)
        case .json: runs.json + "\n"
        case .csv: runs.csv
        case .html, .ocmf: runs.html
        }
    }
}
