import Foundation
import Testing

@testable import AsyncFlowTelemetry

@Suite("What is made of a run")
struct ReportTests {
    static let hostile = "</script><b>\"quo'te\\ & #;`\u{202E}\n" + String(repeating: "long", count: 50)

    private func sample() -> RunModel {
        var run = RunBuilder(cores: 2)
        run.task("task.000001", "prepare", start: 0, end: 2, worker: 0)
        run.task("task.000002", Self.hostile, ready: 2, start: 3, end: 5, on: ["task.000001"], worker: 0)
        run.task("task.000003", "bad", start: 1, end: 2, worker: 0, as: .taskFailed)
        run.event(.taskCreated, "task.000004", 1, name: "waits") {
            $0.dependencies = [RunTaskKey]()
        }
        run.finish(at: 6)
        return run.model
    }

    private func object(_ bytes: [UInt8]) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }

    @Test("A trace is valid, and slices of a thread never overlap")
    func trace() throws {
        let trace = try object(TraceReport.write(sample(), to: ReportOutput()).bytes)
        let events = try #require(trace["traceEvents"] as? [[String: Any]])
        let slices = events.filter { $0["ph"] as? String == "X" }
        #expect(slices.count == 3)
        #expect(slices.contains { $0["name"] as? String == Self.hostile })
        var ends: [Int: Double] = [:]
        for slice in slices {
            let (thread, start) = (slice["tid"] as! Int, slice["ts"] as! Double)
            #expect(start >= ends[thread, default: 0])
            ends[thread] = start + (slice["dur"] as! Double)
        }
        let phases = events.compactMap { $0["ph"] as? String }
        #expect(phases.filter { $0 == "s" }.count == 1)
        #expect(phases.filter { $0 == "f" }.count == 1)
        let named = events.filter { $0["name"] as? String == "thread_name" }
        let threads = Set(named.compactMap { $0["tid"] as? Int })
        #expect(threads.isSuperset(of: slices.compactMap { $0["tid"] as? Int }))
    }

    @Test("The page's data has every part, and its numbers")
    func pageData() throws {
        let page = try object(
            PageData(of: sample(), isLive: false).write(to: ReportOutput(), includingTasks: true).bytes)
        for key in [
            "version", "live", "session", "totals", "names", "workflows", "throughput", "running", "resources",
            "failures", "failure_count", "lanes", "graph", "analysis", "tasks",
        ] { #expect(page[key] != nil, "\(key)") }
        let totals = try #require(page["totals"] as? [String: Int])
        #expect(totals["created"] == 4 && totals["done"] == 2 && totals["failed"] == 1 && totals["waiting"] == 1)
        let throughput = try #require(page["throughput"] as? [String: Any])
        #expect((throughput["done"] as? [Double])?.reduce(0, +) == 2)
        #expect((page["tasks"] as? [Any])?.count == 4)
        let live = try object(PageData(of: sample(), isLive: true).write(to: ReportOutput()).bytes)
        #expect(live["analysis"] is NSNull)
    }

    @Test("Nothing of the run can end the element that it stands in")
    func html() throws {
        let template = "<script type=\"application/json\">\(HTMLReport.placeholder)</script>"
        let page = try HTMLReport.write(sample(), template: template, to: ReportOutput()).text
        #expect(page.components(separatedBy: "</script").count == 2)
        let data = page.dropFirst("<script type=\"application/json\">".count).dropLast("</script>".count)
        let names = try #require(try object(Array(data.utf8))["names"] as? [[String: Any]])
        #expect(names.contains { $0["name"] as? String == Self.hostile })
        for template in ["", HTMLReport.placeholder + HTMLReport.placeholder] {
            #expect(throws: HTMLReport.TemplateError.self) {
                _ = try HTMLReport.write(sample(), template: template, to: ReportOutput()).bytes
            }
        }
    }

    @Test("Graphs escape names; SVG is well-formed XML")
    func graphs() throws {
        let graph = RunGraph(of: sample())
        #expect(!graph.isFolded && graph.edges == [.init(from: 0, to: 1, count: 1)])
        let dot = GraphReport.text(graph, as: .dot)
        #expect(dot.contains("\\\"quo'te\\\\") && dot.split(separator: "\n").count == 9)
        #expect(!GraphReport.text(graph, as: .mermaid).contains("<b>"))
        let svg = GraphReport.text(graph, as: .svg)
        #expect(!svg.contains("<b>") && svg.contains("&lt;b&gt;"))
    }

    /// A text in the quotes of Graphviz's language, by its bytes: what stands in it, and nil if it isn't closed at the
    /// end.
    private func statements(_ dot: String) -> [String]? {
        var (result, current, isQuoted, isEscaped) = ([] as [String], [] as [UInt8], false, false)
        for byte in dot.utf8 {
            if isEscaped {
                isEscaped = false
            } else if isQuoted, byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if !isQuoted, byte == UInt8(ascii: ";") || byte == UInt8(ascii: "\n") {
                result.append(String(decoding: current, as: UTF8.self))
                current = []
            }
            if !isQuoted { current.append(byte) }
        }
        return isQuoted ? nil : result
    }

    @Test(
        "No name leaves its quotes in Graphviz's language, whatever stands behind a quote",
        arguments: ["\"\u{301}", "\\\u{301}\"", "\"\u{200D}", "\\\"\u{FE0F}", "\"\r\n", "&quot;"])
    func dotQuotes(text: String) throws {
        var run = RunBuilder()
        run.task("task.000001", "a\(text), URL=\"javascript:alert(1)\u{301}", start: 0, end: 1)
        let dot = GraphReport.text(RunGraph(of: run.model), as: .dot)
        let found = try #require(statements(dot))
        #expect(!found.contains { $0.contains("URL") }, "\(dot)")
        #expect(!dot.contains("&quot"))
    }

    @Test("In JSON and in the text of a summary nothing acts on a terminal")
    func terminal() throws {
        var run = RunBuilder(cores: 2)
        let name = "a\u{1B}]0;x\u{7}\u{9B}2J\u{7F}\u{202E}\u{2028}\u{200F}\u{2066}\u{0}👩‍🔬é"
        run.task("task.000001", name, start: 0, end: 2, as: .taskFailed)
        run.event(.taskFailed, "task.000002", 3, name: name) {
            $0.failure = RunFailureText(type: name, message: name, stderrTail: name)
        }
        run.finish(at: 4)
        var text = ReportOutput()
        SummaryReport(of: run.model, notes: []).writeText(to: &text)
        let outputs = [
            text.text, SummaryReport(of: run.model).writeJSON(to: ReportOutput()).text,
            TraceReport.write(run.model, to: ReportOutput()).text,
            PageData(of: run.model, isLive: false).write(to: ReportOutput(), includingTasks: true).text,
        ]
        for (index, output) in outputs.enumerated() {
            for scalar in output.unicodeScalars where scalar != "\n" {
                let isHarmless =
                    scalar.properties.generalCategory != .control && scalar.value != 0x2028
                    && !(0x200E...0x200F).contains(scalar.value) && !(0x202A...0x202E).contains(scalar.value)
                    && !(0x2066...0x2069).contains(scalar.value)
                #expect(isHarmless, "output \(index): \(scalar.escaped(asASCII: true))")
            }
            #expect(output.contains("👩‍🔬"), "output \(index)")
        }
        let trace = try object(Array(outputs[2].utf8))
        let events = try #require(trace["traceEvents"] as? [[String: Any]])
        #expect(events.contains { $0["name"] as? String == name })
    }

    @Test("A report is its owner's alone, and keeps the permissions of one that it replaces")
    func permissions() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/report"
        func mode() throws -> Int {
            try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
        }
        for expected in [0o600, 0o644] {
            var output = try ReportOutput(path: path)
            output.write(text: "text")
            try output.finish()
            #expect(try mode() == expected)
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        }
    }

    @Test("Large graphs are folded by name, and have at most as many nodes as asked for")
    func folded() {
        var run = RunBuilder()
        for number in 0..<100 {
            run.task("t\(number)", "n\(number % 20)", start: 0, end: 1, on: number > 0 ? ["t\(number - 1)"] : [])
        }
        let folded = RunGraph(of: run.model, limit: 50)
        #expect(folded.isFolded && folded.nodes.count == 20)
        #expect(folded.edges.map(\.count).reduce(0, +) == 99)
        let rest = RunGraph(of: run.model, limit: 5)
        #expect(rest.nodes.count == 5 && rest.nodes.last?.label == "16 other names")
        #expect(rest.nodes.map(\.count).reduce(0, +) == 100)
        for graph in [folded, rest] {
            #expect(Set(graph.nodes.map { [$0.layer, $0.order] }).count == graph.nodes.count, "no two at one place")
        }
    }

    @Test("A timeline has at most as many spans as asked for, and loses no task")
    func lanes() {
        var run = RunBuilder()
        for number in 0..<5000 {
            let start = Double(number / 4)
            run.task("t\(number)", "n\(number % 3)", start: start, end: start + 1, worker: number % 4)
        }
        let lanes = RunLanes(of: run.model, limit: 200)
        #expect(lanes.lanes.map(\.label) == ["worker 0", "worker 1", "worker 2", "worker 3"])
        let spans = lanes.lanes.flatMap(\.spans)
        #expect(spans.count <= 200)
        #expect(spans.map(\.count).reduce(0, +) == 5000)
        let part = RunLanes(of: run.model, from: 10.5, to: 11.5)
        #expect(part.lanes.flatMap(\.spans).count == 8)
    }

    @Test("The summary says what happened")
    func summary() throws {
        var output = ReportOutput()
        SummaryReport(of: sample(), notes: ["Odd."]).writeText(to: &output)
        let text = output.text
        for part in [
            "4 tasks: 1 waiting, 2 done, 1 failed", "1 × bad", "Critical path: 2 tasks", "Note: Odd.", "prepare",
        ] {
            #expect(text.contains(part), "\(part)")
        }
        #expect(!text.contains("\u{202E}"))
        let json = try object(SummaryReport(of: sample()).writeJSON(to: ReportOutput()).bytes)
        #expect(json["analysis"] != nil && json["names"] != nil)
    }

    @Test(
        "Numbers for people",
        arguments: [
            (0.0, "0 s"), (0.000_001, "1.00 µs"), (0.012_34, "12.3 ms"), (0.999_9, "1.00 s"), (99.99, "1 min 40 s"),
            (3600, "1 h 00 min"), (.nan, "–"),
        ])
    func seconds(seconds: Double, text: String) { #expect(TextFormat.seconds(seconds) == text) }

    @Test("JSON numbers are read back as they were, to the microsecond")
    func numbers() throws {
        for value in [0, -0.5, 1.000001, 123456.789, 1e15, -1e-7] {
            var json = JSONWriter(ReportOutput())
            json.array { $0.number(value) }
            let back = try #require(
                try JSONSerialization.jsonObject(with: Data(json.finish().bytes)) as? [Double])
            #expect(abs(back[0] - value) <= 5e-7)
        }
    }

    @Test(
        "no cell of a table is a formula for a spreadsheet",
        arguments: ["=1+1", "+x", "-x", "@x", "  =x", "=a,\"b\""])
    func formulas(text: String) {
        for cell in [SpreadsheetCell.csv(text), SpreadsheetCell.tsv(text)] {
            #expect(cell.hasPrefix("'") || cell.hasPrefix("\"'"), "\(cell)")
        }
        #expect(SpreadsheetCell.csv("a=b") == "a=b")
    }
}
