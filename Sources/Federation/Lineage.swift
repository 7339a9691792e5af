import Quantities
import Wire

/// The part of an LCT that says who somebody descends from: a creator and its children, `dp.child`.
///
/// One to `IdentityLimits.lineageDepth` segments are certified; an LCT itself may have more.
public struct Lineage: Hashable, Comparable, Sendable {
    /// The segments, separated by dots.
    public let text: String

    /// The lineage `text`, or nil where an LCT could not have it.
    public init?(_ text: String) {
        guard let lct = try? LCT(LCT.prefix + text + "@x#perception"), lct.lineage.utf8.elementsEqual(text.utf8) else {
            return nil
        }
        self.text = text
    }

    /// The lineage of `lct`.
    public init(of lct: LCT) { text = lct.lineage }

    private init(checked text: String) { self.text = text }

    init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        guard let lineage = Lineage(try reader.text(limit: FederationLimits.maximumLCTLength)) else {
            throw .invalidValue(at: start)
        }
        self = lineage
    }

    /// The number of segments.
    public var depth: Int { 1 + text.utf8.count { $0 == UInt8(ascii: ".") } }

    /// Whether it is a creator without one of its own.
    public var isRoot: Bool { depth == 1 }

    /// The creator at its beginning.
    public var root: Lineage {
        Lineage(checked: String(decoding: text.utf8.prefix { $0 != UInt8(ascii: ".") }, as: UTF8.self))
    }

    /// The lineage of the creator; nil for a root.
    public var parent: Lineage? {
        text.utf8.lastIndex(of: UInt8(ascii: ".")).map { Lineage(checked: String(text[..<$0])) }
    }

    /// Orders by the bytes of the text.
    public static func < (left: Lineage, right: Lineage) -> Bool { left.text < right.text }
}

extension LCT {
    /// The identity of `lineage` in a place and a role; nil where its text would be too long.
    public init?(_ lineage: Lineage, context: PlatformName, task: TaskType) {
        guard let lct = try? LCT(LCT.prefix + lineage.text + "@" + context.text + "#" + task.name) else { return nil }
        self = lct
    }

    /// Its text without place and role, which names the creator of everything below: `lct:web4:agent:dp`.
    public static func rootText(_ lineage: Lineage) -> String { prefix + lineage.text }

    /// The lineage that `text` names without place and role; nil where it names something else.
    public static func lineage(ofRootText text: String) -> Lineage? {
        guard text.utf8.starts(with: prefix.utf8) else { return nil }
        return Lineage(String(decoding: text.utf8.dropFirst(prefix.utf8.count), as: UTF8.self))
    }
}
