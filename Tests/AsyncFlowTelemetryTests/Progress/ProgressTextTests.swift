import AsyncFlowBase
import Testing

@testable import AsyncFlowTelemetry

@Suite("Text on a terminal")
struct ProgressTextTests {
    @Test(
        "the width of what a terminal draws",
        arguments: [
            ("", 0), ("align", 5), ("naïve", 5), ("e\u{301}", 1), ("中文", 4), ("한국어", 6), ("ﾊﾝｶｸ", 4), ("🧬", 2),
            ("👩‍🔬", 2), ("🇩🇪", 2), ("❤️", 2), ("❤", 1), ("1", 1), ("ก\u{E49}", 1), ("a\u{200B}b", 2), ("👍🏽", 2),
        ])
    func width(text: String, columns: Int) {
        #expect(DisplayText.width(of: text) == columns)
    }

    @Test(
        "what would make the terminal do something is made harmless",
        arguments: [
            ("plain", "plain"), ("\u{1B}[31mred\u{1B}[0m", "?[31mred?[0m"), ("a\nb\tc\r\nd", "a b c d"),
            ("bell\u{7}", "bell?"), ("\u{9B}2J", "\u{FFFD}2J"), ("\u{202E}evil", "evil"), ("👩‍🔬 中", "👩‍🔬 中"),
            ("\u{7F}", "?"), ("a\u{2028}b", "a b"), ("\u{1B}]0;title\u{7}", "?]0;title?"),
        ])
    func harmless(text: String, shown: String) {
        #expect(text.harmless() == shown)
    }

    @Test("without Unicode, other characters become question marks")
    func asciiOnly() {
        #expect("naïve 中文 🧬".harmless(unicode: false) == "na?ve ?? ?")
    }

    @Test(
        "text is cut to the columns that there are, never within a character",
        arguments: [
            ("align", 5, "align"), ("aligned", 5, "alig…"), ("中文中文", 5, "中文…"), ("中文中文", 4, "中…"), ("ab", 1, "…"),
            ("ab", 0, ""), ("👩‍🔬👩‍🔬👩‍🔬", 5, "👩‍🔬👩‍🔬…"),
        ])
    func shortened(text: String, columns: Int, shown: String) {
        #expect(DisplayText.shortened(text, to: columns) == shown)
        #expect(DisplayText.width(of: shown) <= columns)
    }

    @Test(
        "counts", arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (100_000, "100,000")])
    func counts(number: Int, text: String) { #expect(ProgressText.count(number) == text) }

    @Test(
        "times",
        arguments: [
            (0, "0:00"), (7, "0:07"), (754, "12:34"), (3723, "1:02:03"), (273_906, "3d 04:05:06"), (-5, "0:00"),
        ])
    func clock(seconds: Int, text: String) { #expect(ProgressText.clock(.seconds(seconds)) == text) }

    @Test(
        "rates",
        arguments: [
            (8130.2, "8,130/s"), (10, "10/s"), (9.96, "10/s"), (3.21, "3.2/s"), (0.2, "12/min"), (0.001, "4/h"),
            (0, "0/s"), (.infinity, "0/s"),
        ])
    func rates(perSecond: Double, text: String) { #expect(ProgressText.rate(perSecond) == text) }

    @Test(
        "not everything is 100% before it is, and something is never 0%",
        arguments: [(0, 10, "0%"), (99_999, 100_000, "99%"), (1, 100_000, "1%"), (10, 10, "100%"), (0, 0, "0%")])
    func percent(part: Int, total: Int, text: String) { #expect(ProgressText.percent(Double(part), of: total) == text) }
}
