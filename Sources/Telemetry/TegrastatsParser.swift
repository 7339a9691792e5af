extension TegrastatsLine {
    /// Parses one line without its line end.
    ///
    /// The order of the parts and the blanks between them do not matter. What a word means is decided by
    /// its shape and by the word after it, never by its name alone, since names are shared: `GPU` is a zone
    /// and a rail, `CPU` a list of cores, a zone and a rail. A part that is not well formed costs only
    /// itself: its words go to `ignored`.
    ///
    /// - Throws: `TegrastatsError`, when there is nothing of tegrastats in it.
    /// - Complexity: O(bytes), and O(names²) for at most `TelemetryLimits.tegrastatsEntries` names of each kind.
    public init(_ bytes: [UInt8]) throws(TegrastatsError) {
        guard bytes.count <= TelemetryLimits.tegrastatsLineBytes else { throw .tooLong(bytes: bytes.count) }
        let text = bytes.last == .carriageReturn ? bytes.dropLast() : bytes[...]
        if let at = text.firstIndex(where: { !(0x20...0x7e).contains($0) && $0 != 0x09 }) {
            throw .notText(at: at, byte: text[at])
        }
        var parser = TegrastatsParser(words: text.split { $0.isBlank })
        guard !parser.words.isEmpty else { throw .empty }
        parser.run()
        let unknown = parser.unknownWords
        let known = parser.words.count - unknown
        guard parser.isAnchored, known >= unknown else {
            throw .notTegrastats(knownWords: known, unknownWords: unknown)
        }
        self = parser.line
    }
}

/// Walks over the words of one line.
struct TegrastatsParser {
    let words: [ArraySlice<UInt8>]
    var line = TegrastatsLine()
    /// Whether something was found that only tegrastats prints.
    var isAnchored = false
    /// Words that are not understood, other than `NC`.
    var unknownWords = 0
    private var next = 0
    private var furtherGraphicsClocks: [Int64] = []

    init(words: [ArraySlice<UInt8>]) { self.words = words }

    mutating func run() {
        timestamp()
        while next < words.count {
            let taken = part()
            if taken == 0 {
                ignore(words[next])
                unknownWords += 1
                next += 1
            } else {
                next += taken
            }
        }
        if !furtherGraphicsClocks.isEmpty {
            line.graphics = TegrastatsLine.Load(
                percent: line.graphics?.percent, megahertz: (line.graphics?.megahertz ?? []) + furtherGraphicsClocks)
        }
    }

    /// Parses the part that begins at `next`; the number of words in it, or 0 where it is none.
    private mutating func part() -> Int {
        let word = words[next]
        if let zone = TegrastatsWord.zone(word) { return add(zone) }
        guard let following = peek(0) else { return 0 }
        switch TegrastatsWord.text(word) {
        case "RAM": return memory(following)
        case "SWAP": return swap(following)
        case "IRAM": return chipMemory(following)
        case "CPU", "cpu":
            if following.first == UInt8(ascii: "[") { return cores() }
        case "EMC_FREQ", "EMC":
            guard let load = TegrastatsWord.load(following), line.memoryController == nil else { return 0 }
            line.memoryController = load
            isAnchored = true
            return 2
        case "GR3D_FREQ", "GR3D":
            guard let load = TegrastatsWord.load(following), line.graphics == nil else { return 0 }
            line.graphics = load
            isAnchored = true
            return 2
        case "APE":
            guard let clock = TegrastatsWord.number(following), line.audioMegahertz == nil else { return 0 }
            line.audioMegahertz = clock
            return 2
        case "MTS": return translation(following)
        default: break
        }
        if TegrastatsWord.isFurtherGraphics(word), let load = TegrastatsWord.load(following) {
            furtherGraphicsClocks += load.megahertz
            return 2
        }
        return rail(word, following) ?? engine(word, following) ?? 0
    }

    private func peek(_ offset: Int) -> ArraySlice<UInt8>? {
        next + offset + 1 < words.count ? words[next + offset + 1] : nil
    }

    private mutating func ignore(_ word: ArraySlice<UInt8>) { line.ignored.append(TegrastatsWord.text(word)) }

    private mutating func timestamp() {
        guard words.count >= 2, TegrastatsWord.hasShape(words[0], "00-00-0000"),
            TegrastatsWord.hasShape(words[1], "00:00:00")
        else { return }
        line.timestamp = TegrastatsWord.text(words[0]) + " " + TegrastatsWord.text(words[1])
        next = 2
    }

    private mutating func memory(_ amounts: ArraySlice<UInt8>) -> Int {
        guard let usage = TegrastatsWord.usage(amounts, unit: "MB"), line.memory == nil else { return 0 }
        line.memory = usage
        isAnchored = true
        guard peek(1)?.elementsEqual("(lfb".utf8) == true, let size = peek(2) else { return 2 }
        if let blocks = TegrastatsWord.freeBlocks(size) {
            line.largestFreeBlocks = blocks
            return 4
        }
        return 2
    }

    private mutating func swap(_ amounts: ArraySlice<UInt8>) -> Int {
        guard let usage = TegrastatsWord.usage(amounts, unit: "MB"), line.swap == nil else { return 0 }
        isAnchored = true
        line.swap = TegrastatsLine.Swap(usage: usage, cached: nil)
        guard peek(1)?.elementsEqual("(cached".utf8) == true,
            let cached = peek(2).flatMap({ TegrastatsWord.number($0, before: "MB)") })
        else { return 2 }
        line.swap?.cached = cached
        return 4
    }

    private mutating func chipMemory(_ amounts: ArraySlice<UInt8>) -> Int {
        guard line.chipMemory == nil else { return 0 }
        let bracket = Array("(lfb".utf8)
        let isJoined = amounts.count > bracket.count && amounts.suffix(bracket.count).elementsEqual(bracket)
        let plain = isJoined ? amounts.dropLast(bracket.count) : amounts
        guard let usage = TegrastatsWord.usage(plain, unit: "kB") else { return 0 }
        isAnchored = true
        line.chipMemory = TegrastatsLine.ChipMemory(usage: usage, largestFreeBlock: nil)
        let isApart = !isJoined && peek(1)?.elementsEqual(bracket) == true
        guard isJoined || isApart,
            let largest = peek(isJoined ? 1 : 2).flatMap({ TegrastatsWord.number($0, before: "kB)") })
        else { return 2 }
        line.chipMemory?.largestFreeBlock = largest
        return isJoined ? 3 : 4
    }

    private mutating func cores() -> Int {
        guard line.cores.isEmpty else { return 0 }
        var list: [UInt8] = []
        var taken = 1
        while let word = peek(taken - 1) {
            list += word
            taken += 1
            if word.contains(UInt8(ascii: "]")) { break }
        }
        guard let cores = TegrastatsWord.cores(list[...]) else { return 0 }
        line.cores = cores
        isAnchored = true
        return taken
    }

    private mutating func translation(_ first: ArraySlice<UInt8>) -> Int {
        guard line.translation == nil, first.elementsEqual("fg".utf8),
            let foreground = peek(1).flatMap({ TegrastatsWord.number($0, before: "%") }),
            peek(2)?.elementsEqual("bg".utf8) == true,
            let background = peek(3).flatMap({ TegrastatsWord.number($0, before: "%") })
        else { return 0 }
        line.translation = TegrastatsLine.Translation(foreground: foreground, background: background)
        return 5
    }

    private mutating func add(_ zone: TegrastatsLine.Zone) -> Int {
        guard line.zones.count < TelemetryLimits.tegrastatsEntries,
            !line.zones.contains(where: { $0.name == zone.name })
        else { return 0 }
        line.zones.append(zone)
        isAnchored = true
        return 1
    }

    /// A rail, or a channel that is not connected; nil where `values` are not those of a rail.
    private mutating func rail(_ name: ArraySlice<UInt8>, _ values: ArraySlice<UInt8>) -> Int? {
        guard let rail = TegrastatsWord.rail(name, values) else { return nil }
        if rail.name == "NC" {
            ignore(name)
            return 2
        }
        guard line.rails.count < TelemetryLimits.tegrastatsEntries,
            !line.rails.contains(where: { $0.name == rail.name })
        else { return nil }
        line.rails.append(rail)
        isAnchored = true
        return 2
    }

    /// An engine; nil where the words are not one.
    private mutating func engine(_ name: ArraySlice<UInt8>, _ state: ArraySlice<UInt8>) -> Int? {
        guard let engine = TegrastatsWord.engine(name, state),
            line.engines.count < TelemetryLimits.tegrastatsEntries,
            !line.engines.contains(where: { $0.name == engine.name })
        else { return nil }
        line.engines.append(engine)
        return 2
    }
}
