import AsyncFlowBase

/// Reads the events of a dry run and keeps what its report shows.
final class DryRunRecorder: EventSink, EnginePart {
    private struct State {
        var dependencies: [TaskID: [TaskID]] = [:]
        var details: [TaskID: String] = [:]
        var missingFiles: [TaskID: [String]] = [:]
        var started: [WorkflowEvent] = []
    }
    private let state = Lock(State())

    func start(in engine: EngineCore) { engine.events.add(self) }

    func receive(_ event: WorkflowEvent) {
        guard let task = event.task else { return }
        state.withLock { state in
            switch event.type {
            case .taskCreated: state.dependencies[task.id] = event.dependencies
            case .taskStarted: state.started.append(event)
            default: break
            }
        }
    }

    func finish() {}

    func setDetail(_ detail: String, of task: TaskID) { state.withLock { $0.details[task] = detail } }

    /// Notes the files that a task takes and that neither exist nor are made by a task.
    func noteMissing(_ missing: [String], of task: TaskID) {
        if !missing.isEmpty { state.withLock { $0.missingFiles[task] = missing } }
    }

    var report: DryRunReport {
        state.withLock { state in
            DryRunReport(
                entries: state.started.compactMap { event in
                    guard let task = event.task else { return nil }
                    return DryRunReport.Entry(
                        id: task.id, name: task.name, kind: task.kind, backend: task.backend,
                        dependencies: state.dependencies[task.id] ?? [], blockID: task.blockID,
                        workflowID: event.workflowID, detail: state.details[task.id],
                        resources: event.request ?? ResourceRequest(), missingFiles: state.missingFiles[task.id] ?? [])
                })
        }
    }
}

extension EngineCore {
    /// The recorder of a dry run; nil if this isn't one.
    var dryRun: DryRunRecorder? { part(DryRunRecorder.self) }
}

extension TaskNode {
    /// Notes what a command or prompt task would have done, and ends it with the value that stands in for its output.
    func dryRun<Output>(_ value: Output, detail: String) -> Output {
        begin()
        engine.dryRun?.setDetail(detail, of: id)
        return value
    }
}
