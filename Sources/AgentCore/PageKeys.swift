import EnergyProofs

/// Where energy pages lie in the store: those of one source together, in the order of their numbers.
///
/// A page of the board has its number in eight bytes for its key, most significant first, as in the first release.
/// The key of every other source's page is the byte 1, the source's identity, a byte 0, and the number. Numbers
/// stay below 2^53, so that no key of the board begins with anything but 0.
public struct PageKeys: Hashable, Sendable {
    /// What the keys of the source's pages begin with.
    private let prefix: [UInt8]
    /// No page of the source has a key below this one.
    public let start: [UInt8]
    /// The key of every page of the source is below this one.
    public let end: [UInt8]

    /// The keys of the board's own pages.
    public static let board = PageKeys(prefix: [], start: [0], end: [1])

    /// The keys of all pages, the board's first, and then source after source.
    public static let all = PageKeys(prefix: [], start: [0], end: [2])

    /// The keys of the pages of `source`, which is not the board.
    public init(of source: SourceID) {
        let name = [1] + Array(source.text.utf8)
        self.init(prefix: name + [0], start: name + [0], end: name + [1])
    }

    private init(prefix: [UInt8], start: [UInt8], end: [UInt8]) {
        self.prefix = prefix
        self.start = start
        self.end = end
    }

    /// The key of page `number`; not of `all`, in which a number stands for many.
    public func key(_ number: UInt64) -> [UInt8] {
        prefix + stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> UInt64($0)) }
    }
}
