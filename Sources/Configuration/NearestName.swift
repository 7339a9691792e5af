/// The name out of `names` that `name` is most like; nil where none is so like it that it may be meant.
///
/// Like enough is: at most a third of the longer one's bytes are wrong, missing, too many, or swapped with
/// their neighbour. Of equals, the first.
/// - Complexity: O(names × length²); a name above `ConfigurationLimits.comparedNameBytes` is like no other.
public func nearestName(to name: String, among names: [String]) -> String? {
    let bytes = Array(name.utf8)
    guard bytes.count <= ConfigurationLimits.comparedNameBytes else { return nil }
    var nearest: (name: String, distance: Int)?
    for candidate in names {
        let other = Array(candidate.utf8)
        let allowed = min(max(bytes.count, other.count) / 3, (nearest?.distance ?? .max) - 1)
        // The difference of the lengths is the least that the distance can be.
        guard abs(bytes.count - other.count) <= allowed else { continue }
        let distance = editDistance(bytes, other)
        guard distance <= allowed else { continue }
        nearest = (candidate, distance)
    }
    return nearest?.name
}

/// Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours.
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforeLast = [Int](repeating: 0, count: right.count + 1)
    var last = Array(0...right.count)
    for row in left.indices {
        var current = [row + 1]
        for column in right.indices {
            let isSame = left[row] == right[column]
            var best = min(last[column + 1] + 1, current[column] + 1, last[column] + (isSame ? 0 : 1))
            if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                best = min(best, beforeLast[column - 1] + 1)
            }
            current.append(best)
        }
        (beforeLast, last) = (last, current)
    }
    return last[right.count]
}
