/// A bar of done, failed, running and waiting tasks.
struct ProgressBar {
    let row: ProgressStatistics.Row
    let columns: Int

    /// The columns of each part, which add up to those of the bar. Failures get at least one column, however few they
    /// are.
    var parts: (done: Int, failed: Int, running: Int, waiting: Int) {
        guard row.total > 0, columns > 0 else { return (0, 0, 0, columns) }
        let whole = Double(max(row.total, row.ended + row.running))
        // Multiplies before dividing, so that all tasks together fill exactly all columns.
        func place(_ count: Double) -> Int { min(columns, Int(max(0, count) * Double(columns) / whole)) }
        let bad = row.failed + row.cancelled
        let failed = bad == 0 ? 0 : max(1, place(Double(bad)))
        let done = min(columns - failed, place(Double(row.completed) + row.partlyDone))
        let rest = columns - failed - done
        let running = row.running == 0 ? 0 : min(rest, max(1, place(Double(row.running) - row.partlyDone)))
        return (done, failed, running, rest - running)
    }

    func text(_ look: ProgressLook) -> String {
        let parts = parts
        let signs = look.unicode ? ["█", "▓", "▒", "░"] : ["#", "x", ">", "."]
        func part(_ sign: String, _ count: Int, _ colour: ProgressLook.Colour) -> String {
            count == 0 ? "" : look.coloured(String(repeating: sign, count: count), colour)
        }
        return part(signs[0], parts.done, .green) + part(signs[1], parts.failed, .red)
            + part(signs[2], parts.running, .yellow) + part(signs[3], parts.waiting, .grey)
    }
}

/// The characters and colours that a terminal can show.
struct ProgressLook: Sendable, Hashable {
    var unicode = true
    var colour = true

    enum Colour: Int { case grey = 90, red = 31, green = 32, yellow = 33 }

    func coloured(_ text: String, _ colour: Colour) -> String {
        self.colour && !text.isEmpty ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
    }
}

struct TerminalSize: Sendable, Hashable {
    var columns = 80
    var rows = 24
}
