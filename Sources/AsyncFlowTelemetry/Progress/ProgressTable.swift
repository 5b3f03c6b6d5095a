import AsyncFlowBase

/// The table of names, which leaves out columns until it fits, the least important first.
struct ProgressTable {
    private struct Column {
        let title: String
        /// The importance of the column: the lowest is left out first.
        let worth: Int
        var isOnTheLeft = false
        var colour: ProgressLook.Colour?
        let cell: (ProgressStatistics.Row) -> String
    }
    private enum Bar {
        static let narrowest = 6
        static let widest = 24
        /// Left out after the rate and the counts of cancelled and waiting tasks, and before all other columns.
        static let worth = 4
    }
    private static let gap = 2
    private static let narrowestName = 8

    let rows: [ProgressStatistics.Row]
    let columns: Int
    let look: ProgressLook

    private var candidates: [Column] {
        func count(_ number: Int) -> String { number == 0 ? "" : ProgressText.count(number) }
        var result = [
            Column(title: "", worth: 5) { ProgressText.percent(Double($0.ended) + $0.partlyDone, of: $0.total) },
            Column(title: "done", worth: 10) { ProgressText.count($0.completed) },
            Column(title: "of", worth: 7) { ProgressText.count($0.total) },
            Column(title: "running", worth: 8) { count($0.running) },
            Column(title: "waiting", worth: 3) { count($0.waiting) },
        ]
        if rows.contains(where: { $0.failed > 0 }) {
            result.append(Column(title: "failed", worth: 9, colour: .red) { count($0.failed) })
        }
        if rows.contains(where: { $0.cancelled > 0 }) {
            result.append(Column(title: "cancelled", worth: 2) { count($0.cancelled) })
        }
        result.append(Column(title: "rate", worth: 1) { $0.rate.map(ProgressText.rate) ?? "" })
        if rows.contains(where: { $0.timeLeft != nil }) {
            result.append(Column(title: "left", worth: 6) { $0.timeLeft.map(ProgressText.clock) ?? "" })
        }
        return result
    }

    /// The title line, and one line for each row.
    var lines: [String] {
        let names = rows.map { $0.name.harmless(unicode: look.unicode) }
        let widest = max(4, names.map(DisplayText.width(of:)).max() ?? 0)
        var shown = candidates.map { column in
            let cells = rows.map(column.cell)
            return (column: column, cells: cells, width: max(column.title.count, cells.map(\.count).max() ?? 0))
        }
        var hasBar = true
        func room() -> Int {
            columns - shown.reduce(0) { $0 + $1.width + Self.gap } - (hasBar ? Bar.narrowest + Self.gap : 0)
        }
        while room() < min(widest, Self.narrowestName), !shown.isEmpty || hasBar {
            let least = shown.indices.min { shown[$0].column.worth < shown[$1].column.worth }
            if hasBar, least.map({ shown[$0].column.worth > Bar.worth }) ?? true {
                hasBar = false
            } else if let least {
                shown.remove(at: least)
            }
        }
        let nameWidth = max(1, min(widest, room()))
        let barWidth = min(Bar.widest, Bar.narrowest + room() - nameWidth)
        let space = String(repeating: " ", count: Self.gap)

        var title = DisplayText.padded(DisplayText.shortened("task", to: nameWidth), to: nameWidth)
        if hasBar { title += space + String(repeating: " ", count: barWidth) }
        for part in shown { title += space + DisplayText.padded(part.column.title, to: part.width, onTheLeft: true) }
        var lines = [look.coloured(title, .grey)]
        for (number, row) in rows.enumerated() {
            let name = DisplayText.shortened(names[number], to: nameWidth, unicode: look.unicode)
            var line = DisplayText.padded(name, to: nameWidth)
            if hasBar { line += space + ProgressBar(row: row, columns: barWidth).text(look) }
            for part in shown {
                let cell = DisplayText.padded(part.cells[number], to: part.width, onTheLeft: true)
                line += space + (part.column.colour.map { look.coloured(cell, $0) } ?? cell)
            }
            lines.append(line)
        }
        return lines
    }
}
