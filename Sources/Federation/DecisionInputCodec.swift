import Cryptography
import Quantities
import Wire

extension DecisionInput {
    /// Longest stored decision in bytes.
    public static let maximumEncodedLength = 65_536

    /// Reads a stored input:
    /// `{1: task, 2: policy, 3: purse, 4: day budget, 5: day spent, 6: here, 7: [peer], 8: last?}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(1, of: &map)
        task = try DecisionTask(from: &reader)
        try reader.field(2, of: &map)
        policy = try DecisionPolicy(from: &reader)
        try reader.field(3, of: &map)
        purse = Energy(millijoules: try reader.integer())
        try reader.field(4, of: &map)
        dayBudget = Energy(millijoules: try reader.integer())
        try reader.field(5, of: &map)
        daySpent = Energy(millijoules: try reader.integer())
        try reader.field(6, of: &map)
        here = try Place(from: &reader)
        try reader.field(7, of: &map)
        var peers: [Place] = []
        for _ in 0..<(try reader.beginArray(limit: FederationLimits.maximumPlaces - 1)) {
            peers.append(try Place(from: &reader))
        }
        reader.endArray()
        self.peers = peers
        lastPlace = try reader.hasField(8, of: &map) ? KeyID(bytes: try reader.bytes32()) : nil
        try reader.endMap(&map)
    }

    /// Appends the input's encoding; peers that no decision looks at are left out.
    public func write(to writer: inout CBORWriter) {
        let peers = peers.prefix(FederationLimits.maximumPlaces - 1)
        var fields = FieldWriter()
        fields.nested(1) { task.write(to: &$0) }
        fields.nested(2) { policy.write(to: &$0) }
        fields.energy(3, purse)
        fields.energy(4, dayBudget)
        fields.energy(5, daySpent)
        fields.nested(6) { here.write(to: &$0) }
        fields.array(7, count: peers.count) { for peer in peers { peer.write(to: &$0) } }
        if let lastPlace { fields.bytes(8, lastPlace.bytes) }
        fields.finish(into: &writer)
    }
}

extension DecisionTask {
    /// Reads `[operation, type, delegator's type, input bytes, memory, remaining, budget or -1, pricing, placement]`,
    /// placement being `[0]` local, `[1]` any or `[2, platform]`.
    init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 9)
        operation = try Operation(from: &reader)
        taskType = try reader.choice(TaskType.self)
        delegatorType = try reader.choice(TaskType.self)
        inputSize = ByteCount(bytes: try reader.integer())
        memory = ByteCount(bytes: try reader.integer())
        remaining = TimeSpan(milliseconds: try reader.integer())
        let limit = try reader.integer()
        budget = limit == -1 ? nil : Energy(millijoules: limit)
        pricing = try reader.choice(Pricing.self)
        let start = reader.offset
        let count = try reader.beginArray(limit: 2)
        switch try reader.unsigned(atMost: 2) {
        case 0: placement = .local
        case 1: placement = .any
        default: placement = .platform(try PlatformName(from: &reader))
        }
        let expected = if case .platform = placement { 2 } else { 1 }
        guard count == expected else { throw .wrongCount(at: start, expected: expected, found: count) }
        reader.endArray()
        reader.endArray()
    }

    func write(to writer: inout CBORWriter) {
        writer.array(9)
        writer.text(operation.name)
        writer.unsigned(UInt64(taskType.rawValue))
        writer.unsigned(UInt64(delegatorType.rawValue))
        writer.integer(inputSize.bytes)
        writer.integer(memory.bytes)
        writer.integer(remaining.milliseconds)
        writer.integer(budget?.millijoules ?? -1)
        writer.unsigned(UInt64(pricing.rawValue))
        switch placement {
        case .local:
            writer.array(1)
            writer.unsigned(0)
        case .any:
            writer.array(1)
            writer.unsigned(1)
        case .platform(let platform):
            writer.array(2)
            writer.unsigned(2)
            writer.text(platform.text)
        }
    }
}

extension DecisionPolicy {
    /// Reads `[headroom, heartbeat ms, trust, newcomer mJ, hysteresis, threshold, mJ per MiB, idle µW, late mJ?]`; the
    /// last is missing where lateness has no price, as in earlier versions.
    init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        let count = try reader.beginArray(limit: 9)
        guard count >= 8 else { throw .wrongCount(at: start, expected: 8, found: count) }
        minimumHeadroom = try reader.integer32()
        heartbeatPeriod = TimeSpan(milliseconds: try reader.integer())
        minimumTrust = try reader.share()
        newcomerBudget = Energy(millijoules: try reader.integer())
        hysteresis = try reader.share()
        delegationThreshold = try reader.share()
        transmitPerMebibyte = Energy(millijoules: try reader.integer())
        idlePower = Power(microwatts: try reader.integer())
        lateCost = count == 9 ? Energy(millijoules: try reader.integer()) : nil
        reader.endArray()
    }

    func write(to writer: inout CBORWriter) {
        writer.array(lateCost == nil ? 8 : 9)
        writer.integer(Int64(minimumHeadroom))
        writer.integer(heartbeatPeriod.milliseconds)
        writer.unsigned(UInt64(minimumTrust.value))
        writer.integer(newcomerBudget.millijoules)
        writer.unsigned(UInt64(hysteresis.value))
        writer.unsigned(UInt64(delegationThreshold.value))
        writer.integer(transmitPerMebibyte.millijoules)
        writer.integer(idlePower.microwatts)
        if let lateCost { writer.integer(lateCost.millijoules) }
    }
}

extension Place {
    /// Reads `[platform, node, memory, mJ, m°C, load, queue, wait, serves, accepts, meets, heard, unanswered, trust,
    /// reputation, verified, round trip, bytes/s, prediction]`.
    init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 19)
        platform = try PlatformName(from: &reader)
        node = KeyID(bytes: try reader.bytes32())
        freeMemory = ByteCount(bytes: try reader.integer())
        availableATP = Energy(millijoules: try reader.integer())
        thermalHeadroom = try reader.integer32()
        load = try reader.share()
        queueLength = try reader.unsigned32()
        wait = TimeSpan(milliseconds: try reader.integer())
        servesOperation = try reader.boolean()
        acceptsTasks = try reader.boolean()
        meetsRequirement = try reader.boolean()
        heardAgo = TimeSpan(milliseconds: try reader.integer())
        unansweredFor = TimeSpan(milliseconds: try reader.integer())
        trust = try reader.share()
        reputation = try reader.share()
        verified = try reader.unsigned32()
        roundTrip = TimeSpan(milliseconds: try reader.integer())
        let start = reader.offset
        bytesPerSecond = try reader.integer()
        guard bytesPerSecond > 0 else { throw .invalidValue(at: start) }
        prediction = try Prediction(from: &reader)
        reader.endArray()
    }

    func write(to writer: inout CBORWriter) {
        writer.array(19)
        writer.text(platform.text)
        writer.byteString(node.bytes)
        writer.integer(freeMemory.bytes)
        writer.integer(availableATP.millijoules)
        writer.integer(Int64(thermalHeadroom))
        writer.unsigned(UInt64(load.value))
        writer.unsigned(UInt64(queueLength))
        writer.integer(wait.milliseconds)
        writer.boolean(servesOperation)
        writer.boolean(acceptsTasks)
        writer.boolean(meetsRequirement)
        writer.integer(heardAgo.milliseconds)
        writer.integer(unansweredFor.milliseconds)
        writer.unsigned(UInt64(trust.value))
        writer.unsigned(UInt64(reputation.value))
        writer.unsigned(UInt64(verified))
        writer.integer(roundTrip.milliseconds)
        writer.integer(bytesPerSecond)
        prediction.write(to: &writer)
    }
}

extension Prediction {
    /// Reads `[ms, p95 ms, mJ, p95 mJ, bytes, basis, runs, unseen, uncertainty]`.
    init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        try reader.beginArray(of: 9)
        let times = (try reader.integer(), try reader.integer())
        let energies = (try reader.integer(), try reader.integer())
        let bytes = try reader.integer()
        let basis = try reader.choice(PredictionBasis.self)
        self.init(
            time: .milliseconds(times.0), timeP95: .milliseconds(times.1), energy: Energy(millijoules: energies.0),
            energyP95: Energy(millijoules: energies.1), memory: ByteCount(bytes: bytes), basis: basis,
            runs: try reader.unsigned32(), unseen: try reader.unsigned32(), uncertainty: try reader.share())
        reader.endArray()
        guard time.milliseconds == times.0, timeP95.milliseconds == times.1, energy.millijoules == energies.0,
            energyP95.millijoules == energies.1, memory.bytes == bytes
        else { throw .invalidValue(at: start) }
    }

    func write(to writer: inout CBORWriter) {
        writer.array(9)
        writer.integer(time.milliseconds)
        writer.integer(timeP95.milliseconds)
        writer.integer(energy.millijoules)
        writer.integer(energyP95.millijoules)
        writer.integer(memory.bytes)
        writer.unsigned(UInt64(basis.rawValue))
        writer.unsigned(UInt64(runs))
        writer.unsigned(UInt64(unseen))
        writer.unsigned(UInt64(uncertainty.value))
    }
}
