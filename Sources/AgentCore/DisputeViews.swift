import Cryptography
import Federation
import Ledger
import Quantities
import Wire

extension DisputeFindings {
    /// What the evidence proves and what it does not, a sentence each.
    public var sentences: [String] {
        let order = task.payload
        var sentences = [
            "The key \(payer.id.fingerprint) has signed the task: \(order.operation.name) on "
                + "\(order.input.size.bytes) bytes of input.",
            "The key \(worker.id.fingerprint) has signed the proof: for that task, a result of quality "
                + "\(proof.payload.quality.percent), \(proof.payload.work.energy.millijoules) mJ.",
        ]
        switch isResultSigned {
        case true?: sentences.append("The result in the file is the one that the proof names.")
        case false?:
            sentences.append(
                "The result in the file is not the one that the proof names; anybody may have put it there.")
        case nil: sentences.append("The result itself is not in the file.")
        }
        switch verdict {
        case .resultFalse: sentences.append("The result is false: the operation was run again here, and gives another.")
        case .resultRight:
            sentences.append("The result is right: the operation was run again here, and gives the same.")
        case .proofDoesNotFit:
            sentences.append("The proof does not fit the task: by what it says itself nothing is due for it.")
        case .open:
            sentences.append(
                "This program cannot run the operation on what is in the file: who is right stays open.")
        }
        for replica in replicas {
            let who = "The key \(replica.signer.fingerprint) has signed a proof "
            guard !isWitnessed else {
                sentences.append(witnessSentence(replica))
                continue
            }
            switch replica.agrees {
            case true?: sentences.append(who + "of the same result.")
            case false?: sentences.append(who + "of another result.")
            case nil: sentences.append(who + "of a result that is not in the file.")
            }
        }
        for one in unchecked {
            sentences.append(
                "Not checked is the signature of \(one.part.name), since its key is not in the file: "
                    + "\(one.signer.fingerprint). It proves nothing.")
        }
        if !replicas.isEmpty, !isWitnessed {
            sentences.append("That those were for the same input is the payer's word.")
        }
        switch ownAgrees {
        case true?: sentences.append("The payer's own run gave the same result; that is its word.")
        case false?: sentences.append("The payer's own run gave another result; that is its word.")
        case nil: break
        }
        sentences.append("The payer's word on why it did not pay: \(dispute.reason.explanation).")
        return sentences
    }

    private func witnessSentence(_ witness: Replica) -> String {
        let who = "The key \(witness.signer.fingerprint) has signed as a witness "
        guard let attestation = witness.attestation, witness.isAboutThis == true else {
            return who + (witness.isAboutThis == nil ? "a word that is not in the file." : "no word on this result.")
        }
        return who + "that the result is worth \(attestation.quality.percent)."
    }

    /// The findings for programs.
    public func write(to json: inout JSONWriter) {
        json.member("verified", holds)
        json.member("verdict", verdict.rawValue)
        json.member("task", dispute.task.text)
        json.member("operation", task.payload.operation.name)
        json.member("reason", dispute.reason.explanation)
        json.member("payer_key_id", payer.id.text)
        json.member("payer_fingerprint", payer.id.fingerprint)
        json.member("worker_key_id", worker.id.text)
        json.member("worker_fingerprint", worker.id.fingerprint)
        AgentViews.flag("result_signed", isResultSigned, &json)
        AgentViews.flag("own_run_agrees", ownAgrees, &json)
        json.key("replicas")
        json.beginArray()
        for replica in replicas {
            json.beginObject()
            json.member("key_id", replica.signer.text)
            AgentViews.flag("result_signed", replica.isResultSigned, &json)
            AgentViews.flag("agrees", replica.agrees, &json)
            if isWitnessed {
                json.member("attested_bp", replica.attestation?.quality.value)
                AgentViews.flag("about_this_result", replica.isAboutThis, &json)
            }
            json.endObject()
        }
        json.endArray()
        json.key("unchecked")
        json.beginArray()
        for one in unchecked {
            json.beginObject()
            json.member("part", one.part.name)
            json.member("key_id", one.signer.text)
            json.endObject()
        }
        json.endArray()
        json.key("proves")
        json.beginArray()
        for sentence in sentences { json.string(sentence) }
        json.endArray()
    }
}

// What operators ask about disputes.
extension AgentMachine {
    /// All disputes, newest first.
    var disputesJSON: String {
        AgentViews.object { json in
            json.key("disputes")
            json.beginArray()
            for dispute in disputes.disputes.reversed() {
                json.beginObject()
                writeMembers(of: dispute, to: &json)
                json.endObject()
            }
            json.endArray()
        }
    }

    private func writeMembers(of dispute: DisputeRecord, to json: inout JSONWriter) {
        json.member("task", dispute.task.text)
        json.member("peer", peerName(dispute.worker))
        json.member("peer_id", dispute.worker.text)
        json.member("operation", dispute.operation.name)
        json.member("ago_ms", max(0, ledgerNow.since(dispute.decidedAt).milliseconds))
        json.member("decided_ledger_ms", dispute.decidedAt.milliseconds)
        json.member("reason", dispute.reason.explanation)
        json.member("claimed_bp", dispute.claimed.value)
        json.member("verified_bp", dispute.verified?.quality.value)
        json.member("basis", dispute.verified?.basis.name)
    }

    /// Answers with everything about the dispute of `task`, later, from the store.
    mutating func tellDispute(_ task: TaskID, for command: CommandID) {
        guard disputes.disputes.contains(where: { $0.task == task }) else {
            return reply(
                command,
                CommandReply(.notFound, "no dispute is of task \(task.text)", hint: "sage-edge disputes list"))
        }
        guard mayAskStore(for: command) else { return }
        disputeQueries[nextQuery] = command
        askStore(.dispute(key: TaskPart.dispute.key(task)), limit: 1)
    }

    /// Answers with what the store found; false where the question was not one of disputes.
    mutating func answerDispute(_ id: UInt64, _ found: StoreAnswer) -> Bool {
        guard let command = disputeQueries.removeValue(forKey: id) else { return false }
        guard let records = records(in: found, for: command) else { return true }
        guard let record = records.first?.value else {
            reply(command, CommandReply(.notFound, "its evidence has made room for that of others"))
            return true
        }
        do throws(CBORError) { reply(command, try shown(record)) } catch {
            reply(command, CommandReply(.failed, "the stored dispute is damaged: " + error.explanation))
        }
        return true
    }

    private func shown(_ record: [UInt8]) throws(CBORError) -> CommandReply {
        let dispute = try DisputeRecord(decoding: record)
        let evidence = try DisputeEvidence(
            record, keys: keys(of: dispute), by: identity.signing, in: identity.domain,
            after: identity.successions, using: scheme)
        let order = dispute.order.flatMap { try? Signed<FederationTask>(stored: $0) }
        let isWitnessed = order?.payload.acceptance == .witnessed
        return CommandReply(
            AgentViews.object { json in
                writeMembers(of: dispute, to: &json)
                json.key("order")
                if let order {
                    write(order, to: &json)
                } else {
                    json.null()
                }
                json.key("proof")
                write(dispute.proof, dispute.result, to: &json)
                json.key("replicas")
                json.beginArray()
                for replica in dispute.replicas {
                    let word = isWitnessed ? (try? Attestation(decoding: replica.result)) : nil
                    write(replica.proof, replica.result, attested: word?.quality, to: &json)
                }
                json.endArray()
                json.member(
                    "own_result_hash", dispute.own.map { hexadecimal(Hashing.hash($0, for: .result).array) })
                json.member("evidence", Base64.encode(evidence.encoded))
            })
    }

    private func write(_ order: Signed<FederationTask>, to json: inout JSONWriter) {
        json.beginObject()
        json.member("key_id", order.signer.text)
        json.member("hash", hexadecimal(order.hash.array))
        json.member("input_bytes", order.payload.input.size.bytes)
        json.member("parameters_bytes", order.payload.parameters.count)
        AgentViews.amount("budget_mj", order.payload.budget, &json)
        json.member("pricing", order.payload.pricing.name)
        json.member("acceptance", order.payload.acceptance.name)
        json.member("minimum_quality_bp", order.payload.minimumQuality.value)
        json.endObject()
    }

    private func write(
        _ envelope: SignedEnvelope, _ result: [UInt8], attested: BasisPoints? = nil, to json: inout JSONWriter
    ) {
        json.beginObject()
        json.member("key_id", envelope.signer.text)
        json.member("peer", peer(signingAs: envelope.signer).map { peerName($0) })
        if let proof = try? Signed<ExecutionProof>(stored: envelope) {
            json.member("hash", hexadecimal(proof.hash.array))
            json.member("result_hash", hexadecimal(proof.payload.resultHash.array))
            json.member("quality_bp", proof.payload.quality.value)
            json.member("execution_ms", proof.payload.executionTime.milliseconds)
            AgentViews.amount("energy_mj", proof.payload.work.energy, &json)
            AgentViews.amount("charged_mj", proof.payload.charged, &json)
        }
        if let attested { json.member("attested_bp", attested.value) }
        json.member("result_bytes_kept", result.count)
        json.endObject()
    }

    /// The keys of those who signed a part of `dispute`, and this node's own, each once.
    private func keys(of dispute: DisputeRecord) -> [PublicKey] {
        let signers =
            [dispute.order?.signer, dispute.proof.signer].compactMap { $0 } + dispute.replicas.map { $0.proof.signer }
        let successions = identities.successions.all
        let known =
            [identity.signing.publicKey] + peers.keys.sorted().compactMap { peers[$0]?.record.payload.signingKey }
            + successions.map { $0.payload.old } + successions.map { $0.payload.new }
        var keys = [identity.signing.publicKey]
        for signer in signers {
            guard let key = known.first(where: { $0.id == signer }), !keys.contains(key) else { continue }
            keys.append(key)
        }
        return keys
    }
}
