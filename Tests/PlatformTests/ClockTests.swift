import Foundation
import Glibc
import Quantities
import Testing

@testable import Platform

@_silgen_name("adjtimex") private func adjtimex(_ state: UnsafeMutablePointer<UInt8>) -> Int32

@Suite struct ClockTests {
    @Test func `boot time is that of the kernel and does not go back`() throws {
        let uptime = try String(contentsOfFile: "/proc/uptime", encoding: .utf8).split(separator: " ")[0]
        let seconds = try #require(Double(uptime))
        let now = Clock.bootTime
        #expect(abs(Double(now.milliseconds) / 1000 - seconds) < 5)
        let first = Clock.bootNanoseconds
        let second = Clock.bootNanoseconds
        #expect(second >= first)
        #expect(first / 1_000_000 >= now.milliseconds)
    }

    @Test func `wall time is that of people`() {
        #expect(abs(Double(Clock.wallTime.milliseconds) / 1000 - Date().timeIntervalSince1970) < 5)
    }

    @Test func `the status of time is what adjtimex says`() {
        // struct timex, of which Swift's Glibc module knows nothing: modes 0 at 0, status at 40.
        var state = [UInt8](repeating: 0, count: 256)
        let outcome = adjtimex(&state)
        let unsynchronized = outcome < 0 || outcome == 5 || state[40] & 0x40 != 0
        let synchronized = !unsynchronized
        #expect(Clock.timeStatus == (synchronized ? .synchronized : .unsynchronized))
    }

    @Test func `the boot id is the one in proc`() throws {
        let text = try String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
        let uuid = try #require(UUID(uuidString: text.trimmingCharacters(in: .newlines)))
        let bytes = withUnsafeBytes(of: uuid.uuid) { Array($0) }
        #expect(try Clock.bootID().array == bytes)
    }

    @Test(arguments: [
        "", "\n", "0f5f5a1e-9c3a-4c1b-8f11-2f6f5b6a7c8", "0f5f5a1e-9c3a-4c1b-8f11-2f6f5b6a7c8d0",
        "0f5f5a1e.9c3a-4c1b-8f11-2f6f5b6a7c8d", "0f5f5a1e-9c3a-4c1b-8f11-2f6f5b6a7c8g",
    ]) func `what is no boot id is refused`(text: String) {
        #expect(Clock.parseUUID(Array(text.utf8)) == nil)
    }

    @Test func `processor time grows with work and not with waiting`() throws {
        let before = Clock.threadNanoseconds
        usleep(30_000)
        let idle = Clock.threadNanoseconds - before
        #expect(idle < 15_000_000)
        var sum: UInt64 = 0
        while Clock.threadNanoseconds - before < idle + 20_000_000 { sum = sum &* 31 &+ 7 }
        #expect(sum != 1)
        let usage = try ResourceUsage.ofThread()
        #expect(usage.processorMicroseconds >= 15_000)
        #expect(Clock.processNanoseconds >= 20_000_000)
    }

    @Test func `resident memory lies below its peak`() throws {
        let resident = try ResourceUsage.residentMemory()
        let usage = try ResourceUsage.ofProcess()
        #expect(resident.bytes > 1 << 20)
        // The kernel sums the peak up with some delay.
        #expect(resident.bytes <= usage.peakResident.bytes + (8 << 20))
    }

    @Test func `entropy fills what is asked for and does not repeat`() throws {
        #expect(try Entropy.bytes(0) == [])
        let first = try Entropy.bytes(1 << 16)
        let second = try Entropy.bytes(1 << 16)
        #expect(first.count == 65_536 && first != second)
        #expect(Set(first).count == 256)
    }
}
