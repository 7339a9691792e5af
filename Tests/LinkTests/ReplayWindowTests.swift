import Testing

@testable import Link

@Suite struct ReplayWindowTests {
    @Test func `each number is taken once, in any order within the window`() {
        var window = ReplayWindow()
        for number in [5, 3, 4_000, 0, 4_095] as [UInt64] {
            let first = window.insert(number)
            let second = window.insert(number)
            #expect(first && !second)
            #expect(window.standing(of: number) == .seen)
        }
        #expect(window.highest == 4_095)
        #expect(window.standing(of: 1) == .fresh)
    }

    @Test(
        arguments: [
            (10_000, 5_905, ReplayWindow.Standing.fresh), (10_000, 5_904, .tooOld), (10_000, 0, .tooOld),
            (10_000, 10_000, .seen), (10_000, 10_001, .fresh), (4_095, 0, .fresh), (4_096, 0, .tooOld),
        ] as [(UInt64, UInt64, ReplayWindow.Standing)])
    func `the window reaches 4096 numbers down`(
        _ highest: UInt64, _ number: UInt64, _ standing: ReplayWindow.Standing
    ) {
        var window = ReplayWindow()
        let isTaken = window.insert(highest)
        #expect(isTaken)
        #expect(window.standing(of: number) == standing)
    }

    @Test(arguments: [1, 63, 64, 65, 4_095, 4_096, 4_097, 100_000] as [UInt64])
    func `numbers that the window slides over are fresh until they are seen`(_ step: UInt64) {
        var window = ReplayWindow()
        let highest = 4_095 + step
        for number in Array(0..<4_096) + [highest] {
            let isTaken = window.insert(number)
            #expect(isTaken)
        }
        for number in (highest - 4_095)..<highest {
            #expect(window.standing(of: number) == (number <= 4_095 ? .seen : .fresh))
        }
    }

    @Test func `it agrees with a plain set`() {
        var dice = Dice(seed: 11)
        var window = ReplayWindow()
        var seen: Set<UInt64> = []
        var highest: UInt64 = 0
        for _ in 0..<20_000 {
            let jump = dice.chance(percent: 1) ? 6_000 : 40
            let number = UInt64(max(0, Int(highest) + dice.below(jump) - dice.below(5_000)))
            let expected = !seen.contains(number) && (number > highest || highest - number < 4_096)
            let isTaken = window.insert(number)
            #expect(isTaken == expected)
            if expected {
                seen.insert(number)
                highest = max(highest, number)
            }
        }
    }

    @Test func `the largest number does not overflow`() {
        var window = ReplayWindow()
        let isTaken = window.insert(.max)
        #expect(isTaken)
        #expect(window.standing(of: .max) == .seen)
        #expect(window.standing(of: .max - 4_096) == .tooOld)
    }
}
