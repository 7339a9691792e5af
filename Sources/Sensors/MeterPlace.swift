import Telemetry

/// What a meter of the kernel's is known by, whatever path leads to it: its device, and the channel there.
///
/// The kernel shows one device at several places, and one channel by several files: its power, its energy, its voltage
/// and current. Numbers of hwmon and of industrial I/O are given once at a time, names of power supplies and of
/// processors' zones likewise, so that they tell even where a recording holds copies in place of links.
struct MeterPlace: Hashable, Sendable {
    /// Such as `hwmon3` or `power_supply/BAT0`; else the folder.
    let device: String
    /// The number in the file's name; 0 for the whole device.
    let channel: Int

    /// The meter that the file at `path` belongs to.
    init(file path: String) {
        var folders = path.split(separator: "/").map { String($0) }
        let file = folders.popLast() ?? ""
        // All files of a power supply tell of the same energy.
        if let supply = MeterPlace.supply(folders) {
            device = MeterPlace.supplies + folders[supply]
            channel = 0
            return
        }
        channel = MeterPlace.number(in: file)
        if let number = folders.last(where: {
            MeterPlace.isNumbered($0, "hwmon") || MeterPlace.isNumbered($0, "iio:device")
        }) {
            device = number
        } else if folders.contains("powercap"), let zone = folders.last {
            device = MeterPlace.zones + zone
        } else {
            device = "/" + folders.joined(separator: "/")
        }
    }

    /// A whole power supply by its name.
    init(supply name: String) {
        device = MeterPlace.supplies + name
        channel = 0
    }

    private static let supplies = "power_supply/"
    private static let zones = "powercap/"

    /// Whether it counts what a processor draws.
    var isProcessor: Bool { device.hasPrefix(MeterPlace.zones) }

    /// The path of the power supply that the file or folder at `path` belongs to; nil where it belongs to none.
    static func supply(of path: String) -> String? {
        let components = path.split(separator: "/").map { String($0) }
        return supply(components).map { "/" + components[...$0].joined(separator: "/") }
    }

    private static func supply(_ components: [String]) -> Int? {
        guard let parent = components.lastIndex(of: "power_supply"), parent + 1 < components.count else { return nil }
        return parent + 1
    }

    /// Whether `name` is `prefix` and a number.
    static func isNumbered(_ name: String, _ prefix: String) -> Bool {
        let digits = name.utf8.dropFirst(prefix.utf8.count)
        return name.hasPrefix(prefix) && !digits.isEmpty && digits.allSatisfy { (0x30...0x39).contains($0) }
    }

    /// The first number in `name`; 0 where there is none that a channel has.
    private static func number(in name: String) -> Int {
        let digits = name.utf8.drop { !(0x30...0x39).contains($0) }.prefix { (0x30...0x39).contains($0) }
        return Int(String(decoding: digits, as: UTF8.self)) ?? 0
    }
}

extension MeterPlace {
    /// The meters that files at these paths belong to; an empty path is that of no file.
    static func all(_ paths: [String]) -> Set<MeterPlace> {
        Set(paths.filter { !$0.isEmpty }.map { MeterPlace(file: $0) })
    }
}

/// The meters that the board itself is read from, and the batteries that were found on it.
///
/// What they show is counted already: a declared source that reads one of them would be the same energy once more.
public struct BoardMeters: Equatable, Sendable {
    /// Meters of the rails that the profile knows, and of the processor.
    private(set) var own: Set<MeterPlace> = []
    /// The batteries that were found, by the names of their sources.
    private(set) var batteries: [MeterPlace: String] = [:]

    /// None.
    public init() {}

    /// Those of the machine under `tree`, which are looked for.
    public init(_ tree: SysfsTree, _ profile: HardwareProfile) { self.init(BoardDevices(tree, profile), profile) }

    init(_ devices: BoardDevices, _ profile: HardwareProfile) {
        // Of a chip that nobody knows, no one can say what it measures: an operator may.
        func isOwn(_ name: String, _ role: RailRole) -> Bool { role != .other || profile.rail(name) != nil }
        for probe in devices.rails where isOwn(probe.name, probe.role) {
            own.formUnion(MeterPlace.all(probe.files.compactMap { $0?.path }))
        }
        for probe in devices.counters { own.formUnion(MeterPlace.all([probe.energy?.path ?? ""])) }
        for probe in devices.hwmon.powers + devices.hwmon.energies where isOwn(probe.name, probe.role) {
            own.formUnion(MeterPlace.all([probe.path]))
        }
        for battery in devices.supplies.batteries { batteries[MeterPlace(supply: battery.name)] = battery.source }
    }
}
