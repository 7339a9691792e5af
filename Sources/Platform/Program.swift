import CLinux

/// What this program was started with.
public enum Program {
    /// The arguments after the program's name; bytes that are no UTF-8 are replaced.
    public static var arguments: [String] {
        (1..<max(1, clinux_argument_count())).map { unsafe String(cString: clinux_argument($0)) }
    }

    /// The name that the program was called by.
    public static var name: String { clinux_argument_count() > 0 ? unsafe String(cString: clinux_argument(0)) : "" }

    /// The value of a variable of the environment; nil where it is not set.
    public static func environment(_ name: String) -> String? {
        unsafe name.withCString { name in
            guard let value = unsafe clinux_environment(name) else { return nil }
            return unsafe String(cString: value)
        }
    }

    /// The file of the program, for starting it again; follows an upgrade that replaces the file.
    public static func executablePath() throws(SystemError) -> String { try FileSystem.readLink("/proc/self/exe") }

    /// Its process id.
    public static var processID: Int32 { clinux_process_id() }

    /// The user whose rights it has.
    public static var effectiveUserID: UInt32 { clinux_effective_user() }

    /// The group whose rights it has.
    public static var effectiveGroupID: UInt32 { clinux_effective_group() }

    /// The user's home folder: `$HOME`, else by the password database, else the root folder, in which only root
    /// can put anything.
    public static var homeFolder: String {
        if let home = environment("HOME"), home.hasPrefix("/") { return home }
        let listed = unsafe copiedText(capacity: PlatformLimits.pathBytes) { bytes, capacity in
            unsafe clinux_home_folder(bytes, capacity)
        }
        return listed ?? ""
    }

    /// Ends the program; nothing that is still buffered is written.
    public static func exit(_ code: Int32) -> Never { clinux_exit(code) }
}

/// The machine and its kernel (uname(2)).
public enum Host {
    /// Its name in the network.
    public static var name: String { text(CLINUX_HOST_NAME) }
    /// The kernel's release, such as `5.15.148-tegra`.
    public static var kernelRelease: String { text(CLINUX_HOST_KERNEL) }
    /// Its architecture, such as `aarch64`.
    public static var machine: String { text(CLINUX_HOST_MACHINE) }
    /// Processors in use.
    public static var processorCount: Int { max(1, Int(clinux_processor_count())) }

    private static func text(_ which: Int) -> String {
        unsafe copiedText(capacity: 65) { bytes, capacity in unsafe clinux_host_text(CInt(which), bytes, capacity) }
            ?? ""
    }
}
