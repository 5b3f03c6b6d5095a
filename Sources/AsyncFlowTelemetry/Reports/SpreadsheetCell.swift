import AsyncFlowBase

/// The form of texts in cells of tables that other programs read: one line each, and never a formula.
enum SpreadsheetCell {
    /// Returns a cell of a comma-separated file (RFC 4180).
    static func csv(_ text: String) -> String {
        let text = plain(text)
        guard text.utf8.contains(where: { $0 == 0x22 || $0 == 0x2C }) else { return text }
        var result = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" { result += "\"" }
            result.unicodeScalars.append(scalar)
        }
        return result + "\""
    }

    /// Returns a cell of a tab-separated file, in which there are no quotes.
    static func tsv(_ text: String) -> String { plain(text) }

    /// Returns the text on one line, with an apostrophe before it if a spreadsheet would take it for a formula.
    private static func plain(_ text: String) -> String {
        let text = text.harmless()
        let isFormula = text.utf8.first { $0 != 0x20 }.map { "=+-@".utf8.contains($0) } ?? false
        return isFormula ? "'" + text : text
    }
}
