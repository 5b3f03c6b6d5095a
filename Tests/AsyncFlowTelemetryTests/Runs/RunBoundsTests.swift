import Testing

@testable import AsyncFlowTelemetry

@Suite("Numbers of a recording that can't be true")
struct RunBoundsTests {
    private static let numbers = [
        "9223372036854775807", "-9223372036854775808", "18446744073709551615", "1e999", "-1e999", "1e308", "-1e308",
        "1e18", "NaN", "Infinity", "-Infinity", "-1", "0.5", "4294967296", "99999999999999999999999999", "253402300799",
    ]

    private func read(_ lines: [String]) -> RunReader {
        var reader = RunReader()
        var text = lines.joined(separator: "\n") + "\n"
        text.withUTF8 { reader.feed($0) }
        reader.finish()
        return reader
    }

    /// Everything that is made of a run.
    private func reports(_ model: RunModel) {
        var text = ReportOutput()
        SummaryReport(of: model, notes: []).writeText(to: &text)
        #expect(!text.text.isEmpty)
        _ = SummaryReport(of: model).writeJSON(to: ReportOutput()).bytes
        _ = TraceReport.write(model, to: ReportOutput()).bytes
        _ = PageData(of: model, isLive: false).write(to: ReportOutput(), includingTasks: true).bytes
        for format in GraphReport.Format.allCases { _ = GraphReport.text(RunGraph(of: model), as: format) }
    }

    private func run(_ number: String, at field: Int) -> [String] {
        func value(_ index: Int, _ usual: String) -> String { index == field ? number : usual }
        return [
            #"{"event_type":"SessionStarted","event_time":\#(value(0, "1800000000")),"session_id":"s","attributes":"#
                + #"{"cores":\#(value(1, "4")),"memory_bytes":\#(value(2, "1e9")),"process_id":\#(value(3, "77"))}}"#,
            #"{"event_type":"TaskCreated","event_time":\#(value(4, "1800000001")),"task_id":"task.000001"}"#,
            #"{"event_type":"TaskStarted","event_time":\#(value(5, "1800000002")),"task_id":"task.000001","attributes":"#
                + #"{"asyncflow.cores":\#(value(6, "2")),"asyncflow.worker":\#(value(7, "1")),"#
                + #""asyncflow.attempt":\#(value(8, "1"))}}"#,
            #"{"event_type":"asyncflow.TaskAttemptFailed","event_time":1800000003,"task_id":"task.000001","attributes":"#
                + #"{"retry_delay_seconds":\#(value(9, "1")),"asyncflow.attempt":\#(value(10, "1"))}}"#,
            #"{"event_type":"TaskFailed","event_time":\#(value(11, "1800000004")),"task_id":"task.000001","#
                + #""duration_seconds":\#(value(12, "2")),"attributes":{"cpu_seconds":\#(value(13, "1")),"#
                + #""peak_memory_bytes":\#(value(14, "1e6"))}}"#,
            #"{"event_type":"TaskCompleted","event_time":1800000005,"task_id":"task.000002","#
                + #""duration_seconds":\#(value(12, "2"))}"#,
            #"{"event_type":"ResourceUpdate","event_time":1800000005,"gpu_id":\#(value(15, "0")),"#
                + #""cpu_percent":\#(value(16, "50")),"net_sent_bytes":\#(value(17, "5"))}"#,
            #"{"event_type":"asyncflow.EventsDropped","event_time":1800000005,"attributes":{"count":\#(value(18, "5"))}}"#,
            #"{"event_type":"asyncflow.EventsDropped","event_time":1800000005,"attributes":{"count":\#(value(18, "5"))}}"#,
            #"{"event_type":"SessionEnded","event_time":\#(value(19, "1800000006"))}"#,
        ]
    }

    @Test("Every report is made, whichever number is wrong", arguments: 0..<20)
    func oneNumber(field: Int) {
        for number in Self.numbers { reports(read(run(number, at: field)).model) }
    }

    @Test("Counts add up to no more than can be counted")
    func saturation() {
        #expect(read(run("9223372036854774784", at: 18)).model.droppedCount == .max)
    }

    @Test("A time that can't be is no event; other numbers that can't be aren't known")
    func bounds() {
        #expect(read(run("1e999", at: 4)).notes.skippedLines == [2])
        #expect(read(run("-1", at: 4)).notes.skippedLines == [2])
        #expect(read(run("253402300800", at: 5)).notes.skippedLines == [3])
        let cores = read(run("1e18", at: 6)).model
        #expect(cores.cores[0].isNaN)
        let memory = read(run("-5", at: 14)).model
        #expect(memory.peakMemoryBytes(0) == nil)
        #expect(read(run("1e300", at: 1)).model.session.cores == nil)
    }
}
