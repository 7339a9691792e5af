/// Reads PGM and PPM images (Netpbm's pgm(5) and ppm(5): `P2`, `P5`, `P6`) as grey frames.
///
/// Departures: a comment stands only where white space may, and none stands after the largest sample
/// value, whose one white-space byte is followed by the raster at once; plain rasters may use any line
/// length. Samples of any range are brought to 256 levels, colours to luma, in integers.
struct NetpbmReader {
    private let bytes: [UInt8]
    /// Offset of the next byte.
    private(set) var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { offset == bytes.count }

    private enum Format {
        case plainGrey, grey, colour

        var channels: Int { self == .colour ? 3 : 1 }
    }

    /// The next image; after a plain one also the white space behind it.
    mutating func frame() throws(FrameError) -> GreyFrame {
        // What follows a first image but is no image is not a second one.
        guard let format = nextFormat() else { throw offset == 0 ? .unknownFormat : .trailingBytes(at: offset) }
        offset += 2
        let width = try headerNumber(limit: FrameLimits.maximumPixels)
        let height = try headerNumber(limit: FrameLimits.maximumPixels)
        let maximum = try headerNumber(limit: FrameLimits.maximumSampleValue)
        let count = try GreyFrame.pixelCount(width: width, height: height)
        guard maximum > 0 else { throw .noLevels }
        let pixels =
            switch format {
            case .plainGrey: try plainRaster(count, maximum: maximum)
            case .grey, .colour: try raster(count, channels: format.channels, maximum: maximum)
            }
        return GreyFrame(checkedWidth: width, height: height, pixels: pixels)
    }

    // MARK: Header

    private func nextFormat() -> Format? {
        guard bytes.count - offset >= 2, bytes[offset] == UInt8(ascii: "P") else { return nil }
        switch bytes[offset + 1] {
        case UInt8(ascii: "2"): return .plainGrey
        case UInt8(ascii: "5"): return .grey
        case UInt8(ascii: "6"): return .colour
        default: return nil
        }
    }

    private mutating func headerNumber(limit: Int) throws(FrameError) -> Int {
        guard offset < bytes.count else { throw .truncatedHeader(at: offset) }
        guard isSpace(bytes[offset]) || bytes[offset] == UInt8(ascii: "#") else {
            throw .expectedWhitespace(at: offset, found: bytes[offset])
        }
        while offset < bytes.count {
            if isSpace(bytes[offset]) {
                offset += 1
            } else if bytes[offset] == UInt8(ascii: "#") {
                while offset < bytes.count, !isLineEnd(bytes[offset]) { offset += 1 }
            } else {
                return try number(limit: limit)
            }
        }
        throw .truncatedHeader(at: offset)
    }

    /// The number at the offset, which is inside the input.
    private mutating func number(limit: Int) throws(FrameError) -> Int {
        let start = offset
        var value = 0
        while offset < bytes.count, let digit = decimalDigit(bytes[offset]) {
            value = value * 10 + digit
            guard value <= limit else { throw .numberTooLarge(at: start, limit: limit) }
            offset += 1
        }
        guard offset > start else { throw .expectedNumber(at: start, found: bytes[start]) }
        return value
    }

    // MARK: Rasters

    private mutating func raster(_ count: Int, channels: Int, maximum: Int) throws(FrameError) -> [UInt8] {
        guard offset < bytes.count else { throw .truncatedHeader(at: offset) }
        guard isSpace(bytes[offset]) else { throw .expectedWhitespace(at: offset, found: bytes[offset]) }
        offset += 1
        let width = maximum > 255 ? 2 : 1
        let found = (bytes.count - offset) / width
        guard found >= count * channels else { throw .missingSamples(expected: count * channels, found: found) }
        let start = offset
        var pixels: [UInt8] = []
        pixels.reserveCapacity(count)
        for _ in 0..<count {
            if channels == 1 {
                pixels.append(UInt8(try sample(from: start, width: width, maximum: maximum)))
            } else {
                let red = try sample(from: start, width: width, maximum: maximum)
                let green = try sample(from: start, width: width, maximum: maximum)
                let blue = try sample(from: start, width: width, maximum: maximum)
                pixels.append(UInt8((77 * red + 150 * green + 29 * blue + 128) >> 8))
            }
        }
        return pixels
    }

    /// The next sample of a raster that begins at `start`, brought to 0 … 255.
    private mutating func sample(from start: Int, width: Int, maximum: Int) throws(FrameError) -> Int {
        let value = width == 1 ? Int(bytes[offset]) : Int(bytes[offset]) << 8 | Int(bytes[offset + 1])
        guard value <= maximum else {
            throw .sampleAboveMaximum(sample: (offset - start) / width, value: value, maximum: maximum)
        }
        offset += width
        return level(value, maximum: maximum)
    }

    private mutating func plainRaster(_ count: Int, maximum: Int) throws(FrameError) -> [UInt8] {
        var pixels: [UInt8] = []
        // White space and a digit for every sample: no room is made for what cannot be there.
        pixels.reserveCapacity(min(count, (bytes.count - offset) / 2))
        for index in 0..<count {
            if offset < bytes.count, !isSpace(bytes[offset]) {
                throw .expectedWhitespace(at: offset, found: bytes[offset])
            }
            skipSpace()
            guard offset < bytes.count else { throw .missingSamples(expected: count, found: index) }
            let value = try number(limit: FrameLimits.maximumSampleValue)
            guard value <= maximum else { throw .sampleAboveMaximum(sample: index, value: value, maximum: maximum) }
            pixels.append(UInt8(level(value, maximum: maximum)))
        }
        skipSpace()
        return pixels
    }

    private mutating func skipSpace() {
        while offset < bytes.count, isSpace(bytes[offset]) { offset += 1 }
    }
}

/// The grey level nearest to `value` in `maximum`, halves rounded up.
private func level(_ value: Int, maximum: Int) -> Int { (value * 255 + maximum / 2) / maximum }

private func isLineEnd(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }

private func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || (0x09...0x0d).contains(byte) }

private func decimalDigit(_ byte: UInt8) -> Int? {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) ? Int(byte - UInt8(ascii: "0")) : nil
}
