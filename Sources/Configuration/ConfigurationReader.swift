import Federation

extension AgentConfiguration {
    /// The configuration that `sources` make: files in their order, then the environment, then the command line.
    ///
    /// - Throws: everything that is wrong with any source, also where a later one would have won.
    /// - Complexity: linear in the bytes of the sources, which `YAMLLimits` bounds.
    public init(_ sources: ConfigurationSources) throws(ConfigurationRefusal) {
        var reader = ConfigurationReader(hostName: sources.hostName)
        for file in sources.files { reader.read(file) }
        for variable in sources.environment { reader.read(variable) }
        for flag in sources.flags { reader.read(flag) }
        if reader.problems.isEmpty { reader.checkTogether() }
        guard reader.problems.isEmpty else { throw ConfigurationRefusal(problems: reader.problems) }
        self = reader.configuration
    }
}

/// Takes in source after source; what is wrong is noted and reading goes on, so that all of it is told at once.
struct ConfigurationReader {
    private(set) var configuration: AgentConfiguration
    private(set) var problems: [YAMLError] = []

    init(hostName: String) {
        configuration = AgentConfiguration(federation: FederationSection(hostName: hostName))
        configuration.platformOrigin = .hostName
    }

    // MARK: Files

    /// Takes in a file; one without any keys says nothing.
    mutating func read(_ file: ConfigurationSources.File) {
        configuration.files.append(file.name)
        do throws(YAMLError) {
            let document = try YAMLDocument(file.bytes, file: file.name)
            guard case .mapping(let entries) = document.root.content else { return }
            read(entries, group: "", file: file.name)
        } catch {
            if error.problem != .empty { note(error) }
        }
    }

    private mutating func read(_ entries: [YAMLNode.Entry], group: String, file: String) {
        for entry in entries where problems.count < ConfigurationLimits.problems {
            let path = group.isEmpty ? entry.key : group + "." + entry.key
            let place = (file: file, line: entry.line, key: path)
            // A path that is spelled out where it does not belong is no key: there is one way to write each.
            let isHere = ConfigurationKey.group(of: path) == group
            if isHere, let key = ConfigurationKey.key(path) {
                set(key, to: entry.value, folder: folder(of: file), .file(file, line: entry.line), place)
            } else if isHere, ConfigurationKey.groups.contains(path) {
                switch entry.value.content {
                case .mapping(let inner): read(inner, group: path, file: file)
                // All that stood in the section is commented out.
                case .text("", isPlain: true): break
                default: note(.wrongKind(expected: "a mapping", found: entry.value.kind), place)
                }
            } else if ConfigurationKey.laterSections.contains(path) {
                note(.notAvailable, place)
            } else {
                note(ConfigurationReader.unknown(entry.key, in: group), place)
            }
        }
    }

    private func folder(of file: String) -> String? {
        let bytes = Array(file.utf8)
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return nil }
        return slash == 0 ? "" : String(decoding: bytes[..<slash], as: UTF8.self)
    }

    // MARK: Environment and command line

    /// Takes in a variable.
    ///
    /// One that is not ours is passed over: its name does not begin with `SAGE_EDGE_`, or goes on with
    /// nothing that is, or may be meant for, a section's name.
    mutating func read(_ variable: ConfigurationSources.Variable) {
        guard variable.name.hasPrefix(ConfigurationKey.variablePrefix) else { return }
        if let key = ConfigurationKey.all.first(where: { $0.variable == variable.name }) {
            return set(key, toText: variable.value, .environment(variable.name), variable.name)
        }
        let word = variable.name.dropFirst(ConfigurationKey.variablePrefix.count).prefix { $0 != "_" }
        let section = String(word).lowercased()
        if ConfigurationKey.laterSections.contains(section) {
            return note(.notAvailable, (variable.name, 0, ""))
        }
        guard let nearest = nearestName(to: section, among: ConfigurationKey.groups) else { return }
        // What all of them begin with makes no two names alike.
        let prefix = ConfigurationKey.variable(of: nearest) + "_"
        let allowed = ConfigurationKey.all.map { $0.variable }.filter { $0.hasPrefix(prefix) }
        let keys = allowed.map { String($0.dropFirst(prefix.count)) }
        let key = String(variable.name.dropFirst(ConfigurationKey.variablePrefix.count + word.count + 1))
        note(
            .unknownKey(nearest: nearestName(to: key, among: keys).map { prefix + $0 }, allowed: allowed),
            (variable.name, 0, ""))
    }

    /// Takes in an option of the command line.
    mutating func read(_ flag: ConfigurationFlag) {
        if let key = ConfigurationKey.key(flag.key) {
            set(key, toText: flag.value, .flag(flag.name), flag.name)
        } else {
            note(ConfigurationReader.unknown(flag.key, in: ""), (flag.name, 0, flag.key))
        }
    }

    // MARK: Values

    private typealias Place = (file: String, line: Int, key: String)

    /// Sets `key` to a text without quotes; where the key takes lists, commas separate the elements.
    private mutating func set(
        _ key: ConfigurationKey, toText text: String, _ origin: ConfigurationOrigin, _ name: String
    ) {
        var node = YAMLNode(line: 0, content: .text(text, isPlain: true))
        if key.commas == .separate || (key.commas == .makeAList && text.utf8.contains(UInt8(ascii: ","))) {
            let elements = text.split(separator: ",").map {
                YAMLNode(line: 0, content: .text(String($0), isPlain: true))
            }
            node = YAMLNode(line: 0, content: .sequence(elements))
        }
        set(key, to: node, folder: nil, origin, (name, 0, key.path))
    }

    private mutating func set(
        _ key: ConfigurationKey, to node: YAMLNode, folder: String?, _ origin: ConfigurationOrigin, _ place: Place
    ) {
        do throws(ConfigurationKey.Refusal) {
            try key.write(ConfigurationKey.Entry(node: node, folder: folder), &configuration)
            configuration.origins[key.path] = origin
            note(elementsOf: node, of: key.path, from: origin)
        } catch {
            for refusal in [error] + error.further {
                var place = place
                if let element = refusal.element {
                    place.key += "[\(element.index)]" + (refusal.member.isEmpty ? "" : "." + refusal.member)
                    place.line = element.line
                }
                note(refusal.problem, place)
            }
        }
    }

    /// Remembers in which lines of a file the elements of a list stand.
    private mutating func note(elementsOf node: YAMLNode, of path: String, from origin: ConfigurationOrigin) {
        configuration.elementOrigins[path] = nil
        guard case .sequence(let elements) = node.content, case .file(let file, _) = origin else { return }
        configuration.elementOrigins[path] = elements.map { .file(file, line: $0.line) }
    }

    // MARK: Problems

    private mutating func note(_ problem: YAMLProblem, _ place: Place) {
        note(YAMLError(file: place.file, line: place.line, key: place.key, problem: problem))
    }

    mutating func note(_ error: YAMLError) {
        if problems.count < ConfigurationLimits.problems { problems.append(error) }
    }

    /// What is wrong with key `name`, which `group` does not have.
    private static func unknown(_ name: String, in group: String) -> YAMLProblem {
        let paths = ConfigurationKey.all.map { $0.path } + ConfigurationKey.groups
        let allowed = paths.filter { ConfigurationKey.group(of: $0) == group }
            .map { group.isEmpty ? $0 : String($0.dropFirst(group.utf8.count + 1)) }
        // Whole paths are compared where one stands at the top, as options of the command line name them.
        let whole = group.isEmpty && !paths.contains(name) ? nearestName(to: name, among: paths) : nil
        let nearest = nearestName(to: name, among: allowed) ?? paths.first { $0.hasSuffix("." + name) } ?? whole
        return .unknownKey(nearest: nearest, allowed: allowed)
    }
}
