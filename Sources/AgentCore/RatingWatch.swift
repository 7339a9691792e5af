import Quantities

/// What a source is rated for, and why.
struct Rating: Hashable, Sendable {
    /// The power; nil where nobody says it.
    var power: Power?
    /// The name of the power mode that allows it.
    var mode: String?
    /// Whether it is a limit that is set for now.
    var isLimit = false
}

/// The least that a source was rated for since its open window began: what it could do for a part of a window it could
/// not do for all of it.
struct RatingWatch: Sendable {
    private var least: Rating?
    private var latest: Rating?
    private var previous: Rating?

    /// The least of the open window; nil before the first look.
    var rating: Rating? { least ?? latest }

    /// Takes in what a look shows.
    mutating func note(_ rating: Rating) {
        previous = latest
        latest = rating
        least = RatingWatch.lower(least, rating)
    }

    /// Begins the next window, which reaches back to the look before the last one.
    mutating func endWindow() { least = RatingWatch.lower(previous, latest) }

    private static func lower(_ first: Rating?, _ second: Rating?) -> Rating? {
        guard let first, let second else { return first ?? second }
        guard let power = second.power else { return first }
        return first.power.map { $0 <= power } ?? false ? first : second
    }
}
