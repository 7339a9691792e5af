import Cryptography
import EnergyProofs

extension ShownReport {
    /// The entries as signed metering records, one a line.
    func meteringExport(signedWith key: SigningKey) throws(Failure) -> String {
        let entries = energy.entries
        guard entries.count <= EnergyProofLimits.meteringRecords else {
            throw Failure(
                .badData, "\(entries.count) entries are more than one metering export holds",
                hint: "sage-edge report energy --by day --format ocmf")
        }
        let scheme = Ed25519()
        return entries.map { entry in
            let record = MeteringRecord(of: entry, in: energy, board: board, version: Version.text)
            return record.line(signedWith: key, by: scheme) + "\n"
        }.joined()
    }
}
