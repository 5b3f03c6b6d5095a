import AsyncFlowBase
import Foundation
import Testing

@testable import AsyncFlowTelemetry

@Suite("What a display of progress shows")
struct ProgressFrameTests {
    private struct Trouble: Error, CustomStringConvertible { let description: String }
    private let bare = ProgressLook(unicode: false, colour: false)

    private func row(
        _ name: String, total: Int, completed: Int = 0, failed: Int = 0, cancelled: Int = 0, running: Int = 0,
        rate: Double? = nil, left: Int? = nil
    ) -> ProgressStatistics.Row {
        var row = ProgressStatistics.Row(name: name)
        row.total = total
        row.completed = completed
        row.failed = failed
        row.cancelled = cancelled
        row.running = running
        row.rate = rate
        row.timeLeft = left.map { .seconds($0) }
        return row
    }

    private func statistics(_ rows: [ProgressStatistics.Row], failure: String? = nil) -> ProgressStatistics {
        var statistics = ProgressStatistics()
        statistics.rows = rows
        statistics.elapsed = .seconds(62)
        statistics.coresBusy = 7
        statistics.coresTotal = 8
        statistics.lastFailure = failure.map { .init(name: "call", error: Trouble(description: $0)) }
        return statistics
    }

    private func lines(
        _ statistics: ProgressStatistics, _ columns: Int, _ rows: Int = 24, _ look: ProgressLook? = nil
    ) -> [String] {
        ProgressFrame(
            statistics: statistics, size: TerminalSize(columns: columns, rows: rows), look: look ?? bare
        ).lines
    }

    @Test("a table of names, the totals, and the last failure")
    func whole() {
        let all = [
            row("align", total: 10_000, completed: 6120, failed: 3, running: 8, rate: 120, left: 32),
            row("call", total: 20, completed: 20),
        ]
        #expect(
            lines(statistics(all, failure: "exit status 1"), 110) == [
                "task                                    done      of  running  waiting  failed   rate  left",
                "align  ##############x>........   61%  6,120  10,000        8    3,869       3  120/s  0:32",
                "call   ########################  100%     20      20                                       ",
                "6,140 of 10,020 done, 8 running, 3,869 waiting, 3 failed, 7 of 8 cores, 120/s, 1:02, about 0:32 left",
                "last failure: call: exit status 1",
            ])
    }

    @Test("lines are never as wide as the terminal, at any size, whatever names and messages contain")
    func fits() {
        let names = [
            "align", "a very long name of a task that goes on and on", "中文名字的任务", "👩‍🔬🧬 lab", "e\u{301}te\u{301}",
            "\u{1B}[2Jclear", "two\nlines", "",
        ]
        let rows = names.enumerated().map {
            row(
                $1, total: 1_000_000, completed: 123_456 * $0, failed: $0, cancelled: 2 * $0, running: 3,
                rate: 12345.6, left: 98_765)
        }
        let all = statistics(rows, failure: String(repeating: "長い\u{1B}[1mmessage\n", count: 100))
        for look in [bare, ProgressLook(unicode: true, colour: false)] {
            for columns in 1...200 {
                for height in [1, 2, 5, 8, 9, 12, 24, 60] {
                    let lines = lines(all, columns, height, look)
                    #expect(lines.count <= max(1, height - 2), "\(columns) x \(height)")
                    for line in lines {
                        #expect(DisplayText.width(of: line) <= max(1, columns - 1), "\(columns) x \(height): \(line)")
                        #expect(!line.unicodeScalars.contains { $0.properties.generalCategory == .control })
                    }
                }
            }
        }
    }

    @Test(
        "in narrow windows columns go, the least important first",
        arguments: [
            (60, "task                        done     of  running  failed"),
            (40, "task  done  running  failed"),
            (20, "task           done"),
        ])
    func narrow(columns: Int, start: String) {
        let rows = [
            row("alignment", total: 10_000, completed: 6120, failed: 3, running: 8, rate: 120, left: 32)
        ]
        let title = lines(statistics(rows), columns)[0]
        for word in start.split(separator: " ") { #expect(title.contains(word), "\(title)") }
        #expect(title.contains("rate") == (columns > 60))
    }

    @Test(
        "where there is no room for a table, one line has to do",
        arguments: [
            (19, "5,000 of 10,000", "5,003 of 10,000"), (14, "50% 3 failed", ""), (8, "50%", ""), (3, "50", ""),
            (1, "5", ""),
        ])
    func oneLine(columns: Int, expected: String, unused: String) {
        let failed = columns == 14 ? 3 : 0
        let all = statistics([row("align", total: 10_000, completed: 5000, failed: failed)])
        #expect(lines(all, columns) == [expected])
        #expect(lines(all, 80, 5).count == 1)
    }

    @Test("of many names those are shown where something happens, in their order, and how many others there are")
    func manyNames() {
        let rows = (1...40).map { number in
            row(
                "name \(number)", total: 2, completed: number < 30 ? 2 : 0, running: number == 35 || number == 7 ? 1 : 0
            )
        }
        let lines = lines(statistics(rows), 80, 9)
        #expect(lines.count == 7)
        #expect(lines[1].hasPrefix("name 7 ") && lines.contains { $0.hasPrefix("name 35 ") })
        #expect(lines[5] == "... and 36 more")
    }

    @Test("a display shows at most ten names, however high the window is")
    func atMostTen() {
        let rows = (1...40).map { row("name \($0)", total: 2) }
        let lines = lines(statistics(rows), 80, 200)
        #expect(lines.count == 12)
        #expect(lines[10] == "... and 31 more")
    }

    @Test("colours come in pairs, and only where they are wanted")
    func colours() {
        let all = statistics(
            [row("align", total: 10, completed: 3, failed: 1, running: 2, rate: 1)], failure: "broken")
        let coloured = lines(all, 80, 24, ProgressLook()).joined()
        #expect(coloured.contains("\u{1B}[31m") && coloured.contains("\u{1B}[32m"))
        #expect(
            coloured.components(separatedBy: "\u{1B}[").count - 1
                == 2 * (coloured.components(separatedBy: "\u{1B}[0m").count - 1))
        #expect(!lines(all, 80).joined().contains("\u{1B}"))
    }

    @Test(
        "a bar's parts are as many columns as it has, and a failure is always seen",
        arguments: [
            (10, 10, 0, 0, [20, 0, 0, 0]), (10, 5, 0, 0, [10, 0, 0, 10]), (5000, 5000, 0, 0, [20, 0, 0, 0]),
            (100_000, 1000, 1, 8, [0, 1, 1, 18]), (10, 0, 10, 0, [0, 20, 0, 0]), (0, 0, 0, 0, [0, 0, 0, 20]),
            (3, 1, 1, 1, [6, 6, 6, 2]),
        ])
    func bar(total: Int, completed: Int, failed: Int, running: Int, expected: [Int]) {
        let row = row("a", total: total, completed: completed, failed: failed, running: running)
        let parts = ProgressBar(row: row, columns: 20).parts
        #expect([parts.done, parts.failed, parts.running, parts.waiting] == expected)
    }

    @Test("one name whose time left can't be told leaves the whole untold")
    func timeLeft() {
        let known = row("a", total: 10, completed: 5, left: 30)
        let longer = row("b", total: 10, completed: 5, left: 90)
        #expect(statistics([known, longer]).total.timeLeft == .seconds(90))
        #expect(statistics([known, row("c", total: 10)]).total.timeLeft == nil)
        #expect(statistics([known, row("d", total: 10, completed: 10)]).total.timeLeft == .seconds(30))
        var service = row("database", total: 1, running: 1)
        service.isService = true
        #expect(statistics([known, service]).total.timeLeft == .seconds(30))
    }

    @Test("plain lines and the summary say it in words")
    func plainLines() {
        var all = statistics(
            [row("align", total: 1000, completed: 400, failed: 2, running: 8, rate: 12)], failure: "no such\nfile")
        #expect(
            ProgressLine.now(all)
                == "asyncflow: 400 of 1,000 tasks done, 8 running, 590 waiting, 2 failed; 7 of 8 cores; 12/s; 1:02")
        #expect(
            ProgressLine.summary(all, unicode: false)
                == "asyncflow: 1,000 tasks in 1:02: 400 done, 2 failed, 8 running, 590 waiting; last failure: call: no such file"
        )
        all.dropped = 5
        #expect(ProgressLine.now(all).hasSuffix(" (5 events weren't counted)"))
        all.coresBusy = 640
        #expect(ProgressLine.now(all).contains("; 640 cores;"))
    }
}
