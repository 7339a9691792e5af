/// A frame as a grid of square cells, each of which stands out from the background or does not.
struct RegionGrid {
    let columns: Int
    let rows: Int
    /// Pixels along a cell's side; cells at the right and lower border may have fewer.
    let pitch: Int
    /// Whether the cells that stand out are the bright ones.
    let foregroundIsBright: Bool
    /// For every cell, row by row, whether it stands out.
    let standsOut: [Bool]

    init(_ frame: GreyFrame, threshold: UInt8) {
        let side = FrameLimits.regionGridSide
        let pitch = max((frame.width + side - 1) / side, (frame.height + side - 1) / side)
        columns = (frame.width + pitch - 1) / pitch
        rows = (frame.height + pitch - 1) / pitch
        self.pitch = pitch

        // The mean of a cell is above the threshold where its levels less the threshold add up to more than 0.
        var excess = [Int](repeating: 0, count: columns * rows)
        for y in 0..<frame.height {
            let cellRow = y / pitch * columns
            let pixelRow = y * frame.width
            for x in 0..<frame.width {
                excess[cellRow + x / pitch] += Int(frame.pixels[pixelRow + x]) - Int(threshold)
            }
        }
        let bright = excess.count { $0 > 0 }
        let foregroundIsBright = 2 * bright <= excess.count
        self.foregroundIsBright = foregroundIsBright
        standsOut = excess.map { ($0 > 0) == foregroundIsBright }
    }

    /// For every cell that stands out the first cell of its region, for every other one itself (union-find).
    func regionRoots() -> [Int] {
        var parents = Array(standsOut.indices)
        func root(_ cell: Int) -> Int {
            var cell = cell
            while parents[cell] != cell {
                parents[cell] = parents[parents[cell]]
                cell = parents[cell]
            }
            return cell
        }
        func unite(_ first: Int, _ second: Int) {
            let (first, second) = (root(first), root(second))
            // The smaller becomes the root, so that a root is its region's first cell.
            parents[max(first, second)] = min(first, second)
        }
        for cell in standsOut.indices where standsOut[cell] {
            if cell % columns > 0, standsOut[cell - 1] { unite(cell, cell - 1) }
            if cell >= columns, standsOut[cell - columns] { unite(cell, cell - columns) }
        }
        return standsOut.indices.map { root($0) }
    }
}
