/// Which of the last 4096 numbers have been seen; the algorithm of RFC 6479.
///
/// Used twice: for the packet counters of a session, and for the numbers of a peer's messages.
struct ReplayWindow: Sendable {
    /// How many numbers below and including the highest are told apart.
    static let size: UInt64 = 4096

    /// What is known of a number.
    enum Standing: Equatable, Sendable {
        /// Not seen, and within the window or above it.
        case fresh
        /// Seen before.
        case seen
        /// Below the window; may or may not have been seen.
        case tooOld
    }

    /// The highest number seen, nil before the first.
    private(set) var highest: UInt64?
    private var words = [UInt64](repeating: 0, count: Int(ReplayWindow.size / 64))

    /// What is known of `number`.
    func standing(of number: UInt64) -> Standing {
        guard let highest, number <= highest else { return .fresh }
        guard highest - number < ReplayWindow.size else { return .tooOld }
        let (word, bit) = position(of: number)
        return words[word] & bit == 0 ? .fresh : .seen
    }

    /// Marks `number` as seen; false, and nothing changes, where it is not fresh.
    mutating func insert(_ number: UInt64) -> Bool {
        guard standing(of: number) == .fresh else { return false }
        if let highest {
            if number > highest { slide(from: highest, to: number) }
        } else {
            highest = number
        }
        let (word, bit) = position(of: number)
        words[word] |= bit
        return true
    }

    /// Moves the upper end and clears the bits that the numbers in between take over.
    private mutating func slide(from old: UInt64, to new: UInt64) {
        if new - old >= ReplayWindow.size {
            for index in words.indices { words[index] = 0 }
        } else {
            for number in (old + 1)...new {
                let (word, bit) = position(of: number)
                words[word] &= ~bit
            }
        }
        highest = new
    }

    private func position(of number: UInt64) -> (word: Int, bit: UInt64) {
        let index = number % ReplayWindow.size
        return (Int(index / 64), 1 << (index % 64))
    }
}
