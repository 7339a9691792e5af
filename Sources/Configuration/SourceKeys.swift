import AgentCore
import EnergyProofs
import Quantities
import Telemetry
import Wire

extension ConfigurationKey {
    /// `energy.sources`: the sources beside the board, each a mapping.
    static let sources = ConfigurationKey.mappings(
        "energy.sources",
        of: "name, one of path, file, command and declared_watts, and perhaps kind, class, rated_watts, parent, feeds",
        limit: ConfigurationLimits.sources
    ) {
        $0.energy.sources.map { $0.shown }
    } element: { node, folder, known throws(YAMLError) in
        try SourceDeclaration(node, folder: folder, after: known)
    } set: {
        $0.energy.sources = $1
    }
}

extension SourceDeclaration {
    /// Where a source is read from, as its keys.
    private static let origins = ["path", "file", "command", "declared_watts"]

    /// The declaration in `node`, relative paths in it from `folder`; the ones before it are `known`.
    fileprivate init(_ node: YAMLNode, folder: String?, after known: [SourceDeclaration]) throws(YAMLError) {
        guard case .mapping = node.content else {
            throw YAMLError(
                file: "", line: node.line, key: "", problem: .wrongKind(expected: "a mapping", found: node.kind))
        }
        var mapping = YAMLMapping(file: "", path: "", node: node)
        let (name, kind) = try SourceDeclaration.identity(&mapping)
        if known.contains(where: { $0.name == name }) {
            throw mapping.error("name", .notAllowed(found: "'" + name + "' again", allowed: "every name once"))
        }
        let origin = try SourceDeclaration.origin(&mapping, folder: folder)
        let classes = SourceDeclaration.classes(of: kind, origin)
        let word = try mapping.choice("class", among: classes.map { $0.name })
        self.init(
            name: name, kind: kind, evidence: word.flatMap { EvidenceClass(name: $0) } ?? origin.evidence,
            origin: origin, rated: try mapping.watts("rated_watts"),
            parent: try mapping.source("parent", orBoard: true), feeds: try mapping.source("feeds", orBoard: false))
        try check(&mapping, known)
        try mapping.finish()
    }

    /// Name and kind: `name: solar:roof`, or `name: roof` with `kind: solar`.
    private static func identity(_ mapping: inout YAMLMapping) throws(YAMLError) -> (String, SourceKind) {
        var name = try mapping.required("name", try mapping.string("name"))
        let word = try mapping.choice("kind", among: SourceKind.allCases.map { $0.name })
        if let word, !name.hasPrefix(word + ":") { name = word + ":" + name }
        // One colon, after the kind: `solar:grid:a` would be a name for ever.
        guard let source = SourceID(name), name.utf8.count <= ConfigurationLimits.sourceNameBytes,
            name.split(separator: ":", omittingEmptySubsequences: false).count == 2
        else {
            throw mapping.error(
                "name",
                .notAllowed(
                    found: "'" + name + "'",
                    allowed: "a kind (" + SourceKind.allCases.map { $0.name }.joined(separator: ", ")
                        + "), a colon, and A-Z a-z 0-9 . _ - @ #, at most \(ConfigurationLimits.sourceNameBytes) bytes")
            )
        }
        return (name, source.kind)
    }

    private static func origin(_ mapping: inout YAMLMapping, folder: String?) throws(YAMLError) -> Origin {
        let given = origins.filter { mapping.contains($0) }
        guard let key = given.first, given.count == 1 else {
            let found = given.isEmpty ? "a source that nothing tells of" : given.joined(separator: " with ")
            throw mapping.error(
                given.last ?? "name", .notAllowed(found: found, allowed: "one of " + origins.joined(separator: ", ")))
        }
        switch key {
        case "path":
            let path = try mapping.path(key, from: nil)
            guard path.hasPrefix("/sys/"), !path.split(separator: "/").contains("..") else {
                throw mapping.error(
                    key, .notAllowed(found: "'" + path + "'", allowed: "a file or folder under /sys/, without .."))
            }
            return .path(path)
        case "file": return .file(try mapping.path(key, from: folder))
        case "command":
            var words = try mapping.strings(key) ?? []
            guard (1...ConfigurationLimits.commandWords).contains(words.count) else {
                throw mapping.error(
                    key,
                    .notAllowed(
                        found: "a list of \(words.count)",
                        allowed: "a command and at most \(ConfigurationLimits.commandWords - 1) words"))
            }
            if let folder, !words[0].hasPrefix("/") { words[0] = folder + "/" + words[0] }
            return .command(words)
        default: return .declared(try mapping.watts(key) ?? .zero)
        }
    }

    /// How the energy of a source may be said to be known.
    private static func classes(of kind: SourceKind, _ origin: Origin) -> [EvidenceClass] {
        guard origin.isRead else { return [.declared] }
        return kind == .human ? [.declared] : [.metered, .modeled, .declared]
    }

    private func check(_ mapping: inout YAMLMapping, _ known: [SourceDeclaration]) throws(YAMLError) {
        if kind == .human {
            let range = EnergyProofLimits.humanPower
            guard case .declared(let power) = origin else {
                throw mapping.error(
                    SourceDeclaration.origins.first { mapping.contains($0) } ?? "name",
                    .notAllowed(found: "a person with readings", allowed: "declared_watts"))
            }
            guard range.contains(power) else {
                throw mapping.error(
                    "declared_watts",
                    .notAllowed(
                        found: SourceDeclaration.watts(power),
                        allowed: SourceDeclaration.watts(range.lowerBound) + " … "
                            + SourceDeclaration.watts(range.upperBound)))
            }
        }
        if origin.isRead, let twin = known.first(where: { $0.origin == origin }) {
            throw mapping.error(
                SourceDeclaration.origins.first { mapping.contains($0) } ?? "name",
                .notAllowed(
                    found: "reading " + name + " from what " + twin.name + " is read from",
                    allowed: "one source for one meter"))
        }
        if let parent, parent == name || known.contains(where: { $0.name == parent && $0.parent != nil }) {
            throw mapping.error(
                "parent", .notAllowed(found: "'" + parent + "'", allowed: "a source that is no part of another"))
        }
        if known.contains(where: { $0.parent == name }), parent != nil {
            throw mapping.error("parent", .notAllowed(found: "a part that has parts", allowed: "one of both"))
        }
        if let feeds, feeds == name || !feeds.hasPrefix(SourceKind.battery.name + ":") {
            throw mapping.error("feeds", .notAllowed(found: "'" + feeds + "'", allowed: "the name of a battery"))
        }
    }

    private static func watts(_ power: Power) -> String { FixedPoint.text(power.milliwatts, digits: 3) }

    /// The declaration as it is shown.
    fileprivate var shown: ConfigurationMapping {
        var members = [ConfigurationMapping.Member("name", .text(name))]
        switch origin {
        case .path(let path): members.append(.init("path", .text(path)))
        case .file(let path): members.append(.init("file", .text(path)))
        case .command(let words): members.append(.init("command", .list(words)))
        case .declared(let power): members.append(.init("declared_watts", .number(SourceDeclaration.watts(power))))
        }
        members.append(.init("class", .text(evidence.name)))
        if let rated { members.append(.init("rated_watts", .number(SourceDeclaration.watts(rated)))) }
        if let parent { members.append(.init("parent", .text(parent))) }
        if let feeds { members.append(.init("feeds", .text(feeds))) }
        return ConfigurationMapping(members: members)
    }
}

extension YAMLMapping {
    /// A power in watts, above zero, with at most three digits after the point.
    fileprivate mutating func watts(_ key: String) throws(YAMLError) -> Power? {
        guard let node = node(key) else { return nil }
        guard case .text(let text, isPlain: true) = node.content, let milliwatts = FixedPoint.parse(text, digits: 3)
        else {
            throw error(key, node.unlike("a number with at most 3 digits after the point"))
        }
        let most = EnergyProofLimits.largestPower.milliwatts
        guard (1...most).contains(milliwatts) else {
            throw error(key, .notAllowed(found: text, allowed: "0.001 … " + FixedPoint.text(most, digits: 3)))
        }
        return Power(milliwatts: milliwatts)
    }

    /// The name of another source.
    fileprivate mutating func source(_ key: String, orBoard isBoardAllowed: Bool) throws(YAMLError) -> String? {
        guard let name = try string(key) else { return nil }
        guard SourceID(name) != nil || isBoardAllowed && name == SourceDeclaration.boardName else {
            throw error(
                key,
                .notAllowed(
                    found: "'" + name + "'",
                    allowed: (isBoardAllowed ? "board, or " : "") + "a source's name, such as battery:BAT0"))
        }
        return name
    }

    /// A path, from `folder` where it is a relative one.
    fileprivate mutating func path(_ key: String, from folder: String?) throws(YAMLError) -> String {
        guard let node = node(key) else { throw error(key, .missing) }
        do throws(ConfigurationKey.Refusal) { return try node.path(from: folder) } catch {
            throw self.error(key, error.problem)
        }
    }
}
