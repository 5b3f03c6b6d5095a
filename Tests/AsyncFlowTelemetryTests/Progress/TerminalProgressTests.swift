import AsyncFlowBase
import Foundation
import Testing

@testable import AsyncFlowTelemetry

@Suite(
    "Progress in a real terminal", .serialized, .timeLimit(.minutes(2)),
    .enabled(if: PseudoTerminal.isInstalled, "needs tmux; scripts/install-tools installs it"))
struct TerminalProgressTests {
    @Test("a run: a table while it goes on, one line when it is over, and the text around it untouched")
    func wholeRun() async throws {
        let terminal = try PseudoTerminal([
            "print:before", "align=200", "call!no such file: /data/x.bam", "idle", "slow~@go",
        ])
        let lines = try await terminal.wait(forText: "last failure: call: no such file: /data/x.bam")
        #expect(lines.first == "before")
        #expect(lines.contains { $0.hasPrefix("align  ████") && $0.contains("100%") && $0.contains("200") })
        #expect(try terminal.isCursorShown)
        try await terminal.wait(forText: "1 running")
        try terminal.make("go")
        let end = try await terminal.wait(forText: "status=0")
        let text = end.joined()
        #expect(
            try
                /beforeasyncflow: 202 tasks in \d+\.\d s: 201 done, 1 failed; last failure: call: no such file: \/data\/x\.bamendedstatus=0/
                .wholeMatch(in: text) != nil, "\(text)")
    }

    @Test("100,000 tasks")
    func manyTasks() async throws {
        let terminal = try PseudoTerminal(["align=100000", "idle", "stay~@go"], columns: 120)
        try await terminal.wait(forText: "100,000 of 100,001 done")
        try terminal.make("go")
        let end = try await terminal.wait(forText: "status=0")
        #expect(end.contains { $0.hasPrefix("asyncflow: 100,001 tasks in ") && $0.hasSuffix(": 100,001 done") })
    }

    @Test("many names: some of them, and how many others there are")
    func manyNames() async throws {
        let terminal = try PseudoTerminal(["names=47", "idle", "stay~@go"])
        let lines = try await terminal.wait { $0.contains("… and 39 more") && $0.contains { $0.hasPrefix("stay ") } }
        #expect(lines.count < 16)
        try terminal.make("go")
        try await terminal.wait(forText: "status=0")
    }

    @Test("names that would do something to the terminal don't")
    func harmlessNames() async throws {
        let terminal = try PseudoTerminal(["a\u{1B}[2Jb=3", "中文🧬=2", "idle", "stay~@go"])
        let lines = try await terminal.wait(forText: "1 running")
        #expect(lines.contains { $0.hasPrefix("a?[2Jb  █") } && lines.contains { $0.hasPrefix("中文🧬  █") }, "\(lines)")
        try terminal.make("go")
        try await terminal.wait(forText: "status=0")
    }

    @Test("the window may become narrower and lower, and larger again")
    func resized() async throws {
        let terminal = try PseudoTerminal(["align=200", "call!broken", "idle", "stay~@go"])
        try await terminal.wait { $0.contains { $0.hasPrefix("task ") && $0.contains("rate") } }
        try terminal.resize(columns: 40, rows: 30)
        let narrow = try await terminal.wait { lines in
            lines.contains { $0.hasPrefix("task ") && !$0.contains("rate") }
                && lines.last == "last failure: call: broken"
        }
        #expect(narrow.allSatisfy { DisplayText.width(of: $0) < 40 })
        try terminal.resize(columns: 18, rows: 30)
        try await terminal.wait { $0.last == "99% 1 failed" }
        try terminal.resize(columns: 100, rows: 5)
        try await terminal.wait { $0.last == "200 of 202 1 failed" }
        try terminal.resize(columns: 100, rows: 30)
        try await terminal.wait { $0.contains { $0.hasPrefix("task ") && $0.contains("rate") } }
        try terminal.make("go")
        try await terminal.wait(forText: "status=0")
    }

    @Test("log lines, the program's own lines and the display don't tear each other")
    func interleaved() async throws {
        let terminal = try PseudoTerminal([
            "align=1000", "stay~@go", "log:first", "many:500", "say:own line", "idle", "log:last", "print:printed",
        ])
        try await terminal.wait { $0.contains { $0.hasPrefix("printed") } && $0.contains { $0.contains("1 running") } }
        let all = try terminal.everything
        let logged = all.filter { $0.contains("WARNING") }
        let expected = ["first"] + (1...500).map { "line \($0)" } + ["last"]
        #expect(logged.map { $0.components(separatedBy: "WARNING ").last } == expected)
        #expect(
            try logged.allSatisfy {
                try /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d\d\d WARNING (first|last|line \d+)/.wholeMatch(in: $0) != nil
            })
        #expect(all.count { $0 == "own line" } == 1)
        // What is printed past the display may leave a rest of it behind, but nothing else does.
        let last = try #require(all.lastIndex { $0.contains("WARNING last") })
        let left = all[..<last].indices.filter { all[$0].hasPrefix("task ") }
        #expect(left.map { all[max(0, $0 - 3)..<min(all.count, $0 + 6)].joined(separator: "\n") } == [])
        try terminal.make("go")
        try await terminal.wait(forText: "status=0")
        #expect(try terminal.everything.count { $0.contains("WARNING") } == 502)
    }

    @Test("colours, unless NO_COLOR is set", arguments: [("", true), ("NO_COLOR=1", false), ("NO_COLOR=", true)])
    func colours(before: String, isColoured: Bool) async throws {
        let terminal = try PseudoTerminal(["align=20", "idle", "stay~@go"], before: before)
        try await terminal.wait(forText: "1 running")
        #expect(try terminal.colouredText.contains("\u{1B}[32m") == isColoured)
        try terminal.make("go")
        try await terminal.wait(forText: "status=0")
    }

    @Test("without a terminal, lines now and then, with nothing in them but text")
    func redirected() async throws {
        let terminal = try PseudoTerminal(
            ["align=20", "idle", "stay~@go", "log:hello"], before: "INTERVAL=0.1", after: "2>@errors")
        try await terminal.wait(forText: "asyncflow: 20 of 21 tasks done, 1 running; ", in: "errors")
        try terminal.make("go")
        try await terminal.wait(forText: "status=0")
        let text = try #require(terminal.text(of: "errors"))
        let lines = text.split(separator: "\n")
        #expect(!text.contains("\u{1B}"))
        #expect(lines.contains { $0.hasSuffix("WARNING hello") })
        #expect(lines.last?.hasPrefix("asyncflow: 21 tasks in ") == true && lines.last?.hasSuffix(": 21 done") == true)
        #expect(try terminal.screen == ["ended", "status=0"])
    }

    @Test(
        "forms that were asked for",
        arguments: [
            ("ASYNCFLOW_PROGRESS=plain", false), ("CI=true", false), ("TERM=dumb", false),
            ("CI=true ASYNCFLOW_PROGRESS=live", true),
        ])
    func forms(before: String, isLive: Bool) async throws {
        let terminal = try PseudoTerminal(["align=20", "idle", "stay~@go"], before: "INTERVAL=0.1 " + before)
        let lines = try await terminal.wait(forText: "1 running")
        #expect(lines.contains { $0.hasPrefix("task ") } == isLive)
        try terminal.make("go")
        let end = try await terminal.wait(forText: "status=0")
        #expect(end.contains { $0.hasPrefix("asyncflow: 21 tasks in ") })
    }

    @Test("off is off")
    func off() async throws {
        let terminal = try PseudoTerminal(["align=20", "idle", "say:line"], before: "ASYNCFLOW_PROGRESS=off")
        #expect(try await terminal.wait(forText: "status=0") == ["line", "ended", "status=0"])
    }

    @Test("ended before the run is: one line, and later ones are ordinary")
    func stopped() async throws {
        let terminal = try PseudoTerminal([
            "align=20", "idle", "stay~@go", "@go1?", "stop", "stop", "log:after", "@go2?",
        ])
        try await terminal.wait(forText: "1 running")
        try terminal.make("go1")
        let lines = try await terminal.wait(forText: "WARNING after")
        #expect(lines.count == 2)
        #expect(
            lines.first?.hasPrefix("asyncflow: 21 tasks in ") == true
                && lines.first?.hasSuffix("20 done, 1 running") == true)
        try terminal.make("go")
        try terminal.make("go2")
        try await terminal.wait(forText: "status=0")
    }

    @Test("standard error redirected half-way: the display goes, and lines come where the errors are now")
    func redirectedHalfWay() async throws {
        let terminal = try PseudoTerminal(
            ["align=20", "idle", "stay~@go", "@go1?", "to:@errors", "log:hello"], before: "INTERVAL=0.1")
        try await terminal.wait(forText: "1 running")
        try terminal.make("go1")
        try await terminal.wait(forText: "1 running; ", in: "errors")
        #expect(try terminal.screen.isEmpty)
        try terminal.make("go")
        #expect(try await terminal.wait(forText: "status=0") == ["ended", "status=0"])
        let text = try #require(terminal.text(of: "errors"))
        // The log lines' colours were chosen when there was a terminal.
        #expect(text.contains(/WARNING\S* hello\n/) && text.contains("asyncflow: 21 tasks in "))
        #expect(!text.split(separator: "\n").contains { $0.hasPrefix("asyncflow") && $0.contains("\u{1B}") })
    }

    @Test("interrupted: what is left is cancelled, a line says so, and the cursor is there")
    func interrupted() async throws {
        let terminal = try PseudoTerminal(["align=20", "idle", "stay~@go"])
        try await terminal.wait(forText: "1 running")
        try terminal.press("C-c")
        let end = try await terminal.wait(forText: "status=130")
        // The terminal shows the key, and what it shows isn't overwritten.
        #expect(end.contains { $0.hasPrefix("^Casyncflow: SIGINT: cancelling 1 task") }, "\(end)")
        #expect(
            end.contains { $0.hasPrefix("asyncflow: 21 tasks in ") && $0.contains("20 done, 1 cancelled") }, "\(end)")
        #expect(!end.contains { $0.hasPrefix("task ") })
        #expect(try terminal.isCursorShown)
    }

    @Test("a program that ends without its engine leaves no display behind")
    func exits() async throws {
        let terminal = try PseudoTerminal(["align=20", "idle", "stay~@go", "@go1?", "exit"])
        try await terminal.wait(forText: "1 running")
        try terminal.make("go1")
        #expect(try await terminal.wait(forText: "status=3") == ["status=3"])
        #expect(try terminal.isCursorShown)
    }

    @Test("a terminal that takes nothing doesn't hold up the run's end")
    func blocked() async throws {
        let terminal = try PseudoTerminal(["align=20", "idle", "stay~@go"], after: ">@output")
        try await terminal.wait(forText: "1 running")
        try terminal.press("C-s")
        try terminal.make("go")
        try await terminal.wait(forText: "ended", in: "output")
        try terminal.press("C-q")
        try await terminal.wait(forText: "status=0")
    }

    @Test("a terminal that goes away doesn't hold up the run, nor end it")
    func closed() async throws {
        let terminal = try PseudoTerminal(
            ["align=20", "idle", "stay~@go", "@go1?", "more=20", "idle", "log:into nothing"],
            before: "trap '' HUP; env", after: ">@output")
        try await terminal.wait(forText: "1 running")
        try terminal.close()
        try terminal.make("go1")
        try terminal.make("go")
        try await terminal.wait(forText: "ended", in: "output")
    }
}
