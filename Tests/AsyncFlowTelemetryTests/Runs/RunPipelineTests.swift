import Foundation
import Testing

@testable import AsyncFlowTelemetry

@Suite("Reading long recordings", .timeLimit(.minutes(5)))
struct RunPipelineTests {
    private func serially(_ bytes: [UInt8]) -> RunReader {
        var reader = RunReader()
        bytes.withUnsafeBufferPointer { reader.feed($0) }
        reader.finish()
        return reader
    }

    private func fromFile(_ bytes: [UInt8]) throws -> RunFile {
        let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).telemetry.jsonl")
        try Data(bytes).write(to: path)
        defer { try? FileManager.default.removeItem(at: path) }
        return try RunFile.read(path.path)
    }

    private func page(_ model: RunModel) -> String {
        let output = PageData(of: model, isLive: false).write(to: ReportOutput(), includingTasks: true)
        return String(decoding: output.bytes, as: UTF8.self)
    }

    private func expectTheSame(_ bytes: [UInt8]) throws {
        let serial = serially(bytes)
        let file = try fromFile(bytes)
        #expect(file.notes == serial.notes)
        #expect(file.model.eventCount == serial.model.eventCount)
        #expect(file.model.totals == serial.model.totals)
        #expect(page(file.model) == page(serial.model))
    }

    /// 20 MB make several pieces for each core.
    private static let manyTasks: Int = {
        #if THREAD_SANITIZER  // under which everything takes ten times as long
        4_000
        #else
        12_000
        #endif
    }()

    /// With everything that can be wrong in a file.
    private func recording(seed: UInt64, tasks: Int = manyTasks) -> String {
        var random = SeededNumbers(state: seed)
        var text = #"{"event_type":"SessionStarted","event_time":1800000000,"session_id":"s","section":"event"}"# + "\n"
        var time = 1_800_000_000.0
        func line(_ type: String, _ id: String, _ more: String, attributes: String = "") {
            time += 0.0001
            text +=
                #"{"event_type":"\#(type)","event_time":\#(time),"session_id":"s","task_id":"\#(id)","backend":"local","#
                + #""attributes":{"executable":"n\#(random.next() % 7)","asyncflow.workflow_id":"w\#(random.next() % 900)","#
                + #""x":"\#(String(repeating: "y", count: Int(random.next() % 500)))"\#(attributes)}\#(more)}"# + "\n"
        }
        for number in 1...tasks {
            // Also ids that aren't the engine's own.
            let id =
                number.isMultiple(of: 50) ? "odd-\(number)" : "task." + String(String(number + 1_000_000).dropFirst())
            let other = "task." + String(String(max(1, number - 60) + 1_000_000).dropFirst())
            line("TaskCreated", id, "", attributes: #","depends_on":["\#(other)","odd-\#(number / 100 * 50)"]"#)
            line("TaskQueued", id, "")
            line("TaskStarted", id, "", attributes: #","asyncflow.worker":\#(number % 4)"#)
            line(
                number.isMultiple(of: 97) ? "TaskFailed" : "TaskCompleted", id,
                number.isMultiple(of: 97) ? #","error_type":"E","error_message":"no \"file\"""# : "")
            switch random.next() % 400 {
            case 0: text += "no JSON\n"
            case 1: text += #"{"event_type":"TaskCreated","event_time":1,"session_id":"other"}"# + "\n"
            case 2: text += "\r\n \n"
            case 3: text += #"{"event_type":"a.b","event_time":\#(time),"session_id":"s"}"# + "\n"
            case 4: text += #"{"section":"span","name":"\#(String(repeating: "z", count: 700_000))"}"# + "\n"
            default: break
            }
        }
        return text
    }

    @Test("all cores read what one does")
    func same() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("RunPipelineTests.same: seed \(seed)")
        let text = recording(seed: seed)
        try expectTheSame(Array(text.utf8))
        // Cut off somewhere, and with a last line without its end.
        var random = SeededNumbers(state: seed ^ 1)
        for _ in 0..<3 {
            let bytes = Array(text.utf8)
            try expectTheSame(Array(bytes.prefix(Int(random.next() % UInt64(bytes.count)))))
        }
        let end = #"{"event_type":"SessionEnded","event_time":1800001000,"session_id":"s"}"#
        try expectTheSame(Array((text + end).utf8))
    }

    @Test("the session is known late, or never")
    func sessions() throws {
        let late = String(repeating: #"{"event_type":"a.b","event_time":1}"# + "\n", count: 100_000)
        try expectTheSame(Array((late + recording(seed: 7, tasks: 3_000)).utf8))
        let never = recording(seed: 8, tasks: 3_000).replacing(#""session_id":"s","#, with: "")
        try expectTheSame(Array(never.utf8))
    }

    @Test("a line that is too long is left out, in the middle and at the end")
    func tooLong() throws {
        let long = [UInt8](repeating: 0x78, count: RunReader.longestLine + 3_000_000)
        let text = Array(recording(seed: 9, tasks: 2_000).utf8)
        let middle =
            text + long + [0x0A] + Array(#"{"event_type":"SessionEnded","event_time":1800001000}"#.utf8) + [0x0A]
        let file = try fromFile(middle)
        #expect(file.model.hasEnded)
        #expect(file.notes == serially(middle).notes)
        let end = text + long
        #expect(try fromFile(end).notes == serially(end).notes)
    }

    @Test("a file that is something else is given up early")
    func foreign() {
        let lines = Array(String(repeating: "something else\n", count: 1_000_000).utf8)
        let error = #expect(throws: RunFileError.self) { try fromFile(lines) }
        #expect(error?.reason == .foreign)
        let binary = #expect(throws: RunFileError.self) { try fromFile([0x7F, 0x45, 0x4C, 0x46, 0x00, 0x0A]) }
        #expect(binary?.reason == .foreign)
        #expect(throws: RunFileError.self) { try fromFile([]) }
    }
}

private struct SeededNumbers {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }
}
