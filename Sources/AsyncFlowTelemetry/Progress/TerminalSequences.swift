/// The control sequences that a display is drawn with, as they are in ECMA-48 and in every terminal that follows the
/// VT100.
///
/// The cursor rests at the line above the display, and wherever in that line it was: so what others print doesn't
/// overwrite what they printed before, even if they haven't ended their line; and when the terminal becomes narrower
/// and the display's lines wrap, all of it still comes after the cursor. It is hidden while a frame is drawn only, so
/// that however the program ends, there is one.
enum TerminalSequences {
    /// Takes everything after the cursor off the terminal: the rest of its line, then what comes after the cell right
    /// of it. In one go, a cursor in the first cell would have tmux clear the screen, for which it keeps a copy of it
    /// in the history.
    static let erase = "\u{1B}7\u{1B}[K\u{1B}[C" + eraseBelow + "\u{1B}8"

    private static let eraseBelow = "\u{1B}[J"

    /// The line that the cursor is in, too.
    static let eraseWithLine = "\r" + erase

    static func frame(_ lines: [String]) -> String {
        guard !lines.isEmpty else { return erase }
        // To be shown at once, not line by line; terminals that don't know the mode ignore it.
        var text = "\u{1B}[?2026h\u{1B}[?25l\u{1B}[?7l"
        // Scrolls as far as there must be room below; keeps the column.
        text += String(repeating: "\u{1B}D", count: lines.count) + "\u{1B}[\(lines.count)A"
        text += "\u{1B}7"
        for line in lines { text += "\r\n" + line + "\u{1B}[K" }
        text += eraseBelow
        text += "\u{1B}8"
        text += "\u{1B}[?7h\u{1B}[?25h\u{1B}[?2026l"
        return text
    }
}
