import Cryptography
import Federation
import Ledger
import Quantities
import Wire

/// A peer's result about which others are asked.
struct Witnessing {
    /// What was said so far.
    var panel: WitnessPanel
    /// The tasks behind `panel.qualities`.
    var tasks: [TaskID] = []
    /// Tasks of witnesses that have not said anything yet.
    var underWay: [TaskID] = []
    /// Who was asked, the worker itself among them.
    var asked: [PlatformID]
    /// When others are looked for once more; nil while there are some.
    var retryAt: BootTime?
    /// How often too few were found.
    var retries: Int64 = 0

    init(_ rule: WitnessRule, about worker: PlatformID) {
        panel = WitnessPanel(rule)
        asked = [worker]
    }
}

// Asking witnesses how good a result is: peers of distinct owners, each by a task of its own with its part of the
// stated share.
extension AgentMachine {
    /// Peers that could say something about results of `request`, each of another owner than those in `excluded`, the
    /// more accurate first, those that are alike in what the decision says of them.
    ///
    /// Those whose words were too often off come last, and are there only where there are too few others.
    func witnesses(for request: DelegationRequest, excluding excluded: [PlatformID]) -> [Candidate] {
        var fit: [(place: Candidate, record: WitnessRecord)] = []
        for place in replicaPlaces(for: request, excluding: excluded + [identity.id]) {
            guard let record = peers[place.node]?.witness else { continue }
            let index = fit.firstIndex { record.isBetter(than: $0.record) } ?? fit.count
            fit.insert((place, record), at: index)
        }
        var distinct: [Candidate] = []
        for (place, _) in fit where !distinct.contains(where: { isSameOwner($0.node, place.node) }) {
            distinct.append(place)
        }
        return distinct
    }

    /// Whether enough witnesses could be asked about results of `peer`, more than half of those that are needed being
    /// known for no words that were off.
    func canBeWitnessed(_ request: DelegationRequest, at peer: PlatformID) -> Bool {
        let (places, count) = (witnesses(for: request, excluding: [peer]), Int(settings.witnessCount))
        return places.count >= count && places.count { peers[$0.node]?.witness.isFit == true } * 2 > count
    }

    /// Takes the one that is asked next out of `places`, drawn among those that are as accurate as the first.
    ///
    /// Who it is nobody should be able to arrange.
    private mutating func drawWitness(from places: inout [Candidate]) -> Candidate {
        let best = peers[places[0].node]?.witness.accuracy
        let equal = places.prefix { peers[$0.node]?.witness.accuracy == best }.count
        return places.remove(at: Int(random.number(below: UInt64(equal))))
    }

    /// Begins to ask about the result of `task`, or goes on after a restart.
    mutating func askWitnesses(about task: TaskID) {
        guard witnessings[task] == nil, let (order, _, entry) = evidence(of: task),
            let rule = order.payload.witnesses
        else { return }
        var witnessing = Witnessing(rule, about: entry.life.worker)
        witnessing.asked += workersBelow(task)
        for (id, word) in paying.sorted(by: { $0.key < $1.key }) where word.replicaOf == task {
            witnessing.asked.append(word.life.worker)
            guard !word.isOver else { continue }
            if case .proven = word.life.state, let attestation = findAttestation(of: id, on: task) {
                witnessing.panel.add(attestation.quality)
                witnessing.tasks.append(id)
            } else {
                witnessing.underWay.append(id)
            }
        }
        witnessings[task] = witnessing
        advanceWitnessing(of: task)
    }

    /// Decides where enough was said about `task`, or asks more.
    private mutating func advanceWitnessing(of task: TaskID) {
        guard let witnessing = witnessings[task], let entry = paying[task],
            case .proven(let hash, _) = entry.life.state, let (order, _, _) = evidence(of: task),
            case .inline(let input) = order.payload.input,
            let result = entry.result?.result
        else {
            witnessings[task] = nil
            return
        }
        if witnessing.panel.verdict(isLast: false) != nil { return concludeWitnessing(of: task, hash) }
        let heard = witnessing.tasks.count + witnessing.underWay.count
        // Those who are still to be heard may be enough.
        let missing =
            Int(witnessing.panel.rule.count) - witnessing.panel.qualities.count { witnessing.panel.isAccurate($0) }
            - witnessing.underWay.count
        guard missing > 0 else { return }
        let left = entry.life.deadlines.decision.since(ledgerNow)
        let request = DelegationRequest(
            operation: order.payload.operation, input: input, parameters: order.payload.parameters,
            timeout: left - TimeSpan(milliseconds: left.milliseconds / 10), requirement: order.payload.requirement)
        var places = witnesses(for: request, excluding: witnessing.asked)
        guard heard + missing <= witnessing.panel.most, places.count >= missing else {
            guard witnessing.underWay.isEmpty else { return }
            guard heard + missing <= witnessing.panel.most, witnessing.retries < Replication.mostRetries,
                witnessing.panel.verdict(isLast: true) == nil
            else {
                return concludeWitnessing(of: task, hash)
            }
            witnessings[task]?.retries += 1
            witnessings[task]?.retryAt = now.boot + .seconds(1 << witnessing.retries)
            return
        }
        let share = settings.witnessShare
        let part = Energy(
            millijoules: max(
                1, entry.life.budget.scaled(by: share).millijoules / Int64(witnessing.panel.rule.count)))
        for _ in 0..<missing {
            var place = drawWitness(from: &places)
            // One that could not be locked for has been replaced already.
            guard witnessings[task]?.asked.contains(place.node) == false else { continue }
            place.lock = part
            var wanted = WantedWork(
                operation: request.operation, input: request.input, parameters: request.parameters,
                timeout: request.timeout, remaining: request.timeout, minimumQuality: .zero, acceptance: .claimed)
            wanted.pricing = .fixed
            wanted.subject = WitnessSubject(task: task, proofHash: hash, result: result)
            let word = prepare(wanted, at: place, takenWithin: request.timeout)
            paying[word]?.replicaOf = task
            witnessings[task]?.asked.append(place.node)
            witnessings[task]?.underWay.append(word)
            tell(word, .started)
        }
    }

    /// Looks again for witnesses where it is time.
    mutating func retryWitnesses() {
        for task in witnessings.keys.sorted() {
            guard let due = witnessings[task]?.retryAt, due <= now.boot else { continue }
            witnessings[task]?.retryAt = nil
            advanceWitnessing(of: task)
        }
    }

    /// What the witness of `word` signed about the result of `task`; nil where it is about something else.
    private func findAttestation(of word: TaskID, on task: TaskID) -> Attestation? {
        guard let (order, _, entry) = evidence(of: word), let subject = order.payload.subject, subject.task == task,
            let result = entry.result, let attestation = try? Attestation(decoding: result.result),
            attestation == Attestation(on: subject, quality: attestation.quality), findFlaw(of: word) == nil
        else { return nil }
        return attestation
    }

    /// A witness has proven `word`, which is about the result of `task`.
    mutating func takeAttestation(_ word: TaskID, on task: TaskID) {
        guard let entry = paying[word], case .proven(let hash, _) = entry.life.state else { return }
        guard let attestation = findAttestation(of: word, on: task) else {
            scoreWitness(entry.life.worker, isAccurate: false)
            return tell(word, .verified(proofHash: hash, .checkFailed))
        }
        guard let index = witnessings[task]?.underWay.firstIndex(of: word) else {
            // After a restart the task itself comes for it.
            if let original = paying[task], case .proven = original.life.state { return }
            // What was decided without it is paid all the same, where it is near to what the others found.
            guard let found = paying[task]?.verified, found.basis == .witnessed,
                let rule = WitnessRule(count: settings.witnessCount)
            else {
                return tell(word, .verified(proofHash: hash, nil))
            }
            let isAccurate = abs(attestation.quality.value - found.quality.value) <= rule.tolerance.value
            scoreWitness(entry.life.worker, isAccurate: isAccurate)
            return tell(word, .verified(proofHash: hash, isAccurate ? nil : .checkFailed))
        }
        witnessings[task]?.underWay.remove(at: index)
        witnessings[task]?.tasks.append(word)
        witnessings[task]?.panel.add(attestation.quality)
        advanceWitnessing(of: task)
    }

    /// The witness of `word` has ended without a word.
    mutating func witnessFailed(_ word: TaskID, on task: TaskID) {
        guard let index = witnessings[task]?.underWay.firstIndex(of: word) else { return }
        witnessings[task]?.underWay.remove(at: index)
        advanceWitnessing(of: task)
    }

    /// `task` has ended before witnesses were heard enough: those who were are paid, but for who is off.
    mutating func abandonWitnessing(of task: TaskID) {
        guard let witnessing = witnessings.removeValue(forKey: task) else { return }
        decide(onWordsOf: witnessing)
    }

    private mutating func concludeWitnessing(of task: TaskID, _ hash: Bytes32) {
        guard let witnessing = witnessings.removeValue(forKey: task) else { return }
        let verdict = witnessing.panel.verdict(isLast: true)
        decide(onWordsOf: witnessing)
        let others = witnessing.tasks.compactMap { paying[$0]?.result }
        let found = verdict.map { VerifiedQuality(quality: $0, basis: .witnessed) }
        let fault = judge(task, found, because: found == nil ? .basisTooWeak : nil, beside: others)
        tell(task, .verified(proofHash: hash, fault))
    }

    /// Scores each word against the median, and pays it where it is near; of fewer than can be scored all are paid.
    private mutating func decide(onWordsOf witnessing: Witnessing) {
        for (index, word) in witnessing.tasks.enumerated() {
            guard let entry = paying[word], case .proven(let hash, _) = entry.life.state else { continue }
            let isAccurate =
                !witnessing.panel.isScored || witnessing.panel.isAccurate(witnessing.panel.qualities[index])
            if witnessing.panel.isScored { scoreWitness(entry.life.worker, isAccurate: isAccurate) }
            tell(word, .verified(proofHash: hash, isAccurate ? nil : .checkFailed))
        }
    }

    private mutating func scoreWitness(_ peer: PlatformID, isAccurate: Bool) {
        peers[peer]?.witness.add(isAccurate: isAccurate)
        storePeer(peer)
    }
}
