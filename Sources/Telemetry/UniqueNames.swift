/// Tells things of one name apart: the second one gets `#2`.
///
/// The same names in the same order are always told apart alike.
public struct UniqueNames: Sendable {
    private var taken: Set<String> = []
    /// The number that the next thing of a name may get.
    private var numbers: [String: Int] = [:]

    /// No names yet.
    public init() {}

    /// `name`, or that name with a number where it is taken.
    ///
    /// Complexity: O(1), but for names that end as if they had been told apart here.
    public mutating func name(_ name: String) -> String {
        var number = numbers[name, default: 1]
        var unique = number == 1 ? name : name + "#\(number)"
        while !taken.insert(unique).inserted {
            number += 1
            unique = name + "#\(number)"
        }
        numbers[name] = number + 1
        return unique
    }
}
