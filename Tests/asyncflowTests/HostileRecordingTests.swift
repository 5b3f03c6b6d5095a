import AsyncFlow
import Foundation
import Testing

@testable import AsyncFlowTelemetry

/// Recordings that nobody should have written, through everything that reads them: no crash, no hang, no text that acts
/// on what shows it, and an error in words.
///
/// It takes 10 seconds, or as many as `ASYNCFLOW_FUZZ_SECONDS` says. `ASYNCFLOW_FUZZ_SEED` makes the recordings of a
/// seed again, which every failure names.
@Suite("Hostile recordings", .timeLimit(.minutes(60)))
struct HostileRecordingTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let seconds = environment["ASYNCFLOW_FUZZ_SECONDS"].flatMap { Double($0) } ?? 10
    private static let seed = environment["ASYNCFLOW_FUZZ_SEED"].flatMap { UInt64($0) } ?? .random(in: 1...(.max))

    private func object(_ bytes: [UInt8]) -> Any? { try? JSONSerialization.jsonObject(with: Data(bytes)) }

    /// The first scalar that acts on a terminal; nil if there is none.
    private func harm(in bytes: [UInt8], but allowed: Set<Unicode.Scalar> = ["\n"]) -> Unicode.Scalar? {
        guard let text = String(validating: bytes, as: UTF8.self) else { return "\u{FFFD}" }
        return text.unicodeScalars.first { scalar in
            if allowed.contains(scalar) { return false }
            switch scalar.value {
            case 0..<0x20, 0x7F...0x9F, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: return true
            default: return false
            }
        }
    }

    /// Whether every quoted text of a graph in Graphviz's language ends, and nothing stands outside that isn't ours.
    private func isGraph(_ dot: String) -> Bool {
        var (isQuoted, isEscaped, outside) = (false, false, [] as [UInt8])
        for byte in dot.utf8 {
            if isEscaped {
                isEscaped = false
            } else if isQuoted, byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if !isQuoted {
                outside.append(byte)
            }
        }
        let text = String(decoding: outside, as: UTF8.self)
        return !isQuoted && outside.allSatisfy { $0 < 0x80 } && !text.contains("URL") && !text.contains("<")
    }

    private func isPicture(_ svg: String) -> Bool {
        let tags = [
            "svg", "/svg", "title", "/title", "rect", "defs", "/defs", "marker", "/marker", "path", "g", "/g", "text",
            "/text",
        ]
        return svg.split(separator: "<").allSatisfy { part in
            tags.contains { part.hasPrefix($0 + " ") || part.hasPrefix($0 + ">") }
        }
    }

    /// Everything that is made of a recording in this process.
    private func check(_ path: String, _ label: String) throws {
        let file: RunFile
        do { file = try RunFile.read(path) } catch let error as RunFileError {
            #expect(harm(in: Array(error.description.utf8)) == nil, "\(label)")
            return
        }
        let model = file.model
        for (name, bytes) in texts(model, file.notes.sentences) {
            #expect(harm(in: bytes) == nil, "\(name), \(label)")
        }
        for (name, bytes) in documents(model) {
            #expect(object(bytes) != nil, "\(name), \(label)")
            #expect(harm(in: bytes) == nil, "\(name), \(label)")
        }
        #expect(!String(decoding: try page(model), as: UTF8.self).contains("<script>alert(1)"), "\(label)")
        checkGraphs(model, label)
        checkTables(model, label)
    }

    private func texts(_ model: RunModel, _ notes: [String]) -> [(String, [UInt8])] {
        var summary = ReportOutput()
        SummaryReport(of: model, notes: notes).writeText(to: &summary)
        var comparison = ReportOutput()
        ComparisonReport(of: model, and: model).writeText(to: &comparison)
        let tasks = TaskListReport(of: model).write(as: .text, to: ReportOutput())
        return [("summary", summary.bytes), ("comparison", comparison.bytes), ("tasks", tasks.bytes)]
    }

    private func documents(_ model: RunModel) -> [(String, [UInt8])] {
        let summary = SummaryReport(of: model).writeJSON(to: ReportOutput())
        let trace = TraceReport.write(model, to: ReportOutput())
        let page = PageData(of: model, isLive: false).write(to: ReportOutput(), includingTasks: true)
        let live = PageData(of: model, isLive: true).write(to: ReportOutput())
        let tasks = TaskListReport(of: model).write(as: .json, to: ReportOutput())
        let comparison = ComparisonReport(of: model, and: model).writeJSON(to: ReportOutput())
        return [
            ("summary", summary.bytes), ("trace", trace.bytes), ("page", page.bytes), ("live page", live.bytes),
            ("tasks", tasks.bytes), ("comparison", comparison.bytes),
        ]
    }

    private func page(_ model: RunModel) throws -> [UInt8] {
        let template = RunPage.template()
        let output = try HTMLReport.write(model, template: template, to: ReportOutput())
        return output.bytes
    }

    private func checkGraphs(_ model: RunModel, _ label: String) {
        let graph = RunGraph(of: model)
        #expect(isGraph(GraphReport.text(graph, as: .dot)), "\(label)")
        #expect(isPicture(GraphReport.text(graph, as: .svg)), "\(label)")
        #expect(!GraphReport.text(graph, as: .mermaid).contains("<script"), "\(label)")
        for format in GraphReport.Format.allCases {
            #expect(harm(in: Array(GraphReport.text(graph, as: format).utf8)) == nil, "\(format), \(label)")
        }
    }

    private func checkTables(_ model: RunModel, _ label: String) {
        var options = TaskListReport.Options()
        for column in TaskListReport.Column.allCases {
            options.order = column
            #expect(TaskListReport(of: model, options).shownCount == model.createdCount, "\(label)")
        }
        let list = TaskListReport(of: model)
        let tables: [(TaskListReport.Format, Set<Unicode.Scalar>)] = [(.csv, ["\n"]), (.tsv, ["\n", "\t"])]
        for (format, allowed) in tables {
            let output = list.write(as: format, to: ReportOutput())
            let bytes = output.bytes
            #expect(harm(in: bytes, but: allowed) == nil, "\(format), \(label)")
            #expect(bytes.count { $0 == 0x0A } == list.shownCount + 1, "\(format), \(label)")
        }
    }

    @Test("Every report of every recording")
    func reports() throws {
        let folder = try HostileFolder()
        let path = folder.path("run.telemetry.jsonl")
        let clock = ContinuousClock()
        let end = clock.now + .seconds(Self.seconds * 0.7)
        var round: UInt64 = 0
        repeat {
            let label = "ASYNCFLOW_FUZZ_SEED=\(Self.seed), round \(round)"
            var recordings = HostileRecordings(seed: Self.seed &+ round)
            try Data(recordings.next()).write(to: URL(fileURLWithPath: path))
            let took = try clock.measure { try check(path, label) }
            #expect(took < .seconds(30), "\(label)")
            round += 1
        } while clock.now < end
        print("hostile recordings: \(round) in this process, ASYNCFLOW_FUZZ_SEED=\(Self.seed)")
    }

    @Test("Every verb of the command")
    func verbs() throws {
        let folder = try HostileFolder()
        let path = folder.path("run\u{1B}[2J\u{202E}.telemetry.jsonl")
        let clock = ContinuousClock()
        let end = clock.now + .seconds(Self.seconds * 0.3)
        let verbs = [
            ["summary", path], ["summary", "--json", path], ["tasks", path], ["tasks", "--csv", "--failed", path],
            ["trace", path],
            ["graph", path], ["graph", "--format", "svg", path], ["report", path], ["report", "--data", path],
            ["runs", folder.path("")], ["runs", "--json", folder.path("")], ["compare", path, path],
        ]
        var round: UInt64 = 0
        repeat {
            let label = "ASYNCFLOW_FUZZ_SEED=\(Self.seed), round \(round)"
            var recordings = HostileRecordings(seed: Self.seed &+ 1_000_000 &+ round)
            try Data(recordings.next()).write(to: URL(fileURLWithPath: path))
            for words in verbs {
                let outcome = try CommandProgram.run(words)
                #expect(outcome.reason == .exit, "\(words[0]), \(label)")
                #expect([0, 65, 74].contains(outcome.code), "\(words[0]) ended with \(outcome.code), \(label)")
                #expect(harm(in: outcome.errors) == nil, "\(words[0]), \(label)")
                if outcome.code != 0 { #expect(!outcome.errors.isEmpty, "\(words[0]), \(label)") }
                if words[0] != "report" || words[1] == "--data" {
                    #expect(harm(in: outcome.output) == nil, "\(words[0]), \(label)")
                }
            }
            round += 1
        } while clock.now < end
    }
}

private final class HostileFolder {
    private let url = FileManager.default.temporaryDirectory.appendingPathComponent("asyncflow-hostile-\(UUID())")
    init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(at: url) }
    func path(_ name: String) -> String { name.isEmpty ? url.path : url.appendingPathComponent(name).path }
}
