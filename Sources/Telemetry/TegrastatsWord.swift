/// The shapes of single words in a line of tegrastats.
enum TegrastatsWord {
    static func text(_ word: ArraySlice<UInt8>) -> String { String(decoding: word, as: UTF8.self) }

    /// Whether `word` has a digit for each 0 of `shape`, and the same bytes elsewhere.
    static func hasShape(_ word: ArraySlice<UInt8>, _ shape: String) -> Bool {
        let shape = shape.utf8
        guard word.count == shape.count else { return false }
        return zip(word, shape).allSatisfy { byte, expected in
            expected == UInt8(ascii: "0") ? byte.isDigit : byte == expected
        }
    }

    /// A number of at most 63 bits.
    static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        DecimalText.unsigned(digits).flatMap { Int64(exactly: $0) }
    }

    /// The number before `suffix`; nil where the word does not end so.
    static func number(_ word: ArraySlice<UInt8>, before suffix: String) -> Int64? {
        dropping(suffix, from: word).flatMap { number($0) }
    }

    /// `word` without `suffix`; nil where it does not end so.
    static func dropping(_ suffix: String, from word: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let suffix = suffix.utf8
        guard word.count >= suffix.count, word.suffix(suffix.count).elementsEqual(suffix) else { return nil }
        return word.dropLast(suffix.count)
    }

    /// `word` before and after the first `separator`; nil where there is none.
    static func halves(
        _ word: ArraySlice<UInt8>, at separator: Unicode.Scalar
    ) -> (ArraySlice<UInt8>, ArraySlice<UInt8>)? {
        guard let at = word.firstIndex(of: UInt8(ascii: separator)) else { return nil }
        return (word[..<at], word[(at + 1)...])
    }

    /// The label of a rail or zone: a letter, then letters, digits, `_`, `-`, `.`, `+`.
    static func name(_ word: ArraySlice<UInt8>) -> String? {
        guard let first = word.first, first.isLetter, word.count <= TelemetryLimits.nameBytes,
            word.allSatisfy({ $0.isLetter || $0.isDigit || "_-.+".utf8.contains($0) })
        else { return nil }
        return text(word)
    }

    /// `used/total` and a unit.
    static func usage(_ word: ArraySlice<UInt8>, unit: String) -> TegrastatsLine.Usage? {
        guard let (used, total) = dropping(unit, from: word).flatMap({ halves($0, at: "/") }),
            let used = number(used), let total = number(total)
        else { return nil }
        return TegrastatsLine.Usage(used: used, total: total)
    }

    /// `NxSMB)` or `NxSkB)`.
    static func freeBlocks(_ word: ArraySlice<UInt8>) -> TegrastatsLine.FreeBlocks? {
        for unit in ["MB", "kB"] {
            guard let (blocks, size) = dropping(unit + ")", from: word).flatMap({ halves($0, at: "x") }) else {
                continue
            }
            guard let blocks = number(blocks), let size = number(size) else { return nil }
            return TegrastatsLine.FreeBlocks(blocks: blocks, blockSize: size, unit: unit)
        }
        return nil
    }

    /// `[core,core,...]`, each `P%@F`, `P%` or `off`; one clock for all may follow as `@F`.
    static func cores(_ list: ArraySlice<UInt8>) -> [TegrastatsLine.Core]? {
        guard list.first == UInt8(ascii: "["), let (inner, rest) = halves(list.dropFirst(), at: "]") else { return nil }
        var shared: Int64?
        if !rest.isEmpty {
            guard rest.first == UInt8(ascii: "@"), let clock = number(rest.dropFirst()) else { return nil }
            shared = clock
        }
        let entries = inner.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard entries.count <= TelemetryLimits.tegrastatsCores else { return nil }
        var cores: [TegrastatsLine.Core] = []
        for entry in entries {
            if entry.elementsEqual("off".utf8) {
                cores.append(TegrastatsLine.Core(isOnline: false, loadPercent: nil, frequencyMegahertz: nil))
                continue
            }
            guard let load = load(entry), let percent = load.percent, load.megahertz.count <= 1 else { return nil }
            cores.append(
                TegrastatsLine.Core(
                    isOnline: true, loadPercent: percent, frequencyMegahertz: load.megahertz.first ?? shared))
        }
        return cores
    }

    /// `P%`, `P%@F`, `P%@[F,F...]`, `@F` or `@[F,F...]`.
    static func load(_ word: ArraySlice<UInt8>) -> TegrastatsLine.Load? {
        guard let (share, clocks) = halves(word, at: "@") else {
            return number(word, before: "%").map { TegrastatsLine.Load(percent: $0, megahertz: []) }
        }
        var percent: Int64?
        if !share.isEmpty {
            guard let value = number(share, before: "%") else { return nil }
            percent = value
        }
        guard clocks.first == UInt8(ascii: "[") else {
            return number(clocks).map { TegrastatsLine.Load(percent: percent, megahertz: [$0]) }
        }
        guard clocks.last == UInt8(ascii: "]") else { return nil }
        var megahertz: [Int64] = []
        for clock in clocks.dropFirst().dropLast().split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        {
            guard let value = number(clock), megahertz.count < TelemetryLimits.tegrastatsEntries else { return nil }
            megahertz.append(value)
        }
        return TegrastatsLine.Load(percent: percent, megahertz: megahertz)
    }

    /// Whether `word` names a second or further graphics engine: `GR3D2_FREQ`, `GR3D3`, `GR3D_PCI`.
    static func isFurtherGraphics(_ word: ArraySlice<UInt8>) -> Bool {
        if word.elementsEqual("GR3D_PCI".utf8) { return true }
        let name = dropping("_FREQ", from: word) ?? word
        return name.count == 5 && name.starts(with: "GR3D".utf8) && name.last?.isDigit == true
    }

    /// `NAME@TC` or `NAME@TC/MC`; −256 says that the sensor is off.
    static func zone(_ word: ArraySlice<UInt8>) -> TegrastatsLine.Zone? {
        guard let (label, values) = halves(word, at: "@"), let name = name(label) else { return nil }
        let parts = values.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count <= 2, let current = parts.first.flatMap({ degrees($0) }) else { return nil }
        var maximum: String?
        if parts.count == 2 {
            guard let highest = degrees(parts[1]) else { return nil }
            maximum = highest
        }
        return TegrastatsLine.Zone(name: name, current: current, maximum: maximum, isValid: current != "-256")
    }

    /// The decimal number before `C`, as printed: at most six digits before the point and six after it.
    private static func degrees(_ word: ArraySlice<UInt8>) -> String? {
        guard let token = dropping("C", from: word) else { return nil }
        let digits = token.first == UInt8(ascii: "-") ? token.dropFirst() : token
        let parts = digits.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = parts.first,
            whole.count == 1 || whole.first != UInt8(ascii: "0"),
            parts.allSatisfy({ (1...6).contains($0.count) && $0.allSatisfy { $0.isDigit } })
        else { return nil }
        return text(token)
    }

    /// `current/average` or `current/average/maximum`, each a number of mW with or without the unit.
    static func rail(_ label: ArraySlice<UInt8>, _ values: ArraySlice<UInt8>) -> TegrastatsLine.Rail? {
        guard let name = name(label) else { return nil }
        var numbers: [Int64] = []
        for part in values.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard numbers.count < 3, let value = DecimalText.signed(dropping("mW", from: part) ?? part) else {
                return nil
            }
            numbers.append(value)
        }
        guard numbers.count >= 2 else { return nil }
        return TegrastatsLine.Rail(
            name: name, current: numbers[0], average: numbers[1], maximum: numbers.count > 2 ? numbers[2] : nil)
    }

    /// `NAME off`, `NAME F`, or `NAME` and a load; `_FREQ` is not part of the name.
    static func engine(_ label: ArraySlice<UInt8>, _ state: ArraySlice<UInt8>) -> TegrastatsLine.Engine? {
        let plain = dropping("_FREQ", from: label) ?? label
        guard let name = name(plain), plain.allSatisfy({ !(0x61...0x7a).contains($0) }) else { return nil }
        if state.elementsEqual("off".utf8) {
            return TegrastatsLine.Engine(
                name: name, isOn: false, load: TegrastatsLine.Load(percent: nil, megahertz: []))
        }
        if let clock = number(state) {
            return TegrastatsLine.Engine(
                name: name, isOn: true, load: TegrastatsLine.Load(percent: nil, megahertz: [clock]))
        }
        return load(state).map { TegrastatsLine.Engine(name: name, isOn: true, load: $0) }
    }
}
