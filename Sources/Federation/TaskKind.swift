import Quantities

/// Tasks that take about the same: one operation on inputs of about one size.
public struct TaskKind: Hashable, Comparable, Sendable {
    /// The operation.
    public let operation: Operation
    /// The bucket of the input's size: 0 up to 1 KiB, one more for every doubling, 16 from 32 MiB on.
    public let bucket: UInt8

    /// The highest bucket.
    static let highestBucket: UInt8 = 16

    /// The kind of a task of `operation` on `inputSize` bytes.
    public init(_ operation: Operation, inputSize: ByteCount) {
        self.init(operation, bucket: TaskKind.bucket(inputSize))
    }

    init(_ operation: Operation, bucket: UInt8) {
        self.operation = operation
        self.bucket = bucket
    }

    /// The bucket of an input of `size`.
    public static func bucket(_ size: ByteCount) -> UInt8 {
        let kibibytes = UInt64(max(0, size.bytes - 1)) / 1024
        return UInt8(min(Int(highestBucket), 64 - kibibytes.leadingZeroBitCount))
    }

    /// The largest size in `bucket`, that of the highest one being open: 1 KiB, doubled with every bucket.
    public static func size(ofBucket bucket: UInt8) -> ByteCount {
        ByteCount(bytes: 1024 << Int64(min(bucket, highestBucket)))
    }

    /// Orders by operation, then by size.
    public static func < (left: TaskKind, right: TaskKind) -> Bool {
        left.operation != right.operation ? left.operation < right.operation : left.bucket < right.bucket
    }
}
