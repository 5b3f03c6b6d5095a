import AsyncFlowBase

/// Finds the name that was probably meant.
package enum Nearest {
    /// The name with the smallest edit distance, if that is small enough for the length of the text.
    package static func name(to text: String, among names: some Sequence<String>) -> String? {
        let wanted = Array(text.lowercased().unicodeScalars.prefix(64))
        var best: (name: String, distance: Int)?
        for name in names where name != text {
            let distance = distance(wanted, Array(name.lowercased().unicodeScalars.prefix(64)))
            // Of several that are as near, always the same one.
            if let last = best, (distance, name) >= (last.distance, last.name) { continue }
            best = (name, distance)
        }
        guard let best, best.distance <= max(1, wanted.count / 3) else { return nil }
        return best.name
    }

    /// For the end of a message: `; did you mean 'x'?`, or nothing.
    package static func hint(_ text: String, _ names: some Sequence<String>) -> String {
        name(to: text, among: names).map { "; did you mean '\($0)'?" } ?? ""
    }

    /// The number of scalars to insert, delete, replace or swap with their neighbour.
    private static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
        var (beforeLast, last) = ([Int](), Array(0...b.count))
        for i in a.indices {
            var row = [i + 1]
            row.reserveCapacity(b.count + 1)
            for j in b.indices {
                var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, beforeLast[j - 1] + 1) }
                row.append(best)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
