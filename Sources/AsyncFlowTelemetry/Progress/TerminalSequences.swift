/// The control sequences that draw a display, from ECMA-48 and as in every terminal that follows the VT100.
///
/// The cursor stays in the line above the display, at the column where it was. What others print therefore doesn't
/// overwrite what they printed before, even in an unfinished line; and when the terminal becomes narrower and the
/// display's lines wrap, all of the display still comes after the cursor. The cursor is hidden only while a frame is
/// drawn, so that it is visible however the program ends.
enum TerminalSequences {
    /// Erases everything after the cursor: the rest of its line, then everything after the next cell. If a single step
    /// erased it with the cursor in the first cell, tmux would take that for clearing the screen and keep a copy in the
    /// history.
    static let erase = "\u{1B}7\u{1B}[K\u{1B}[C" + eraseBelow + "\u{1B}8"

    private static let eraseBelow = "\u{1B}[J"

    /// Erases the cursor's line and everything after it.
    static let eraseWithLine = "\r" + erase

    static func frame(_ lines: [String]) -> String {
        guard !lines.isEmpty else { return erase }
        // Shows the frame at once, not line by line; terminals that don't know the mode ignore it.
        var text = "\u{1B}[?2026h\u{1B}[?25l\u{1B}[?7l"
        // Scrolls to make room below, and keeps the column.
        text += String(repeating: "\u{1B}D", count: lines.count) + "\u{1B}[\(lines.count)A"
        text += "\u{1B}7"
        for line in lines { text += "\r\n" + line + "\u{1B}[K" }
        text += eraseBelow
        text += "\u{1B}8"
        text += "\u{1B}[?7h\u{1B}[?25h\u{1B}[?2026l"
        return text
    }
}
