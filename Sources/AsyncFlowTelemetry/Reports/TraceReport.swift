/// A run in the Chrome trace event format, which Perfetto (https://ui.perfetto.dev) opens: a process per backend, a
/// thread per worker, a slice per task and attempt, arrows from dependencies, and counters.
package enum TraceReport {
    package struct Options: Sendable {
        /// The maximum number of arrows from dependencies; many make a trace slow to open.
        package var arrowLimit = 10_000

        package init() {}
    }

    package static func write(
        _ model: RunModel, options: Options = Options(), to output: consuming ReportOutput
    ) -> ReportOutput {
        var json = JSONWriter(output)
        json.object { json in
            json.field("displayTimeUnit", "ms")
            json.object("otherData") { json in
                json.field("session", model.session.id)
                json.field("start_seconds_since_1970", number: model.origin)
            }
            json.array("traceEvents") { json in
                let lanes = LaneAssignment(of: model)
                let processes = writeNames(lanes, &json)
                writeTasks(model, lanes, processes, &json)
                writeArrows(model, lanes, processes, options.arrowLimit, &json)
                writeCounters(model, &json)
            }
        }
        return json.finish()
    }

    /// Writes the names of processes and threads; returns the process of each lane.
    private static func writeNames(_ lanes: LaneAssignment, _ json: inout JSONWriter) -> [Int] {
        var processes: [String: Int] = [:]
        var result: [Int] = []
        var lanesOfWorker: [String: Int] = [:]
        for (lane, facts) in lanes.lanes.enumerated() {
            let backend = facts.backend.isEmpty ? "tasks" : facts.backend
            let title = facts.isBlocks ? "\(backend): blocks and services" : backend
            let process = processes[title] ?? processes.count + 1
            if processes[title] == nil {
                processes[title] = process
                name("process_name", title, process, 0, &json)
            }
            result.append(process)
            let label = facts.worker.map { "worker \($0)" } ?? "lane"
            let ordinal = lanesOfWorker["\(title)\n\(label)", default: 0] + 1
            lanesOfWorker["\(title)\n\(label)"] = ordinal
            let suffix = facts.worker == nil || ordinal > 1 ? " \(ordinal)" : ""
            name("thread_name", facts.worker == nil ? "lane\(suffix)" : label + suffix, process, lane + 1, &json)
        }
        return result
    }

    private static func name(
        _ kind: String, _ name: String, _ process: Int, _ thread: Int, _ json: inout JSONWriter
    ) {
        json.object { json in
            json.field("ph", "M")
            json.field("name", kind)
            json.field("pid", process)
            json.field("tid", thread)
            json.object("args") { $0.field("name", name) }
        }
    }

    /// Writes a time in microseconds.
    private static func time(_ key: StaticString, _ seconds: Double, _ json: inout JSONWriter) {
        json.key(key)
        json.number(seconds.isFinite ? seconds * 1e6 : 0)
    }

    private static func writeTasks(
        _ model: RunModel, _ lanes: LaneAssignment, _ processes: [Int], _ json: inout JSONWriter
    ) {
        for number in lanes.places {
            let place = Int(number)
            let lane = Int(lanes.laneOfPlace[place])
            json.object { json in
                json.field("ph", "X")
                json.key("name")
                model.texts.withBytes(of: model.names[model.nameNumber(place)].text) { json.string($0) }
                json.field("cat", model.state[place].text)
                json.field("pid", processes[lane])
                json.field("tid", lane + 1)
                time("ts", model.started[place], &json)
                time("dur", max(0, model.end(place) - model.started[place]), &json)
                if let color = color(model.state[place]) { json.field("cname", color) }
                json.object("args") { writeArguments(model, place, &$0) }
            }
        }
        for attempt in model.retries.list {
            let place = Int(attempt.place)
            let lane = Int(lanes.laneOfPlace[place])
            json.object { json in
                json.field("ph", "X")
                json.field("name", "attempt \(attempt.number)")
                json.field("cat", "attempt")
                json.field("pid", processes[lane])
                json.field("tid", lane + 1)
                time("ts", attempt.start, &json)
                time("dur", max(0, min(attempt.end, model.end(place)) - attempt.start), &json)
                json.object("args") { $0.field("task", model.id(place)) }
            }
        }
    }

    private static func writeArguments(_ model: RunModel, _ place: Int, _ json: inout JSONWriter) {
        json.field("task", model.id(place))
        if model.ended[place].isNaN { json.field("unfinished", true) }
        let waited = model.started[place] - model.ready(place)
        if waited > 0 {
            json.field("waited_seconds", number: waited)
            json.field("waited_for", model.waitedFor[place].text)
        }
        if let workflow = model.workflowNumber(place) {
            json.field("workflow", model.texts[model.workflows[workflow].text])
        }
        if !model.cores[place].isNaN { json.field("cores", number: Double(model.cores[place])) }
        if !model.cpuSeconds[place].isNaN { json.field("cpu_seconds", number: Double(model.cpuSeconds[place])) }
        if let bytes = model.peakMemoryBytes(place) { json.field("peak_memory_bytes", number: bytes) }
    }

    private static func color(_ state: RunState) -> String? {
        switch state {
        case .failed: "terrible"
        case .cancelled: "grey"
        case .waiting, .queued, .running, .done: nil
        }
    }

    private static func writeArrows(
        _ model: RunModel, _ lanes: LaneAssignment, _ processes: [Int], _ limit: Int, _ json: inout JSONWriter
    ) {
        var count = 0
        for number in lanes.places {
            let place = Int(number)
            for dependency in model.dependencies(place) where !model.started[dependency].isNaN {
                guard count < limit else { return }
                count += 1
                // An arrow must begin within its slice, so it begins at the slice's last moment.
                let ends: [(StaticString, Int, Double)] = [
                    ("s", dependency, model.end(dependency)), ("f", place, model.started[place]),
                ]
                for (phase, end, at) in ends {
                    let lane = Int(lanes.laneOfPlace[end])
                    json.object { json in
                        json.field("ph", phase.description)
                        if end == place { json.field("bp", "e") }
                        json.field("id", count)
                        json.field("name", "dependency")
                        json.field("cat", "dependency")
                        json.field("pid", processes[lane])
                        json.field("tid", lane + 1)
                        time("ts", at, &json)
                    }
                }
            }
        }
    }

    private static func writeCounters(_ model: RunModel, _ json: inout JSONWriter) {
        let running = model.running()
        let bins: [(String, TimeBins)] = [("tasks running", running.tasks), ("cores used by tasks", running.cores)]
        for (name, bins) in bins {
            for (bin, value) in bins.values.enumerated() {
                counter(name, Double(bin) * bins.width, value / bins.width, &json)
            }
        }
        for series in model.series {
            let place = series.node + (series.gpu.map { " GPU \($0)" } ?? "")
            let measures: [(RunSample.Measure, String)] = [
                (.cpu, "CPU %"), (.memory, "memory %"), (.gpu, "GPU %"),
            ]
            for (measure, label) in measures {
                for (time, value) in zip(series.times, series.values(of: measure)) where !value.isNaN {
                    counter("\(place) \(label)", time, value, &json)
                }
            }
        }
    }

    private static func counter(_ name: String, _ at: Double, _ value: Double, _ json: inout JSONWriter) {
        json.object { json in
            json.field("ph", "C")
            json.field("name", name)
            json.field("pid", 0)
            time("ts", at, &json)
            json.object("args") { $0.field("value", number: value) }
        }
    }
}
