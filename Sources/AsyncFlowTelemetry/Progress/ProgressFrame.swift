import AsyncFlowBase

/// The contents of a live display: a table of names, a line of totals, and the last failure.
struct ProgressFrame {
    /// In a terminal narrower or lower than this, the frame is one short line.
    private static let narrowest = 20
    private static let lowest = 8
    /// The maximum number of names, so that the table is quick to read.
    private static let mostNames = 10

    let statistics: ProgressStatistics
    let size: TerminalSize
    let look: ProgressLook

    /// One column fewer than the terminal has, because terminals differ in what they do at the last one.
    private var columns: Int { max(1, size.columns - 1) }

    /// The lines of the frame: at least two fewer than the terminal has, and none as wide as it.
    var lines: [String] {
        if size.columns < Self.narrowest || size.rows < Self.lowest { return [oneLine] }
        let hasFailure = statistics.lastFailure != nil
        let room = min(Self.mostNames, size.rows - (hasFailure ? 5 : 4))
        let (rows, others) = chosen(room)
        var lines: [String] = []
        if !rows.isEmpty { lines = ProgressTable(rows: rows, columns: columns, look: look).lines }
        if others > 0 {
            let text = (look.unicode ? "… " : "... ") + "and \(ProgressText.count(others)) more"
            lines.append(look.coloured(DisplayText.shortened(text, to: columns, unicode: look.unicode), .grey))
        }
        lines.append(totals)
        if let failure = statistics.lastFailure {
            let text = ProgressLine.failure(failure, unicode: look.unicode)
            lines.append(look.coloured(DisplayText.shortened(text, to: columns, unicode: look.unicode), .red))
        }
        return lines
    }

    /// Returns the most active names, in their usual order so that lines don't jump about, and the number of the
    /// others.
    private func chosen(_ room: Int) -> ([ProgressStatistics.Row], Int) {
        let all = statistics.rows
        guard all.count > room else { return (all, 0) }
        let count = max(1, room - 1)  // one line says how many more there are
        func isMoreActive(_ a: Int, _ b: Int) -> Bool {
            let (x, y) = (all[a], all[b])
            if (x.running > 0) != (y.running > 0) { return x.running > 0 }
            if x.isOver != y.isOver { return !x.isOver }
            if x.lastEnd != y.lastEnd { return (x.lastEnd ?? .zero) > (y.lastEnd ?? .zero) }
            return x.total == y.total ? a < b : x.total > y.total
        }
        let best = all.indices.sorted(by: isMoreActive).prefix(count).sorted()
        return (best.map { all[$0] }, all.count - best.count)
    }

    private var totals: String {
        let total = statistics.total
        // If there isn't room for all parts, those with the lowest worth are left out first.
        var parts: [(worth: Int, text: String)] = [
            (9, "\(ProgressText.count(total.completed)) of \(ProgressText.count(total.total)) done")
        ]
        if total.running > 0 { parts.append((6, "\(ProgressText.count(total.running)) running")) }
        if total.waiting > 0 { parts.append((4, "\(ProgressText.count(total.waiting)) waiting")) }
        if total.failed > 0 { parts.append((8, "\(ProgressText.count(total.failed)) failed")) }
        if total.cancelled > 0 { parts.append((3, "\(ProgressText.count(total.cancelled)) cancelled")) }
        parts.append((2, ProgressLine.cores(statistics)))
        if let rate = total.rate { parts.append((1, ProgressText.rate(rate))) }
        parts.append((5, ProgressText.clock(statistics.elapsed)))
        if let left = total.timeLeft { parts.append((7, "about \(ProgressText.clock(left)) left")) }
        let separator = look.unicode ? " · " : ", "
        while parts.count > 1, DisplayText.width(of: parts.map(\.text).joined(separator: separator)) > columns {
            let least = parts.indices.min { parts[$0].worth < parts[$1].worth }!
            parts.remove(at: least)
        }
        let text = parts.map(\.text).joined(separator: separator)
        return DisplayText.shortened(text, to: columns, unicode: look.unicode)
    }

    private var oneLine: String {
        let total = statistics.total
        let percent = ProgressText.percent(Double(total.ended) + total.partlyDone, of: total.total)
        let failed = total.failed > 0 ? " \(ProgressText.count(total.failed)) failed" : ""
        let candidates = [
            "\(ProgressText.count(total.completed)) of \(ProgressText.count(total.total))\(failed)",
            "\(percent)\(failed)", percent,
        ]
        return candidates.first { $0.count <= columns } ?? String(percent.prefix(columns))
    }
}
