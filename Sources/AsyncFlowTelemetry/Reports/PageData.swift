/// The data of the page, live and in a report, as one JSON document. Times are in seconds since the session's start; a
/// task's number is its place in the model.
package struct PageData: Sendable {
    /// The number of tasks above which a report contains only the slowest, failed and critical ones.
    static let taskLimit = 20_000
    static let chosenTaskLimit = 2_000
    static let failureLimit = 100
    static let liveSampleLimit = 20_000
    static let workflowLimit = 1_000
    static let pathLimit = 1_000
    static let spanLimit = 2_000

    private let model: RunModel
    private let isLive: Bool

    /// - Parameter isLive: whether the run is live; durations are then estimated from a sample if there are many, and
    ///   there is no analysis.
    package init(of model: RunModel, isLive: Bool) {
        self.model = model
        self.isLive = isLive
    }

    /// A part of the document. A server sends those that have changed.
    package enum Part: CaseIterable, Sendable {
        case session, totals, names, workflows, curves, resources, failures, lanes, graph, analysis

        /// Whether the time to make the part grows with the number of tasks.
        package var isCostly: Bool {
            switch self {
            case .lanes, .graph, .names, .analysis: true
            case .session, .totals, .workflows, .curves, .resources, .failures: false
            }
        }
    }

    /// - Parameter includingTasks: whether to include the details that a server would be asked for task by task.
    package func write(
        to output: consuming ReportOutput, includingTasks: Bool = false, isForHTML: Bool = false
    ) -> ReportOutput {
        let analysis = isLive ? nil : RunAnalysis(of: model)
        var json = JSONWriter(output, isForHTML: isForHTML)
        json.object { json in
            json.field("version", 1)
            json.field("live", isLive)
            for part in Part.allCases {
                write(part, analysis, spanLimit: includingTasks ? Self.taskLimit : Self.spanLimit, &json)
            }
            if includingTasks {
                json.key("workflow_lanes")
                RunLanes(of: model, by: .workflow, limit: Self.taskLimit).write(&json)
                writeTasks(analysis, &json)
            }
        }
        return json.finish()
    }

    /// Returns the fields of one part, without the braces around the document.
    package func fields(of part: Part) -> [UInt8] {
        var json = JSONWriter(ReportOutput())
        write(part, part == .analysis && !isLive ? RunAnalysis(of: model) : nil, spanLimit: Self.spanLimit, &json)
        return json.finish().bytes
    }

    private func write(_ part: Part, _ analysis: RunAnalysis?, spanLimit: Int, _ json: inout JSONWriter) {
        switch part {
        case .session: Self.writeSession(model, &json)
        case .totals: Self.writeTotals(model, &json)
        case .names:
            let durations = model.durationsByName(limit: isLive ? Self.liveSampleLimit : .max)
            Self.writeNames(model, durations: durations, &json)
        case .workflows: Self.writeWorkflows(model, limit: Self.workflowLimit, &json)
        case .curves: writeCurves(&json)
        case .resources: writeResources(&json)
        case .failures: Self.writeFailures(model, &json)
        case .lanes:
            json.key("lanes")
            RunLanes(of: model, limit: spanLimit).write(&json)
        case .graph: writeGraph(&json)
        case .analysis:
            if let analysis {
                Self.writeAnalysis(model, analysis, &json)
            } else {
                json.key("analysis")
                json.null()
            }
        }
    }

    static func writeSession(_ model: RunModel, _ json: inout JSONWriter) {
        let session = model.session
        json.object("session") { json in
            json.field("id", session.id)
            json.field("start", number: model.origin)
            json.field("end", number: model.hasEnded ? model.lastTime : nil)
            json.field("duration", number: model.lastTime)
            json.field("host", session.host.isEmpty ? nil : session.host)
            json.field("cores", number: session.cores)
            json.field("memory_bytes", number: session.memoryBytes)
            json.array("arguments") { json in for argument in session.arguments { json.string(argument) } }
            json.field("version", session.version.isEmpty ? nil : session.version)
            json.field("truncated", model.isTruncated)
            json.field("dropped", model.droppedCount)
            json.field("reused", model.reusedCount)
        }
    }

    private static func writeCounts(_ counts: [Int], _ json: inout JSONWriter) {
        json.field("waiting", counts[Int(RunState.waiting.rawValue)])
        json.field("queued", counts[Int(RunState.queued.rawValue)])
        json.field("running", counts[Int(RunState.running.rawValue)])
        json.field("done", counts[Int(RunState.done.rawValue)])
        json.field("failed", counts[Int(RunState.failed.rawValue)])
        json.field("cancelled", counts[Int(RunState.cancelled.rawValue)])
    }

    static func writeTotals(_ model: RunModel, _ json: inout JSONWriter) {
        json.object("totals") { json in
            json.field("created", model.createdCount)
            writeCounts(model.totals, &json)
        }
    }

    /// Writes all names, including those that no task has any longer, because spans and tasks refer to names by their
    /// place.
    static func writeNames(_ model: RunModel, durations: [DurationStatistics?], _ json: inout JSONWriter) {
        json.array("names") { json in
            for (index, facts) in model.names.enumerated() {
                let statistics = durations[index]
                json.object { json in
                    json.field("name", model.texts[facts.text])
                    json.field("kind", facts.kind.text)
                    writeCounts(facts.counts, &json)
                    json.field("mean", number: statistics?.mean)
                    json.field("median", number: statistics?.median)
                    json.field("p95", number: statistics?.p95)
                    json.field("p99", number: statistics?.p99)
                    json.field("max", number: statistics?.max)
                    json.object("wait") { json in
                        for wait in RunWait.allCases {
                            json.key(text: wait.text)
                            json.number(facts.waits[Int(wait.rawValue)])
                        }
                    }
                }
            }
        }
    }

    static func writeWorkflows(_ model: RunModel, limit: Int, _ json: inout JSONWriter) {
        json.array("workflows") { json in
            for facts in model.workflows.prefix(limit) {
                json.object { json in
                    json.field("id", model.texts[facts.text])
                    json.field("created", facts.counts.reduce(0, +))
                    writeCounts(facts.counts, &json)
                    json.field("start", number: facts.start)
                    json.field("end", number: facts.end)
                }
            }
        }
    }

    private func writeCurves(_ json: inout JSONWriter) {
        func fitted(_ bins: TimeBins) -> TimeBins {
            var bins = bins
            bins.fit(model.lastTime)
            return bins
        }
        let (done, failed) = (fitted(model.doneOverTime), fitted(model.failedOverTime))
        json.object("throughput") { json in
            json.field("bin", number: done.width)
            json.numbers("done", done.values)
            json.numbers("failed", failed.values)
        }
        let (tasks, cores) = model.running()
        json.object("running") { json in
            json.field("bin", number: tasks.width)
            json.numbers("tasks", tasks.values.map { $0 / tasks.width })
            json.numbers("cores", cores.values.map { $0 / cores.width })
        }
    }

    private func writeResources(_ json: inout JSONWriter) {
        json.array("resources") { json in
            for series in model.series {
                json.object { json in
                    json.field("node", series.node)
                    json.field("gpu", series.gpu)
                    json.numbers("time", series.times)
                    json.numbers("cpu", series.values(of: .cpu))
                    json.numbers("memory", series.values(of: .memory))
                    json.numbers("gpu_percent", series.values(of: .gpu))
                    json.numbers("disk_read", series.values(of: .diskRead))
                    json.numbers("disk_write", series.values(of: .diskWrite))
                    json.numbers("net_sent", series.values(of: .netSent))
                    json.numbers("net_recv", series.values(of: .netReceived))
                }
            }
        }
    }

    static func writeFailures(_ model: RunModel, _ json: inout JSONWriter) {
        json.array("failures") { json in
            for failure in model.failures.newest.reversed().lazy.filter({ !$0.wasRetried }).prefix(failureLimit) {
                json.object { json in
                    json.field("task", model.id(failure.place))
                    json.field("number", failure.place)
                    json.field("name", model.name(failure.place))
                    json.field("time", number: failure.time)
                    json.field("type", failure.text.type)
                    json.field("message", failure.text.message)
                    json.field("stderr", failure.text.stderrTail)
                    json.field("attempt", failure.attempt)
                }
            }
        }
        json.field("failure_count", model.failures.count)
    }

    private func writeGraph(_ json: inout JSONWriter) {
        let graph = RunGraph(of: model)
        json.object("graph") { json in
            json.field("folded", graph.isFolded)
            json.array("nodes") { json in
                for node in graph.nodes {
                    json.object { json in
                        json.field("id", node.id)
                        json.field("number", node.place)
                        json.field("label", node.label)
                        json.field("name", node.name)
                        json.field("state", node.state.text)
                        json.object("states") { Self.writeCounts(node.counts, &$0) }
                        json.field("count", node.count)
                        json.field("layer", node.layer)
                        json.field("order", node.order)
                    }
                }
            }
            json.array("edges") { json in
                for edge in graph.edges {
                    json.array { json in
                        json.integer(edge.from)
                        json.integer(edge.to)
                        json.integer(edge.count)
                    }
                }
            }
        }
    }

    static func writeAnalysis(_ model: RunModel, _ analysis: RunAnalysis, _ json: inout JSONWriter) {
        json.object("analysis") { json in
            let steps = analysis.path.steps
            json.field("critical_path_length", steps.count)
            json.array("critical_path") { json in
                for step in steps.suffix(pathLimit) {
                    json.object { json in
                        json.field("task", model.id(step.place))
                        json.field("number", step.place)
                        json.field("name", model.name(step.place))
                        json.field("start", number: step.start)
                        json.field("end", number: step.end)
                        json.field("waited", number: step.waited)
                        json.field("waited_for", step.cause.rawValue)
                    }
                }
            }
            json.array("findings") { json in for finding in analysis.findings { json.string(finding) } }
        }
    }

    private func writeTasks(_ analysis: RunAnalysis?, _ json: inout JSONWriter) {
        var places = Array(0..<model.taskCount).filter { model.isKnown($0) }
        if places.count > Self.taskLimit {
            let slowest = places.sorted { (model.duration($0) ?? 0, $1) > (model.duration($1) ?? 0, $0) }
                .prefix(Self.chosenTaskLimit)
            let critical = analysis?.path.steps.suffix(Self.pathLimit).map(\.place) ?? []
            let failed = model.failures.newest.suffix(Self.chosenTaskLimit).map(\.place)
            places = Set(slowest).union(critical).union(failed).sorted()
        }
        let details = TaskDetails(of: model)
        json.array("tasks") { json in for place in places { details.write(place, &json) } }
    }
}
