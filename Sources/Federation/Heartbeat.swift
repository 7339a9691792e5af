import Quantities
import Wire

/// How much power a platform is built for.
public enum PowerClass: UInt8, Sendable, CaseIterable, Comparable {
    /// Up to 10 W.
    case upTo10W = 1
    /// Up to 30 W.
    case upTo30W = 2
    /// Up to 75 W.
    case upTo75W = 3
    /// Up to 150 W.
    case upTo150W = 4
    /// Above 150 W.
    case above150W = 5

    /// The class of a platform rated `power`.
    public init(rated power: Power) {
        switch power.milliwatts {
        case ...10_000: self = .upTo10W
        case ...30_000: self = .upTo30W
        case ...75_000: self = .upTo75W
        case ...150_000: self = .upTo150W
        default: self = .above150W
        }
    }

    /// Orders less power before more.
    public static func < (left: PowerClass, right: PowerClass) -> Bool { left.rawValue < right.rawValue }
}

/// An operation that a platform serves and what it says about it.
public struct ServedOperation: Hashable, Sendable {
    /// The operation.
    public let operation: Operation
    /// How long an ordinary run takes there.
    public let typicalTime: TimeSpan
    /// What an ordinary run is billed with there.
    public let typicalEnergy: Energy
    /// The size of the input of an ordinary run, above zero; nil where nothing is said of it.
    public let typicalSize: ByteCount?

    /// A served operation; nil where a number is negative or too large, or a size that is stated not above zero.
    public init?(
        operation: Operation, typicalTime: TimeSpan, typicalEnergy: Energy, typicalSize: ByteCount? = nil
    ) {
        guard typicalTime >= .zero, typicalTime <= FederationLimits.longestTaskTime, typicalEnergy >= .zero,
            typicalEnergy <= .largest, typicalSize.map({ $0 > .zero }) ?? true
        else { return nil }
        self.typicalSize = typicalSize
        self.operation = operation
        self.typicalTime = typicalTime
        self.typicalEnergy = typicalEnergy
    }
}

/// What a platform says about itself every few seconds; the latest holds.
///
/// Unsigned: the session it comes through is authenticated, and nothing is ever proved with it.
public struct Heartbeat: Hashable, Sendable {
    /// Counts the heartbeats of a boot; one that is not above the last is dropped.
    public var sequence: UInt64
    /// Memory free for tasks, the reserve already taken off.
    public var freeMemory: ByteCount
    /// What it still takes on for others today.
    public var availableATP: Energy
    /// Thousandths of a degree to its soft limit; negative above it.
    public var thermalHeadroom: Int32
    /// Share of its processors in use.
    public var load: BasisPoints
    /// Tasks waiting or running.
    public var queueLength: UInt32
    /// What it serves, at most `FederationLimits.maximumServedOperations`.
    public var operations: [ServedOperation]
    /// How much power it is built for.
    public var powerClass: PowerClass
    /// Time since its agent started.
    public var uptime: TimeSpan
    /// Whether it takes tasks at all at present.
    public var acceptsTasks: Bool
    /// The horizons it serves, at most `FederationLimits.maximumHorizons`.
    public var horizons: [Horizon]
    /// The convergence it states; nil where it states none.
    public var convergence: BasisPoints?

    private enum Field {
        static let sequence: UInt64 = 1
        static let freeMemory: UInt64 = 2
        static let availableATP: UInt64 = 3
        static let thermalHeadroom: UInt64 = 4
        static let load: UInt64 = 5
        static let queueLength: UInt64 = 6
        static let operations: UInt64 = 7
        static let powerClass: UInt64 = 8
        static let uptime: UInt64 = 9
        static let acceptsTasks: UInt64 = 10
        static let horizons: UInt64 = 11
        static let convergence: UInt64 = 12
    }

    /// A heartbeat of a platform that states no horizon and no convergence.
    public init(
        sequence: UInt64, freeMemory: ByteCount, availableATP: Energy, thermalHeadroom: Int32, load: BasisPoints,
        queueLength: UInt32, operations: [ServedOperation], powerClass: PowerClass, uptime: TimeSpan,
        acceptsTasks: Bool
    ) {
        self.sequence = sequence
        self.freeMemory = freeMemory
        self.availableATP = availableATP
        self.thermalHeadroom = thermalHeadroom
        self.load = load
        self.queueLength = queueLength
        self.operations = operations
        self.powerClass = powerClass
        self.uptime = uptime
        self.acceptsTasks = acceptsTasks
        self.horizons = []
        self.convergence = nil
    }

    /// What it says about `operation`, or nil where it does not serve it.
    public func serves(_ operation: Operation) -> ServedOperation? {
        operations.first { $0.operation == operation }
    }

    /// Whether what it states meets `requirement`.
    public func meets(_ requirement: Requirement) -> Bool {
        if let horizon = requirement.horizon, !horizons.contains(horizon) { return false }
        if let minimum = requirement.minimumConvergence { return convergence.map { $0 >= minimum } ?? false }
        return true
    }

    /// Reads a heartbeat: `{1: sequence, 2: free bytes, 3: mJ, 4: m°C, 5: load, 6: queue,
    /// 7: [[operation, ms, mJ, bytes?]], 8: power class, 9: uptime, 10: accepts, 11: [horizon]?, 12: convergence?}`.
    init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(Field.sequence, of: &map)
        sequence = try reader.unsigned()
        try reader.field(Field.freeMemory, of: &map)
        freeMemory = ByteCount(bytes: try reader.nonNegative())
        try reader.field(Field.availableATP, of: &map)
        availableATP = try reader.amount()
        try reader.field(Field.thermalHeadroom, of: &map)
        thermalHeadroom = try reader.integer32()
        try reader.field(Field.load, of: &map)
        load = try reader.share()
        try reader.field(Field.queueLength, of: &map)
        queueLength = try reader.unsigned32()
        try reader.field(Field.operations, of: &map)
        var operations: [ServedOperation] = []
        for _ in 0..<(try reader.beginArray(limit: FederationLimits.maximumServedOperations)) {
            operations.append(try ServedOperation(from: &reader))
        }
        reader.endArray()
        self.operations = operations
        try reader.field(Field.powerClass, of: &map)
        powerClass = try reader.choice(PowerClass.self)
        try reader.field(Field.uptime, of: &map)
        uptime = TimeSpan(milliseconds: try reader.nonNegative())
        try reader.field(Field.acceptsTasks, of: &map)
        acceptsTasks = try reader.boolean()
        var horizons: [Horizon] = []
        if try reader.hasField(Field.horizons, of: &map) {
            let start = reader.offset
            let count = try reader.beginArray(limit: FederationLimits.maximumHorizons)
            // A platform without horizons leaves the field out, so that a value has one encoding.
            guard count > 0 else { throw .invalidValue(at: start) }
            for _ in 0..<count { horizons.append(try Horizon(from: &reader)) }
            reader.endArray()
        }
        self.horizons = horizons
        convergence = try reader.hasField(Field.convergence, of: &map) ? try reader.share() : nil
        try reader.endMap(&map)
    }

    func write(to writer: inout CBORWriter) {
        var fields = FieldWriter()
        fields.unsigned(Field.sequence, sequence)
        fields.integer(Field.freeMemory, freeMemory.bytes)
        fields.energy(Field.availableATP, availableATP)
        fields.integer(Field.thermalHeadroom, Int64(thermalHeadroom))
        fields.share(Field.load, load)
        fields.unsigned(Field.queueLength, UInt64(queueLength))
        let served = operations.prefix(FederationLimits.maximumServedOperations)
        fields.array(Field.operations, count: served.count) { for item in served { item.write(to: &$0) } }
        fields.unsigned(Field.powerClass, UInt64(powerClass.rawValue))
        fields.span(Field.uptime, uptime)
        fields.boolean(Field.acceptsTasks, acceptsTasks)
        let named = horizons.prefix(FederationLimits.maximumHorizons)
        if !named.isEmpty {
            fields.array(Field.horizons, count: named.count) { for horizon in named { $0.text(horizon.name) } }
        }
        if let convergence { fields.share(Field.convergence, convergence) }
        fields.finish(into: &writer)
    }
}

extension Heartbeat {
    /// The heartbeat without the operations that do not fit into `bytes` bytes of a message, the last ones first.
    /// - Complexity: O(operations × bytes), where some do not fit.
    public func fitting(_ bytes: Int) -> Heartbeat {
        var fitting = self
        while PeerMessage.heartbeat(fitting).encoded.count > bytes, !fitting.operations.isEmpty {
            fitting.operations.removeLast()
        }
        return fitting
    }
}

extension ServedOperation {
    /// Reads `[operation, typical ms, typical mJ]`, with the bytes of an ordinary input behind where they are stated.
    init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        let count = try reader.beginArray(limit: 4)
        guard count == 3 || count == 4 else { throw .wrongCount(at: start, expected: 3, found: count) }
        let operation = try Operation(from: &reader)
        let time = try reader.span(atMost: FederationLimits.longestTaskTime)
        let energy = try reader.amount()
        let size = count == 4 ? ByteCount(bytes: try reader.nonNegative()) : nil
        reader.endArray()
        guard
            let served = ServedOperation(
                operation: operation, typicalTime: time, typicalEnergy: energy, typicalSize: size)
        else { throw .invalidValue(at: start) }
        self = served
    }

    func write(to writer: inout CBORWriter) {
        writer.array(typicalSize == nil ? 3 : 4)
        writer.text(operation.name)
        writer.integer(typicalTime.milliseconds)
        writer.integer(typicalEnergy.millijoules)
        if let typicalSize { writer.integer(typicalSize.bytes) }
    }
}
