import Foundation

/// Writes a recording as a run of many tasks would: seven lines per task, on 64 workers, with dependencies, failures
/// and resource samples. The same one every time.
struct RecordingGenerator {
    static let names = ["prepare", "simulate", "analyse", "train", "evaluate", "collect"]
    private static let workers = 64
    private static let origin = 1_800_000_000.0

    let taskCount: Int
    private var random = UInt64(42)
    private var text: [UInt8] = []
    private var eventNumber = 0

    init(taskCount: Int) { self.taskCount = taskCount }

    /// - Returns: how many bytes the file has.
    mutating func write(to path: String) throws -> Int {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let file = FileHandle(forWritingAtPath: path)
        else { throw CocoaError(.fileWriteUnknown) }
        defer { try? file.close() }
        var total = 0
        var free = [Double](repeating: 0, count: Self.workers)
        line("SessionStarted", 0, task: nil, attributes: "\"cores\": \(Self.workers), \"host\": \"node-1\"", own: "")
        for number in 1...taskCount {
            let worker = number % Self.workers
            let length = 0.0001 + Double(next() % 10_000) / 1e7
            let start = free[worker] + 0.00001
            free[worker] = start + length
            task(number, worker, start, start + length)
            if number.isMultiple(of: 10_000) { sample(start) }
            if text.count > 1 << 22 {
                total += text.count
                try file.write(contentsOf: Data(text))
                text.removeAll(keepingCapacity: true)
            }
        }
        line("SessionEnded", free.max() ?? 0, task: nil, attributes: "", own: "\"duration_seconds\": 1.0, ")
        try file.write(contentsOf: Data(text))
        return total + text.count
    }

    private mutating func task(_ number: Int, _ worker: Int, _ start: Double, _ end: Double) {
        let name = Self.names[number % Self.names.count]
        let common =
            "\"executable\": \"\(name)\", \"task_type\": \"function\", \"asyncflow.workflow_id\": \"wf-\(number % 1000)\""
        var dependencies: [String] = []
        for step in [64, 128] where number > step && next().isMultiple(of: 2) {
            dependencies.append("\"\(id(number - step))\"")
        }
        let list = dependencies.joined(separator: ", ")
        line("TaskCreated", start * 0.5, task: number, attributes: "\(common), \"depends_on\": [\(list)]", own: "")
        line("asyncflow.TaskResolved", start - 0.000_008, task: number, attributes: common, own: "")
        line("TaskSubmitted", start - 0.000_006, task: number, attributes: common, own: "")
        line("TaskQueued", start - 0.000_006, task: number, attributes: common, own: "")
        let place = "\(common), \"asyncflow.worker\": \(worker), \"asyncflow.waited_for\": \"workers\""
        line("TaskStarted", start, task: number, attributes: place, own: "")
        let hasFailed = number.isMultiple(of: 5000)
        let message = hasFailed ? ", \"error_message\": \"no such \\\"file\\\"\"" : ""
        line(
            hasFailed ? "TaskFailed" : "TaskCompleted", end, task: number, attributes: common + message,
            own: "\"duration_seconds\": \(end - start), " + (hasFailed ? "\"error_type\": \"CommandError\", " : ""))
    }

    private mutating func sample(_ time: Double) {
        line(
            "ResourceUpdate", time, task: nil, attributes: "",
            own: "\"resource_scope\": \"per_node\", \"gpu_id\": null, \"cpu_percent\": \(next() % 100), "
                + "\"memory_percent\": 12.5, ")
    }

    private func id(_ number: Int) -> String {
        let digits = String(number)
        return "task." + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }

    private mutating func line(_ type: String, _ time: Double, task: Int?, attributes: String, own: String) {
        eventNumber += 1
        let at = Self.origin + time
        let task = task.map { "\"\(id($0))\"" } ?? "null"
        let event = String(eventNumber, radix: 16)
        let eventID = String(repeating: "0", count: 32 - event.count) + event
        text.append(
            contentsOf: """
                {"event_id": "\(eventID)", "event_type": "\(type)", "event_time": \(at), "emit_time": \(at), \
                "session_id": "asyncflow.session.benchmark", "backend": "local", "task_id": \(task), \
                "node_id": "node-1", "attributes": {\(attributes)}, \(own)"trace_id": \
                "0x3f3962777e8f08f461b5ae8667debd31", "span_id": "0x00\(eventID.suffix(14))", "name": "\(type)", \
                "section": "event"}\n
                """.utf8)
    }

    /// Knuth's MMIX generator, of which the higher bits are used.
    private mutating func next() -> UInt64 {
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return random >> 33
    }
}
