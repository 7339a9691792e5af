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
    /// Most trips of one thermal zone, as in the kernel.
    public static let trips = 12
    /// Least time between two searches for devices.
    public static let searchPause = TimeSpan.seconds(30)
}
