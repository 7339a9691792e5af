import CLinux

/// The kernel's reason for refusing a call; the numbers are those of all Linux architectures in use.
public struct Errno: RawRepresentable, Hashable, Sendable {
    /// The number, positive.
    public let rawValue: Int32

    /// The reason with this number.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// Operation not permitted.
    public static let notPermitted = Errno(rawValue: 1)
    /// No such file or directory.
    public static let noEntry = Errno(rawValue: 2)
    /// No such process.
    public static let noProcess = Errno(rawValue: 3)
    /// A signal came first.
    public static let interrupted = Errno(rawValue: 4)
    /// The device failed.
    public static let inputOutput = Errno(rawValue: 5)
    /// Not a descriptor that can be used so.
    public static let badDescriptor = Errno(rawValue: 9)
    /// Nothing to do just now; the same number as "would block".
    public static let tryAgain = Errno(rawValue: 11)
    /// Out of memory.
    public static let noMemory = Errno(rawValue: 12)
    /// Permission denied.
    public static let accessDenied = Errno(rawValue: 13)
    /// Something with that name is there already.
    public static let exists = Errno(rawValue: 17)
    /// Not a directory.
    public static let notDirectory = Errno(rawValue: 20)
    /// A directory.
    public static let isDirectory = Errno(rawValue: 21)
    /// An argument that cannot be.
    public static let invalidArgument = Errno(rawValue: 22)
    /// More bytes than the limit.
    public static let fileTooLarge = Errno(rawValue: 27)
    /// No space left.
    public static let noSpace = Errno(rawValue: 28)
    /// A pipe, where something with a beginning and an end is wanted.
    public static let isPipe = Errno(rawValue: 29)
    /// A read-only file system.
    public static let readOnly = Errno(rawValue: 30)
    /// The other end is closed.
    public static let brokenPipe = Errno(rawValue: 32)
    /// A name too long for where it should go.
    public static let nameTooLong = Errno(rawValue: 36)
    /// The kernel does not have this call.
    public static let notImplemented = Errno(rawValue: 38)
    /// A directory that is not empty.
    public static let directoryNotEmpty = Errno(rawValue: 39)
    /// A symbolic link where none is allowed.
    public static let tooManyLinks = Errno(rawValue: 40)
    /// No data at present; what a sensor without a value answers.
    public static let noData = Errno(rawValue: 61)
    /// More entries than the limit.
    public static let overflow = Errno(rawValue: 75)
    /// Not a socket.
    public static let notSocket = Errno(rawValue: 88)
    /// A datagram longer than the path carries.
    public static let messageTooLong = Errno(rawValue: 90)
    /// The address family is not there.
    public static let noAddressFamily = Errno(rawValue: 97)
    /// The address belongs to another.
    public static let addressInUse = Errno(rawValue: 98)
    /// No interface has the address.
    public static let addressNotAvailable = Errno(rawValue: 99)
    /// No route.
    public static let networkUnreachable = Errno(rawValue: 101)
    /// The other end has gone away.
    public static let connectionReset = Errno(rawValue: 104)
    /// No room in the kernel's queues.
    public static let noBuffers = Errno(rawValue: 105)
    /// Nobody listens there.
    public static let connectionRefused = Errno(rawValue: 111)

    /// What it means, mostly in the C library's words.
    public var text: String {
        // Their "illegal seek" helps nobody.
        if self == .isPipe { return "A pipe, and no file" }
        let words = unsafe copiedText(capacity: 128) { bytes, capacity in
            unsafe clinux_error_text(rawValue, bytes, capacity)
        }
        return words ?? "Unknown error"
    }
}

/// A system call that failed: which one, on what, and why.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The call, by its name in section 2 of the manual.
    public let call: String
    /// The path or address it was about; empty where there is none.
    public let subject: String
    /// Why it failed.
    public let errno: Errno

    /// The failure of `call` on `subject`.
    public init(_ call: String, _ errno: Errno, subject: String = "") {
        self.call = call
        self.subject = subject
        self.errno = errno
    }

    /// One line for people: `open /etc/x: Permission denied`.
    public var description: String {
        call + (subject.isEmpty ? "" : " " + subject) + ": " + errno.text
    }
}
