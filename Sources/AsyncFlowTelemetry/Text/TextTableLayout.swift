import AsyncFlowBase

/// A table of text with columns as wide as necessary and numbers aligned to the right.
package struct TextTableLayout {
    package let header: [String]
    /// The columns that are aligned to the left.
    package var leftColumns: Set<Int> = [0]
    package var rows: [[String]] = []

    package init(_ header: [String], leftColumns: Set<Int> = [0]) {
        self.header = header
        self.leftColumns = leftColumns
    }

    package var lines: [String] {
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
