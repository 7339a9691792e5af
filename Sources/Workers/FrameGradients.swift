import Quantities

extension GreyFrame {
    /// Share of pixels inside the border whose Sobel magnitude |gx| + |gy| reaches `FrameLimits.edgeMagnitude`;
    /// none where the frame is all border.
    var edgeShare: BasisPoints {
        guard width >= 3, height >= 3 else { return .zero }
        var edges = 0
        for row in 1..<(height - 1) {
            let above = (row - 1) * width
            let here = row * width
            let below = (row + 1) * width
            for column in 1..<(width - 1) {
                let northWest = Int(pixels[above + column - 1])
                let northEast = Int(pixels[above + column + 1])
                let southWest = Int(pixels[below + column - 1])
                let southEast = Int(pixels[below + column + 1])
                let west = Int(pixels[here + column - 1])
                let east = Int(pixels[here + column + 1])
                let north = Int(pixels[above + column])
                let south = Int(pixels[below + column])
                let across = northEast + 2 * east + southEast - northWest - 2 * west - southWest
                let down = southWest + 2 * south + southEast - northWest - 2 * north - northEast
                if abs(across) + abs(down) >= FrameLimits.edgeMagnitude { edges += 1 }
            }
        }
        return BasisPoints(Int64(edges), of: Int64((width - 2) * (height - 2)))
    }

    /// A 64-bit difference hash: near frames have hashes that differ in few bits.
    ///
    /// The frame is parted into 9 × 8 boxes; column `i` covers the pixels from ⌊i·width ÷ 9⌋ up to
    /// ⌊(i + 1)·width ÷ 9⌋ and at least one, rows likewise with 8. Row by row from the top, most
    /// significant bit first, a bit is set where the mean of a box is below the mean of its right neighbour.
    var perceptualHash: UInt64 {
        var hash: UInt64 = 0
        for row in 0..<8 {
            let rows = section(row, of: 8, along: height)
            var left = boxSum(section(0, of: 9, along: width), rows)
            for column in 1..<9 {
                let right = boxSum(section(column, of: 9, along: width), rows)
                // Means compared without dividing.
                hash = hash << 1 | (left.sum * right.count < right.sum * left.count ? 1 : 0)
                left = right
            }
        }
        return hash
    }

    private func section(_ index: Int, of sections: Int, along side: Int) -> Range<Int> {
        let start = index * side / sections
        return start..<max(start + 1, (index + 1) * side / sections)
    }

    /// Sum of the levels and number of pixels in a box.
    private func boxSum(_ columns: Range<Int>, _ rows: Range<Int>) -> (sum: Int, count: Int) {
        var sum = 0
        for row in rows {
            for column in columns { sum += Int(pixels[row * width + column]) }
        }
        return (sum, columns.count * rows.count)
    }
}
