import Cryptography
import Ledger
import Quantities
import Wire

extension FederationTask: SignedPayload {
    /// What its signature is for.
    public static let signatureType = SignatureType.task
    /// What its hash is for.
    public static let hashPurpose = HashPurpose.task

    private enum Field {
        static let reference: UInt64 = 1
        static let source: UInt64 = 2
        static let target: UInt64 = 3
        static let operation: UInt64 = 4
        static let input: UInt64 = 5
        static let parameters: UInt64 = 6
        static let budget: UInt64 = 7
        static let pricing: UInt64 = 8
        static let minimumQuality: UInt64 = 9
        static let timeout: UInt64 = 10
        static let memory: UInt64 = 11
        static let priority: UInt64 = 12
        static let acceptance: UInt64 = 13
        static let silence: UInt64 = 14
        static let witnesses: UInt64 = 15
        static let lots: UInt64 = 16
        static let remaining: UInt64 = 17
        static let grace: UInt64 = 18
        static let horizon: UInt64 = 19
        static let minimumConvergence: UInt64 = 20
        static let scope: UInt64 = 21
        static let hops: UInt64 = 22
        static let tolerance: UInt64 = 23
        static let subject: UInt64 = 24
        static let pass: UInt64 = 25
    }

    /// Reads a task, whose fields `docs/delegation.md` lists.
    ///
    /// What `fault` names is refused as `invalidValue`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        var map = try reader.beginMap()
        try reader.field(Field.reference, of: &map)
        let reference = try TaskReference(from: &reader)
        try reader.field(Field.source, of: &map)
        let source = try LCT(from: &reader)
        try reader.field(Field.target, of: &map)
        let target = try LCT(from: &reader)
        try reader.field(Field.operation, of: &map)
        let operation = try Operation(from: &reader)
        try reader.field(Field.input, of: &map)
        let input = try TaskInput(from: &reader)
        try reader.field(Field.parameters, of: &map)
        let parameters = try reader.byteString(limit: FederationLimits.maximumParametersLength)
        try reader.field(Field.budget, of: &map)
        let budget = try reader.amount()
        try reader.field(Field.pricing, of: &map)
        let pricing = try reader.choice(Pricing.self)
        try reader.field(Field.minimumQuality, of: &map)
        let minimumQuality = try reader.share()
        try reader.field(Field.timeout, of: &map)
        let timeout = try reader.span(atMost: FederationLimits.longestTaskTime)
        try reader.field(Field.memory, of: &map)
        let memory = ByteCount(bytes: try reader.nonNegative())
        try reader.field(Field.priority, of: &map)
        let priority = UInt8(try reader.unsigned(atMost: 10))
        try reader.field(Field.acceptance, of: &map)
        let acceptance = try reader.choice(QualityBasis.self)
        try reader.field(Field.silence, of: &map)
        let silence = try reader.choice(SilenceRule.self)
        let witnesses = try reader.hasField(Field.witnesses, of: &map) ? try WitnessRule(from: &reader) : nil
        try reader.field(Field.lots, of: &map)
        let lots = try reader.lots(limit: FederationLimits.maximumLots)
        try reader.field(Field.remaining, of: &map)
        let remaining = try reader.span(atMost: FederationLimits.longestTaskTime)
        try reader.field(Field.grace, of: &map)
        let grace = try reader.span(atMost: FederationLimits.longestTaskTime)
        let horizon = try reader.hasField(Field.horizon, of: &map) ? try Horizon(from: &reader) : nil
        let convergence = try reader.hasField(Field.minimumConvergence, of: &map) ? try reader.share() : nil
        try reader.field(Field.scope, of: &map)
        let scopeStart = reader.offset
        guard let scope = PermissionSet(numbered: try reader.unsigned32()) else { throw .invalidValue(at: scopeStart) }
        try reader.field(Field.hops, of: &map)
        var hops: [Hop] = []
        for _ in 0..<(try reader.beginArray(limit: FederationLimits.maximumHops)) {
            hops.append(try Hop(from: &reader))
        }
        reader.endArray()
        let tolerance = try reader.hasField(Field.tolerance, of: &map) ? try ResultTolerance(from: &reader) : .exact
        let subject = try reader.hasField(Field.subject, of: &map) ? try WitnessSubject(from: &reader) : nil
        let pass = try reader.hasField(Field.pass, of: &map) ? try Hop(from: &reader) : nil
        try reader.endMap(&map)

        self.init(
            reference: reference, source: source, target: target, operation: operation, input: input, budget: budget,
            timeout: timeout, memory: memory, lots: lots, remaining: remaining, grace: grace)
        self.parameters = parameters
        self.pricing = pricing
        self.minimumQuality = minimumQuality
        self.priority = priority
        self.acceptance = acceptance
        self.silence = silence
        self.witnesses = witnesses
        self.tolerance = tolerance
        self.subject = subject
        self.requirement = Requirement(horizon: horizon, minimumConvergence: convergence)
        self.scope = scope
        self.hops = hops
        self.pass = pass
        guard fault == nil else { throw .invalidValue(at: start) }
    }

    /// Appends the task's encoding.
    public func write(to writer: inout CBORWriter) {
        var fields = FieldWriter()
        fields.nested(Field.reference) { reference.write(to: &$0) }
        fields.text(Field.source, source.text)
        fields.text(Field.target, target.text)
        fields.text(Field.operation, operation.name)
        fields.nested(Field.input) { input.write(to: &$0) }
        fields.bytes(Field.parameters, parameters)
        fields.energy(Field.budget, budget)
        fields.unsigned(Field.pricing, UInt64(pricing.rawValue))
        fields.share(Field.minimumQuality, minimumQuality)
        fields.span(Field.timeout, timeout)
        fields.integer(Field.memory, memory.bytes)
        fields.unsigned(Field.priority, UInt64(priority))
        fields.unsigned(Field.acceptance, UInt64(acceptance.rawValue))
        fields.unsigned(Field.silence, UInt64(silence.rawValue))
        if let witnesses { fields.nested(Field.witnesses) { witnesses.write(to: &$0) } }
        fields.array(Field.lots, count: lots.count) { for lot in lots { lot.write(to: &$0) } }
        fields.span(Field.remaining, remaining)
        fields.span(Field.grace, grace)
        if let horizon = requirement.horizon { fields.text(Field.horizon, horizon.name) }
        if let convergence = requirement.minimumConvergence { fields.share(Field.minimumConvergence, convergence) }
        fields.unsigned(Field.scope, UInt64(scope.bits))
        fields.array(Field.hops, count: hops.count) { for hop in hops { hop.write(to: &$0) } }
        if tolerance != .exact { fields.nested(Field.tolerance) { tolerance.write(to: &$0) } }
        if let subject { fields.nested(Field.subject) { subject.write(to: &$0) } }
        if let pass { fields.nested(Field.pass) { pass.write(to: &$0) } }
        fields.finish(into: &writer)
    }
}

extension CBORReader {
    /// The next item, an array of at most `limit` lots, none of them empty.
    mutating func lots(limit: Int) throws(CBORError) -> [LotTransfer] {
        var lots: [LotTransfer] = []
        for _ in 0..<(try beginArray(limit: limit)) {
            let start = offset
            let lot = try LotTransfer(from: &self)
            guard lot.amount > .zero, lot.amount <= .largest, lot.remaining >= .zero else {
                throw .invalidValue(at: start)
            }
            lots.append(lot)
        }
        endArray()
        return lots
    }
}
