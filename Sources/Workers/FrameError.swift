/// Why bytes are not the frames that an operation takes.
public enum FrameError: Error, Equatable, Sendable {
    /// The input begins with neither `P2`, `P5` nor `P6`.
    case unknownFormat
    /// The input ends inside a Netpbm header; `at` is its length.
    case truncatedHeader(at: Int)
    /// Something other than white space or a comment follows a header field.
    case expectedWhitespace(at: Int, found: UInt8)
    /// Something other than a decimal number stands where one is due.
    case expectedNumber(at: Int, found: UInt8)
    /// A number is above the largest that its place allows.
    case numberTooLarge(at: Int, limit: Int)
    /// A side has no pixels.
    case noPixels(width: Int, height: Int)
    /// A side has more than `FrameLimits.maximumSide` pixels.
    case sideTooLong(width: Int, height: Int)
    /// The frame has more than `FrameLimits.maximumPixels` pixels.
    case tooManyPixels(width: Int, height: Int)
    /// The header says that the largest sample is 0.
    case noLevels
    /// A sample, counted from 0, is above what the header says is the largest.
    case sampleAboveMaximum(sample: Int, value: Int, maximum: Int)
    /// There are fewer samples than the frame's size asks for.
    case missingSamples(expected: Int, found: Int)
    /// Bytes follow the last frame.
    case trailingBytes(at: Int)
    /// The two frames of an input differ in size.
    case framesDiffer(previousWidth: Int, previousHeight: Int, width: Int, height: Int)

    /// What is wrong, for a person.
    public var explanation: String {
        switch self {
        case .unknownFormat: "not a PGM (P2, P5) or PPM (P6) image"
        case .truncatedHeader(let at): "the image header is cut off at byte \(at)"
        case .expectedWhitespace(let at, let found): "expected white space at byte \(at), found byte \(found)"
        case .expectedNumber(let at, let found): "expected a number at byte \(at), found byte \(found)"
        case .numberTooLarge(let at, let limit): "the number at byte \(at) is above \(limit)"
        case .noPixels(let width, let height): "a frame of \(width) × \(height) has no pixels"
        case .sideTooLong(let width, let height):
            "a side of \(width) × \(height) is longer than \(FrameLimits.maximumSide) pixels"
        case .tooManyPixels(let width, let height):
            "\(width) × \(height) is more than \(FrameLimits.maximumPixels) pixels"
        case .noLevels: "the largest sample value is 0"
        case .sampleAboveMaximum(let sample, let value, let maximum):
            "sample \(sample) is \(value), above the largest of \(maximum)"
        case .missingSamples(let expected, let found): "the size asks for \(expected) samples, \(found) are there"
        case .trailingBytes(let at): "bytes follow the last frame at byte \(at)"
        case .framesDiffer(let previousWidth, let previousHeight, let width, let height):
            "the previous frame is \(previousWidth) × \(previousHeight), the frame \(width) × \(height)"
        }
    }
}
