/// The details of single tasks. Created once for many of them, because the dependents of all tasks are found in one
/// pass.
package struct TaskDetails: Sendable {
    static let dependentLimit = 100

    private let model: RunModel
    private let dependentStart: [UInt32]
    private let dependents: [UInt32]
    private let failureOfPlace: [Int: Int]

    package init(of model: RunModel) {
        self.model = model
        var starts = [UInt32](repeating: 0, count: model.taskCount + 1)
        for place in 0..<model.taskCount { for other in model.dependencies(place) { starts[other + 1] += 1 } }
        for place in 0..<model.taskCount { starts[place + 1] += starts[place] }
        var next = starts
        var targets = [UInt32](repeating: 0, count: model.dependencyPlaces.count)
        for place in 0..<model.taskCount {
            for other in model.dependencies(place) {
                targets[Int(next[other])] = UInt32(place)
                next[other] += 1
            }
        }
        dependentStart = starts
        dependents = targets
        var failures: [Int: Int] = [:]
        for (index, failure) in model.failures.newest.enumerated() { failures[failure.place] = index }
        failureOfPlace = failures
    }

    /// Returns one task as JSON.
    package func json(_ place: Int) -> [UInt8] {
        var json = JSONWriter(ReportOutput())
        write(place, &json)
        return json.finish().bytes
    }

    /// Returns a sentence about why a task hasn't started yet; `nil` if it has.
    package func whyWaiting(_ place: Int) -> String? {
        switch model.state[place] {
        case .running, .done, .failed, .cancelled: return nil
        case .queued:
            return model.retries.open[UInt32(place)] != nil
                ? "Its last attempt failed; the next one hasn't started yet."
                : "Everything it depends on is there; it waits for a worker, for resources or for a limit."
        case .waiting:
            let open = model.dependencies(place).filter { !model.state[$0].isFinal }
            guard let first = open.first else { return "Its dependencies have ended; it hasn't been queued yet." }
            let more = open.count > 1 ? " and \(open.count - 1) more" : ""
            return "It waits for \(model.id(first)) (\(model.state[first].text))\(more)."
        }
    }

    func write(_ place: Int, _ json: inout JSONWriter) {
        let all = Int(dependentStart[place])..<Int(dependentStart[place + 1])
        json.object { json in
            json.field("number", place)
            json.field("id", model.id(place))
            json.field("name", model.name(place))
            json.field("kind", model.kind[place].text)
            json.field("state", model.state[place].text)
            json.field("backend", model.backend(place))
            json.field("workflow", model.workflowNumber(place).map { model.texts[model.workflows[$0].text] })
            json.field("block", model.block(place).map { model.id($0) })
            json.field("created", number: model.created[place])
            json.field("resolved", number: model.resolved[place])
            json.field("queued", number: model.queued[place])
            json.field("started", number: model.started[place])
            json.field("ended", number: model.ended[place])
            json.field("attempts", Int(model.attempts[place]))
            json.field("worker", model.worker(place))
            json.field("cores", number: Double(model.cores[place]))
            json.field("cpu_seconds", number: Double(model.cpuSeconds[place]))
            json.field("peak_memory_bytes", number: model.peakMemoryBytes(place))
            writeExecution(place, &json)
            json.field("waited_for", model.started[place].isNaN ? nil : model.waitedFor[place].text)
            json.field("why_waiting", whyWaiting(place))
            if let index = failureOfPlace[place] {
                let failure = model.failures.newest[index]
                json.object("error") { json in
                    json.field("type", failure.text.type)
                    json.field("message", failure.text.message)
                    json.field("stderr", failure.text.stderrTail)
                    json.field("attempt", failure.attempt)
                }
            } else {
                json.field("error", nil as String?)
            }
            json.array("dependencies") { json in
                for other in model.dependencies(place).prefix(Self.dependentLimit) { writeLink(other, &json) }
            }
            json.field("dependency_count", model.dependencies(place).count)
            json.array("dependents") { json in
                for index in all.prefix(Self.dependentLimit) { writeLink(Int(dependents[index]), &json) }
            }
            json.field("dependent_count", all.count)
        }
    }

    private func writeExecution(_ place: Int, _ json: inout JSONWriter) {
        guard let execution = model.execution(place) else { return }
        func text(_ text: RunText) -> String? { text == .none ? nil : model.texts[text] }
        json.object("execution") { json in
            json.field("program", text(execution.program))
            json.array("command") { json in for word in model.commandWords(place) { json.string(word) } }
            json.field("working_directory", text(execution.workingDirectory))
            json.field("process_id", execution.processID.map(Int.init))
            json.field("job_id", text(execution.jobID))
            json.field("node", text(execution.node))
            json.field("exit_code", execution.exitCode.map(Int.init))
            json.field("signal", execution.signal.map(Int.init))
            for (key, files) in [
                ("input_files" as StaticString, model.inputFiles(place)), ("output_files", model.outputFiles(place)),
            ] {
                json.array(key) { json in
                    for file in files {
                        json.object { json in
                            json.field("path", file.path)
                            json.field("size_bytes", file.size)
                        }
                    }
                }
            }
        }
    }

    private func writeLink(_ place: Int, _ json: inout JSONWriter) {
        json.object { json in
            json.field("number", place)
            json.field("id", model.id(place))
            json.field("name", model.name(place))
            json.field("state", model.state[place].text)
        }
    }
}
