import AsyncFlowBase

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Reads the events of a dry run and keeps what its report shows.
final class DryRunRecorder: EventSink {
    private struct State {
        var dependencies: [TaskID: [TaskID]] = [:]
        var details: [TaskID: String] = [:]
        var missingFiles: [TaskID: [String]] = [:]
        var started: [WorkflowEvent] = []
    }
    private let state = Lock(State())

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

    /// Looks whether the files of a task are there that no task makes.
    func check(_ files: [InputFile], of task: TaskID) {
        let missing = files.filter(\.isMissing).map(\.path)
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

extension InputFile {
    /// Whether it should be there, because no task makes it and nobody has to fetch it, but isn't.
    fileprivate var isMissing: Bool {
        guard producer == nil, !isUnknown, case .local(let path) = FileLocation(location) else { return false }
        return !FileManager.default.fileExists(atPath: FileSystem.absolute(path))
    }
}

extension TaskNode {
    /// Notes what a command or prompt task would have done, and ends it with the value that stands for its output.
    func dryRun<Output>(_ value: Output, detail: String) -> Output {
        begin()
        engine.dryRun?.setDetail(detail, of: id)
        return value
    }
}
