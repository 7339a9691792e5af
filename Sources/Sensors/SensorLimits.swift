import Quantities

/// Limits of what is looked at and held open under one root.
public enum SensorLimits {
    /// Most bytes of one file; a sysfs file has at most one page.
    public static let fileBytes = 4096
    /// Most bytes of one file that is read whole, such as a mode file.
    public static let wholeFileBytes = 65_536
    /// Most links followed on the way to one file, as in the kernel.
    public static let links = 40
    /// Most steps, folders and links together, on the way to one file.
    public static let pathSteps = 512
    /// Most devices of one class.
    public static let devices = 256
    /// Most cooling devices looked at; of those that tell what slows the board down no more than `devices` are read.
    public static let coolingDevices = 4096
    /// Most trips of one thermal zone, as in the kernel.
    public static let trips = 12
    /// Most sensors that libsensors is asked for.
    public static let librarySensors = 512
    /// Shortest time between two readings of what changes slowly: twice a second, however samples jitter.
    public static let slowPause = TimeSpan.milliseconds(450)
    /// How long a sample waits for the graphics boards.
    public static let graphicsPatience = TimeSpan.milliseconds(50)
    /// Oldest readings of graphics boards that are shown.
    public static let graphicsAge = TimeSpan.seconds(3)
    /// Time between two questions for what hardly changes, such as limits.
    public static let graphicsSettled = TimeSpan.seconds(10)
    /// How long the total of a machine is left open until its graphics boards are heard for the first time.
    public static let graphicsStart = TimeSpan.seconds(10)
    /// Time between two searches for a driver of graphics boards, where there was none.
    public static let graphicsAbsence = TimeSpan.seconds(600)
    /// Most sources that an operator declares.
    public static let declaredSources = 16
    /// How long what an external meter told last counts.
    public static let meterAge = TimeSpan.seconds(10)
    /// How much later than its time says a file may have been written: a tick of the kernel's clock, and rounding.
    public static let fileTick = TimeSpan.milliseconds(12)
    /// The same on a file system that keeps whole seconds, or every second one.
    public static let coarseFileTick = TimeSpan.seconds(2)
    /// How long a program may take from reading its meter to writing the file.
    public static let writingTime = TimeSpan.milliseconds(40)
    /// Longest run of an external meter's command.
    public static let commandTime = TimeSpan.seconds(5)
    /// Most bytes of what a source that was found is called by, after its kind.
    public static let sourceNameBytes = 64
    /// Least time between two searches for devices.
    public static let searchPause = TimeSpan.seconds(30)
    /// Most time between two searches for what may be there and may never come.
    public static let longestSearchPause = TimeSpan.seconds(3600)
}
