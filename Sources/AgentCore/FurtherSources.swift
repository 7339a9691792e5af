import EnergyProofs
import Quantities
import Telemetry

/// The sources beside the board: those that the operator declares, and those that samples show.
struct FurtherSources: Sendable {
    private let settings: EnergySettings
    private let bootID: Bytes16
    /// What was stored of sources that have not been seen yet.
    private var stored: [SourceID: SourceRecord]
    /// In the order in which they came up; declared ones first.
    private(set) var sources: [FurtherSource] = []
    /// Names of sources that are not metered, and why; each is told once.
    private(set) var refused: [(name: String, reason: String)] = []
    private var toldRefused = 0

    /// The declared sources of `settings`; those that were metered before go on from `stored`.
    init(_ settings: EnergySettings, bootID: Bytes16, stored: [SourceID: SourceRecord]) {
        self.settings = settings
        self.bootID = bootID
        self.stored = stored
        for declaration in settings.declarations {
            _ = index(of: declaration.name, declaration.kind, declaration)
        }
    }

    /// The source called `id`.
    func source(_ id: SourceID) -> FurtherSource? { sources.first { $0.id == id } }

    /// When a window is decided at the latest.
    var deadline: BootTime? { sources.lazy.compactMap { $0.deadline }.min() }

    /// What is not metered and was not told yet.
    mutating func takeRefused() -> [(name: String, reason: String)] {
        defer { toldRefused = refused.count }
        return Array(refused[toldRefused...])
    }

    // MARK: Samples

    /// Takes in a sample; returns the windows that it completes.
    mutating func record(_ sample: TelemetrySample, _ board: BoardEnergy) -> [ClosedWindow] {
        var closed: [ClosedWindow] = []
        for source in sample.furtherSources {
            let declaration = settings.declarations.first { $0.name == source.name }
            guard let index = index(of: source.name, source.kind, declaration) else { continue }
            closed += sources[index].record(source, at: sample.taken, board)
        }
        return closed
    }

    /// Closes every window whose end is decided at `now`.
    mutating func passTime(to now: BootTime, _ board: BoardEnergy) -> [ClosedWindow] {
        var closed: [ClosedWindow] = []
        for index in sources.indices { closed += sources[index].passTime(to: now, board) }
        return closed
    }

    /// Closes every open window, since nothing comes after it.
    mutating func end(at now: BootTime, _ board: BoardEnergy) -> [ClosedWindow] {
        var closed: [ClosedWindow] = []
        for index in sources.indices { closed += sources[index].end(at: now, board) }
        return closed
    }

    // MARK: Identities

    /// The identity of the source that samples and declarations call `name`.
    ///
    /// What the operator declares, and a battery, is called as it is. A part of the board is bound to the board's
    /// key, as the board itself is, by what the board's identity ends with. Characters that no identity has become `-`.
    func identity(of name: String, _ kind: SourceKind? = nil) -> SourceID? {
        if name == SourceDeclaration.boardName { return settings.source }
        let isDeclared = settings.declarations.contains { $0.name == name }
        var text = name
        if let kind, !name.hasPrefix(kind.name + ":") { text = kind.name + ":" + name }
        text = String(decoding: text.utf8.map { FurtherSources.isAllowed($0) ? $0 : UInt8(ascii: "-") }, as: UTF8.self)
        if !isDeclared, text.hasPrefix(SourceKind.compute.name + ":") {
            guard let end = settings.source.text.utf8.split(separator: UInt8(ascii: ":")).last else { return nil }
            text += ":" + String(decoding: end, as: UTF8.self)
        }
        return SourceID(text)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"),
            UInt8(ascii: "@"), UInt8(ascii: "#"), UInt8(ascii: ":"):
            true
        default: false
        }
    }

    /// Where the source called `name` is kept; nil where it is not metered.
    private mutating func index(of name: String, _ kind: SourceKind, _ declaration: SourceDeclaration?) -> Int? {
        if let known = sources.firstIndex(where: { $0.name == name }) { return known }
        guard !refused.contains(where: { $0.name == name }) else { return nil }
        guard let id = identity(of: name, kind), id.kind == kind else {
            refuse(name, "its name is no identity of a source of kind " + kind.name)
            return nil
        }
        guard id != settings.source, !sources.contains(where: { $0.id == id }) else {
            refuse(name, "another source is called \(id.text) already")
            return nil
        }
        // The board is one of them.
        guard sources.count + 1 < SourceLimits.sources else {
            refuse(name, "\(SourceLimits.sources) sources are metered, which is the most")
            return nil
        }
        sources.append(
            FurtherSource(
                id, name: name, declaration: declaration, settings, bootID: bootID,
                resuming: stored.removeValue(forKey: id)))
        return sources.count - 1
    }

    private mutating func refuse(_ name: String, _ reason: String) {
        if refused.count < SourceLimits.sources { refused.append((name, reason)) }
    }
}
