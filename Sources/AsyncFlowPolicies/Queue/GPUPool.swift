/// The free part of each GPU.
///
/// A share of a GPU is taken from the fullest one that has room for it, so that others stay empty for tasks that need
/// whole ones.
package struct GPUPool: Equatable, Sendable {
    package private(set) var free: [Int]
    private(set) var emptyCount: Int
    private var largestFree: Int

    /// A part of a GPU, in thousandths.
    package struct Share: Hashable, Sendable {
        package var index: Int
        package var thousandths: Int

        package init(index: Int, thousandths: Int) {
            self.index = index
            self.thousandths = thousandths
        }
    }

    package init(count: Int) {
        free = Array(repeating: 1000, count: count)
        emptyCount = count
        largestFree = count > 0 ? 1000 : 0
    }

    package func fits(_ thousandths: Int) -> Bool {
        thousandths < 1000 ? thousandths <= largestFree : thousandths / 1000 <= emptyCount
    }

    /// Takes an amount that ``fits(_:)``.
    package mutating func take(_ thousandths: Int) -> [Share] {
        if thousandths == 0 { return [] }
        var shares: [Share] = []
        if thousandths < 1000 {
            let fullest = free.indices.filter { free[$0] >= thousandths }.min { free[$0] < free[$1] }
            shares = [Share(index: fullest!, thousandths: thousandths)]
        } else {
            let empty = free.indices.lazy.filter { [free] in free[$0] == 1000 }
            shares = empty.prefix(thousandths / 1000).map { Share(index: $0, thousandths: 1000) }
        }
        for share in shares { free[share.index] -= share.thousandths }
        count()
        return shares
    }

    package mutating func giveBack(_ shares: [Share]) {
        if shares.isEmpty { return }
        for share in shares { free[share.index] += share.thousandths }
        count()
    }

    private mutating func count() {
        emptyCount = free.count { $0 == 1000 }
        largestFree = free.max() ?? 0
    }
}
