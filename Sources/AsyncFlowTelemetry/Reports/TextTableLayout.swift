import AsyncFlowBase

/// A table of text: columns as wide as they have to be, numbers to the right.
struct TextTableLayout {
    let header: [String]
    /// Those that begin at the left.
    var leftColumns: Set<Int> = [0]
    var rows: [[String]] = []

    init(_ header: [String], leftColumns: Set<Int> = [0]) {
        self.header = header
        self.leftColumns = leftColumns
    }

    var lines: [String] {
        let all = [header] + rows
        let widths = header.indices.map { column in all.map { DisplayText.width(of: $0[column]) }.max() ?? 0 }
        return all.map { row in
            var line = " "
            for (column, cell) in row.enumerated() {
                let padding = String(repeating: " ", count: max(0, widths[column] - DisplayText.width(of: cell)))
                line += " " + (leftColumns.contains(column) ? cell + padding : padding + cell)
                if column + 1 < row.count { line += " " }
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
