import Quantities

/// A source of energy as the operator declares it, beside what the board shows by itself.
public struct SourceDeclaration: Hashable, Sendable {
    /// The board's own name in declarations, whatever its profile calls it.
    public static let boardName = "board"

    /// Where its readings come from.
    public enum Origin: Hashable, Sendable {
        /// A file of hwmon, power supply or industrial I/O under `/sys`, or the folder of such a device.
        case path(String)
        /// A file with one JSON object, which another program replaces.
        case file(String)
        /// A command that prints one JSON object, and its arguments.
        case command([String])
        /// Nowhere: it gives this power, by the operator's word.
        case declared(Power)

        /// Whether it has readings.
        public var isRead: Bool { if case .declared = self { false } else { true } }

        /// How its readings are known where the operator does not say it: only the kernel's own sensors measure.
        public var evidence: EvidenceClass {
            switch self {
            case .path: .metered
            case .file, .command, .declared: .declared
            }
        }
    }

    /// The source's identity, such as `solar:roof`.
    public var name: String
    /// What kind of source it is.
    public var kind: SourceKind
    /// How its energy is known.
    public var evidence: EvidenceClass
    /// Where its readings come from.
    public var origin: Origin
    /// The most that it can give; nil where unknown.
    public var rated: Power?
    /// The name of the source that this one is a part of; nil where it stands alone.
    public var parent: String?
    /// The name of the battery that this source fills; nil where it fills none.
    public var feeds: String?

    /// A declaration of its parts.
    public init(
        name: String, kind: SourceKind, evidence: EvidenceClass, origin: Origin, rated: Power? = nil,
        parent: String? = nil, feeds: String? = nil
    ) {
        self.name = name
        self.kind = kind
        self.evidence = evidence
        self.origin = origin
        self.rated = rated
        self.parent = parent
        self.feeds = feeds
    }
}
